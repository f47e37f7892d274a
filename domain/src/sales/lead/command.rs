//! What can be asked of a lead, and why it refuses.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::contact::Referrer;
use super::event::WinCause;
use super::request::LeadRequest;
use super::status::{QuoteStatus, Status};
use crate::id::{LeadId, QuoteId};
use crate::input::{FieldProblem, Problems};
use crate::refusal::{Kind, Refusal};
use crate::sales::estimate::Estimate;

/// What can be asked. `Debug` shows the name only: the texts speak of people.
#[derive(Clone, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum LeadCommand {
    /// Ask for an offer.
    Submit(Box<Submission>),
    /// Move it on.
    ChangeStatus {
        /// Where to.
        status: Status,
        /// Needed for, and only for, a lost lead.
        loss_reason: Option<String>,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Change any of these; at least one.
    Update {
        /// Where to.
        status: Option<Status>,
        /// Up to 500 characters; empty removes them.
        notes: Option<String>,
        /// As for `ChangeStatus`.
        loss_reason: Option<String>,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Write down something that happened.
    AddTimelineEntry {
        /// 1 to 200 characters.
        action: String,
        /// Up to 500 characters.
        note: Option<String>,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Something else shows that they became a customer.
    Win {
        /// What.
        cause: WinCause,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Prepare an offer.
    DraftQuote {
        /// A new id.
        quote_id: QuoteId,
        /// What it says.
        offer: Offer,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Change an offer; it must be sent again.
    ReviseQuote {
        /// Which.
        quote_id: QuoteId,
        /// All that it says from now on.
        offer: Offer,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Make the offer.
    SendQuote {
        /// Which.
        quote_id: QuoteId,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Take the offer.
    AcceptQuote {
        /// Which.
        quote_id: QuoteId,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Turn the offer down.
    DeclineQuote {
        /// Which.
        quote_id: QuoteId,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Note that the offer ran out; for its timer.
    ExpireQuote {
        /// Which.
        quote_id: QuoteId,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Ask after the offer.
    FollowUpQuote {
        /// Which.
        quote_id: QuoteId,
        /// A new id.
        followup_id: Uuid,
        /// 1 to 500 characters.
        note: String,
        /// Login id of staff.
        by: Option<String>,
        /// The time.
        now: DateTime<Utc>,
    },
}

impl std::fmt::Debug for LeadCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.into())
    }
}

/// A checked request with every fact that its decision needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// A new id; also the id of the stream.
    pub lead_id: LeadId,
    /// What was asked.
    pub request: LeadRequest,
    /// By the price book of today.
    pub estimate: Estimate,
    /// A new code, see [`super::referral_code`].
    pub referral_code: String,
    /// Whoever owns `request.referred_by_code` in this organisation, if anybody does.
    pub referrer: Option<Referrer>,
    /// From here on a visit is expensive, by the price book of today.
    pub high_value_cents: i64,
    /// The time.
    pub now: DateTime<Utc>,
}

/// An offer as staff write it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Offer {
    /// At least 0.
    pub amount_cents: i64,
    /// Up to 8 letters; `CAD` if left out.
    pub currency: Option<String>,
    /// Up to 100 characters.
    pub service_type: Option<String>,
    /// The first instant at which it no longer stands.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whatever staff keep with it, up to 4,096 bytes of JSON.
    pub metadata: Option<Map<String, Value>>,
    /// The version of the price book that holds.
    pub price_book: Option<String>,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum LeadError {
    /// Nobody asked under this id.
    #[error("this lead does not exist")]
    #[strum(serialize = "lead.not_found")]
    NotFound,
    /// The id is taken.
    #[error("this lead was submitted already")]
    #[strum(serialize = "lead.already_submitted")]
    AlreadySubmitted,
    /// Not in the table of [`Status::next`].
    #[error("a lead cannot go from {from} to {to}")]
    #[strum(serialize = "lead.illegal_transition")]
    IllegalTransition {
        /// Where it is.
        from: Status,
        /// Where it was to go.
        to: Status,
    },
    /// A lost lead says why.
    #[error("a lost lead needs a loss_reason")]
    #[strum(serialize = "lead.loss_reason_missing")]
    LossReasonMissing,
    /// Only a lost lead says why it was lost.
    #[error("loss_reason is for lost leads only")]
    #[strum(serialize = "lead.not_lost")]
    NotLost,
    /// An update of nothing.
    #[error("nothing to change was supplied")]
    #[strum(serialize = "lead.nothing_supplied")]
    NothingSupplied,
    /// Nobody here owns the code.
    #[error("this referral code is unknown")]
    #[strum(serialize = "lead.unknown_referral_code")]
    UnknownReferralCode,
    /// The code is their own.
    #[error("nobody can refer themselves")]
    #[strum(serialize = "lead.self_referral")]
    SelfReferral,
    /// Values out of bounds.
    #[error("the input has unusable values")]
    #[strum(serialize = "lead.invalid")]
    Invalid(#[from] Problems),
    /// No such offer for this lead.
    #[error("this quote does not exist")]
    #[strum(serialize = "lead.quote_not_found")]
    QuoteNotFound,
    /// The id is taken.
    #[error("this quote was drafted already")]
    #[strum(serialize = "lead.quote_exists")]
    QuoteExists,
    /// It can no longer change.
    #[error("this quote is closed: {0}")]
    #[strum(serialize = "lead.quote_closed")]
    QuoteClosed(QuoteStatus),
    /// Nobody can answer what they have not been asked.
    #[error("this quote has not been sent")]
    #[strum(serialize = "lead.quote_not_sent")]
    QuoteNotSent,
    /// Nothing is priced by what nobody took.
    #[error("this quote has not been accepted")]
    #[strum(serialize = "lead.quote_not_accepted")]
    QuoteNotAccepted,
    /// It still stands.
    #[error("this quote has not run out")]
    #[strum(serialize = "lead.quote_not_due")]
    QuoteNotDue,
    /// One offer was taken already.
    #[error("another quote of this lead was accepted already")]
    #[strum(serialize = "lead.another_quote_accepted")]
    AnotherQuoteAccepted,
}

impl Refusal for LeadError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::QuoteNotFound => Kind::NotFound,
            Self::IllegalTransition { .. }
            | Self::LossReasonMissing
            | Self::NotLost
            | Self::NothingSupplied
            | Self::UnknownReferralCode
            | Self::SelfReferral => Kind::Rule,
            Self::Invalid(_) => Kind::Invalid,
            Self::AlreadySubmitted
            | Self::QuoteExists
            | Self::QuoteClosed(_)
            | Self::QuoteNotSent
            | Self::QuoteNotAccepted
            | Self::QuoteNotDue
            | Self::AnotherQuoteAccepted => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn problems(&self) -> &[FieldProblem] {
        if let Self::Invalid(problems) = self { problems.as_slice() } else { &[] }
    }
}
