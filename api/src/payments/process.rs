//! From what is known of a payment to what it means: an invoice is paid, a visit confirmed, money goes back.
//!
//! Each step has an identity made of what it is about, so it is carried out once however often anybody tries. Nothing here asks
//! the provider for anything.

use chrono::{DateTime, Utc};
use commands::{CommandBus, CommandError, Context, LoadError, RequestKey};
use domain::event::EventSourced;
use domain::id::{InvoiceId, OrgId, RefundId};
use domain::invoicing::invoice::payment::{Method, Provider};
use domain::invoicing::invoice::{Invoice, InvoiceCommand, InvoiceError, Money};
use domain::payments::payment::{
    Details, Payment, PaymentCommand, PaymentError, RefundReason, Status, Target,
};
use domain::recorded::Actor;
use domain::refusal::Refusal;
use domain::scheduling::booking::WentBack;
use domain::settings::org::OrgSettings;
use domain::settings::zone;
use projections::tenant;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::state::Clock;

/// So many may tell of one payment at once, each a few times.
const ATTEMPTS: usize = 16;

/// Carries payments to what they are for.
#[derive(Clone)]
pub struct PaymentProcess {
    pub(super) bus: CommandBus,
    pub(super) db: PgPool,
    clock: Clock,
}

impl std::fmt::Debug for PaymentProcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PaymentProcess")
    }
}

/// Why a step was not taken; to be tried again.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// Something could not be read.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// Something could not be read.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Something could be neither done nor refused.
    #[error("{0}")]
    Command(String),
    /// The aggregate said no.
    #[error("{0}")]
    Refused(&'static str),
}

/// What went back of a payment, each part with what tells it apart: the same however it was told.
pub(super) fn went_back(org: OrgId, payment: &Details) -> impl Iterator<Item = (WentBack, String)> {
    payment.refunds.iter().scan(0, move |total, (amount_cents, _)| {
        *total += amount_cents;
        let name = format!("{} {total}", payment.payment_id);
        let refund_id = RefundId::from(Uuid::new_v5(&org.as_uuid(), name.as_bytes()));
        let (payment_id, amount_cents) = (payment.payment_id.clone(), *amount_cents);
        Some((WentBack { payment_id, refund_id, amount_cents }, name))
    })
}

/// Money of a payment goes back for a reason once.
pub(super) fn refund_of(org: OrgId, payment_id: &str, reason: RefundReason) -> RefundId {
    let name = format!("{payment_id} {reason}");
    Uuid::new_v5(&org.as_uuid(), name.as_bytes()).into()
}

impl PaymentProcess {
    /// Reads and writes as whoever these are connected as.
    pub fn new(bus: CommandBus, db: PgPool, clock: Clock) -> Self {
        Self { bus, db, clock }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        chrono::SubsecRound::trunc_subsecs((self.clock)(), 6)
    }

    /// In which a step is taken.
    pub(super) fn context(org: OrgId, step: &str) -> Context {
        Context {
            org,
            actor: Actor {
                kind: "system".to_owned(),
                id: "payments".to_owned(),
                role: "system".to_owned(),
            },
            request_id: format!("payment-{step}"),
            correlation_id: format!("payment-{step}"),
            causation_id: None,
            reason: None,
            action: None,
            via: None,
            request: RequestKey::of(org, "payments", step, [0; 32]),
            expected_version: None,
            beside: Vec::new(),
            recorded_at: None,
        }
    }

    /// Takes a step, once. What the aggregate refuses is answered, everything else is tried again by whoever asked.
    pub(super) async fn step<A: EventSourced>(
        &self,
        org: OrgId,
        step: &str,
        id: &str,
        command: A::Command,
    ) -> Result<Result<(), A::Error>, ProcessError>
    where
        A::Error: Refusal + 'static,
    {
        self.step_beside::<A>(Self::context(org, step), id, command).await
    }

    pub(super) async fn step_beside<A: EventSourced>(
        &self,
        context: Context,
        id: &str,
        command: A::Command,
    ) -> Result<Result<(), A::Error>, ProcessError>
    where
        A::Error: Refusal + 'static,
    {
        for _ in 0..ATTEMPTS {
            match self.bus.execute(&context, id, command.clone(), |_: &A| Value::Null).await {
                Ok(_) => return Ok(Ok(())),
                Err(CommandError::Refused(refusal)) => return Ok(Err(refusal)),
                // Others tell of the same thing at this moment.
                Err(CommandError::Conflict) => {}
                // It goes by a name that leads to another one: whoever tries again finds that.
                Err(CommandError::ClaimTaken { .. }) => {
                    return Err(ProcessError::Refused("reference_taken"));
                }
                Err(error) => return Err(ProcessError::Command(error.to_string())),
            }
        }
        Err(ProcessError::Command("changed meanwhile by others, again and again".to_owned()))
    }

    /// A payment as it is now.
    pub(super) async fn payment(
        &self,
        org: OrgId,
        id: &str,
    ) -> Result<Option<Details>, ProcessError> {
        let found = self.bus.load::<Payment>(org, id).await?;
        Ok(found.state.details().cloned())
    }

    /// Carries a payment to what it is for, as far as that has not been done.
    pub async fn settle(&self, org: OrgId, payment_id: &str) -> Result<(), ProcessError> {
        let Some(payment) = self.payment(org, payment_id).await? else { return Ok(()) };
        self.note_disputes(org, &payment).await?;
        match payment.target {
            Target::Invoice { invoice } => self.settle_invoice(org, &payment, invoice).await,
            Target::Deposit { booking } => self.settle_deposit(org, &payment, booking).await,
        }
    }

    async fn settle_invoice(
        &self,
        org: OrgId,
        payment: &Details,
        invoice: InvoiceId,
    ) -> Result<(), ProcessError> {
        if payment.status != Status::Succeeded {
            return Ok(());
        }
        let (id, now) = (invoice.to_string(), self.now());
        let money = Money {
            payment_id: payment.payment_id.clone(),
            provider: Provider::Stripe,
            method: Method::Card,
            amount_cents: Some(payment.amount_cents),
            received_at: payment.received_at.unwrap_or(now),
        };
        let overdue_at = self.overdue_at(org, invoice).await?;
        let pay = InvoiceCommand::Pay { money, reference: None, overdue_at, now };
        let step = format!("pay {}", payment.payment_id);
        match self.step::<Invoice>(org, &step, &id, pay).await? {
            Ok(()) => {}
            Err(InvoiceError::Void) => {
                tracing::warn!(%invoice, "an invoice that does not count was paid: the money goes back");
                return self.send_back(org, payment, (None, RefundReason::InvoiceVoid)).await;
            }
            Err(refusal) => return Err(ProcessError::Refused(refusal.code())),
        }
        self.unapply(org, payment, &id).await
    }

    /// Takes back from the invoice what went back to the customer.
    pub(super) async fn unapply(
        &self,
        org: OrgId,
        payment: &Details,
        invoice: &str,
    ) -> Result<(), ProcessError> {
        for (WentBack { payment_id, refund_id, amount_cents }, name) in went_back(org, payment) {
            let now = self.now();
            let command = InvoiceCommand::Refund { payment_id, refund_id, amount_cents, now };
            let step = format!("unapply {name} {invoice}");
            match self.step::<Invoice>(org, &step, invoice, command).await? {
                // Somebody wrote it down by hand before.
                Ok(()) | Err(InvoiceError::AmountInvalid(_) | InvoiceError::NoSuchPayment) => {}
                Err(refusal) => return Err(ProcessError::Refused(refusal.code())),
            }
        }
        Ok(())
    }

    /// Asks for money to go back; who does it is told by the event.
    pub(super) async fn send_back(
        &self,
        org: OrgId,
        payment: &Details,
        (amount_cents, reason): (Option<i64>, RefundReason),
    ) -> Result<(), ProcessError> {
        let name = format!("{} {reason}", payment.payment_id);
        let refund_id = refund_of(org, &payment.payment_id, reason);
        let now = self.now();
        let command = PaymentCommand::RequestRefund { refund_id, amount_cents, reason, now };
        let step = format!("send back {name}");
        match self.step::<Payment>(org, &step, &payment.payment_id, command).await? {
            Ok(()) | Err(PaymentError::NothingToRefund) => Ok(()),
            Err(refusal) => Err(ProcessError::Refused(refusal.code())),
        }
    }

    async fn overdue_at(
        &self,
        org: OrgId,
        invoice: InvoiceId,
    ) -> Result<Option<DateTime<Utc>>, ProcessError> {
        let found = self.bus.load::<Invoice>(org, &invoice.to_string()).await?;
        let due = found.state.details().and_then(|invoice| invoice.due_date?.succ_opt());
        let Some(after) = due else { return Ok(None) };
        let mut tx = tenant::begin(&self.db, org).await?;
        let registered = tenant::registered_zone(&mut tx, org).await?;
        drop(tx);
        let settings = self.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
        Ok(Some(zone::start_of(after, settings.zone(&registered))))
    }

    /// Lets an invoice count that the provider has finished.
    pub(super) async fn issue(&self, org: OrgId, invoice: InvoiceId) -> Result<(), ProcessError> {
        let overdue_at = self.overdue_at(org, invoice).await?;
        let command = InvoiceCommand::Issue { overdue_at, now: self.now() };
        let step = format!("issue {invoice}");
        match self.step::<Invoice>(org, &step, &invoice.to_string(), command).await? {
            Ok(()) | Err(InvoiceError::Void) => Ok(()),
            Err(refusal) => Err(ProcessError::Refused(refusal.code())),
        }
    }
}
