//! Demo data: organisations with people and months of believable leads, visits and money, made by commands against a simulated
//! clock.
//!
//! The same seed makes the same history. Every command has an identity made of its place in it, so a fill that was killed is
//! gone on with by the next start; an organisation that was opened by anything else is left as it is.

mod business;
mod calendar;
mod clients;
mod expenses;
mod invoices;
mod leads;
mod names;
mod offers;
mod people;
mod staff;
mod step;
mod subscriptions;
mod visits;
mod waves;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use clap::ValueEnum;
use commands::RequestKey;
use domain::access::Role;
use domain::billing::plan as billing;
use domain::id::OrgId;
use domain::organisation::Profile;
use futures::{TryStreamExt, stream};
use uuid::Uuid;

use self::business::Business;
pub use self::people::{client_login, portal_logins, worker_login};
use crate::organisations::Organisations;

/// How much of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Amount {
    /// Organisations and logins only.
    None,
    /// Ninety days, a tenth as busy as a small business: enough to see every screen with something on it.
    #[default]
    Sample,
    /// Ninety days of two small businesses: 200 leads, 60 clients, 8 workers, 3 teams, 600 visits each.
    Small,
    /// The same for two hundred of them: a million events. Minutes, with the release build.
    Large,
}

impl Amount {
    /// Organisations beside the two that people sign in to.
    const fn others(self) -> u32 {
        match self {
            Self::None | Self::Sample | Self::Small => 0,
            Self::Large => 198,
        }
    }

    const fn business(self) -> Option<Business> {
        match self {
            Self::None => None,
            Self::Sample => Some(Business::SAMPLE),
            Self::Small | Self::Large => Some(Business::SMALL),
        }
    }
}

/// A demo organisation that people sign in to.
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

/// For so many of the last days money is written down: enough for a month and what is overdue of it, and not much longer to make.
const BOOKED: i64 = 30;

/// So many organisations are made at the same time: what they are about fits into the memory of the bus.
const AT_ONCE: usize = 4;

/// Makes what is missing: all of it, or what a start that was killed had not come to.
pub async fn fill(
    organisations: &Organisations,
    amount: Amount,
    seed: u64,
    now: DateTime<Utc>,
    password: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let others: Vec<_> = (3..3 + amount.others())
        .map(|number| (number, format!("demo-{number}"), format!("Demo Cleaning {number}")))
        .collect();
    let signed_in = ORGANISATIONS.iter().zip(0..).map(|(demo, place)| Plan {
        org: demo.org,
        slug: demo.slug,
        name: demo.name,
        has_logins: true,
        amount,
        seed: seed.wrapping_add(place),
    });
    let others = others.iter().map(|(number, slug, name)| Plan {
        org: org((*number).into()),
        slug,
        name,
        has_logins: false,
        amount,
        seed: seed.wrapping_add(u64::from(*number)),
    });
    stream::iter(signed_in.chain(others).map(Ok))
        .try_for_each_concurrent(AT_ONCE, |plan| make(organisations, plan, now, &password))
        .await
}

/// What is to be made of one organisation.
#[derive(Clone, Copy)]
struct Plan<'a> {
    org: OrgId,
    slug: &'a str,
    name: &'a str,
    /// Whether anybody signs in there.
    has_logins: bool,
    amount: Amount,
    seed: u64,
}

impl Plan<'_> {
    /// The identity of one command of this plan.
    fn request(self, what: &str) -> RequestKey {
        let key = format!("{:?}/{}/{what}", self.amount, self.seed);
        RequestKey::of(self.org, "demo", &key, [0; 32])
    }
}

async fn make(
    organisations: &Organisations,
    plan: Plan<'_>,
    now: DateTime<Utc>,
    password: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let opened = organisations.opened_at(plan.org).await?;
    let opening = plan.request("open");
    let start = match opened {
        None if organisations.named(plan.slug).await?.is_some_and(|org| org != plan.org) => {
            return Ok(());
        }
        None => first_hour(now),
        Some(at) if is_done(organisations, plan.org, opening).await? => at,
        Some(_) => return Ok(()),
    };
    if opened.is_none() {
        let profile = Profile {
            slug: plan.slug.to_owned(),
            name: plan.name.to_owned(),
            timezone: "America/Edmonton".to_owned(),
        };
        organisations.open_at(plan.org, profile, start, opening).await?;
    }
    // As many workers and bookings as a believable business has.
    organisations.set_plan_at(plan.org, billing::Plan::Pro, start, plan.request("plan")).await?;
    if plan.has_logins {
        sign_up(organisations, plan, &password).await?;
    }
    let Some(business) = plan.amount.business() else { return Ok(()) };
    people::make(organisations, plan, start, &password).await?;
    let steps = business.history(plan.org, plan.seed, start);
    waves::carry_out(organisations, plan, steps).await
}

/// Gives every role a login.
async fn sign_up(
    organisations: &Organisations,
    plan: Plan<'_>,
    password: impl Fn(&str) -> anyhow::Result<String>,
) -> anyhow::Result<()> {
    let logins = ROLES.map(|role| {
        let username = username(plan.slug, role);
        let password = password(&username);
        async move {
            if organisations.has_login(plan.org, &username).await? {
                return Ok(());
            }
            organisations.put_login(plan.org, &username, role, &password?).await
        }
    });
    futures::future::try_join_all(logins).await?;
    Ok(())
}

async fn is_done(
    organisations: &Organisations,
    org: OrgId,
    request: RequestKey,
) -> anyhow::Result<bool> {
    Ok(organisations.bus().lookup(org, request.command_id).await?.is_some())
}

fn first_hour(now: DateTime<Utc>) -> DateTime<Utc> {
    now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now) - TimeDelta::days(DAYS)
}

/// The name somebody logs in with, at the organisation `slug`.
pub fn username(slug: &str, role: Role) -> String {
    format!("{slug}-{}", <&'static str>::from(role))
}
