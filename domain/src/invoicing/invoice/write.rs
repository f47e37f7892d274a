//! Writing an invoice, writing it anew, and letting it count no more.

use chrono::{DateTime, Utc};

use super::command::{Draft, Terms, Words};
use super::error::InvoiceError;
use super::event::{Drafted, InvoiceEvent};
use super::lines::{self, Line, NewLine};
use super::payment::{Applied, amount_sound};
use super::status::Status;
use super::{Decision, Details};
use crate::id::{CreditId, LeadId, SubjectId};
use crate::input::free_text;
use crate::personal::Personal;

pub(super) fn draft(draft: Draft) -> Decision {
    let Draft { terms, visit, now, .. } = draft;
    if let Some(by) = visit.invoiced_by {
        return Err(InvoiceError::AlreadyInvoiced(by));
    }
    let lead = draft.lead.map(|lead: LeadId| lead.as_uuid().into());
    let subject = draft.client.map(SubjectId::from).or(lead);
    let subject = subject.unwrap_or_else(|| draft.invoice_id.as_uuid().into());
    let base: i64 = terms.lines.iter().map(net).sum();
    let notes = checked(&terms, subject)?;
    let asked = terms.lines.into_iter().chain(draft.extras);
    let lines = lines::checked(asked.collect(), subject)?;
    if visit.promised_cents.is_some_and(|promised| promised != base) && !visit.has_adjustment {
        return Err(InvoiceError::PriceAdjustReasonRequired);
    }
    let drafted = InvoiceEvent::Drafted(Box::new(Drafted {
        invoice_id: draft.invoice_id,
        number: draft.number,
        order: draft.order,
        additional: draft.order.is_some() && visit.additional,
        visit_cancelled: draft.order.is_some() && visit.cancelled,
        client: draft.client,
        lead: draft.lead,
        subject,
        lines,
        issue_date: terms.issue_date,
        due_date: terms.due_date,
        currency: draft.currency,
        notes,
        by: draft.by,
        at: now,
    }));
    let deposits = visit.deposits.into_iter().filter(|(_, cents)| *cents > 0);
    let credited = deposits.map(|(payment_id, amount_cents)| InvoiceEvent::DepositCredited {
        payment_id,
        amount_cents,
        at: now,
    });
    Ok([drafted].into_iter().chain(credited).collect())
}

/// What was asked for has no bounds yet.
fn net(line: &NewLine) -> i64 {
    i64::from(line.qty).saturating_mul(line.unit_price_cents)
}

fn checked(terms: &Terms, subject: SubjectId) -> Result<Option<Personal<String>>, InvoiceError> {
    if terms.due_date.is_some_and(|due| due < terms.issue_date) {
        return Err(InvoiceError::DatesInvalid);
    }
    let notes =
        terms.notes.as_deref().map(|said| free_text("notes", said, 0..=1000)).transpose()?;
    Ok(notes.filter(|said| !said.is_empty()).map(|said| Personal::of(subject, said)))
}

impl Details {
    /// Only deposits may stand on it, which are credited whatever it comes to.
    fn must_be_draft(&self) -> Result<(), InvoiceError> {
        if self.status == Status::Draft && self.issued_at.is_none() {
            return Ok(());
        }
        Err(InvoiceError::IllegalState(self.status))
    }

    pub(super) fn edit(&self, terms: Terms, at: DateTime<Utc>) -> Decision {
        self.must_be_draft()?;
        let notes = checked(&terms, self.subject)?;
        let Terms { issue_date, due_date, .. } = terms;
        let lines: Vec<Line> = lines::checked(terms.lines, self.subject)?;
        let is_same = lines == self.lines
            && (issue_date, due_date) == (self.issue_date, self.due_date)
            && notes == self.notes;
        let edited = InvoiceEvent::DraftEdited { lines, issue_date, due_date, notes, at };
        Ok(if is_same { Vec::new() } else { vec![edited] })
    }

    pub(super) fn discard(&self, at: DateTime<Utc>) -> Decision {
        if self.status == Status::Discarded {
            return Ok(Vec::new());
        }
        self.must_be_draft()?;
        let mut events = self.release_deposits(at);
        events.push(InvoiceEvent::Discarded { order: self.order, at });
        Ok(events)
    }

    pub(super) fn void(&self, reason: Words, at: DateTime<Utc>) -> Decision {
        if self.status == Status::Void {
            return Ok(Vec::new());
        }
        if self.status == Status::Discarded {
            return Err(InvoiceError::IllegalState(self.status));
        }
        let own = self.payments.iter().filter(|one| !one.is_deposit());
        if own.map(Applied::net_cents).sum::<i64>() != 0 {
            return Err(InvoiceError::HasPayments);
        }
        let reason = self.words(reason)?;
        let mut events = self.release_deposits(at);
        events.push(InvoiceEvent::Voided { reason, order: self.order, at });
        Ok(events)
    }

    pub(super) fn credit(
        &self,
        credit_id: CreditId,
        amount_cents: i64,
        reason: Words,
        at: DateTime<Utc>,
    ) -> Decision {
        if self.credits.iter().any(|one| one.credit_id == credit_id) {
            return Ok(Vec::new());
        }
        if !(self.status.is_open() || self.status == Status::Paid) {
            return Err(InvoiceError::IllegalState(self.status));
        }
        amount_sound(amount_cents, self.payable_cents())?;
        let reason = self.words(reason)?;
        let before = self.credited_cents();
        // The credits of an invoice, added up, carry no cent of tax more or less than it.
        let tax_cents = self.totals.tax_in(before + amount_cents) - self.totals.tax_in(before);
        Ok(vec![InvoiceEvent::Credited { credit_id, amount_cents, tax_cents, reason, at }])
    }

    fn words(&self, reason: Words) -> Result<Option<Personal<String>>, InvoiceError> {
        let Words::Said(reason) = reason else { return Ok(None) };
        let reason = free_text("reason", &reason, 1..=500);
        let reason = reason.map_err(|_| InvoiceError::ReasonRequired)?;
        Ok(Some(Personal::of(self.subject, reason)))
    }
}
