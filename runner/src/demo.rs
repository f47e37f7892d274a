//! Demo data: two organisations with people and months of believable leads and visits, made by commands against a simulated
//! clock.
//!
//! The same seed makes the same history. Every command has an identity made of its place in it, so a fill that was killed is
//! gone on with by the next start; an organisation that was opened by anything else is left as it is.

mod offers;
mod people;
mod visits;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use clap::ValueEnum;
use commands::{CommandBus, Context, RequestKey};
use domain::access::Role;
use domain::billing::plan as billing;
use domain::customers::client::{Client, ClientCommand};
use domain::event::EventSourced;
use domain::id::{LeadId, OrgId, QuoteId};
use domain::organisation::Profile;
use domain::people::worker::{Worker, WorkerCommand};
use domain::pricing::price_book::{PriceBook, PriceBookCommand};
use domain::pricing::prices;
use domain::recorded::Actor;
use domain::sales::lead::{
    Lead, LeadCommand, LeadRequest, Offer, Status, Submission, referral_code,
};
use domain::scheduling::booking::{Booking, BookingCommand};
use domain::scheduling::subscription::{Subscription, SubscriptionCommand};
use domain::scheduling::team::{Team, TeamCommand};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::people::{client_login, portal_logins, worker_login};
use self::visits::Visits;
use crate::organisations::{Organisations, system};

/// How much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Amount {
    /// Organisations and logins only.
    None,
    /// Ninety days of a small business: 60 leads each.
    #[default]
    Small,
    /// Ninety days of a large one: 3,000 leads each.
    Large,
}

impl Amount {
    const fn leads(self) -> usize {
        match self {
            Self::None => 0,
            Self::Small => 60,
            Self::Large => 3_000,
        }
    }
}

/// A demo organisation.
pub struct Demo {
    /// Fixed, so that scripts can name it.
    pub org: OrgId,
    /// In addresses and `X-Org`.
    pub slug: &'static str,
    /// On screens.
    pub name: &'static str,
}

/// The two; the first is also the default for public requests that name none.
pub const ORGANISATIONS: [Demo; 2] = [
    Demo { org: org(1), slug: "maple", name: "Maple Home Cleaning" },
    Demo { org: org(2), slug: "cedar", name: "Cedar & Sons Cleaning" },
];

/// The roles that demo logins exist for.
pub const ROLES: [Role; 5] =
    [Role::Owner, Role::Admin, Role::Dispatcher, Role::Accountant, Role::Viewer];

const fn org(number: u128) -> OrgId {
    OrgId::new(Uuid::from_u128(number))
}

/// History goes this far back.
const DAYS: i64 = 90;

const GIVEN: [&str; 16] = [
    "Ana", "Ben", "Chloe", "Dev", "Elena", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kira",
    "Liam", "Mei", "Noor", "Oskar", "Priya",
];
const FAMILY: [&str; 16] = [
    "Andersen", "Boyd", "Chen", "Dubois", "Eriksen", "Flores", "Gill", "Hansen", "Ito", "Jensen",
    "Kowalski", "Lavoie", "Mensah", "Novak", "Okafor", "Petrov",
];
const STREETS: [&str; 8] = [
    "Aspen Crescent",
    "Birch Lane",
    "Cedar Road",
    "Dogwood Drive",
    "Elm Street",
    "Fir Court",
    "Garnet Way",
    "Hazel Avenue",
];
const DATES: [&str; 3] = ["Mon morning", "Tue afternoon", "any Friday"];
const CLEANINGS: [&str; 4] = ["standard", "standard", "deep", "move_out_empty"];
const FREQUENCIES: [&str; 3] = ["one_time", "biweekly", "weekly"];
const SOURCES: [&str; 5] = ["google", "facebook", "referral", "flyer", "website"];
const LOSSES: [&str; 4] = ["Too expensive", "Chose another company", "No answer", "Moved away"];

/// Makes what is missing: all of it, or what a start that was killed had not come to.
pub async fn fill(
    organisations: &Organisations,
    amount: Amount,
    seed: u64,
    now: DateTime<Utc>,
    password: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let [one, two] = &ORGANISATIONS;
    let made = |demo, seed| make(organisations, Plan { demo, amount, seed }, now, &password);
    tokio::try_join!(made(one, seed), made(two, seed.wrapping_add(1)))?;
    Ok(())
}

/// What is to be made of one organisation.
#[derive(Clone, Copy)]
struct Plan<'a> {
    demo: &'a Demo,
    amount: Amount,
    seed: u64,
}

impl Plan<'_> {
    /// The identity of one command of this plan.
    fn request(self, what: &str) -> RequestKey {
        let key = format!("{:?}/{}/{what}", self.amount, self.seed);
        RequestKey::of(self.demo.org, "demo", &key, [0; 32])
    }
}

async fn make(
    organisations: &Organisations,
    plan: Plan<'_>,
    now: DateTime<Utc>,
    password: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let Plan { demo, amount, seed } = plan;
    let opened = organisations.opened_at(demo.org).await?;
    let opening = plan.request("open");
    let start = match opened {
        None if organisations.named(demo.slug).await?.is_some_and(|org| org != demo.org) => {
            return Ok(());
        }
        None => first_day(now),
        Some(at) if is_done(organisations, demo.org, opening).await? => at,
        Some(_) => return Ok(()),
    };
    if opened.is_none() {
        let profile = Profile {
            slug: demo.slug.to_owned(),
            name: demo.name.to_owned(),
            timezone: "America/Edmonton".to_owned(),
        };
        organisations.open_at(demo.org, profile, start, opening).await?;
    }
    // As many workers and bookings as a believable business has.
    organisations.set_plan_at(demo.org, billing::Plan::Pro, start, plan.request("plan")).await?;
    let logins = ROLES.map(|role| {
        let username = username(demo, role);
        let password = password(&username);
        async move {
            if organisations.has_login(demo.org, &username).await? {
                return Ok(());
            }
            organisations.put_login(demo.org, &username, role, &password?).await
        }
    });
    futures::future::try_join_all(logins).await?;
    if amount.leads() > 0 {
        people::make(organisations, plan, start, &password).await?;
    }
    let steps = History { rng: StdRng::seed_from_u64(seed), start }.steps(amount.leads());
    let done = done_of(organisations, plan, steps.len()).await?;
    for (place, step) in steps.into_iter().enumerate().skip(done) {
        step.take(organisations, demo.org, plan.request(&place.to_string())).await?;
    }
    Ok(())
}

/// How many steps an earlier start has taken: they are taken in order.
async fn done_of(
    organisations: &Organisations,
    plan: Plan<'_>,
    steps: usize,
) -> anyhow::Result<usize> {
    let (mut done, mut open) = (0, steps);
    while done < open {
        let middle = done + (open - done) / 2;
        let request = plan.request(&middle.to_string());
        if is_done(organisations, plan.demo.org, request).await? {
            done = middle + 1;
        } else {
            open = middle;
        }
    }
    Ok(done)
}

async fn is_done(
    organisations: &Organisations,
    org: OrgId,
    request: RequestKey,
) -> anyhow::Result<bool> {
    Ok(organisations.bus().lookup(org, request.command_id).await?.is_some())
}

fn first_day(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::days(1)).unwrap_or(now) - TimeDelta::days(DAYS)
}

/// The name somebody logs in with.
pub fn username(demo: &Demo, role: Role) -> String {
    format!("{}-{}", demo.slug, <&'static str>::from(role))
}

/// Writes the past of one organisation.
struct History {
    rng: StdRng,
    start: DateTime<Utc>,
}

/// One command at its moment.
struct Step {
    at: DateTime<Utc>,
    /// Of the aggregate.
    id: String,
    by_staff: bool,
    act: Act,
}

/// A command, by what kind of aggregate it is for.
enum Act {
    Lead(LeadCommand),
    Team(TeamCommand),
    Worker(WorkerCommand),
    Client(ClientCommand),
    Booking(BookingCommand),
    Subscription(SubscriptionCommand),
    /// Of the organisation itself.
    PriceBook(PriceBookCommand),
}

impl History {
    /// Every command of all leads, and of some visits if there are leads at all, in the order of their moments, up to the day on which it was made.
    fn steps(&mut self, leads: usize) -> Vec<Step> {
        let mut steps = Vec::new();
        for _ in 0..leads {
            self.one_lead(&mut steps);
        }
        if leads > 0 {
            // Names enough are part of the program; without them there would be fewer visits.
            let _ = Visits { rng: &mut self.rng, start: self.start, steps: &mut steps }.write();
            let _ = offers::publish(&mut self.rng, self.start, &mut steps);
        }
        let end = self.start + TimeDelta::days(DAYS);
        steps.retain(|step| step.at < end);
        steps.sort_by_key(|step| step.at);
        steps
    }

    fn one_lead(&mut self, steps: &mut Vec<Step>) {
        let mut at = self.start + TimeDelta::minutes(self.rng.random_range(60..DAYS * 24 * 60));
        let lead = LeadId::from(Uuid::from_u128(self.rng.random()));
        let Some(submit) = self.submit(lead, at) else { return };
        let total = submit.estimate.total_cents;
        let mut push = |at, by_staff, command| {
            let (id, act) = (lead.to_string(), Act::Lead(command));
            steps.push(Step { at, id, by_staff, act });
        };
        push(at, false, LeadCommand::Submit(Box::new(submit)));

        let fate = self.rng.random_range(0..100);
        if fate < 12 {
            return;
        }
        at += TimeDelta::minutes(self.rng.random_range(5..600));
        let to = |status, loss_reason: Option<&str>, now| LeadCommand::ChangeStatus {
            status,
            loss_reason: loss_reason.map(str::to_owned),
            now,
        };
        push(at, true, to(Status::Contacted, None, at));
        if fate < 30 {
            return;
        }
        if fate < 45 {
            at += TimeDelta::hours(self.rng.random_range(1..72));
            push(at, true, to(Status::Lost, LOSSES.choose(&mut self.rng).copied(), at));
            return;
        }
        at += TimeDelta::minutes(self.rng.random_range(10..300));
        let quote_id = QuoteId::from(Uuid::from_u128(self.rng.random()));
        let expires_at = Some(at + TimeDelta::days(14));
        let offer = Offer { amount_cents: total, expires_at, ..Offer::default() };
        push(at, true, LeadCommand::DraftQuote { quote_id, offer, now: at });
        at += TimeDelta::minutes(3);
        push(at, true, LeadCommand::SendQuote { quote_id, now: at });
        if fate < 60 {
            return;
        }
        at += TimeDelta::hours(self.rng.random_range(2..96));
        if fate < 90 {
            push(at, true, LeadCommand::AcceptQuote { quote_id, now: at });
            push(at, true, to(Status::Won, None, at));
        } else {
            push(at, true, LeadCommand::DeclineQuote { quote_id, now: at });
            push(at, true, to(Status::Lost, LOSSES.choose(&mut self.rng).copied(), at));
        }
    }

    fn submit(&mut self, lead_id: LeadId, now: DateTime<Utc>) -> Option<Submission> {
        let rng = &mut self.rng;
        let (given, family) = (GIVEN.choose(rng)?, FAMILY.choose(rng)?);
        let number = rng.random_range(1000..9999);
        let date = DATES.choose(rng)?;
        let (cleaning, frequency) = (CLEANINGS.choose(rng)?, FREQUENCIES.choose(rng)?);
        let body = json!({
            "name": format!("{given} {family}"),
            "phone": format!("780-555-{number}"),
            "email": format!("{}.{}{number}@example.org", given.to_lowercase(), family.to_lowercase()),
            "address": format!("{} {}", rng.random_range(1..400), STREETS.choose(rng)?),
            "postal_code": "T5K 1A1",
            "preferred_dates": [date],
            "structured_inputs": {
                "beds": rng.random_range(1..5),
                "baths": rng.random_range(1..4),
                "cleaning_type": cleaning,
                "frequency": frequency,
                "add_ons": { "oven": rng.random_bool(0.3), "fridge": rng.random_bool(0.2) },
            },
            "estimate_snapshot": {},
            "source": SOURCES.choose(rng)?,
        });
        let request = LeadRequest::parse(&body).ok()?;
        let estimate = prices::economy_v1().estimate(&request.inputs);
        let referral_code = referral_code(rng.random());
        Some(Submission { lead_id, request, estimate, referral_code, referrer: None, now })
    }
}

impl Step {
    async fn take(
        self,
        organisations: &Organisations,
        org: OrgId,
        request: RequestKey,
    ) -> anyhow::Result<()> {
        let (kind, id, role) = if self.by_staff {
            ("staff", "demo", "dispatcher")
        } else {
            ("public", "anonymous", "public")
        };
        let actor = Actor { kind: kind.to_owned(), id: id.to_owned(), role: role.to_owned() };
        let ctx = Context { actor, recorded_at: Some(self.at), request, ..system(org, None) };
        let (bus, id) = (organisations.bus(), &self.id);
        match self.act {
            Act::Lead(command) => give::<Lead>(bus, &ctx, id, command).await,
            Act::Team(command) => give::<Team>(bus, &ctx, id, command).await,
            Act::Worker(command) => give::<Worker>(bus, &ctx, id, command).await,
            Act::Client(command) => give::<Client>(bus, &ctx, id, command).await,
            Act::Booking(command) => give::<Booking>(bus, &ctx, id, command).await,
            Act::Subscription(command) => give::<Subscription>(bus, &ctx, id, command).await,
            Act::PriceBook(command) => {
                give::<PriceBook>(bus, &ctx, &org.to_string(), command).await
            }
        }
    }
}

async fn give<A: EventSourced>(
    bus: &CommandBus,
    ctx: &Context,
    id: &str,
    command: A::Command,
) -> anyhow::Result<()>
where
    A::Error: 'static,
{
    bus.execute(ctx, id, command, |_: &A| Value::Null).await?;
    Ok(())
}
