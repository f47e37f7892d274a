//! What events make of an invoice.

use chrono::{DateTime, Utc};

use super::event::{Drafted, InvoiceEvent};
use super::lines::Totals;
use super::payment::Applied;
use super::status::Status;
use super::{Credit, Details, Link, Mailed};

impl From<Drafted> for Details {
    fn from(drafted: Drafted) -> Self {
        Self {
            invoice_id: drafted.invoice_id,
            number: drafted.number,
            order: drafted.order,
            visit_cancelled: drafted.visit_cancelled,
            client: drafted.client,
            lead: drafted.lead,
            subject: drafted.subject,
            status: Status::Draft,
            totals: Totals::of(&drafted.lines),
            lines: drafted.lines,
            issue_date: drafted.issue_date,
            due_date: drafted.due_date,
            currency: drafted.currency,
            notes: drafted.notes,
            issued_at: None,
            overdue_at: None,
            past_due: false,
            void_reason: None,
            payments: Vec::new(),
            refunds: std::collections::BTreeSet::new(),
            credits: Vec::new(),
            links: Vec::new(),
            mails: Vec::new(),
            created_by: drafted.by,
            created_at: drafted.at,
            updated_at: drafted.at,
        }
    }
}

impl Details {
    pub(super) fn fold(&mut self, event: InvoiceEvent) {
        use InvoiceEvent as E;

        self.updated_at = event.at();
        match event {
            E::Drafted(_) | E::ReminderPostponed { .. } => {}
            E::DraftEdited { lines, issue_date, due_date, notes, .. } => {
                self.totals = Totals::of(&lines);
                (self.lines, self.notes) = (lines, notes);
                (self.issue_date, self.due_date) = (issue_date, due_date);
            }
            E::Discarded { .. } => self.status = Status::Discarded,
            E::Issued { overdue_at, at } => {
                (self.issued_at, self.overdue_at) = (Some(at), overdue_at);
            }
            E::LinkMinted { link, hash, at } => {
                self.links.push(Link { link, hash, at, revoked_at: None });
            }
            E::LinkRevoked { link, at } => {
                if let Some(one) = self.links.iter_mut().find(|one| one.link == link) {
                    one.revoked_at = Some(at);
                }
            }
            E::Mailed { letter, recipient, portal, at, .. } => {
                self.mails.push(Mailed { letter, recipient, portal, at });
            }
            E::PaymentApplied {
                payment_id,
                provider,
                method,
                reference,
                amount_cents,
                received_at,
                at,
            } => self.payments.push(Applied {
                payment_id,
                provider: Some(provider),
                method,
                reference,
                amount_cents,
                refunded_cents: 0,
                received_at,
                at,
            }),
            E::DepositCredited { payment_id, amount_cents, at } => {
                self.payments.push(Applied::deposit(payment_id, amount_cents, at));
            }
            E::DepositReleased { payment_id, .. } => {
                self.payments.retain(|one| one.payment_id != payment_id);
            }
            E::PaymentRefunded { payment_id, refund_id, amount_cents, at, .. } => {
                self.refunds.insert(refund_id);
                self.went_back(&payment_id, amount_cents, at);
            }
            E::BecameOverdue { .. } => self.past_due = true,
            E::Voided { reason, .. } => (self.status, self.void_reason) = (Status::Void, reason),
            E::Credited { credit_id, amount_cents, tax_cents, reason, at } => {
                self.credits.push(Credit { credit_id, amount_cents, tax_cents, reason, at });
            }
        }
        self.derive();
    }

    fn went_back(&mut self, payment_id: &str, amount_cents: i64, at: DateTime<Utc>) {
        if let Some(one) = self.payments.iter_mut().find(|one| one.payment_id == payment_id) {
            one.refunded_cents += amount_cents;
        }
        // It was paid when the clock ran out, and is not any more.
        self.past_due |= self.overdue_at.is_some_and(|overdue| overdue <= at);
    }

    /// The whole table of states.
    fn derive(&mut self) {
        if matches!(self.status, Status::Void | Status::Discarded) {
            return;
        }
        let paid = self.paid_cents();
        self.status = match self.issued_at {
            // What was paid before the visit does not make a draft count.
            None => Status::Draft,
            Some(_) if paid >= self.payable_cents() => Status::Paid,
            Some(_) if paid > 0 => Status::Partial,
            Some(_) if self.past_due => Status::Overdue,
            Some(_) => Status::Sent,
        };
    }
}
