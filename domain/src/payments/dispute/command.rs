//! What can be asked of a dispute, and why it says no.

use chrono::{DateTime, Utc};

use super::event::{Facts, Ruling, Source, Way};
use super::status::Status;
use crate::id::{BookingId, DisputeId, InvoiceId, SubjectId};
use crate::input::{FieldProblem, Problems};
use crate::invoicing::invoice::Words;
use crate::refusal::{Kind, Refusal};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum DisputeCommand {
    /// Say that something is wrong.
    Open {
        /// What.
        new: New,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Write down what happened.
    CollectFacts {
        /// `None`: nothing is written down any more about whom it concerns.
        facts: Option<Facts>,
        /// Login id of staff.
        by: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Decide it.
    Decide {
        /// How.
        decision: Decision,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Put it away.
    Close {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// The bank has decided.
    CloseAtBank {
        /// Whether we keep the money.
        won: bool,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// Something that is wrong.
#[derive(Clone, Debug)]
pub struct New {
    /// The aggregate's own id.
    pub dispute_id: DisputeId,
    /// Who says so.
    pub source: Source,
    /// See [`super::Opened`].
    pub opened_by: String,
    /// About which visit.
    pub booking: Option<BookingId>,
    /// About which invoice.
    pub invoice: Option<InvoiceId>,
    /// About which payment.
    pub payment_id: Option<String>,
    /// About how much.
    pub amount_cents: Option<i64>,
    /// Why; banks do not say.
    pub reason: Option<Words>,
    /// Under whose key words are sealed.
    pub subject: SubjectId,
}

/// A decision.
#[derive(Clone, Debug)]
pub struct Decision {
    /// What comes of it.
    pub ruling: Ruling,
    /// How much, where that is to be said.
    pub amount_cents: Option<i64>,
    /// Why.
    pub note: Option<Words>,
    /// Login id of staff.
    pub by: String,
    /// How it stands with the money.
    pub standing: Standing,
}

/// How it stands with the money that the dispute is about.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What was charged, with tax; not known of everything.
    pub base_cents: Option<i64>,
    /// What went back already.
    pub refunded_cents: i64,
    /// What is left of each payment, in the order in which it goes back.
    pub left: Vec<Left>,
    /// The invoice, if there is one.
    pub invoice: Option<Invoiced>,
}

/// What is left of a payment.
#[derive(Clone, Debug)]
pub struct Left {
    /// Which.
    pub payment_id: String,
    /// How much.
    pub cents: i64,
    /// How it goes back.
    pub by: Way,
}

/// An invoice, as far as it decides.
#[derive(Clone, Copy, Debug)]
pub struct Invoiced {
    /// Which.
    pub invoice: InvoiceId,
    /// What of it could be credited.
    pub creditable_cents: i64,
    /// What was credited.
    pub credited_cents: i64,
    /// What came in beyond what is to be paid.
    pub overpaid_cents: i64,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum DisputeError {
    /// There is none.
    #[error("there is no such dispute")]
    #[strum(serialize = "dispute.not_found")]
    NotFound,
    /// Somebody said so before.
    #[error("this is disputed already")]
    #[strum(serialize = "dispute.already_open")]
    AlreadyOpen,
    /// It is about nothing.
    #[error("a dispute is about a visit or an invoice, and one of them")]
    #[strum(serialize = "dispute.target_required")]
    TargetRequired,
    /// Nobody said why.
    #[error("a reason has 1 to 2000 characters")]
    #[strum(serialize = "dispute.reason_required")]
    ReasonRequired,
    /// Not facts.
    #[error("the facts have unusable values")]
    #[strum(serialize = "dispute.facts_invalid")]
    FactsInvalid(Problems),
    /// They are what it was decided on.
    #[error("the facts of a dispute that is decided stay as they are")]
    #[strum(serialize = "dispute.facts_frozen")]
    FactsFrozen,
    /// It is decided on facts.
    #[error("a dispute is decided on facts; collect them first")]
    #[strum(serialize = "dispute.facts_missing")]
    FactsMissing,
    /// The state forbids it.
    #[error("a dispute that is {0} does not allow this")]
    #[strum(serialize = "dispute.illegal_state")]
    IllegalState(Status),
    /// Nobody knows what was charged.
    #[error("nobody knows what was charged")]
    #[strum(serialize = "dispute.base_unknown")]
    BaseUnknown,
    /// Nothing could go back.
    #[error("nothing of what was paid can go back")]
    #[strum(serialize = "dispute.nothing_to_refund")]
    NothingToRefund,
    /// Only invoices are credited.
    #[error("a credit note needs an invoice that counts")]
    #[strum(serialize = "dispute.invoice_required")]
    InvoiceRequired,
    /// Not an amount for this.
    #[error("this amount is not possible")]
    #[strum(serialize = "dispute.amount_invalid")]
    AmountInvalid(Problems),
    /// Nobody said why.
    #[error("a note has at most 2000 characters")]
    #[strum(serialize = "dispute.note_invalid")]
    NoteInvalid,
}

impl Refusal for DisputeError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::TargetRequired
            | Self::ReasonRequired
            | Self::FactsInvalid(_)
            | Self::AmountInvalid(_)
            | Self::NoteInvalid => Kind::Invalid,
            Self::AlreadyOpen
            | Self::FactsFrozen
            | Self::FactsMissing
            | Self::IllegalState(_)
            | Self::BaseUnknown
            | Self::NothingToRefund
            | Self::InvoiceRequired => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn problems(&self) -> &[FieldProblem] {
        match self {
            Self::FactsInvalid(problems) | Self::AmountInvalid(problems) => problems.as_slice(),
            _ => &[],
        }
    }
}
