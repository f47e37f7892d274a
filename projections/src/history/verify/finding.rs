//! What a verifier can find, in words for people and in codes for programs.

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use serde::Serialize;

/// What is wrong with a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, strum::IntoStaticStr, thiserror::Error)]
#[serde(untagged)]
#[strum(serialize_all = "snake_case")]
pub enum Defect {
    /// The stored bytes of an event do not give its stored hash.
    #[error(
        "the event at position {position} is not the one that was appended: what is stored does not give its hash \
         (or position {} was changed together with its hash)", position - 1
    )]
    Changed {
        /// Which event.
        position: i64,
    },
    /// The hash of an event was changed, not the event.
    #[error("the hash stored at position {position} was changed; the event itself is intact")]
    HashChanged {
        /// Which event.
        position: i64,
    },
    /// Events are missing between others.
    #[error("{} missing", span(*position, *upto))]
    Missing {
        /// The first that is missing.
        position: i64,
        /// The last that is missing.
        upto: i64,
    },
    /// Two events stand in each other's place, wholly or in part.
    #[error("the events at positions {position} and {with} were swapped")]
    Swapped {
        /// The first of them.
        position: i64,
        /// The second.
        with: i64,
    },
    /// An event stands where another belongs.
    #[error("in place {position} stands an event that says its position is {found}")]
    Misplaced {
        /// Which position belongs there.
        position: i64,
        /// Which one stands there.
        found: i64,
    },
    /// A position comes again.
    #[error("position {position} comes more than once")]
    Repeated {
        /// Which.
        position: i64,
    },
    /// The end of the log is missing.
    #[error(
        "the log ends early: positions {position} to {upto} are missing at its end, says {witness}"
    )]
    Truncated {
        /// The first that is missing.
        position: i64,
        /// The last that is known to have existed.
        upto: i64,
        /// How that is known.
        witness: Witness,
    },
    /// There are events behind the end.
    #[error("the head of the log says that position {} is the last, but events reach position {upto}", position - 1)]
    BeyondHead {
        /// The first behind the head.
        position: i64,
        /// The last that is stored.
        upto: i64,
    },
    /// There is no head.
    #[error(
        "the log has no head: nothing here says where it ends; its events reach position {position}"
    )]
    Headless {
        /// The last event that is stored; 0 if none is.
        position: i64,
    },
    /// The head does not belong to the last event.
    #[error("the head of the log does not carry the hash of its last event, position {position}")]
    HeadMismatch {
        /// The last event.
        position: i64,
    },
    /// The chain is whole but not the one that a witness saw.
    #[error(
        "the log up to position {position} is not the one known to {witness}: it was rewritten after position {intact_upto}"
    )]
    Rewritten {
        /// Where the difference was seen.
        position: i64,
        /// The last position that a witness confirms; 0 if none does.
        intact_upto: i64,
        /// Who saw another chain.
        witness: Witness,
    },
    /// The stream of an aggregate has a hole or a repeat.
    #[error(
        "position {position} is event number {found} of {aggregate_type} {aggregate_id}, but number {expected} comes next there"
    )]
    SequenceBroken {
        /// Where it was seen.
        position: i64,
        /// Kind of the aggregate.
        aggregate_type: String,
        /// Which one.
        aggregate_id: String,
        /// The number that should come.
        expected: i32,
        /// The one that came.
        found: i32,
    },
    /// A line of an export is damaged.
    #[error("line {line} of the export, where position {position} belongs, cannot be read")]
    Unreadable {
        /// Which event belongs there.
        position: i64,
        /// Counted from 1.
        line: u64,
    },
    /// An export lacks its last line.
    #[error(
        "the export ends before position {position} without its closing line: what followed is unknown"
    )]
    Unfinished {
        /// The first that may be missing.
        position: i64,
    },
    /// Nobody signed the end of an export.
    #[error("the export ends at position {position} without a signature")]
    Unsigned {
        /// The last event.
        position: i64,
    },
    /// A checkpoint names a trusted key that did not sign it.
    #[error("the signature of the checkpoint at position {position} is not that of key {key_id}")]
    BadSignature {
        /// Of the checkpoint.
        position: i64,
        /// The key it names.
        key_id: String,
    },
    /// A checkpoint names a key that is not trusted.
    #[error(
        "the checkpoint at position {position} is signed with key {key_id}, which is not among the given ones"
    )]
    UnknownKey {
        /// Of the checkpoint.
        position: i64,
        /// The key it names.
        key_id: String,
    },
    /// An entry about what was tried is another one than was noted, or than was signed.
    #[error("entry {number} of what was tried is not the one that was noted")]
    AttemptChanged {
        /// Which entry.
        number: i64,
    },
    /// An entry about what was tried is missing between others.
    #[error("entry {number} of what was tried is missing")]
    AttemptMissing {
        /// Which entry.
        number: i64,
    },
    /// An entry about what was tried does not follow from the one before it.
    #[error("entry {number} of what was tried does not follow from the one before it")]
    AttemptUnlinked {
        /// Which entry.
        number: i64,
    },
    /// The end of what was tried is missing, or its head is not that of its last entry.
    #[error(
        "what was tried ends early: entry {number} and those behind it are missing, says {witness}"
    )]
    AttemptsTruncated {
        /// The first that is missing.
        number: i64,
        /// How that is known.
        witness: Witness,
    },
}

fn span(from: i64, upto: i64) -> String {
    if from == upto {
        format!("position {from} is")
    } else {
        format!("positions {from} to {upto} are")
    }
}

impl Defect {
    /// Where it was found, or where it begins: a position of the log, or the number of an entry about what was tried.
    pub const fn position(&self) -> i64 {
        match self {
            Self::AttemptChanged { number }
            | Self::AttemptMissing { number }
            | Self::AttemptUnlinked { number }
            | Self::AttemptsTruncated { number, .. } => *number,
            Self::Changed { position }
            | Self::HashChanged { position }
            | Self::Missing { position, .. }
            | Self::Swapped { position, .. }
            | Self::Misplaced { position, .. }
            | Self::Repeated { position }
            | Self::Truncated { position, .. }
            | Self::BeyondHead { position, .. }
            | Self::Headless { position }
            | Self::HeadMismatch { position }
            | Self::Rewritten { position, .. }
            | Self::SequenceBroken { position, .. }
            | Self::Unreadable { position, .. }
            | Self::Unfinished { position }
            | Self::Unsigned { position }
            | Self::BadSignature { position, .. }
            | Self::UnknownKey { position, .. } => *position,
        }
    }

    /// Whether it is about what was tried, and not about the log.
    pub const fn is_about_attempts(&self) -> bool {
        matches!(
            self,
            Self::AttemptChanged { .. }
                | Self::AttemptMissing { .. }
                | Self::AttemptUnlinked { .. }
                | Self::AttemptsTruncated { .. }
        )
    }

    /// Stable name.
    pub fn code(&self) -> &'static str {
        self.into()
    }
}

/// Who knows what the chain was at some position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Witness {
    /// A signed checkpoint.
    Checkpoint {
        /// The key.
        key_id: String,
        /// When.
        signed_at: DateTime<Utc>,
        /// Whether the signature was checked against a trusted key.
        is_trusted: bool,
    },
    /// An export of the log.
    Export,
    /// The head of the log itself.
    Head,
}

impl std::fmt::Display for Witness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Checkpoint { key_id, signed_at, is_trusted } => {
                let unchecked = if *is_trusted { "" } else { " (signature not checked)" };
                write!(f, "the checkpoint signed {signed_at} with key {key_id}{unchecked}")
            }
            Self::Export => f.write_str("the export"),
            Self::Head => f.write_str("the head of the log"),
        }
    }
}

/// A defect in the log of one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Whose log.
    pub org: OrgId,
    /// [`Defect::code`].
    pub code: &'static str,
    /// The defect in a sentence.
    pub message: String,
    /// The defect in fields.
    #[serde(flatten)]
    pub defect: Defect,
}

impl Finding {
    pub(super) fn new(org: OrgId, defect: Defect) -> Self {
        Self { org, code: defect.code(), message: defect.to_string(), defect }
    }
}
