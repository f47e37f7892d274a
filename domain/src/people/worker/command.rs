//! What can be asked of a worker, and why it is refused.

use chrono::{DateTime, Utc};

use super::TeamNumber;
use super::profile::{Changes, Profile};
use crate::id::WorkerId;
use crate::refusal::{Kind, Refusal};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum WorkerCommand {
    /// Take somebody in.
    Hire {
        /// Who.
        worker_id: WorkerId,
        /// Who they are.
        profile: Profile,
        /// With whom they go out.
        team: TeamNumber,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Change any of these; what is left out stays.
    Change {
        /// Who they are.
        changes: Changes,
        /// With whom they go out.
        team: Option<TeamNumber>,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Make a password for one use.
    IssuePassword {
        /// When it stops working.
        expires_at: DateTime<Utc>,
    },
    /// They have chosen a password.
    ChangePassword,
    /// Send them out no more.
    Archive {
        /// The time.
        now: DateTime<Utc>,
    },
    /// Send them out again.
    Reinstate {
        /// The time.
        now: DateTime<Utc>,
    },
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum WorkerError {
    /// No such worker here.
    #[error("Worker not found")]
    #[strum(serialize = "worker.not_found")]
    NotFound,
    /// They were taken in before.
    #[error("this worker was hired before")]
    #[strum(serialize = "worker.already_hired")]
    AlreadyHired,
    /// Somebody of the organisation signs in with this phone.
    #[error("another worker of this organisation has this phone")]
    #[strum(serialize = "worker.phone_taken")]
    PhoneTaken,
    /// Nobody signs in who is archived.
    #[error("an archived worker gets no password")]
    #[strum(serialize = "worker.archived")]
    Archived,
    /// A change changes something.
    #[error("nothing to change was supplied")]
    #[strum(serialize = "worker.nothing_supplied")]
    NothingSupplied,
}

impl Refusal for WorkerError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::NothingSupplied => Kind::Rule,
            Self::AlreadyHired | Self::PhoneTaken | Self::Archived => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}
