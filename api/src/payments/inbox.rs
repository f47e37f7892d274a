//! The inbox of messages from Stripe: each is taken in once, brought to what it is about, and tried again until it is.

use chrono::{DateTime, TimeDelta, Utc};
use commands::{CommandBus, LoadError};
use cqrs_es::Aggregate;
use domain::id::{BookingId, InvoiceId, OrgId};
use domain::invoicing::invoice::Invoice;
use domain::payments::notice::Notice;
use domain::payments::payment::{Fact, New, Payment, PaymentCommand, Target};
use domain::refusal::Refusal;
use domain::scheduling::booking::Booking;
use domain::settings::org::{Currency, OrgSettings};
use ring::digest::{SHA256, digest};
use serde_json::Value;
use sqlx::PgPool;

use super::process::{PaymentProcess, ProcessError};
use crate::state::Clock;

/// Messages tried again at once.
const BATCH: i32 = 50;

/// Longer than any attempt takes.
const LEASE_SECONDS: i32 = 30;

/// After so many somebody has to look at it.
const ATTEMPTS: i32 = 10;

/// First pause; doubled each time.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(30);

/// Takes messages in.
#[derive(Clone, Debug)]
pub struct PaymentInbox {
    process: PaymentProcess,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was brought to what it is about.
    Applied,
    /// It was taken in before, and is settled.
    Known,
    /// There is nothing in it for us.
    Ignored,
    /// What it is about is not here yet, or cannot be made out.
    Parked(&'static str),
    /// Under its id another one was taken in.
    Differs,
    /// It is no message.
    Unreadable,
}

/// Whom it concerns.
struct Found {
    org: OrgId,
    payment_id: String,
    target: Target,
    /// In what it is paid, if it was heard of before.
    currency: Option<Currency>,
}

/// What was made of a message.
enum Outcome {
    Applied(OrgId, Option<String>, Option<Target>),
    Ignored,
    /// Of this organisation, as far as that is known.
    Parked(&'static str, Option<OrgId>),
}

impl PaymentInbox {
    /// Reads and writes as whoever these are connected as.
    pub fn new(bus: CommandBus, db: PgPool, clock: Clock) -> Self {
        Self { process: PaymentProcess::new(bus, db, clock) }
    }

    /// The steps that follow from payments.
    pub fn process(&self) -> &PaymentProcess {
        &self.process
    }

    /// Takes a message in, whose signature was found good, and brings it to what it is about.
    pub(crate) async fn receive(&self, body: &[u8]) -> Result<Fate, ProcessError> {
        let Some(notice) =
            serde_json::from_slice::<Value>(body).ok().as_ref().and_then(Notice::parse)
        else {
            return Ok(Fate::Unreadable);
        };
        let hash = digest(&SHA256, body);
        let kept = serde_json::to_string(&notice)
            .map_err(|error| ProcessError::Command(error.to_string()))?;
        let state = sqlx::query_scalar!(
            r#"select payments.receive($1, $2, $3, $4, $5, $6) as "state!""#,
            notice.event_id,
            hash.as_ref(),
            notice.kind,
            kept,
            notice.created,
            self.process.now(),
        )
        .fetch_one(&self.process.db)
        .await?;
        match state.as_str() {
            "differs" => return Ok(Fate::Differs),
            "applied" | "ignored" => return Ok(Fate::Known),
            // New, or left half done by somebody who is gone: every step finds out what was done.
            _ => {}
        }
        self.attempt(&notice, 1).await
    }

    /// Tries again what was not brought to its end, and returns how much that was.
    pub async fn sweep(&self) -> Result<usize, ProcessError> {
        let due = sqlx::query!(
            r#"select notice as "notice!", attempts as "attempts!" from payments.due($1, $2, $3)"#,
            self.process.now(),
            LEASE_SECONDS,
            BATCH,
        )
        .fetch_all(&self.process.db)
        .await?;
        let count = due.len();
        for row in due {
            let notice = serde_json::from_str::<Notice>(&row.notice)
                .map_err(|error| ProcessError::Command(error.to_string()))?;
            if let Err(error) = self.attempt(&notice, row.attempts).await {
                tracing::warn!(event = notice.event_id, %error, "a message of stripe cannot be applied yet");
            }
        }
        Ok(count)
    }

    async fn attempt(&self, notice: &Notice, attempts: i32) -> Result<Fate, ProcessError> {
        let outcome = self.apply(notice).await;
        let due = self.process.now() + pause(attempts);
        let (state, reason, fate) = match &outcome {
            Ok(Outcome::Applied(..)) => ("applied", None, Ok(Fate::Applied)),
            Ok(Outcome::Ignored) => ("ignored", None, Ok(Fate::Ignored)),
            Ok(Outcome::Parked(why, _)) if attempts >= ATTEMPTS => {
                ("dead", Some((*why).to_owned()), Ok(Fate::Parked(why)))
            }
            Ok(Outcome::Parked(why, _)) => {
                ("parked", Some((*why).to_owned()), Ok(Fate::Parked(why)))
            }
            Err(error) if attempts >= ATTEMPTS => {
                ("dead", Some(error.to_string()), Ok(Fate::Parked("failed")))
            }
            Err(error) => ("failed", Some(error.to_string()), Ok(Fate::Parked("failed"))),
        };
        let (org, payment, target) = match &outcome {
            Ok(Outcome::Applied(org, payment, target)) => (Some(*org), payment.clone(), *target),
            Ok(Outcome::Parked(_, org)) => (*org, None, None),
            _ => (None, None, None),
        };
        let (invoice, booking) = match target {
            Some(Target::Invoice { invoice }) => (Some(invoice.to_string()), None),
            Some(Target::Deposit { booking }) => (None, Some(booking.to_string())),
            None => (notice.invoice.clone(), notice.booking.clone()),
        };
        sqlx::query!(
            "select payments.settle($1, $2, $3, $4, $5, $6, $7, $8)",
            notice.event_id,
            state,
            reason,
            org.map(OrgId::as_uuid),
            payment,
            invoice,
            booking,
            due,
        )
        .execute(&self.process.db)
        .await?;
        // It is written down, and the jobs try again: whoever told need not tell it once more.
        if let Err(error) = &outcome {
            metrics::counter!("webhook_errors_total", "type" => "processing_error").increment(1);
            tracing::warn!(event = notice.event_id, %error, "a message of stripe cannot be applied yet");
        }
        fate
    }

    async fn apply(&self, notice: &Notice) -> Result<Outcome, ProcessError> {
        if notice.kind == "invoice.finalized" {
            return self.finalized(notice).await;
        }
        let Some(fact) = fact(notice) else { return Ok(Outcome::Ignored) };
        let Some(found) = self.find(notice).await? else {
            return Ok(Outcome::Parked("nobody_knows_it", None));
        };
        let parked = |why| Ok(Outcome::Parked(why, Some(found.org)));
        if !notice.is_sound() {
            return parked("amount_impossible");
        }
        let currency = notice.currency.as_deref().map(str::parse::<Currency>);
        let Some(Ok(currency)) = currency else { return parked("currency_unknown") };
        if !self.takes(&found, currency).await? {
            return parked("currency_differs");
        }
        let Found { org, payment_id, target, .. } = found;
        let references = [&notice.session, &notice.intent].into_iter().flatten();
        let new = New {
            payment_id: payment_id.clone(),
            target,
            amount_cents: notice.amount_cents.unwrap_or(0),
            currency,
            references: references.cloned().collect(),
        };
        let command = PaymentCommand::Note { new, fact, now: self.process.now() };
        let step = format!("stripe {}", notice.event_id);
        match self.process.step::<Payment>(org, &step, &payment_id, command).await {
            Ok(Ok(())) => {}
            Err(ProcessError::Refused(why)) => return Ok(Outcome::Parked(why, Some(org))),
            Err(error) => return Err(error),
            Ok(Err(refusal)) => {
                tracing::warn!(
                    event = notice.event_id,
                    code = refusal.code(),
                    "a message of stripe contradicts what is known"
                );
                return Ok(Outcome::Parked("contradicts", Some(org)));
            }
        }
        match self.process.settle(org, &payment_id).await {
            Ok(()) => Ok(Outcome::Applied(org, Some(payment_id), Some(target))),
            // Sending it again would change nothing; the jobs try again, and somebody can see it.
            Err(ProcessError::Refused(why)) => Ok(Outcome::Parked(why, Some(org))),
            Err(error) => Err(error),
        }
    }

    async fn finalized(&self, notice: &Notice) -> Result<Outcome, ProcessError> {
        let Some(id) = notice.invoice.as_deref().and_then(|id| id.parse::<InvoiceId>().ok()) else {
            return Ok(Outcome::Ignored);
        };
        let Some(org) = self.organisation(notice, Invoice::TYPE, &id.to_string()).await? else {
            return Ok(Outcome::Parked("nobody_knows_it", None));
        };
        match self.process.issue(org, id).await {
            Ok(()) => Ok(Outcome::Applied(org, None, Some(Target::Invoice { invoice: id }))),
            Err(ProcessError::Refused(why)) => Ok(Outcome::Parked(why, Some(org))),
            Err(error) => Err(error),
        }
    }

    /// Whom it concerns: by the ids that are known already, else by what we wrote on it.
    async fn find(&self, notice: &Notice) -> Result<Option<Found>, ProcessError> {
        for reference in [&notice.intent, &notice.session].into_iter().flatten() {
            let known = sqlx::query!(
                r#"select org_id as "org_id!", payment_id as "payment_id!" from payments.holder($1)"#,
                reference,
            )
            .fetch_optional(&self.process.db)
            .await?;
            let Some(known) = known else { continue };
            let org = OrgId::from(known.org_id);
            if let Some(payment) = self.process.payment(org, &known.payment_id).await? {
                return Ok(Some(Found {
                    org,
                    payment_id: known.payment_id,
                    target: payment.target,
                    currency: Some(payment.currency),
                }));
            }
        }
        let invoice = notice.invoice.as_deref().and_then(|id| id.parse::<InvoiceId>().ok());
        let booking = notice.booking.as_deref().and_then(|id| id.parse::<BookingId>().ok());
        let (target, kind, id) = match (invoice, booking) {
            (Some(invoice), _) => (Target::Invoice { invoice }, Invoice::TYPE, invoice.to_string()),
            (None, Some(booking)) => {
                (Target::Deposit { booking }, Booking::TYPE, booking.to_string())
            }
            (None, None) => return Ok(None),
        };
        let Some(org) = self.organisation(notice, kind, &id).await? else { return Ok(None) };
        let of_provider = || {
            let intent = notice.intent.as_ref().map(|id| format!("pi:{id}"));
            intent.or_else(|| notice.session.as_ref().map(|id| format!("cs:{id}")))
        };
        let payment_id = notice.command.clone().or_else(of_provider);
        Ok(payment_id.map(|payment_id| Found { org, payment_id, target, currency: None }))
    }

    /// Which organisation has it; none if that is another than the message names.
    async fn organisation(
        &self,
        notice: &Notice,
        kind: &str,
        id: &str,
    ) -> Result<Option<OrgId>, ProcessError> {
        let found = sqlx::query_scalar!("select payments.organisation_of($1, $2)", kind, id)
            .fetch_one(&self.process.db)
            .await?;
        let named = notice.org.as_deref().map(str::parse::<OrgId>);
        Ok(found.map(OrgId::from).filter(|found| match &named {
            None => true,
            Some(named) => named.as_ref() == Ok(found),
        }))
    }

    /// Whether what is paid is in that currency: an invoice in its own, a deposit in that of the organisation, or in the one
    /// in which its checkout was opened.
    async fn takes(&self, found: &Found, currency: Currency) -> Result<bool, LoadError> {
        let (org, bus) = (found.org, &self.process.bus);
        Ok(match (found.target, found.currency) {
            (Target::Invoice { invoice }, _) => {
                let found = bus.load::<Invoice>(org, &invoice.to_string()).await?;
                found.state.details().is_some_and(|invoice| invoice.currency == currency)
            }
            (Target::Deposit { .. }, Some(known)) => known == currency,
            (Target::Deposit { .. }, None) => {
                bus.load::<OrgSettings>(org, &org.to_string()).await?.state.currency == currency
            }
        })
    }
}

/// What a message says about a payment; `None` if nothing. Whether its amounts are any is another question.
fn fact(notice: &Notice) -> Option<Fact> {
    let amount_cents = notice.amount_cents.unwrap_or(0);
    let received_at: DateTime<Utc> = notice.created;
    let succeeded = Fact::Succeeded { amount_cents, received_at };
    let dispute = || notice.dispute.clone();
    match notice.kind.as_str() {
        "checkout.session.completed" => {
            (notice.status.as_deref() == Some("paid") && amount_cents != 0).then_some(succeeded)
        }
        "payment_intent.succeeded" | "invoice.payment_succeeded" if amount_cents != 0 => {
            Some(succeeded)
        }
        "payment_intent.payment_failed" | "invoice.payment_failed" => {
            Some(Fact::Failed { code: notice.failure.clone() })
        }
        "checkout.session.expired" => Some(Fact::Expired),
        "charge.refunded" => {
            let total_cents = notice.refunded_cents.filter(|cents| *cents != 0)?;
            Some(Fact::Refunded { amount_cents, total_cents, received_at })
        }
        // The bank only asks, and has taken nothing.
        "charge.dispute.created" | "charge.dispute.closed"
            if notice.status.as_deref().is_some_and(|status| status.starts_with("warning_")) =>
        {
            None
        }
        // Whatever was asked before, now it has the money.
        "charge.dispute.created" | "charge.dispute.funds_withdrawn" => {
            Some(Fact::Disputed { dispute: dispute()?, amount_cents })
        }
        "charge.dispute.closed" => {
            let won = notice.status.as_deref() == Some("won");
            Some(Fact::DisputeClosed { dispute: dispute()?, amount_cents, won })
        }
        _ => None,
    }
}

fn pause(attempts: i32) -> TimeDelta {
    FIRST_PAUSE * 2_i32.saturating_pow(u32::try_from(attempts - 1).unwrap_or(0).min(10))
}
