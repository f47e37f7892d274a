//! Reports, each compared with a computation of the test's own; as of then they say what they said then.

mod books;
mod desk;
mod margins;
mod rights;
mod selling;
mod time;

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::harness::client::Answer;
use crate::harness::{App, Client};

fn today(app: &App) -> NaiveDate {
    app.now().with_timezone(&domain::settings::zone::DEFAULT).date_naive()
}

fn day(at: chrono::DateTime<chrono::Utc>) -> NaiveDate {
    at.with_timezone(&domain::settings::zone::DEFAULT).date_naive()
}

/// The rows of a report.
fn items(answer: &Answer) -> Vec<Value> {
    answer.ok().body["items"].as_array().unwrap().clone()
}

/// Every fact behind a report, page by page.
async fn facts(who: &Client, path: &str) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = who.get(&format!("{path}&explain=1&limit=3&explain_after={after}")).await;
        let explain = &page.ok().body["explain"];
        all.extend(explain["items"].as_array().unwrap().iter().cloned());
        match explain["next_after"].as_i64() {
            Some(next) => after = next,
            None => return all,
        }
    }
}

/// What the facts of a figure add up to, of those whose row has these fields.
fn sum(facts: &[Value], figure: &str, row: &Value) -> i64 {
    let fields = row.as_object().unwrap();
    let is_of = |fact: &&Value| {
        fact["figure"] == figure && fields.iter().all(|(name, value)| fact["row"][name] == *value)
    };
    facts.iter().filter(is_of).map(|fact| fact["value"].as_i64().unwrap()).sum()
}

/// Asked again as of the position it named, a report says the same, whatever has happened since.
async fn is_still(who: &Client, path: &str, before: &Answer) {
    let position = before.body["as_of"]["position"].as_i64().unwrap();
    assert_eq!(before.position(), position);
    let joint = if path.contains('?') { '&' } else { '?' };
    let then = who.get(&format!("{path}{joint}as_of={position}")).await;
    assert_eq!(then.ok().body, before.body, "{path} as of {position}");
}

/// Everybody's favourite numbers: the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A visit that is done, for a client of a team; its id.
async fn done(owner: &Client, visit: &Value, minutes: u32) -> String {
    let made = super::scheduling::booked(owner, visit).await;
    let id = super::scheduling::text(made.ok(), "booking_id");
    owner.post(&super::scheduling::route(&id, "confirm"), &json!({})).await.ok();
    let took = json!({ "actual_duration_minutes": minutes });
    owner.post(&super::scheduling::route(&id, "complete"), &took).await.ok();
    id
}
