//! What can be asked of an invoice.

use chrono::{DateTime, NaiveDate, Utc};

use super::lines::NewLine;
use super::number::InvoiceNumber;
use super::payment::{Method, Provider};
use super::status::Letter;
use crate::id::{BookingId, ClientId, CreditId, InvoiceId, LeadId, RefundId};
use crate::settings::org::Currency;

/// What can be asked.
#[derive(Clone, Debug)]
pub enum InvoiceCommand {
    /// Write one.
    Draft(Box<Draft>),
    /// Write it anew.
    Edit {
        /// As it shall be.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Throw it away.
    Discard {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let it count, and send it.
    Send {
        /// To whom.
        mail: Mail,
        /// See [`super::InvoiceEvent::Issued`].
        overdue_at: Option<DateTime<Utc>>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let it count without a letter.
    Issue {
        /// See [`super::InvoiceEvent::Issued`].
        overdue_at: Option<DateTime<Utc>>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Write to whoever has not paid.
    Remind {
        /// How.
        letter: Letter,
        /// To whom.
        mail: Mail,
        /// When they were last written to, about any of their invoices.
        last_mail_at: Option<DateTime<Utc>>,
        /// See [`super::InvoiceEvent::Mailed`].
        once: Option<String>,
        /// See [`super::InvoiceEvent::Issued`].
        overdue_at: Option<DateTime<Utc>>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Write to whoever has not paid in time, by itself.
    RemindOverdue {
        /// How.
        letter: Letter,
        /// To whom.
        mail: Mail,
        /// Not earlier: they have got another letter.
        not_before: Option<DateTime<Utc>>,
        /// See [`super::InvoiceEvent::Mailed`].
        once: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Make one more address under which it can be seen.
    MintLink {
        /// Which, and what is kept of it.
        link: NewLink,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let an address lead nowhere.
    RevokeLink {
        /// Which.
        link: u16,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Money came in.
    Pay {
        /// Which.
        money: Money,
        /// What stands on it.
        reference: Option<String>,
        /// See [`super::InvoiceEvent::Issued`].
        overdue_at: Option<DateTime<Utc>>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let money that was paid before the visit count for it.
    CreditDeposit {
        /// Told apart by this.
        payment_id: String,
        /// How much.
        amount_cents: i64,
        /// In what.
        currency: Currency,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Money went back.
    Refund {
        /// Of which payment.
        payment_id: String,
        /// Told apart by this.
        refund_id: RefundId,
        /// How much.
        amount_cents: i64,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Its last day is over.
    MarkOverdue {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let it count no more.
    Void {
        /// Why.
        reason: Words,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let part of it be.
    Credit {
        /// Told apart by this.
        credit_id: CreditId,
        /// With tax.
        amount_cents: i64,
        /// Why.
        reason: Words,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// An invoice that is written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The aggregate's own id.
    pub invoice_id: InvoiceId,
    /// The next that nobody has; the log refuses one that is taken.
    pub number: InvoiceNumber,
    /// For which visit.
    pub order: Option<BookingId>,
    /// For which client.
    pub client: Option<ClientId>,
    /// For whoever asked for an offer.
    pub lead: Option<LeadId>,
    /// What is charged, and until when it is to be paid.
    pub terms: Terms,
    /// Lines that the visit itself brings: they are no deviation from what was said.
    pub extras: Vec<NewLine>,
    /// What is known about the visit.
    pub visit: Visit,
    /// Of all its amounts.
    pub currency: Currency,
    /// Login id of staff.
    pub by: Option<String>,
    /// When it is asked.
    pub now: DateTime<Utc>,
}

/// What an invoice says.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What is charged.
    pub lines: Vec<NewLine>,
    /// From which date it counts.
    pub issue_date: NaiveDate,
    /// Until when it is to be paid.
    pub due_date: Option<NaiveDate>,
    /// For the customer, up to 1000 characters.
    pub notes: Option<String>,
}

/// The visit that is charged, as far as it decides.
#[derive(Clone, Debug, Default)]
pub struct Visit {
    /// What was said it would cost, before tax.
    pub promised_cents: Option<i64>,
    /// Whether somebody said why it costs something else.
    pub has_adjustment: bool,
    /// What was paid for it before in the currency of the invoice, and counts for no other.
    pub deposits: Vec<(String, i64)>,
    /// The invoice for it that nobody allowed to have a second beside it.
    pub invoiced_by: Option<InvoiceId>,
    /// Whether this one stands beside another.
    pub additional: bool,
    /// Whether it was called off.
    pub cancelled: bool,
}

/// A letter that is to be written.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Where to, if that is known.
    pub recipient: Option<String>,
    /// The address that stands in it.
    pub link: NewLink,
    /// Before its path.
    pub portal: Option<String>,
}

/// One more address.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The next of this invoice.
    pub link: u16,
    /// Of what stands in it, keyed.
    pub hash: String,
}

/// Money that came in.
#[derive(Clone, Debug)]
pub struct Money {
    /// Told apart by this.
    pub payment_id: String,
    /// How it was noticed.
    pub provider: Provider,
    /// How it was paid.
    pub method: Method,
    /// How much; `None` is all that is left to pay when it is written down.
    pub amount_cents: Option<i64>,
    /// When it came in.
    pub received_at: DateTime<Utc>,
}

/// Why something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// In words, which may name somebody.
    Said(String),
    /// Nothing is written down any more about whom it concerns: they were erased.
    Forgotten,
}
