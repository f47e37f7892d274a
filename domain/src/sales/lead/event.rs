//! What happens to a lead. Wire names and fields are frozen by the files in `tests/golden/`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::contact::Contact;
use super::request::Attribution;
use crate::event::domain_event;
use crate::id::{LeadId, QuoteId};
use crate::personal::Personal;
use crate::sales::estimate::{Estimate, EstimateInput};

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LeadEvent {
    /// Somebody asked for an offer.
    Submitted(Box<Submitted>),
    /// Staff spoke with them.
    Contacted {
        /// When.
        at: DateTime<Utc>,
    },
    /// They have an offer.
    Quoted {
        /// Which one, if it was made here.
        quote_id: Option<QuoteId>,
        /// When.
        at: DateTime<Utc>,
    },
    /// They became a customer.
    Won {
        /// What showed it.
        cause: WinCause,
        /// When.
        at: DateTime<Utc>,
    },
    /// They will not become a customer.
    Lost {
        /// Why, in the words of staff.
        reason: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Staff know better why it was lost.
    LossReasonChanged {
        /// The new words.
        reason: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// The notes were replaced.
    NotesChanged {
        /// The new text; empty if they were removed.
        notes: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Staff wrote down something that happened.
    TimelineEntryAdded {
        /// What.
        entry: Personal<TimelineEntry>,
        /// When.
        at: DateTime<Utc>,
    },
    /// An offer was prepared.
    QuoteDrafted {
        /// Which.
        quote_id: QuoteId,
        /// What it says.
        terms: QuoteTerms,
        /// When.
        at: DateTime<Utc>,
    },
    /// An offer was changed; it is a draft again.
    QuoteRevised {
        /// Which.
        quote_id: QuoteId,
        /// What it says now.
        terms: QuoteTerms,
        /// When.
        at: DateTime<Utc>,
    },
    /// An offer was made.
    QuoteSent {
        /// Which.
        quote_id: QuoteId,
        /// What it says.
        terms: QuoteTerms,
        /// When.
        at: DateTime<Utc>,
    },
    /// An offer was taken.
    QuoteAccepted {
        /// Which.
        quote_id: QuoteId,
        /// What was agreed.
        terms: QuoteTerms,
        /// When.
        at: DateTime<Utc>,
    },
    /// An offer was turned down.
    QuoteDeclined {
        /// Which.
        quote_id: QuoteId,
        /// When.
        at: DateTime<Utc>,
    },
    /// An offer ran out.
    QuoteExpired {
        /// Which.
        quote_id: QuoteId,
        /// When this was noted; it ran out at its own instant.
        at: DateTime<Utc>,
    },
    /// Staff asked after an offer.
    QuoteFollowedUp {
        /// Which.
        quote_id: QuoteId,
        /// What they did.
        follow_up: FollowUp,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(
    LeadEvent,
    version = "1",
    "submitted" = "3",
    "quote_drafted" = "2",
    "quote_revised" = "2",
    "quote_sent" = "2",
    "quote_accepted" = "2"
);

/// Everything that is known when somebody asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submitted {
    /// The lead; its person is the subject of the same number.
    pub lead_id: LeadId,
    /// Who asked.
    pub contact: Personal<Contact>,
    /// What is to be cleaned.
    pub structured_inputs: EstimateInput,
    /// The question at which the chat was left, if it was.
    pub awaiting_field: Option<Personal<String>>,
    /// What it would cost by the price book of that day.
    pub estimate: Estimate,
    /// The total that the client showed, for drift reports.
    pub quoted_by_client_cents: Option<i64>,
    /// Where they came from; addresses and tags of links may name them.
    pub attribution: Personal<Attribution>,
    /// Their own code, to pass on.
    pub referral_code: String,
    /// The code they came with.
    pub referred_by_code: Option<String>,
    /// Whose code that is.
    pub referred_by: Option<LeadId>,
    /// Whether the estimate was that of an expensive visit, by the terms of that day.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub high_value: bool,
    /// When.
    pub at: DateTime<Utc>,
}

/// What showed that a lead was won.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WinCause {
    /// Staff said so.
    Staff,
    /// A booking of theirs was confirmed.
    BookingConfirmed,
}

/// Something that happened, in the words of staff. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// 1 to 200 characters.
    pub action: String,
    /// Up to 500 characters.
    pub note: Option<String>,
}

impl std::fmt::Debug for TimelineEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TimelineEntry(..)")
    }
}

/// What an offer says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteTerms {
    /// Before tax.
    pub amount_cents: i64,
    /// Up to 8 capitals.
    pub currency: String,
    /// Up to 100 characters, in which staff may name somebody.
    pub service_type: Option<Personal<String>>,
    /// The first instant at which it no longer stands.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whatever staff keep with it; may speak of the person.
    pub metadata: Option<Personal<Map<String, Value>>>,
    /// The version of the price book that held when it was written; unknown of old ones.
    pub price_book: Option<String>,
}

/// A question after an offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowUp {
    /// Told apart by this.
    pub followup_id: uuid::Uuid,
    /// What was said.
    pub note: Personal<String>,
    /// Login id of staff.
    pub created_by: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
}
