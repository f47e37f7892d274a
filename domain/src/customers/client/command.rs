//! What can be asked of a client, and why it is refused.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::address::AddressInput;
use super::contact::{Changes, Contact};
use super::event::NoteKind;
use crate::id::{AddressId, BookingId, ClientId};
use crate::input::{FieldProblem, Problems};
use crate::refusal::{Kind, Refusal};
use crate::scheduling::booking::Party;

/// What can be asked. `Debug` shows the name only: reasons speak of people.
#[derive(Clone, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ClientCommand {
    /// Take somebody down.
    Register {
        /// Who.
        client_id: ClientId,
        /// How to reach them.
        contact: Contact,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Reach them otherwise.
    ChangeContact {
        /// How; at least one is to be different.
        changes: Changes,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Take no more bookings of theirs.
    Block {
        /// 1 to 500 characters.
        reason: String,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Take their bookings again.
    Unblock {
        /// The time.
        now: DateTime<Utc>,
    },
    /// Leave them out of lists and out of the portal.
    Archive {
        /// The time.
        now: DateTime<Utc>,
    },
    /// Bring them back.
    Restore {
        /// The time.
        now: DateTime<Utc>,
    },
    /// Something about one of their addresses.
    Address {
        /// Which.
        address_id: AddressId,
        /// What.
        step: AddressStep,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Find them by these words, and by no others.
    SetTags {
        /// As they were typed.
        tags: Vec<String>,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Write something down about them.
    AddNote {
        /// Told apart by this.
        note_id: Uuid,
        /// What it is.
        kind: NoteKind,
        /// 1 to 2000 characters.
        text: String,
        /// Login id of staff.
        by: Option<String>,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Write down how they said it was.
    RecordFeedback(Feedback),
    /// They are the same person as another client.
    Merge {
        /// Who stays.
        into: Survivor,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Another client turned out to be them; follows from their merging.
    Absorb {
        /// Who went.
        other: ClientId,
        /// The time.
        now: DateTime<Utc>,
    },
}

/// What is done with an address.
#[derive(Clone)]
pub enum AddressStep {
    /// It is a new one.
    Add(AddressInput),
    /// It is written otherwise.
    Change(AddressInput),
    /// Nobody is sent there any more.
    Archive,
    /// It is one of theirs again.
    Restore,
}

/// How a client said it was.
#[derive(Clone)]
pub struct Feedback {
    /// Told apart by this.
    pub feedback_id: Uuid,
    /// About which visit, if about one.
    pub visit: Option<Visit>,
    /// 1 to 5.
    pub rating: i64,
    /// Up to 2000 characters.
    pub comment: Option<String>,
    /// Who writes it down.
    pub by: Party,
    /// The time.
    pub now: DateTime<Utc>,
}

/// A visit that somebody says something about.
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// Which.
    pub booking: BookingId,
    /// Whether it was this client's.
    pub is_theirs: bool,
}

/// The client that another one is merged into, as they are.
#[derive(Clone, Copy, Debug)]
pub struct Survivor {
    /// Who.
    pub client_id: ClientId,
    /// Whether they are registered and were not erased.
    pub is_known: bool,
    /// Whether they were merged into somebody themselves.
    pub is_merged: bool,
}

impl std::fmt::Debug for ClientCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.into())
    }
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum ClientError {
    /// No such client here.
    #[error("Client not found")]
    #[strum(serialize = "client.not_found")]
    NotFound,
    /// They were taken down before.
    #[error("this client was registered before")]
    #[strum(serialize = "client.already_registered")]
    AlreadyRegistered,
    /// Somebody of the organisation signs in with this address.
    #[error("another client of this organisation has this e-mail address")]
    #[strum(serialize = "client.email_taken")]
    EmailTaken,
    /// Nobody is blocked without being told why.
    #[error("a block needs a reason of 1 to 500 characters")]
    #[strum(serialize = "client.no_reason")]
    NoReason,
    /// A change changes something.
    #[error("nothing to change was supplied")]
    #[strum(serialize = "client.nothing_supplied")]
    NothingSupplied,
    /// Archived clients do not use the portal.
    #[error("an archived client does not use the portal")]
    #[strum(serialize = "client.archived")]
    Archived,
    /// Nor do blocked ones.
    #[error("a blocked client does not use the portal")]
    #[strum(serialize = "client.blocked")]
    Blocked,
    /// They were merged into another client: everything is asked of that one.
    #[error("this client was merged into another one")]
    #[strum(serialize = "client.merged")]
    Merged,
    /// The one who is to stay was merged into somebody themselves.
    #[error("that client was merged into another one")]
    #[strum(serialize = "client.survivor_merged")]
    SurvivorMerged,
    /// Nobody is two people.
    #[error("a client cannot be merged into themselves")]
    #[strum(serialize = "client.merge_self")]
    MergeSelf,
    /// A block would be lost.
    #[error("a blocked client is not merged: unblock them first, or block the other one")]
    #[strum(serialize = "client.merge_blocked")]
    MergeBlocked,
    /// They are not visited there.
    #[error("this client has no such address")]
    #[strum(serialize = "client.address_not_found")]
    AddressNotFound,
    /// The id is in use.
    #[error("this address was added before")]
    #[strum(serialize = "client.address_exists")]
    AddressExists,
    /// Nobody lives in so many places.
    #[error("a client has at most 50 addresses")]
    #[strum(serialize = "client.too_many_addresses")]
    TooManyAddresses,
    /// They were not visited then.
    #[error("this client has no such visit")]
    #[strum(serialize = "client.visit_not_found")]
    VisitNotFound,
    /// One visit, one word about it.
    #[error("there is feedback about this visit already")]
    #[strum(serialize = "client.feedback_exists")]
    FeedbackExists,
    /// A value is unusable.
    #[error("the input has unusable values")]
    #[strum(serialize = "client.invalid")]
    Invalid(#[from] Problems),
}

impl Refusal for ClientError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::AddressNotFound | Self::VisitNotFound => Kind::NotFound,
            Self::NoReason | Self::MergeSelf | Self::Invalid(_) => Kind::Invalid,
            Self::NothingSupplied => Kind::Rule,
            Self::AlreadyRegistered
            | Self::EmailTaken
            | Self::Archived
            | Self::Blocked
            | Self::Merged
            | Self::SurvivorMerged
            | Self::MergeBlocked
            | Self::AddressExists
            | Self::TooManyAddresses
            | Self::FeedbackExists => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn problems(&self) -> &[FieldProblem] {
        if let Self::Invalid(problems) = self { problems.as_slice() } else { &[] }
    }
}
