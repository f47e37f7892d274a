//! What was paid for a visit in advance: the visit is told, and an invoice counts it.

use commands::{Beside, Context};
use domain::id::{BookingId, OrgId};
use domain::invoicing::invoice::number::VISITS;
use domain::invoicing::invoice::payment::DEPOSITS;
use domain::invoicing::invoice::{Invoice, InvoiceCommand};
use domain::payments::payment::{Details, RefundReason, Status};
use domain::refusal::Refusal;
use domain::scheduling::booking::{
    Booking, BookingCommand, BookingError, DepositStep, Status as Stage,
};
use domain::settings::org::{Currency, OrgSettings};
use projections::finance::deposit_refunds;
use projections::invoicing::invoice_list;
use projections::tenant;
use serde_json::json;

use super::process::{PaymentProcess, ProcessError, refund_of, went_back};

/// Holds on to how much of a payment went back through invoices, until what follows from it is written down.
pub(crate) fn hold_refunds(payment_id: &str, refunded_cents: i64) -> Beside {
    Beside(json!({
        "do": "books.hold_refunds", "payment_id": payment_id, "refunded_cents": refunded_cents,
    }))
}

/// As far as it decides what counts.
struct Deposit<'a> {
    payment_id: &'a str,
    booking: BookingId,
    amount_cents: i64,
    currency: Currency,
}

impl PaymentProcess {
    pub(super) async fn settle_deposit(
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
        let is_late = is_over && !is_known;
        if is_late {
            tracing::warn!(%booking, "a deposit was paid for a visit that nobody makes: the money goes back");
            // First, so that whoever dies here does so again.
            self.send_back(org, payment, (None, RefundReason::PaidTooLate)).await?;
        }
        let pay = DepositStep::Pay {
            payment_id: payment.payment_id.clone(),
            amount_cents: payment.amount_cents,
        };
        let command = BookingCommand::Deposit { step: pay, now };
        let step = format!("deposit {}", payment.payment_id);
        self.deposit(org, &step, &id, command).await?;
        if is_late {
            return Ok(());
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
            let refunded = deposit_refunds::total(&self.db, org, payment_id).await?;
            let settings = self.bus.load::<OrgSettings>(org, &org.to_string()).await?.state;
            let amount_cents = visit.left_of(payment_id, (*came, refunded));
            let deposit =
                Deposit { payment_id, booking, amount_cents, currency: settings.currency };
            // What of it goes back at the same moment does not count.
            let returns = visit.returns();
            let returns =
                json!({ "do": "books.hold_deposits", "booking_id": booking, "returns": returns });
            let holds = vec![Beside(returns), hold_refunds(payment_id, refunded)];
            self.credit(org, &deposit, holds).await?;
        }
        Ok(())
    }

    async fn credit_card(
        &self,
        org: OrgId,
        payment: &Details,
        booking: BookingId,
    ) -> Result<(), ProcessError> {
        let Details { payment_id, currency, .. } = payment;
        let refunded = deposit_refunds::total(&self.db, org, payment_id).await?;
        let amount_cents = payment.countable_cents(refunded);
        let deposit = Deposit { payment_id, booking, amount_cents, currency: *currency };
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
        let first = self.bus.holder(org, VISITS, &booking.to_string()).await?;
        let mut tx = tenant::begin(&self.db, org).await?;
        let listed = invoice_list::of_order(&mut tx, org, booking).await?;
        drop(tx);
        let beside_it = listed.iter().map(|one| one.invoice_id.to_string());
        let beside_it = beside_it.filter(|one| first.as_ref() != Some(one));
        for invoice in first.iter().cloned().chain(beside_it) {
            let (payment_id, now) = (payment_id.to_owned(), self.now());
            let step = format!("credit {payment_id} {invoice}");
            let context = Context { beside: beside.clone(), ..Self::context(org, &step) };
            let command = InvoiceCommand::CreditDeposit { payment_id, amount_cents, currency, now };
            let _ = self.step_beside::<Invoice>(context, &invoice, command).await?;
            // One that was void by now may have been credited before.
            let holder = self.bus.holder(org, DEPOSITS, deposit.payment_id).await?;
            if holder.is_some() {
                return Ok(holder);
            }
            // It does not count any more, or is in another currency, or nothing is left of the deposit.
        }
        Ok(None)
    }

    /// Sends back of the deposit of a visit that was called off what its terms say.
    pub async fn refund_deposit(&self, org: OrgId, booking: BookingId) -> Result<(), ProcessError> {
        let found = self.bus.load::<Booking>(org, &booking.to_string()).await?;
        let Some(visit) = found.state.details() else { return Ok(()) };
        let mut left = visit.settlement.as_ref().map_or(0, |settlement| settlement.refund_cents);
        for (payment_id, _) in &visit.paid {
            let Some(payment) = self.payment(org, payment_id).await? else { continue };
            let refund_id = refund_of(org, payment_id, RefundReason::VisitCancelled);
            // What was asked for before this was interrupted is not asked for of another payment.
            let asked = payment.asked.get(&refund_id).copied();
            let part = asked.unwrap_or_else(|| left.min(payment.refundable_cents()));
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
}
