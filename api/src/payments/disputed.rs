//! What is disputed: told by the bank, and carried out once it is decided.

use domain::id::{CreditId, DisputeId, InvoiceId, OrgId, RefundId, SubjectId};
use domain::invoicing::invoice::{Invoice, InvoiceCommand, Words};
use domain::payments::dispute::{Dispute, DisputeCommand, New, Source};
use domain::payments::payment::{
    Details, Payment, PaymentCommand, PaymentError, RefundReason, Target,
};
use domain::refusal::Refusal;
use domain::scheduling::booking::{self, Booking};
use uuid::Uuid;

use super::process::{PaymentProcess, ProcessError};

/// The part of a payment that goes back because of a dispute.
pub(crate) fn refund_of(org: OrgId, dispute: DisputeId, payment_id: &str) -> RefundId {
    Uuid::new_v5(&org.as_uuid(), format!("dispute {dispute} {payment_id}").as_bytes()).into()
}

impl PaymentProcess {
    /// Opens and closes what the bank told of a payment.
    pub(super) async fn note_disputes(
        &self,
        org: OrgId,
        payment: &Details,
    ) -> Result<(), ProcessError> {
        for (name, cents, end) in &payment.disputes {
            let about = format!("stripe dispute {name}");
            let id = DisputeId::from(Uuid::new_v5(&org.as_uuid(), about.as_bytes()));
            let new = New {
                dispute_id: id,
                source: Source::Stripe,
                opened_by: format!("stripe:{name}"),
                booking: None,
                invoice: None,
                payment_id: Some(payment.payment_id.clone()),
                amount_cents: Some(*cents).filter(|cents| *cents > 0),
                reason: None,
                subject: id.as_uuid().into(),
            };
            let new = self.about(org, payment.target, new).await?;
            let now = self.now();
            let open = DisputeCommand::Open { new, now };
            let id = id.to_string();
            Self::said(self.step::<Dispute>(org, &format!("open {about}"), &id, open).await?)?;
            if let Some(won) = *end {
                let close = DisputeCommand::CloseAtBank { won, now };
                let step = format!("close {about}");
                Self::said(self.step::<Dispute>(org, &step, &id, close).await?)?;
            }
        }
        Ok(())
    }

    fn said<E: Refusal>(outcome: Result<(), E>) -> Result<(), ProcessError> {
        outcome.map_err(|refusal| ProcessError::Refused(refusal.code()))
    }

    /// What it is about, and whose words words about it would be.
    async fn about(&self, org: OrgId, target: Target, new: New) -> Result<New, ProcessError> {
        Ok(match target {
            Target::Deposit { booking } => {
                let found = self.bus.load::<Booking>(org, &booking.to_string()).await?;
                let subject = found.state.details().map(booking::Details::subject);
                New { booking: Some(booking), subject: subject.unwrap_or(new.subject), ..new }
            }
            Target::Invoice { invoice } => {
                let found = self.bus.load::<Invoice>(org, &invoice.to_string()).await?;
                let known = found.state.details();
                let subject: Option<SubjectId> = known.map(|it| it.subject);
                let booking = known.and_then(|it| it.order);
                let subject = subject.unwrap_or(new.subject);
                New { invoice: Some(invoice), booking, subject, ..new }
            }
        })
    }

    /// Asks for money to go back that was decided on; of what is not there any more, nothing does.
    pub async fn refund_disputed(
        &self,
        org: OrgId,
        (dispute, payment_id): (DisputeId, &str),
        amount_cents: i64,
    ) -> Result<(), ProcessError> {
        let Some(payment) = self.payment(org, payment_id).await? else { return Ok(()) };
        let refund_id = refund_of(org, dispute, payment_id);
        if payment.fate(refund_id).is_some() {
            return Ok(());
        }
        let part = amount_cents.min(payment.returnable_cents());
        if part < amount_cents {
            tracing::warn!(%dispute, amount_cents, part, "less is left of a payment than was decided to go back");
        }
        if part < 1 {
            return Ok(());
        }
        let (amount_cents, reason, now) = (Some(part), RefundReason::Dispute, self.now());
        let command = PaymentCommand::RequestRefund { refund_id, amount_cents, reason, now };
        let step = format!("dispute {dispute} {payment_id}");
        match self.step::<Payment>(org, &step, payment_id, command).await? {
            Ok(()) | Err(PaymentError::NothingToRefund) => Ok(()),
            // Somebody was faster with another part of it: what is left now is found out the next time.
            Err(refusal) => Err(ProcessError::Refused(refusal.code())),
        }
    }

    /// Credits of an invoice what was decided on.
    pub async fn credit_disputed(
        &self,
        org: OrgId,
        (dispute, invoice): (DisputeId, InvoiceId),
        amount_cents: i64,
    ) -> Result<(), ProcessError> {
        let credit_id = CreditId::from(dispute.as_uuid());
        // Words about a dispute stay with the dispute.
        let (reason, now) = (Words::Forgotten, self.now());
        let command = InvoiceCommand::Credit { credit_id, amount_cents, reason, now };
        let step = format!("dispute credit {dispute}");
        let id = invoice.to_string();
        if let Err(refusal) = self.step::<Invoice>(org, &step, &id, command).await? {
            let code = refusal.code();
            tracing::warn!(%dispute, %invoice, code, "an invoice is not credited as was decided");
        }
        Ok(())
    }
}
