//! What happens to a dispute. Wire names and fields are frozen by the files in `tests/golden/`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::event::domain_event;
use crate::id::{BookingId, DisputeId, InvoiceId, SubjectId};
use crate::personal::Personal;

/// Who said that something is wrong.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Source {
    /// Somebody in the office.
    Staff,
    /// Whoever was there.
    Worker,
    /// The customer, to their bank.
    Stripe,
}

/// What comes of it.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Ruling {
    /// Everything stays as it is.
    NoRefund,
    /// Part of the money goes back.
    PartialRefund,
    /// All of it does.
    FullRefund,
    /// Part of the invoice need not be paid.
    CreditNote,
}

/// How money goes back.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Way {
    /// By the provider that took it, without anybody's help.
    Card,
    /// Somebody has to.
    Hand,
}

/// What is known about what happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Photos that show it.
    pub photo_refs: Vec<String>,
    /// What the checklist said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checklist_snapshot: Option<Value>,
    /// How long who was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_log: Option<Value>,
}

/// Part of the money that goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Of which payment.
    pub payment_id: String,
    /// How much.
    pub amount_cents: i64,
    /// How.
    pub by: Way,
}

/// A dispute when it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The aggregate's own id.
    pub dispute_id: DisputeId,
    /// Who said so.
    pub source: Source,
    /// A login of staff, a worker, or `stripe:` and what the bank calls it.
    pub opened_by: String,
    /// About which visit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<BookingId>,
    /// About which invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// About which payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_id: Option<String>,
    /// About how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_cents: Option<i64>,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Personal<String>>,
    /// Under whose key its words are sealed.
    pub subject: SubjectId,
    /// When.
    pub at: DateTime<Utc>,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    /// What comes of it.
    pub ruling: Ruling,
    /// How much.
    pub amount_cents: i64,
    /// What was charged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_cents: Option<i64>,
    /// What had gone back, or been credited, before.
    pub before_cents: i64,
    /// And with this.
    pub after_cents: i64,
    /// Which money goes back, and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refunds: Vec<Part>,
    /// The invoice of which part need not be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// How much of it.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub credit_cents: i64,
    /// Why, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal<String>>,
    /// Login id of staff.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks for it")]
const fn is_nothing(cents: &i64) -> bool {
    *cents == 0
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DisputeEvent {
    /// Somebody said that something is wrong.
    Opened(Box<Opened>),
    /// What happened was found out.
    FactsCollected {
        /// What; gone with whoever it is about.
        facts: Option<Personal<Facts>>,
        /// Login id of staff.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was decided.
    Decided(Box<Decided>),
    /// It is over.
    Closed {
        /// Whether the bank let us keep the money, if it was the bank that closed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        won: Option<bool>,
        /// What may have another dispute now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        about: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(DisputeEvent, version = "1");
