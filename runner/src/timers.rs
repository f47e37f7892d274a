//! Timers: commands that were to be given at an instant, given.
//!
//! A timer is claimed under a lease, its command carried out with an identity made of the timer, and its end recorded
//! under that lease. Dying in between gives it to somebody else, who finds the command carried out already.

use std::time::Duration;

use anyhow::Context as _;
use api::{FeeInvoices, InvoiceLinks, Occurrences, PaymentInbox, Reminders};
use chrono::{DateTime, Utc};
use commands::{CommandBus, CommandError, Context, RequestKey};
use domain::customers::client::{Client, ClientCommand};
use domain::event::EventSourced;
use domain::id::{ClientId, OrgId};
use domain::invoicing::invoice::{Invoice, InvoiceCommand};
use domain::people::worker::{Worker, WorkerCommand};
use domain::policy::TimerCommand;
use domain::recorded::Actor;
use domain::sales::lead::{Lead, LeadCommand, WinCause};
use domain::scheduling::booking::{Booking, BookingCommand, DepositStep, WentBack};
use domain::scheduling::subscription::{Subscription, SubscriptionCommand};
use domain::subject::{ErasureReason, Subject, SubjectCommand};
use metrics::Gauge;
use projections::customers::client_list::{self, ClientList};
use projections::engine::{self, Waited};
use projections::invoicing::invoice_list::InvoiceList;
use projections::payments::unclaimed;
use projections::scheduling::subscription_list::{self, SubscriptionList};
use projections::{Projection, tenant};
use serde_json::Value;
use sqlx::PgPool;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::jobs::pulse::Pulse;

/// In heartbeats.
pub const NAME: &str = "timers";

/// Told of messages that no organisation may see.
const UNCLAIMED: &str = "stripe_messages_unclaimed";

/// How often due timers are looked for.
const EVERY: Duration = Duration::from_secs(2);

/// Longer than any command takes; then somebody else may try.
const LEASE_SECONDS: i32 = 30;

/// Timers claimed at once.
const BATCH: i32 = 50;

/// A timer that fails this often is put aside for a person to look at.
const ATTEMPTS: i32 = 10;

/// Read models are that fast unless something is wrong; then it is tried again later.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fires timers.
pub struct Timers {
    db: PgPool,
    bus: CommandBus,
    clock: api::Clock,
    occurrences: Occurrences,
    inbox: PaymentInbox,
    reminders: Reminders,
    fees: FeeInvoices,
    unclaimed: Gauge,
}

struct Due {
    org_id: Uuid,
    timer_key: String,
    aggregate_id: String,
    command: Value,
    cause: i64,
    correlation_id: String,
    attempts: i32,
    fires_at: DateTime<Utc>,
}

impl Timers {
    /// Timers of every organisation.
    pub fn new(db: PgPool, bus: CommandBus, clock: api::Clock, links: InvoiceLinks) -> Self {
        let occurrences = Occurrences::new(bus.clone(), db.clone(), api::Clock::clone(&clock));
        let inbox = PaymentInbox::new(bus.clone(), db.clone(), api::Clock::clone(&clock));
        let time = api::Clock::clone(&clock);
        let reminders = Reminders::new(bus.clone(), db.clone(), time, links);
        let fees = FeeInvoices::new(bus.clone(), db.clone(), api::Clock::clone(&clock));
        metrics::describe_gauge!(UNCLAIMED, "Messages of Stripe that belong to no organisation.");
        let unclaimed = metrics::gauge!(UNCLAIMED);
        unclaimed.set(0.0);
        Self { db, bus, clock, occurrences, inbox, reminders, fees, unclaimed }
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
        // Messages that could not be brought to their end are due like everything else that waits for its time.
        let mut fired = self.inbox.sweep().await?;
        #[expect(clippy::cast_precision_loss, reason = "a few messages")]
        self.unclaimed.set(unclaimed::count(&self.db).await? as f64);
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
        let (state, reason) = match Box::pin(self.give(org, timer)).await {
            Ok(()) => ("fired", None),
            Err(error) if timer.attempts >= ATTEMPTS => ("dead", Some(format!("{error:#}"))),
            // The lease runs out and it is tried again.
            Err(error) => {
                tracing::warn!(timer = %timer.timer_key, error = %format!("{error:#}"), "timer not fired");
                return Ok(());
            }
        };
        let mut tx = tenant::begin(&self.db, org).await?;
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

    #[expect(clippy::too_many_lines, reason = "a command after the other")]
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
            TimerCommand::FixBaseCharge { amount_cents } => {
                let command = BookingCommand::FixBaseCharge { amount_cents, now };
                self.tell::<Booking>(&ctx, id, command).await
            }
            TimerCommand::SettlePayment => {
                self.inbox.process().settle(org, id).await?;
                Ok(())
            }
            TimerCommand::RefundDeposit => {
                let booking = id.parse().context("no id of a booking")?;
                self.inbox.process().refund_deposit(org, booking).await?;
                Ok(())
            }
            TimerCommand::CreditDeposits => {
                let booking = id.parse().context("no id of a booking")?;
                self.inbox.process().credit_deposits(org, booking).await?;
                Ok(())
            }
            TimerCommand::NoteDepositRefund { payment_id, refund_id, amount_cents } => {
                let told = WentBack { payment_id, refund_id, amount_cents };
                let step = DepositStep::Refunded(told);
                self.tell::<Booking>(&ctx, id, BookingCommand::Deposit { step, now }).await
            }
            TimerCommand::RefundDisputed { dispute, amount_cents } => {
                self.inbox.process().refund_disputed(org, (dispute, id), amount_cents).await?;
                Ok(())
            }
            TimerCommand::CreditDisputed { dispute, amount_cents } => {
                let invoice = id.parse().context("no id of an invoice")?;
                self.inbox.process().credit_disputed(org, (dispute, invoice), amount_cents).await?;
                Ok(())
            }
            TimerCommand::RemindOverdue { letter } => {
                let invoice = id.parse().context("no id of an invoice")?;
                // Who was written to a moment ago is known by the list.
                self.until(org, &[InvoiceList::NAME], timer.cause).await?;
                self.reminders.remind(&ctx, invoice, letter).await?;
                Ok(())
            }
            TimerCommand::MarkInvoiceOverdue => {
                self.tell::<Invoice>(&ctx, id, InvoiceCommand::MarkOverdue { now }).await
            }
            TimerCommand::RemindOfVisit { starts_at } => {
                self.tell::<Booking>(&ctx, id, BookingCommand::Remind { starts_at, now }).await
            }
            TimerCommand::NoteNoShow { starts_at } => {
                let command = BookingCommand::NoteNoShow { starts_at, now };
                self.tell::<Booking>(&ctx, id, command).await
            }
            TimerCommand::ChargeFees => {
                self.fees.charge(&ctx, id.parse().context("no id of a booking")?).await?;
                Ok(())
            }
            TimerCommand::WinLead => self.win_lead(&ctx, id, now).await,
            TimerCommand::PauseSubscriptions => self.pause_subscriptions(&ctx, timer, now).await,
            TimerCommand::AbsorbClient { other } => {
                self.tell::<Client>(&ctx, id, ClientCommand::Absorb { other, now }).await
            }
            TimerCommand::EraseMerged { reason } => self.erase_merged(&ctx, timer, reason).await,
        }
    }

    /// Whoever asked for an offer and is visited now has become a customer.
    async fn win_lead(
        &self,
        ctx: &Context,
        booking: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let found = self.bus.load::<Booking>(ctx.org, booking).await?;
        let lead = found.state.details().and_then(|booking| booking.requested.lead);
        let Some(lead) = lead else { return Ok(()) };
        let command = LeadCommand::Win { cause: WinCause::BookingConfirmed, now };
        self.tell::<Lead>(ctx, &lead.to_string(), command).await
    }

    /// Nobody comes to somebody who is blocked; what was paused goes on when staff say so.
    async fn pause_subscriptions(
        &self,
        ctx: &Context,
        timer: &Due,
        now: DateTime<Utc>,
    ) -> anyhow::Result<()> {
        let found = self.bus.load::<Client>(ctx.org, &timer.aggregate_id).await?;
        let blocked = found.state.details().filter(|client| client.blocked.is_some());
        let Some(client) = blocked else { return Ok(()) };
        let readers = [SubscriptionList::NAME, ClientList::NAME];
        self.until(ctx.org, &readers, timer.cause).await?;
        let mut tx = tenant::begin(&self.db, ctx.org).await?;
        let all = client_list::with_family(&mut tx, ctx.org, client.client_id).await?;
        let running = subscription_list::running(&mut tx, ctx.org, &all).await?;
        drop(tx);
        for id in running {
            let reason = Some("The client is blocked".to_owned());
            let (ctx, id) = (of_one(ctx, &id.to_string()), id.to_string());
            self.tell::<Subscription>(&ctx, &id, SubscriptionCommand::Pause { reason, now })
                .await?;
        }
        Ok(())
    }

    /// Whoever was merged into somebody is the same person, and forgotten with them.
    async fn erase_merged(
        &self,
        ctx: &Context,
        timer: &Due,
        reason: ErasureReason,
    ) -> anyhow::Result<()> {
        let client: ClientId = timer.aggregate_id.parse().context("no id of a person")?;
        self.until(ctx.org, &[ClientList::NAME], timer.cause).await?;
        let mut tx = tenant::begin(&self.db, ctx.org).await?;
        let merged = client_list::family(&mut tx, ctx.org, client).await?;
        drop(tx);
        for other in merged {
            let (subject, id) = (other.into(), other.to_string());
            let ctx = of_one(ctx, &id);
            self.tell::<Subject>(&ctx, &id, SubjectCommand::Erase { subject, reason }).await?;
        }
        Ok(())
    }

    /// Waits until read models have what is to be followed.
    async fn until(&self, org: OrgId, readers: &[&str], position: i64) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let waited = engine::wait_for(&self.db, org, readers, position, deadline).await?;
        anyhow::ensure!(waited == Waited::Reached, "read models are behind");
        Ok(())
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

/// The part of a request that concerns one of several aggregates: each is carried out once.
fn of_one(ctx: &Context, id: &str) -> Context {
    let key = ctx.request.derived_id(id).to_string();
    Context { request: RequestKey::of(ctx.org, "timers", &key, [0; 32]), ..ctx.clone() }
}
