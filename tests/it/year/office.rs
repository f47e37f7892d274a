//! People at work: they pick something to ask, of the things there are, at a moment that comes by itself.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::billing::plan::Plan;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use uuid::Uuid;

use super::acts::{ACTS, Act, Caller, FIRST};
use super::cards::Cards;
use crate::harness::client::Answer;
use crate::harness::{App, Client};

pub(super) struct Office<'a> {
    app: &'a App,
    cards: Cards,
    rng: StdRng,
    callers: HashMap<&'static str, Client>,
    /// By sort.
    things: HashMap<&'static str, Vec<String>>,
    number: u32,
    pub(super) accepted: u64,
    pub(super) refused: u64,
    /// How often each answer was given.
    answers: BTreeMap<String, u32>,
}

impl<'a> Office<'a> {
    /// Before anybody works there.
    pub(super) async fn open(app: &'a App, cards: Cards, seed: u64) -> Self {
        app.give_plan(0, Plan::Pro).await;
        let callers = ["owner", "dispatcher", "viewer"].map(|role| (role, app.staff(role)));
        let mut office = Self {
            app,
            cards,
            rng: StdRng::seed_from_u64(seed),
            callers: callers.into(),
            things: HashMap::new(),
            number: 1000,
            accepted: 0,
            refused: 0,
            answers: BTreeMap::new(),
        };
        for request in FIRST {
            let act = ACTS.iter().find(|act| act.request == request).unwrap();
            office.ask(act).await.1.ok();
            app.settle().await;
        }
        office
    }

    /// Lets some of the year pass: `days` on average, most often much less.
    pub(super) fn wait(&mut self, days: f64) {
        let share: f64 = self.rng.random();
        #[expect(clippy::cast_possible_truncation, reason = "days are few")]
        let minutes = (days * 3.0 * share * share * 24.0 * 60.0) as i64;
        self.app.advance(TimeDelta::minutes(minutes));
    }

    /// Asks for something, and says what.
    pub(super) async fn act(&mut self) -> (String, Answer) {
        let act = ACTS.choose_weighted(&mut self.rng, |act| act.weight).unwrap();
        self.ask(act).await
    }

    async fn ask(&mut self, act: &Act) -> (String, Answer) {
        if act.caller == Caller::Stripe {
            return self.at_stripe(act).await;
        }
        let opened = self.cards.opened();
        let asked = self.requested(act).await;
        // Most people pay at once; whoever does not may come back, or be too late.
        if self.cards.opened() > opened && self.rng.random_bool(0.6) {
            self.cards.happen("pay", self.app, &mut self.rng).await.unwrap().1.ok();
        }
        asked
    }

    /// Something happens at Stripe; if nothing can, somebody asks for something else.
    async fn at_stripe(&mut self, act: &Act) -> (String, Answer) {
        match self.cards.happen(act.request, self.app, &mut self.rng).await {
            Some(told) => {
                self.accepted += 1;
                *self.answers.entry(format!("{} {}", told.1.status, act.request)).or_default() += 1;
                told
            }
            None => self.requested(&ACTS[0]).await,
        }
    }

    async fn requested(&mut self, act: &Act) -> (String, Answer) {
        let (method, path) = act.request.split_once(' ').unwrap();
        let (path, body) = (self.filled(path), self.filled(act.body));
        let client = match act.caller {
            Caller::Anyone => self.app.anyone(),
            Caller::Dispatcher => self.callers["dispatcher"].clone(),
            Caller::Owner => self.callers["owner"].clone(),
            Caller::Viewer => self.callers["viewer"].clone(),
            Caller::Stripe => panic!("nobody asks for what happens at Stripe"),
        };
        let client = client.with("content-type", "application/json");
        let sent = (!body.is_empty()).then(|| body.clone().into_bytes());
        let answer = client.send(Method::try_from(method).unwrap(), &path, sent).await;
        let is_success = answer.status < 300;
        if let (Some((sort, field)), true) = (act.makes, is_success) {
            let pointer =
                if field.starts_with('/') { field.to_owned() } else { format!("/{field}") };
            let id = answer.body.pointer(&pointer).and_then(|id| id.as_str()).unwrap().to_owned();
            // Of an address that was made, what opens it.
            let id = id.rsplit('/').next().unwrap().to_owned();
            let named = act.below.map_or(id.clone(), |(prefix, name)| {
                let above = path.trim_start_matches(prefix);
                let above = above.rsplit_once('/').map_or("", |(above, _)| above);
                format!("{above}/{name}/{id}")
            });
            self.things.entry(sort).or_default().push(named);
        }
        *(if is_success { &mut self.accepted } else { &mut self.refused }) += 1;
        *self.answers.entry(format!("{} {}", answer.status, act.request)).or_default() += 1;
        (format!("{method} {path} {body}"), answer)
    }

    /// How often each answer was given, a line each.
    pub(super) fn told(&self) -> String {
        let lines = self.answers.iter().map(|(answer, times)| format!("{times:>4} × {answer}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    fn filled(&mut self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let word = rest[start + 1..].split_once('}').map_or("", |(word, _)| word);
            filled += &rest[..start];
            if !word.is_empty() && word.chars().all(|letter| letter.is_ascii_lowercase()) {
                filled += &self.value(word);
                rest = &rest[start + word.len() + 2..];
            } else {
                filled.push('{');
                rest = &rest[start + 1..];
            }
        }
        filled + rest
    }

    fn value(&mut self, word: &str) -> String {
        let now = self.app.now();
        match word {
            "n" => {
                self.number += 1;
                self.number.to_string()
            }
            "few" => self.rng.random_range(1..5).to_string(),
            "cents" => self.rng.random_range(1..40_000).to_string(),
            "date" => {
                (now.date_naive() + TimeDelta::days(self.rng.random_range(1..20))).to_string()
            }
            "past" => {
                (now.date_naive() - TimeDelta::days(self.rng.random_range(0..60))).to_string()
            }
            "month" => {
                let day = now.date_naive() - TimeDelta::days(self.rng.random_range(0..120));
                day.format("%Y-%m").to_string()
            }
            "time" => half(now + TimeDelta::hours(self.rng.random_range(-48..400))).to_rfc3339(),
            "hour" => {
                let day = now.date_naive() + TimeDelta::days(self.rng.random_range(1..12));
                format!(
                    "{day}T{:02}:{}0",
                    self.rng.random_range(8..17),
                    self.rng.random_range(0..2) * 3
                )
            }
            sort => self.thing(sort),
        }
    }

    /// One of those there are, the latest first of all; now and then one that nobody has heard of.
    fn thing(&mut self, sort: &str) -> String {
        let there = self.things.get(sort).map(Vec::as_slice).unwrap_or_default();
        if there.is_empty() || self.rng.random_bool(0.02) {
            return Uuid::from_u128(self.rng.random()).to_string();
        }
        let latest = &there[there.len().saturating_sub(6)..];
        let among = if self.rng.random_bool(0.8) { latest } else { there };
        among.choose(&mut self.rng).unwrap().clone()
    }
}

fn half(time: DateTime<Utc>) -> DateTime<Utc> {
    let minute = if time.minute() < 30 { 0 } else { 30 };
    time.with_minute(minute)
        .and_then(|time| time.with_second(0))
        .unwrap()
        .with_nanosecond(0)
        .unwrap()
}
