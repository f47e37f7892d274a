//! An invoice: what somebody is to pay, from the first draft until it is paid or does not count any more.
//!
//! 1. Its number is the next of its year and is taken in the transaction that writes the draft: no gap, no double.
//! 2. Where it stands follows from what was paid, credited and refunded; nobody sets it.
//! 3. Only a draft is written anew. What counts is corrected by credit notes, or voided once nothing is paid.
//! 4. Money is never refused except by an invoice that does not count: what is too much is told, and can be paid back.
//! 5. Each payment, deposit and refund counts once, however often it is told.
//! 6. A visit has one invoice, unless somebody allows another; one that is thrown away or void makes room.
//! 7. Nothing that opens an address of it is kept, only what recognises one.

mod command;
mod error;
mod event;
mod fold;
mod letters;
pub mod lines;
pub mod number;
pub mod payment;
pub mod status;
#[cfg(test)]
mod tests;
pub mod view;
mod write;

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
pub use command::{Draft, InvoiceCommand, Mail, Money, NewLink, Terms, Visit, Words};
use cqrs_es::Aggregate;
pub use error::InvoiceError;
pub use event::{Drafted, InvoiceEvent};
pub use letters::PAUSE;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::lines::{Line, Totals};
use self::number::{InvoiceNumber, NUMBERS, VISITS};
use self::payment::{Applied, DEPOSITS};
use self::status::{Letter, Status};
use crate::event::{EventSourced, Reservation, decides};
use crate::id::{BookingId, ClientId, CreditId, InvoiceId, LeadId, RefundId, SubjectId};
use crate::personal::Personal;
use crate::settings::org::Currency;

/// The scope under which readers and days are claimed: nobody gets two reminders on one.
pub const REMINDED: &str = "invoice.reminded";

/// An invoice as its answers show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Invoice {
    /// Not yet.
    #[default]
    Absent,
    /// Written.
    Known(Box<Details>),
}

/// What is known about an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The aggregate's own id.
    pub invoice_id: InvoiceId,
    /// What people call it.
    pub number: InvoiceNumber,
    /// For which visit.
    pub order: Option<BookingId>,
    /// Whether that was called off when it was written.
    #[serde(default)]
    pub visit_cancelled: bool,
    /// For which client.
    pub client: Option<ClientId>,
    /// For whoever asked for an offer.
    pub lead: Option<LeadId>,
    /// Under whose key its words are sealed.
    pub subject: SubjectId,
    /// Where it stands.
    pub status: Status,
    /// What is charged.
    pub lines: Vec<Line>,
    /// What that comes to.
    pub totals: Totals,
    /// From which date it counts.
    pub issue_date: NaiveDate,
    /// Until when it is to be paid.
    pub due_date: Option<NaiveDate>,
    /// Of all its amounts.
    pub currency: Currency,
    /// For the customer.
    pub notes: Option<Personal<String>>,
    /// Since when it counts.
    pub issued_at: Option<DateTime<Utc>>,
    /// From when on it is overdue.
    pub overdue_at: Option<DateTime<Utc>>,
    /// Whether that moment has passed.
    pub past_due: bool,
    /// Why it does not count any more.
    pub void_reason: Option<Personal<String>>,
    /// What was paid, in order.
    pub payments: Vec<Applied>,
    /// What went back.
    pub refunds: BTreeSet<RefundId>,
    /// What need not be paid.
    pub credits: Vec<Credit>,
    /// Where it can be seen.
    pub links: Vec<Link>,
    /// What was written about it.
    pub mails: Vec<Mailed>,
    /// Login id of staff.
    pub created_by: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When anything last happened.
    pub updated_at: DateTime<Utc>,
}

/// Part of an invoice that need not be paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    /// Told apart by this.
    pub credit_id: CreditId,
    /// With tax.
    pub amount_cents: i64,
    /// The tax in it.
    pub tax_cents: i64,
    /// Why.
    pub reason: Option<Personal<String>>,
    /// When.
    pub at: DateTime<Utc>,
}

/// An address under which an invoice can be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// Counted from 1.
    pub link: u16,
    /// Of what stands in it, keyed.
    pub hash: String,
    /// Since when.
    pub at: DateTime<Utc>,
    /// Until when it led here.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A letter that went out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailed {
    /// Which.
    pub letter: Letter,
    /// To where.
    pub recipient: Personal<String>,
    /// Before the path of the address in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub portal: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

type Decision = Result<Vec<InvoiceEvent>, InvoiceError>;

impl Invoice {
    /// What is known, once written.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Known(details) => Some(details),
        }
    }

    pub(crate) fn decide(&self, command: InvoiceCommand) -> Decision {
        use InvoiceCommand as C;

        match (self, command) {
            (Self::Absent, C::Draft(draft)) => write::draft(*draft),
            (Self::Known(_), C::Draft(_)) => Err(InvoiceError::AlreadyDrafted),
            (Self::Absent, _) => Err(InvoiceError::NotFound),

            (Self::Known(it), C::Edit { terms, now }) => it.edit(terms, now),
            (Self::Known(it), C::Discard { now }) => it.discard(now),
            (Self::Known(it), C::Issue { overdue_at, now }) => it.issue(overdue_at, now),
            (Self::Known(it), C::Send { mail, overdue_at, now }) => {
                it.send((Letter::Invoice, mail), overdue_at, now)
            }
            (Self::Known(it), C::Remind { letter, mail, last_mail_at, once, overdue_at, now }) => {
                it.remind((letter, mail), (last_mail_at, once), overdue_at, now)
            }
            (Self::Known(it), C::RemindOverdue { letter, mail, not_before, once, now }) => {
                it.remind_overdue((letter, mail), not_before, once, now)
            }
            (Self::Known(it), C::MintLink { link, now }) => it.mint(link, now),
            (Self::Known(it), C::RevokeLink { link, now }) => it.revoke(link, now),
            (Self::Known(it), C::Pay { money, reference, overdue_at, now }) => {
                it.record_payment(money, reference.as_deref(), overdue_at, now)
            }
            (Self::Known(it), C::CreditDeposit { payment_id, amount_cents, currency, now }) => {
                it.credit_deposit(payment_id, (amount_cents, currency), now)
            }
            (Self::Known(it), C::Refund { payment_id, refund_id, amount_cents, now }) => {
                it.refund(&payment_id, (refund_id, amount_cents), now)
            }
            (Self::Known(it), C::MarkOverdue { now }) => Ok(it.mark_overdue(now)),
            (Self::Known(it), C::Void { reason, now }) => it.void(reason, now),
            (Self::Known(it), C::Credit { credit_id, amount_cents, reason, now }) => {
                it.credit(credit_id, amount_cents, reason, now)
            }
        }
    }
}

impl Details {
    /// What came in for it and did not go back.
    pub fn paid_cents(&self) -> i64 {
        self.payments.iter().map(Applied::net_cents).sum()
    }

    /// What need not be paid.
    pub fn credited_cents(&self) -> i64 {
        self.credits.iter().map(|one| one.amount_cents).sum()
    }

    /// What is to be paid in all.
    pub fn payable_cents(&self) -> i64 {
        self.totals.total_cents() - self.credited_cents()
    }

    /// What is left to pay; of what does not count, nothing.
    pub fn balance_cents(&self) -> i64 {
        if matches!(self.status, Status::Void | Status::Discarded) {
            return 0;
        }
        (self.payable_cents() - self.paid_cents()).max(0)
    }

    /// What came in beyond that.
    pub fn overpaid_cents(&self) -> i64 {
        (self.paid_cents() - self.payable_cents()).max(0)
    }

    /// Whether it should have been paid by now, in full.
    pub fn is_overdue(&self) -> bool {
        self.past_due && self.status.is_open()
    }

    /// What somebody who has one of its addresses may see; `None` if it leads nowhere.
    pub fn link_of(&self, hash: &str) -> Option<&Link> {
        let same = |link: &&Link| link.revoked_at.is_none() && link.hash == hash;
        self.links.iter().find(same)
    }

    /// The number that the next address of it has.
    pub fn next_link(&self) -> u16 {
        self.links.last().map_or(1, |last| last.link.saturating_add(1))
    }
}

impl Aggregate for Invoice {
    const TYPE: &'static str = "invoice";
    type Command = InvoiceCommand;
    type Event = InvoiceEvent;
    type Error = InvoiceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (Self::Known(invoice), event) => invoice.fold(event),
            (absent @ Self::Absent, InvoiceEvent::Drafted(drafted)) => {
                *absent = Self::Known(Box::new(Details::from(*drafted)));
            }
            // A stream starts with its draft; reading must not fail on one that does not.
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Invoice {
    /// What went back of a deposit stays known when the invoice counts it no more.
    fn beside(event: &Self::Event) -> Option<Value> {
        match event {
            InvoiceEvent::PaymentRefunded {
                payment_id,
                refund_id,
                amount_cents,
                deposit_of: Some(_),
                ..
            } => Some(json!({
                "do": "books.note_refund", "payment_id": payment_id, "refund_id": refund_id,
                "amount_cents": amount_cents,
            })),
            _ => None,
        }
    }

    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        use InvoiceEvent as E;

        match event {
            E::Drafted(drafted) => {
                let is_nobodys = drafted.client.is_none() && drafted.lead.is_none();
                let own = is_nobodys.then_some(Reservation::NewSubject(drafted.subject));
                let value = drafted.number.claimed();
                let number = Reservation::Claim { scope: NUMBERS, value };
                let visit = drafted
                    .order
                    .filter(|_| !drafted.additional)
                    .map(|order| Reservation::Claim { scope: VISITS, value: order.to_string() });
                [number].into_iter().chain(own).chain(visit).collect()
            }
            E::Discarded { order: Some(order), .. } | E::Voided { order: Some(order), .. } => {
                vec![Reservation::Release { scope: VISITS, value: order.to_string() }]
            }
            E::DepositCredited { payment_id, .. } => {
                vec![Reservation::Claim { scope: DEPOSITS, value: payment_id.clone() }]
            }
            E::Mailed { once: Some(once), .. } => {
                vec![Reservation::Claim { scope: REMINDED, value: once.clone() }]
            }
            E::DepositReleased { payment_id, .. } => {
                vec![Reservation::Release { scope: DEPOSITS, value: payment_id.clone() }]
            }
            E::DraftEdited { .. }
            | E::Discarded { order: None, .. }
            | E::Issued { .. }
            | E::LinkMinted { .. }
            | E::LinkRevoked { .. }
            | E::Mailed { once: None, .. }
            | E::ReminderPostponed { .. }
            | E::PaymentApplied { .. }
            | E::PaymentRefunded { .. }
            | E::BecameOverdue { .. }
            | E::Voided { order: None, .. }
            | E::Credited { .. } => Vec::new(),
        }
    }
}
