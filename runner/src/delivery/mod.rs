//! Delivers effects: claims them, talks to the outside with no transaction open, records what came of it.
//!
//! Claiming books the next attempt, so dying in mid-delivery needs no clean-up. The outcome is recorded only by who still
//! holds the lease. The effect's id is the provider's idempotency key.

mod break_glass;
mod crew;
mod crew_notice;
mod email;
mod figures;
mod invoice;
mod notice;
mod office;
mod photo;
mod portal;
mod receipt;
mod refund;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use commands::CommandBus;
use domain::id::OrgId;
use domain::policy::{
    BOOKING_CANCELLED, BOOKING_COMPLETED, BOOKING_CONFIRMED, BOOKING_EXPIRED, BOOKING_MOVED,
    BOOKING_PENDING, BOOKING_REMINDER, BREAK_GLASS_STARTED, CREW_CLEAR, CREW_NOTICE,
    DISPATCH_NOTICE, INVOICE_LETTER, OFFICE_NOTICE, PAYMENT_FAILED, PHOTO_FORGET, PHOTO_PURGE,
    PORTAL_LINK, RECEIPT, REQUEST_RECEIVED, STRIPE_REFUND, VISIT_PLANNED,
};
use domain::seal::{MasterKeys, open_all};
use domain::settings::org::OrgSettings;
use object_store::ObjectStore;
use projections::history::entity;
use projections::{subject_keys, tenant};
use rand::Rng;
use serde_json::Value;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::config::Config;
use crate::jobs::pulse::Pulse;
use email::Email;
use figures::{Figures, POSTPONED};

/// In heartbeats.
pub const NAME: &str = "outbox-delivery";

/// How often due effects are looked for.
const EVERY: Duration = Duration::from_secs(2);

/// How often the queue is counted for the metrics.
const COUNT_EVERY: u32 = 8;

/// Outlasts every channel's timeouts together.
const LEASE_SECONDS: i32 = 90;

/// Another effect is begun only while the lease will outlast it.
const WORTH_BEGINNING: TimeDelta = TimeDelta::seconds(60);

/// How long a delivery in progress may take to end when the process is stopped.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Effects of one organisation in one claim, so that a busy one does not starve the others.
const EACH: i32 = 10;

/// Effects in one claim.
const BATCH: i32 = 50;

/// After this many attempts somebody has to look at it.
const ATTEMPTS: i32 = 8;

/// First pause; doubled each time, at most [`LONGEST_PAUSE`].
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Longest pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// Three days and more, an hour each: somebody waits for their money, and nobody else gives it back.
const REFUND_ATTEMPTS: i32 = 80;

/// A file that cannot be removed is tried so often.
const PHOTO_ATTEMPTS: i32 = 5;

/// And after this time each.
const PHOTO_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// What waits for a read model looks again after this time.
const SOON: TimeDelta = TimeDelta::seconds(5);

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The outside has it.
    Delivered,
    /// It is not to be done, for this reason.
    Suppressed(&'static str),
    /// Not now.
    Temporary(String),
    /// Not even tried, and not to be before then: whoever would do it is away.
    Postponed(DateTime<Utc>),
    /// Never like this.
    Permanent(String),
}

/// Delivers the effects of every organisation.
pub struct Delivery {
    db: PgPool,
    keys: MasterKeys,
    clock: api::Clock,
    email: Email,
    links: api::InvoiceLinks,
    /// Notes what became of photos and refunds.
    bus: CommandBus,
    stripe: Option<api::Stripe>,
    /// Who watches over the installation.
    watch: Option<String>,
    figures: Figures,
    /// Where the files of photos are.
    store: Arc<dyn ObjectStore>,
}

struct Due {
    org_id: Uuid,
    effect_id: Uuid,
    kind: String,
    payload: Value,
    attempts: i32,
    cause: i64,
    correlation_id: String,
}

impl Delivery {
    /// With the channels that `config` sets up.
    pub fn new(
        db: PgPool,
        keys: MasterKeys,
        config: &Config,
        clock: api::Clock,
        bus: CommandBus,
    ) -> anyhow::Result<Self> {
        let watch = config.mail.admin_notification_email.clone();
        let figures = Figures::start();
        let email = Email::new(config, api::Clock::clone(&clock))?;
        let store = config.storage.store()?;
        let links = config.invoice_links()?;
        let stripe = config.payments.options().stripe;
        let stripe = stripe.map(|stripe| api::Stripe::new(stripe, api::Clock::clone(&clock)));
        let stripe = stripe.transpose()?;
        if stripe.is_none() {
            api::Stripe::unused();
        }
        Ok(Self { db, keys, clock, email, links, bus, stripe, watch, figures, store })
    }

    /// Delivers what is due, until `stop`.
    pub async fn run(&self, pulse: &Pulse, stop: CancellationToken) {
        for round in 0_u32.. {
            let pass =
                async { self.deliver(|| pulse.alive(NAME), &stop).await.map_err(Into::into) };
            let delivered: anyhow::Result<usize> = pulse.pass(NAME, pass).await;
            if let Err(error) = delivered {
                tracing::warn!(%error, "effects cannot be delivered");
            }
            if round % COUNT_EVERY == 0 {
                self.figures.count_queue(&self.db).await;
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Delivers everything that is due now and returns how much that was.
    pub async fn deliver_due(&self) -> Result<usize, sqlx::Error> {
        self.deliver(|| (), &CancellationToken::new()).await
    }

    /// What is not begun, or not ended, keeps its lease: whoever comes after it delivers it, under the same id.
    async fn deliver(
        &self,
        alive: impl Fn(),
        stop: &CancellationToken,
    ) -> Result<usize, sqlx::Error> {
        let mut delivered = 0;
        loop {
            let (lease, claimed_at) = (Uuid::now_v7(), (self.clock)());
            let due = sqlx::query_as!(
                Due,
                r#"select org_id as "org_id!", effect_id as "effect_id!", kind as "kind!", payload as "payload!",
                          attempts as "attempts!", cause as "cause!", correlation_id as "correlation_id!"
                   from log.claim_effects($1, $2, $3, $4, $5)"#,
                lease,
                claimed_at,
                LEASE_SECONDS,
                EACH,
                BATCH,
            )
            .fetch_all(&self.db)
            .await?;
            if due.is_empty() {
                return Ok(delivered);
            }
            for effect in due {
                if stop.is_cancelled() || (self.clock)() - claimed_at > WORTH_BEGINNING {
                    return Ok(delivered);
                }
                let span = effect.span();
                let attempt = tokio::select! {
                    attempt = self.attempt(&effect).instrument(span.clone()) => attempt?,
                    () = given_up(stop) => return Ok(delivered),
                };
                span.record("effect.state", self.record(lease, &effect, attempt).await?);
                delivered += 1;
                alive();
            }
        }
    }

    async fn attempt(&self, effect: &Due) -> Result<Attempt, sqlx::Error> {
        match effect.kind.as_str() {
            REQUEST_RECEIVED => {
                let payload = self.open(effect.org_id.into(), effect.payload.clone()).await?;
                Ok(self.email.request_received(effect.effect_id, &payload).await)
            }
            BOOKING_PENDING | BOOKING_CONFIRMED | BOOKING_REMINDER | BOOKING_MOVED
            | BOOKING_CANCELLED | BOOKING_EXPIRED | BOOKING_COMPLETED | VISIT_PLANNED => {
                self.about_visit(effect).await
            }
            CREW_NOTICE => self.crew_notice(effect).await,
            DISPATCH_NOTICE => self.dispatch_notice(effect).await,
            PORTAL_LINK => self.portal_link(effect).await,
            CREW_CLEAR => self.clear_crews(effect).await,
            PHOTO_PURGE => Ok(self.purge_photo(effect).await),
            PHOTO_FORGET => self.forget_photos(effect).await,
            INVOICE_LETTER => self.invoice_letter(effect).await,
            PAYMENT_FAILED => self.payment_failed(effect).await,
            RECEIPT => self.receipt(effect).await,
            OFFICE_NOTICE => self.office_notice(effect).await,
            STRIPE_REFUND => self.send_back(effect).await,
            BREAK_GLASS_STARTED => Ok(self.break_glass_started(effect).await),
            // Written by a newer build: wait for one that knows it.
            _ => Ok(Attempt::Temporary("unknown kind of effect".to_owned())),
        }
    }

    /// The clock of an organisation.
    async fn zone(&self, org: OrgId) -> Result<Tz, sqlx::Error> {
        let (settings, registered) = self.settings(org).await?;
        Ok(settings.zone(&registered))
    }

    /// The settings of an organisation, and the zone that it was registered with.
    async fn settings(&self, org: OrgId) -> Result<(OrgSettings, String), sqlx::Error> {
        let mut tx = tenant::begin(&self.db, org).await?;
        let registered = tenant::registered_zone(&mut tx, org).await?;
        let id = org.to_string();
        let settings = entity::as_of::<OrgSettings>(&mut tx, &self.keys, org, &id, i64::MAX).await;
        let settings = settings.map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok((settings.map(|found| found.state).unwrap_or_default(), registered))
    }

    /// A payload with personal values open, or erased.
    async fn open(&self, org: OrgId, mut payload: Value) -> Result<Value, sqlx::Error> {
        let mut subjects = Vec::new();
        domain::personal::subjects_in(&payload, &mut subjects);
        let mut tx = tenant::begin(&self.db, org).await?;
        let keys = subject_keys::load(&mut tx, &self.keys, org, &subjects).await?;
        drop(tx);
        open_all(&mut payload, &keys).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(payload)
    }

    /// Returns the state that the effect is in now.
    async fn record(
        &self,
        lease: Uuid,
        effect: &Due,
        attempt: Attempt,
    ) -> Result<&'static str, sqlx::Error> {
        let now = (self.clock)();
        let untried = matches!(attempt, Attempt::Postponed(_));
        let Outcome { state, reason, due_at } =
            outcome(&effect.kind, attempt, effect.attempts, now);
        self.figures.ended(&effect.kind, if untried { POSTPONED } else { state });
        let mut tx = tenant::begin(&self.db, effect.org_id.into()).await?;
        sqlx::query!(
            "update effects
             set state = $4, reason = $5, due_at = coalesce($6, due_at), lease = null, leased_until = null,
                 attempts = attempts - $8,
                 finished_at = case when $6::timestamptz is null then $7::timestamptz end
             where org_id = $1 and effect_id = $2 and lease = $3 and state = 'leased'",
            effect.org_id,
            effect.effect_id,
            lease,
            state,
            reason,
            due_at,
            now,
            i32::from(untried),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(state)
    }
}

impl Due {
    /// Around its delivery, in the trace of what asked for it.
    fn span(&self) -> Span {
        tracing::error_span!(
            "effect.deliver",
            correlation_id = self.correlation_id,
            otel.kind = "consumer",
            effect.kind = self.kind,
            effect.attempt = self.attempts,
            effect.state = Empty,
        )
    }
}

/// Once a stopped process has waited long enough.
async fn given_up(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST_WORDS).await;
}

struct Outcome {
    state: &'static str,
    reason: Option<String>,
    due_at: Option<DateTime<Utc>>,
}

fn outcome(kind: &str, attempt: Attempt, attempts: i32, now: DateTime<Utc>) -> Outcome {
    let is_file = kind == PHOTO_PURGE;
    let most = match kind {
        PHOTO_PURGE => PHOTO_ATTEMPTS,
        STRIPE_REFUND => REFUND_ATTEMPTS,
        _ => ATTEMPTS,
    };
    match attempt {
        Attempt::Delivered => Outcome { state: "delivered", reason: None, due_at: None },
        Attempt::Suppressed(why) => {
            Outcome { state: "suppressed", reason: Some(why.to_owned()), due_at: None }
        }
        Attempt::Temporary(why) if attempts < most => {
            let pause = if is_file { PHOTO_PAUSE } else { pause(attempts) };
            Outcome { state: "waiting", reason: Some(why), due_at: Some(now + pause) }
        }
        Attempt::Postponed(until) => {
            let why = "whoever takes it could not be reached lately".to_owned();
            Outcome { state: "waiting", reason: Some(why), due_at: Some(until) }
        }
        Attempt::Temporary(why) | Attempt::Permanent(why) => {
            Outcome { state: "dead", reason: Some(why), due_at: None }
        }
    }
}

/// Doubles with every attempt; up to a fifth longer, so that what failed together does not come back together.
fn pause(attempts: i32) -> TimeDelta {
    let doubled =
        FIRST_PAUSE * 2_i32.saturating_pow(u32::try_from(attempts - 1).unwrap_or(0).min(10));
    let pause = doubled.min(LONGEST_PAUSE);
    pause + pause * rand::rng().random_range(0..20) / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_from_half_a_minute_to_an_hour_and_a_bit() {
        for attempt in 1..20 {
            let pause = pause(attempt);
            assert!(pause >= FIRST_PAUSE && pause < LONGEST_PAUSE * 6 / 5, "{attempt}: {pause}");
        }
        assert!(pause(3) >= TimeDelta::seconds(120));
    }

    #[test]
    fn the_last_attempt_that_fails_makes_it_dead_and_keeps_the_reason() {
        let now = DateTime::UNIX_EPOCH;
        let waiting =
            outcome(PORTAL_LINK, Attempt::Temporary("busy".to_owned()), ATTEMPTS - 1, now);
        assert_eq!((waiting.state, waiting.due_at.is_some()), ("waiting", true));
        let dead = outcome(PORTAL_LINK, Attempt::Temporary("busy".to_owned()), ATTEMPTS, now);
        assert_eq!((dead.state, dead.reason.as_deref()), ("dead", Some("busy")));
        assert_eq!(outcome(PORTAL_LINK, Attempt::Permanent("no".to_owned()), 1, now).state, "dead");
    }
}
