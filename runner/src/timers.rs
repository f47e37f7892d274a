//! Timers: commands that were to be given at an instant, given.
//!
//! A timer is claimed under a lease, its command carried out with an identity made of the timer, and its end recorded
//! under that lease. Dying in between gives it to somebody else, who finds the command carried out already.

use std::time::Duration;

use anyhow::Context as _;
use api::Occurrences;
use commands::{CommandBus, CommandError, Context, RequestKey};
use domain::event::EventSourced;
use domain::id::OrgId;
use domain::people::worker::{Worker, WorkerCommand};
use domain::policy::TimerCommand;
use domain::recorded::Actor;
use domain::sales::lead::{Lead, LeadCommand};
use domain::scheduling::booking::{Booking, BookingCommand, DepositStep};
use serde_json::Value;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::jobs::pulse::Pulse;

/// In heartbeats.
pub const NAME: &str = "timers";

/// How often due timers are looked for.
const EVERY: Duration = Duration::from_secs(2);

/// Longer than any command takes; then somebody else may try.
const LEASE_SECONDS: i32 = 30;

/// Timers claimed at once.
const BATCH: i32 = 50;

/// A timer that fails this often is put aside for a person to look at.
const ATTEMPTS: i32 = 10;

/// Fires timers.
pub struct Timers {
    db: PgPool,
    bus: CommandBus,
    clock: api::Clock,
    occurrences: Occurrences,
}

struct Due {
    org_id: Uuid,
    timer_key: String,
    aggregate_id: String,
    command: Value,
    cause: i64,
    correlation_id: String,
    attempts: i32,
    fires_at: chrono::DateTime<chrono::Utc>,
}

impl Timers {
    /// Timers of every organisation.
    pub fn new(db: PgPool, bus: CommandBus, clock: api::Clock) -> Self {
        let occurrences = Occurrences::new(bus.clone(), db.clone(), api::Clock::clone(&clock));
        Self { db, bus, clock, occurrences }
    }

    /// Fires what is due, until `stop`.
    pub async fn run(&self, pulse: &Pulse, stop: CancellationToken) {
        loop {
            let fired = pulse.pass(NAME, self.fire(|| pulse.alive(NAME))).await;
            if let Err(error) = fired {
                tracing::warn!(error = %format!("{error:#}"), "timers cannot be fired");
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Fires everything that is due now and returns how much that was.
    pub async fn fire_due(&self) -> anyhow::Result<usize> {
        self.fire(|| ()).await
    }

    async fn fire(&self, alive: impl Fn()) -> anyhow::Result<usize> {
        let mut fired = 0;
        loop {
            let lease = Uuid::now_v7();
            let due = sqlx::query_as!(
                Due,
                r#"select org_id as "org_id!", timer_key as "timer_key!", aggregate_id as "aggregate_id!",
                          command as "command!", cause as "cause!", correlation_id as "correlation_id!",
                          attempts as "attempts!", fires_at as "fires_at!"
                   from log.claim_timers($1, $2, $3, $4)"#,
                lease,
                (self.clock)(),
                LEASE_SECONDS,
                BATCH,
            )
            .fetch_all(&self.db)
            .await?;
            if due.is_empty() {
                return Ok(fired);
            }
            for timer in due {
                let span = tracing::error_span!(
                    "timer.fire",
                    correlation_id = timer.correlation_id,
                    otel.kind = "consumer",
                    timer.attempt = timer.attempts,
                );
                self.fire_one(lease, &timer).instrument(span).await?;
                alive();
                fired += 1;
            }
        }
    }

    async fn fire_one(&self, lease: Uuid, timer: &Due) -> anyhow::Result<()> {
        let org = OrgId::from(timer.org_id);
        let (state, reason) = match self.give(org, timer).await {
            Ok(()) => ("fired", None),
            Err(error) if timer.attempts >= ATTEMPTS => ("dead", Some(format!("{error:#}"))),
            // The lease runs out and it is tried again.
            Err(error) => {
                tracing::warn!(timer = %timer.timer_key, error = %format!("{error:#}"), "timer not fired");
                return Ok(());
            }
        };
        let mut tx = projections::tenant::begin(&self.db, org).await?;
        sqlx::query!(
            "update timers set state = $4, reason = $5, lease = null, leased_until = null
             where org_id = $1 and timer_key = $2 and lease = $3 and state = 'leased'",
            timer.org_id,
            timer.timer_key,
            lease,
            state,
            reason,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    async fn give(&self, org: OrgId, timer: &Due) -> anyhow::Result<()> {
        let command: TimerCommand =
            serde_json::from_value(timer.command.clone()).context("unknown command")?;
        // Set anew for another instant, it is another request.
        let key = format!("{}@{}", timer.timer_key, timer.fires_at.timestamp_micros());
        let ctx = Context {
            org,
            actor: Actor {
                kind: "system".to_owned(),
                id: "timers".to_owned(),
                role: "system".to_owned(),
            },
            request_id: format!("timer-{}", timer.timer_key),
            correlation_id: timer.correlation_id.clone(),
            causation_id: Some(timer.cause.to_string()),
            reason: None,
            action: None,
            via: None,
            request: RequestKey::of(org, "timers", &key, [0; 32]),
            expected_version: None,
            beside: Vec::new(),
            recorded_at: None,
        };
        let (id, now) = (&timer.aggregate_id, (self.clock)());
        match command {
            TimerCommand::ExpireQuote { quote_id } => {
                self.tell::<Lead>(&ctx, id, LeadCommand::ExpireQuote { quote_id, now }).await
            }
            TimerCommand::ExpireDeposit => {
                let command = BookingCommand::Deposit { step: DepositStep::Expire, now };
                self.tell::<Booking>(&ctx, id, command).await
            }
            TimerCommand::ExpireCertificate { cert_id } => {
                self.tell::<Worker>(&ctx, id, WorkerCommand::ExpireCertificate { cert_id, now })
                    .await
            }
            TimerCommand::TransferWorker { to, effective } => {
                let command = WorkerCommand::TransferDue { to, effective, now };
                self.tell::<Worker>(&ctx, id, command).await
            }
            TimerCommand::BookVisit { date } => {
                let id = id.parse().context("no id of a subscription")?;
                self.occurrences.book(&ctx, id, date).await?;
                Ok(())
            }
            TimerCommand::RemindOfVisit { starts_at } => {
                self.tell::<Booking>(&ctx, id, BookingCommand::Remind { starts_at, now }).await
            }
        }
    }

    async fn tell<A: EventSourced>(
        &self,
        ctx: &Context,
        id: &str,
        command: A::Command,
    ) -> anyhow::Result<()>
    where
        A::Error: 'static,
    {
        match self.bus.execute(ctx, id, command, |_: &A| Value::Null).await {
            // Refused means that the matter was settled in the meantime, and erased that nobody is left to settle it.
            Ok(_) | Err(CommandError::Refused(_) | CommandError::SubjectErased) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
