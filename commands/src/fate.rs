//! What the fate of a decision means to whoever asked, and to the metrics.

use domain::id::CommandId;

use crate::append::Outcome;
use crate::context::Done;
use crate::error::CommandError;

pub(crate) fn refusal<E>(command_id: CommandId, outcome: Outcome) -> CommandError<E> {
    match outcome {
        Outcome::KeyReused => CommandError::KeyReused,
        Outcome::ClaimTaken(scope) => CommandError::ClaimTaken { scope },
        Outcome::SlotTaken(detail) => CommandError::SlotTaken { detail },
        Outcome::SubjectErased => CommandError::SubjectErased,
        Outcome::UnknownOrganisation => CommandError::UnknownOrganisation,
        Outcome::RolledBack(code) => CommandError::RolledBack { code },
        Outcome::Conflict => CommandError::Conflict,
        Outcome::Unknown | Outcome::Stored { .. } | Outcome::Duplicate { .. } => {
            CommandError::OutcomeUnknown { command_id }
        }
    }
}

/// How a command ended, as it is counted.
pub(crate) fn label<T, E>(result: &Result<Done<T>, CommandError<E>>) -> &'static str {
    match result {
        Ok(Done { replayed: true, .. }) => "replayed",
        Ok(_) => "ok",
        Err(CommandError::Conflict | CommandError::VersionMismatch { .. }) => "conflict",
        Err(
            CommandError::Refused(_)
            | CommandError::KeyReused
            | CommandError::ClaimTaken { .. }
            | CommandError::SlotTaken { .. }
            | CommandError::SubjectErased
            | CommandError::UnknownOrganisation,
        ) => "rejected",
        Err(
            CommandError::QueueFull
            | CommandError::RolledBack { .. }
            | CommandError::Unavailable
            | CommandError::OutcomeUnknown { .. }
            | CommandError::Broken(_),
        ) => "error",
    }
}
