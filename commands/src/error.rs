//! How a command can fail, told apart by what the caller should do next.

use domain::id::CommandId;
use domain::recorded::DecodeError;
use domain::seal::SealError;
use serde_json::Value;

/// Why a command was not carried out, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum CommandError<E> {
    /// The aggregate said no. Nothing was written.
    #[error(transparent)]
    Refused(E),
    /// Another command won the race, twice. Nothing was written; look again and decide again.
    #[error("changed meanwhile by another command")]
    Conflict,
    /// The aggregate is not at the version the caller saw. Nothing was written.
    #[error("the aggregate is at version {current}")]
    VersionMismatch {
        /// Where it is.
        current: i32,
    },
    /// The same key was used for another request before. Nothing was written.
    #[error("this idempotency key was used for another request")]
    KeyReused,
    /// Another aggregate holds a value this one needs alone. Nothing was written.
    #[error("{scope} is taken")]
    ClaimTaken {
        /// Which kind of value.
        scope: String,
    },
    /// A resource is taken at that time. Nothing was written.
    #[error("a slot is taken")]
    SlotTaken {
        /// `resource`, `kind`, `reference`, `starts_at`, `ends_at` of what holds it.
        detail: Value,
    },
    /// The person this is about was erased. Nothing was written.
    #[error("the person this is about was erased")]
    SubjectErased,
    /// No log was opened for this organisation.
    #[error("no such organisation")]
    UnknownOrganisation,
    /// Too many commands are waiting. Nothing was written; try again later.
    #[error("too many commands are waiting")]
    QueueFull,
    /// The database refused the transaction and undid it. Nothing was written.
    #[error("the database rolled the command back ({code})")]
    RolledBack {
        /// SQLSTATE.
        code: String,
    },
    /// The database could not be reached. Nothing was written; try again later.
    #[error("the database is unavailable")]
    Unavailable,
    /// The command was sent and its reply was lost. Repeat it with the same id to learn its outcome.
    #[error("the outcome of command {command_id} is unknown")]
    OutcomeUnknown {
        /// What to look up.
        command_id: CommandId,
    },
    /// Stored history cannot be read by this build.
    #[error(transparent)]
    Broken(#[from] BrokenHistory),
}

/// Why an aggregate could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The database could not be reached.
    #[error("the database is unavailable")]
    Unavailable,
    /// Stored history cannot be read by this build.
    #[error(transparent)]
    Broken(#[from] BrokenHistory),
}

/// Stored history that this build cannot read; a defect, never the caller's fault.
#[derive(Debug, thiserror::Error)]
pub enum BrokenHistory {
    /// An event does not decode.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A key or a sealed value is unusable.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// An event does not encode.
    #[error("event does not encode: {0}")]
    Encode(#[from] serde_json::Error),
}

impl<E> From<LoadError> for CommandError<E> {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Unavailable => Self::Unavailable,
            LoadError::Broken(broken) => Self::Broken(broken),
        }
    }
}
