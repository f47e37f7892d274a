//! What happens to an invoice. Wire names and fields are frozen by the files in `tests/golden/`.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::lines::Line;
use super::number::InvoiceNumber;
use super::payment::{Method, Provider};
use super::status::Letter;
use crate::event::domain_event;
use crate::id::{BookingId, ClientId, CreditId, InvoiceId, LeadId, RefundId, SubjectId};
use crate::personal::Personal;
use crate::settings::org::Currency;

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InvoiceEvent {
    /// It was written.
    Drafted(Box<Drafted>),
    /// It was written anew before anybody saw it.
    DraftEdited {
        /// As they are now.
        lines: Vec<Line>,
        /// From which date it counts.
        issue_date: NaiveDate,
        /// Until when it is to be paid.
        due_date: Option<NaiveDate>,
        /// For the customer.
        notes: Option<Personal<String>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was thrown away before it counted; its number stays taken.
    Discarded {
        /// The visit that may have another invoice now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order: Option<BookingId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// It counts from now on: somebody owes it.
    Issued {
        /// From when on it is overdue: the midnight after its last day, on the clock of the organisation.
        overdue_at: Option<DateTime<Utc>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// It can be seen under one more address.
    LinkMinted {
        /// Counted from 1 in each invoice.
        link: u16,
        /// Of what stands in the address, keyed; nothing can be done with it.
        hash: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// An address leads nowhere any more.
    LinkRevoked {
        /// Which.
        link: u16,
        /// When.
        at: DateTime<Utc>,
    },
    /// A letter about it is on its way.
    Mailed {
        /// Which.
        letter: Letter,
        /// To where.
        recipient: Personal<String>,
        /// The address in it.
        link: u16,
        /// Before the path of that address; without it nobody can be told where to look.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        portal: Option<String>,
        /// Of a reminder: its reader and day, on which they get no other.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        once: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// A letter that nobody asked for waits, because whoever would get it has just got another.
    ReminderPostponed {
        /// Which.
        letter: Letter,
        /// How long.
        until: DateTime<Utc>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Money came in for it.
    PaymentApplied {
        /// Told apart by this.
        payment_id: String,
        /// How it was noticed.
        provider: Provider,
        /// How it was paid.
        method: Method,
        /// What stands on it.
        reference: Option<Personal<String>>,
        /// How much.
        amount_cents: i64,
        /// When it came in.
        received_at: DateTime<Utc>,
        /// When that was written down.
        at: DateTime<Utc>,
    },
    /// What was paid before the visit counts for it.
    DepositCredited {
        /// Told apart by this.
        payment_id: String,
        /// How much.
        amount_cents: i64,
        /// When.
        at: DateTime<Utc>,
    },
    /// What was paid before the visit counts for it no longer.
    DepositReleased {
        /// Told apart by this.
        payment_id: String,
        /// How much.
        amount_cents: i64,
        /// When.
        at: DateTime<Utc>,
    },
    /// Money went back.
    PaymentRefunded {
        /// Of which payment.
        payment_id: String,
        /// Told apart by this.
        refund_id: RefundId,
        /// How much.
        amount_cents: i64,
        /// The visit in advance of which it came, if it did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deposit_of: Option<BookingId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its last day is over and something is left to pay.
    BecameOverdue {
        /// When.
        at: DateTime<Utc>,
    },
    /// It does not count any more.
    Voided {
        /// Why; gone with whoever it is about.
        reason: Option<Personal<String>>,
        /// The visit that may have another invoice now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order: Option<BookingId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Part of it need not be paid.
    Credited {
        /// Told apart by this.
        credit_id: CreditId,
        /// With tax.
        amount_cents: i64,
        /// The tax in it.
        tax_cents: i64,
        /// Why; gone with whoever it is about.
        reason: Option<Personal<String>>,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(InvoiceEvent, version = "1");

/// An invoice when it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drafted {
    /// The aggregate's own id.
    pub invoice_id: InvoiceId,
    /// What people call it.
    pub number: InvoiceNumber,
    /// For which visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<BookingId>,
    /// Whether it stands beside another invoice for that visit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub additional: bool,
    /// Whether the visit was called off by then: it charges what that costs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub visit_cancelled: bool,
    /// For which client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// For whoever asked for an offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<LeadId>,
    /// Under whose key its words are sealed.
    pub subject: SubjectId,
    /// What is charged.
    pub lines: Vec<Line>,
    /// From which date it counts.
    pub issue_date: NaiveDate,
    /// Until when it is to be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_date: Option<NaiveDate>,
    /// Of all its amounts.
    pub currency: Currency,
    /// For the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<Personal<String>>,
    /// Login id of staff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl InvoiceEvent {
    /// When it happened.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Drafted(drafted) => drafted.at,
            Self::DraftEdited { at, .. }
            | Self::Discarded { at, .. }
            | Self::Issued { at, .. }
            | Self::LinkMinted { at, .. }
            | Self::LinkRevoked { at, .. }
            | Self::Mailed { at, .. }
            | Self::ReminderPostponed { at, .. }
            | Self::PaymentApplied { at, .. }
            | Self::DepositCredited { at, .. }
            | Self::DepositReleased { at, .. }
            | Self::PaymentRefunded { at, .. }
            | Self::BecameOverdue { at }
            | Self::Voided { at, .. }
            | Self::Credited { at, .. } => *at,
        }
    }
}
