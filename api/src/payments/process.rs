//! From what is known of a payment to what it means: an invoice is paid, a visit confirmed, money goes back.
//!
//! Each step has an identity made of what it is about, so it is carried out once however often anybody tries. Nothing here asks
//! the provider for anything.

use chrono::{DateTime, Utc};
use commands::{Beside, CommandBus, CommandError, Context, LoadError, RequestKey};
use domain::event::EventSourced;
use domain::id::{BookingId, InvoiceId, OrgId, RefundId};
use domain::invoicing::invoice::number::VISITS;
use domain::invoicing::invoice::payment::{DEPOSITS, Method, Provider};
use domain::invoicing::invoice::{Invoice, InvoiceCommand, InvoiceError, Money};
use domain::payments::payment::{
    Details, Payment, PaymentCommand, PaymentError, RefundReason, Status, Target,
};
use domain::recorded::Actor;
use domain::refusal::Refusal;
use domain::scheduling::booking::{
    Booking, BookingCommand, BookingError, DepositStep, Status as Stage, WentBack,
};
use domain::settings::org::{Currency, OrgSettings};
use domain::settings::zone;
use projections::invoicing::invoice_list;
use projections::reporting::money;
use projections::tenant;
use serde_json::{Value, json};
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

/// What was paid for a visit in advance.
struct Deposit<'a> {
    payment_id: &'a str,
    booking: BookingId,
    amount_cents: i64,
    currency: Currency,
}

/// What went back of a payment, each part with what tells it apart: the same however it was told.
fn went_back(org: OrgId, payment: &Details) -> impl Iterator<Item = (WentBack, String)> {
    payment.refunds.iter().scan(0, move |total, (amount_cents, _)| {
        *total += amount_cents;
        let name = format!("{} {total}", payment.payment_id);
        let refund_id = RefundId::from(Uuid::new_v5(&org.as_uuid(), name.as_bytes()));
        let (payment_id, amount_cents) = (payment.payment_id.clone(), *amount_cents);
        Some((WentBack { payment_id, refund_id, amount_cents }, name))
    })
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
    fn context(org: OrgId, step: &str) -> Context {
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

    async fn step_beside<A: EventSourced>(
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
    async fn unapply(
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

    async fn settle_deposit(
        &self,
        org: OrgId,
        payment: &Details,
        booking: BookingId,
    ) -> Result<(), ProcessError> {
        let (id, now) = (booking.to_string(), self.now());
        if payment.status == Status::Expired {
            let command = BookingCommand::Deposit { step: DepositStep::Expire, now };
            let step = format!("expire {}", payment.payment_id);
            self.deposit(org, &step, &id, command).await?;
        }
        if payment.status != Status::Succeeded {
            return Ok(());
        }
        let found = self.bus.load::<Booking>(org, &id).await?;
        let Some(before) = found.state.details() else {
            return Err(ProcessError::Refused("booking.not_found"));
        };
        let is_known = before.paid.iter().any(|(known, _)| *known == payment.payment_id);
        let is_over = before.status.is_final();
        let pay = DepositStep::Pay {
            payment_id: payment.payment_id.clone(),
            amount_cents: payment.amount_cents,
        };
        let command = BookingCommand::Deposit { step: pay, now };
        let step = format!("deposit {}", payment.payment_id);
        self.deposit(org, &step, &id, command).await?;
        if is_over && !is_known {
            tracing::warn!(%booking, "a deposit was paid for a visit that nobody makes: the money goes back");
            return self.send_back(org, payment, (None, RefundReason::PaidTooLate)).await;
        }
        for (told, name) in went_back(org, payment) {
            let command = BookingCommand::Deposit { step: DepositStep::Refunded(told), now };
            self.deposit(org, &format!("note {name}"), &id, command).await?;
        }
        self.credit_card(org, payment, booking).await
    }

    async fn deposit(
        &self,
        org: OrgId,
        step: &str,
        id: &str,
        command: BookingCommand,
    ) -> Result<(), ProcessError> {
        match self.step::<Booking>(org, step, id, command).await? {
            Ok(()) => Ok(()),
            Err(BookingError::NotFound) => Err(ProcessError::Refused("booking.not_found")),
            Err(refusal) => Err(ProcessError::Refused(refusal.code())),
        }
    }

    /// Lets everything that was paid for a visit in advance count for its invoice.
    pub async fn credit_deposits(
        &self,
        org: OrgId,
        booking: BookingId,
    ) -> Result<(), ProcessError> {
        let found = self.bus.load::<Booking>(org, &booking.to_string()).await?;
        let Some(visit) = found.state.details() else { return Ok(()) };
        for (payment_id, came) in &visit.paid {
            if let Some(payment) = self.payment(org, payment_id).await? {
                self.credit_card(org, &payment, booking).await?;
                continue;
            }
            let mut tx = tenant::begin(&self.db, org).await?;
            let told = money::left(&mut tx, org, payment_id).await?;
            drop(tx);
            let settings = self.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
            let own = visit.left_of(payment_id, *came);
            let amount_cents = told.map_or(own, |left| own.min(left));
            let deposit =
                Deposit { payment_id, booking, amount_cents, currency: settings.currency };
            // What of it is given back at the same moment does not count.
            let returns = visit.returns();
            let hold =
                json!({ "do": "books.hold_deposits", "booking_id": booking, "returns": returns });
            self.credit(org, &deposit, vec![Beside(hold)]).await?;
        }
        Ok(())
    }

    async fn credit_card(
        &self,
        org: OrgId,
        payment: &Details,
        booking: BookingId,
    ) -> Result<(), ProcessError> {
        let Details { payment_id, amount_cents, currency, .. } = payment;
        let (amount_cents, currency) = (*amount_cents, *currency);
        let deposit = Deposit { payment_id, booking, amount_cents, currency };
        match self.credit(org, &deposit, Vec::new()).await? {
            Some(invoice) => self.unapply(org, payment, &invoice).await,
            None => Ok(()),
        }
    }

    /// Lets a deposit count for the invoice of its visit, if that is written already; says for which it counts then.
    async fn credit(
        &self,
        org: OrgId,
        deposit: &Deposit<'_>,
        beside: Vec<Beside>,
    ) -> Result<Option<String>, ProcessError> {
        let Deposit { payment_id, booking, amount_cents, currency } = *deposit;
        if let Some(holder) = self.bus.holder(org, DEPOSITS, payment_id).await? {
            return Ok(Some(holder));
        }
        // What is kept of the deposit of a visit that is off counts where the office says so, when it writes an invoice.
        let visit = self.bus.load::<Booking>(org, &booking.to_string()).await?.state;
        if visit.details().is_some_and(|visit| visit.status == Stage::Cancelled) {
            return Ok(None);
        }
        // The log knows the invoice of a visit at once; those that stand beside it are found on the list.
        let first = match self.bus.holder(org, VISITS, &booking.to_string()).await? {
            None => {
                let mut tx = tenant::begin(&self.db, org).await?;
                let invoices = invoice_list::of_order(&mut tx, org, booking).await?;
                invoices.first().map(|one| one.invoice_id.to_string())
            }
            holder => holder,
        };
        let Some(first) = first else { return Ok(None) };
        let (payment_id, now) = (payment_id.to_owned(), self.now());
        let step = format!("credit {payment_id} {first}");
        let context = Context { beside, ..Self::context(org, &step) };
        let command = InvoiceCommand::CreditDeposit { payment_id, amount_cents, currency, now };
        // Refused, it does not count any more, or is in another currency, or nothing is left of the deposit; the next one takes it
        // when it is written.
        let done = self.step_beside::<Invoice>(context, &first, command).await?;
        Ok(done.is_ok().then_some(first))
    }

    /// Asks for money to go back; who does it is told by the event.
    async fn send_back(
        &self,
        org: OrgId,
        payment: &Details,
        (amount_cents, reason): (Option<i64>, RefundReason),
    ) -> Result<(), ProcessError> {
        let name = format!("{} {reason}", payment.payment_id);
        let refund_id = RefundId::from(Uuid::new_v5(&org.as_uuid(), name.as_bytes()));
        let now = self.now();
        let command = PaymentCommand::RequestRefund { refund_id, amount_cents, reason, now };
        let step = format!("send back {name}");
        match self.step::<Payment>(org, &step, &payment.payment_id, command).await? {
            Ok(()) | Err(PaymentError::NothingToRefund) => Ok(()),
            Err(refusal) => Err(ProcessError::Refused(refusal.code())),
        }
    }

    /// Sends back of the deposit of a visit that was called off what its terms say.
    pub async fn refund_deposit(&self, org: OrgId, booking: BookingId) -> Result<(), ProcessError> {
        let found = self.bus.load::<Booking>(org, &booking.to_string()).await?;
        let Some(visit) = found.state.details() else { return Ok(()) };
        let mut left = visit.settlement.as_ref().map_or(0, |settlement| settlement.refund_cents);
        for (payment_id, cents) in &visit.paid {
            let Some(payment) = self.payment(org, payment_id).await? else { continue };
            let part = left.min(*cents);
            if part > 0 {
                let how = (Some(part), RefundReason::VisitCancelled);
                self.send_back(org, &payment, how).await?;
                left -= part;
            }
        }
        if left > 0 {
            tracing::warn!(%booking, left, "a deposit was paid by hand and must be paid back by hand");
        }
        Ok(())
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
