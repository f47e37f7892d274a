//! What can be asked of a worker, and why it is refused.

use chrono::{DateTime, NaiveDate, Utc};

use super::TeamNumber;
use super::file::Entry;
use super::profile::{Changes, Profile};
use crate::id::{CertificateId, WorkerId};
use crate::input::{FieldProblem, Problems};
use crate::refusal::{Kind, Refusal};

/// What a file begins with, as it was typed; nothing by default.
#[derive(Clone, Debug, Default)]
pub struct Opening {
    /// What they are called; empty for nothing.
    pub role: Option<String>,
    /// What they can do.
    pub skills: Option<Vec<String>>,
    /// What an hour costs, in cents, and from which day on.
    pub rate: Option<(i64, NaiveDate)>,
}

impl Opening {
    /// As it is written into the file.
    pub(super) fn entries(self) -> impl Iterator<Item = Entry> {
        let Self { role, skills, rate } = self;
        let can = (role.is_some() || skills.is_some()).then_some(Entry::Qualify { role, skills });
        can.into_iter().chain(rate.map(|(cents, effective)| Entry::Rate { cents, effective }))
    }
}

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
        /// What is written down about them at once.
        opening: Opening,
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
    /// Let them go out with others, from a day on.
    Transfer {
        /// With whom.
        to: TeamNumber,
        /// From which day on.
        effective: NaiveDate,
        /// Today, on the clock of the organisation.
        today: NaiveDate,
        /// The time.
        now: DateTime<Utc>,
    },
    /// The day has come from which they go out with others.
    TransferDue {
        /// With whom.
        to: TeamNumber,
        /// From which day on.
        effective: NaiveDate,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Write something into their file.
    File {
        /// What.
        entry: Entry,
        /// Login id of staff.
        by: String,
        /// The time.
        now: DateTime<Utc>,
    },
    /// The last day of a certificate is over.
    ExpireCertificate {
        /// Which.
        cert_id: CertificateId,
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
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
    /// No such certificate of theirs.
    #[error("there is no such certificate")]
    #[strum(serialize = "worker.certificate_not_found")]
    CertificateNotFound,
    /// One word for each visit.
    #[error("this visit of the worker was reviewed before")]
    #[strum(serialize = "worker.already_reviewed")]
    AlreadyReviewed,
    /// Nobody is taken to a team in a time that was paid already.
    #[error("a transfer begins at most 31 days ago")]
    #[strum(serialize = "worker.transfer_too_early")]
    TransferTooEarly,
    /// A file has room for so much.
    #[error("there is no room for more of this in the file of this worker")]
    #[strum(serialize = "worker.file_full")]
    FileFull,
    /// Values that cannot be meant.
    #[error("some values cannot be used")]
    #[strum(serialize = "worker.invalid")]
    Invalid(Problems),
}

impl From<Problems> for WorkerError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl Refusal for WorkerError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::CertificateNotFound => Kind::NotFound,
            Self::NothingSupplied | Self::TransferTooEarly => Kind::Rule,
            Self::AlreadyHired
            | Self::PhoneTaken
            | Self::Archived
            | Self::AlreadyReviewed
            | Self::FileFull => Kind::Conflict,
            Self::Invalid(_) => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }

    fn problems(&self) -> &[FieldProblem] {
        match self {
            Self::Invalid(problems) => problems.as_slice(),
            _ => &[],
        }
    }
}
