//! What can be asked of the photos of a visit, and why it is refused.

use chrono::{DateTime, Utc};
use strum::IntoStaticStr;

use super::{DeletionCause, ImageType, MOST, ReviewStatus};
use crate::id::{BookingId, PhotoId, SubjectId, WorkerId};
use crate::input::{FieldProblem, Problems};
use crate::refusal::{Kind, Refusal};
use crate::scheduling::checklist::Phase;

/// What can be asked.
#[derive(Clone, Debug)]
pub enum PhotoCommand {
    /// Take a photo in whose file is kept already.
    Upload(Box<Upload>),
    /// Say what one thinks of it.
    Review {
        /// Which.
        photo_id: PhotoId,
        /// In a word.
        status: ReviewStatus,
        /// In more words.
        comment: Option<String>,
        /// Whether another one is wanted.
        needs_retake: bool,
        /// Whose words these are.
        subject: SubjectId,
        /// Who looks.
        by: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let it be no photo any more.
    Delete {
        /// Which.
        photo_id: PhotoId,
        /// Why.
        cause: DeletionCause,
        /// The worker who asks, who deletes only their own.
        worker: Option<WorkerId>,
        /// Who asks.
        by: String,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Note that its file is gone.
    Purged {
        /// Which.
        photo_id: PhotoId,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Note that its file cannot be removed.
    PurgeFailed {
        /// Which.
        photo_id: PhotoId,
        /// How often it was tried.
        attempts: u32,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// A photo whose file is kept already.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Which.
    pub photo_id: PhotoId,
    /// Of which visit.
    pub booking: BookingId,
    /// Before or after the work.
    pub phase: Phase,
    /// What the file is.
    pub content_type: ImageType,
    /// Its bytes.
    pub size: i64,
    /// Hash of its contents, in hex.
    pub sha256: String,
    /// Where it is kept.
    pub key: String,
    /// As it was called where it came from.
    pub name: String,
    /// Whose home it shows.
    pub subject: SubjectId,
    /// Whether photos may be taken.
    pub has_consent: bool,
    /// Whether somebody puts it in all the same, who may.
    pub despite_consent: bool,
    /// Who puts it in.
    pub by: String,
    /// The worker, if it is one.
    pub worker: Option<WorkerId>,
    /// When it is asked.
    pub now: DateTime<Utc>,
}

/// Why a command is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum PhotoError {
    /// No such photo of this visit.
    #[error("there is no such photo")]
    #[strum(serialize = "photo.not_found")]
    NotFound,
    /// The customer did not agree.
    #[error("Photo consent required")]
    #[strum(serialize = "photo.consent_required")]
    ConsentRequired,
    /// Somebody else took it.
    #[error("somebody else took this photo")]
    #[strum(serialize = "photo.not_yours")]
    NotYours,
    /// There are enough.
    #[error("a visit has {MOST} photos at most")]
    #[strum(serialize = "photo.too_many")]
    TooMany,
    /// Only what was deleted is purged.
    #[error("this photo was not deleted")]
    #[strum(serialize = "photo.still_there")]
    StillThere,
    /// It is none of the kinds of images that are taken.
    #[error("the file is no JPEG, PNG or WebP image")]
    #[strum(serialize = "photo.type")]
    Type,
    /// Values that cannot be meant.
    #[error("some values cannot be used")]
    #[strum(serialize = "photo.invalid")]
    Invalid(Problems),
}

impl From<Problems> for PhotoError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl Refusal for PhotoError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::ConsentRequired | Self::NotYours => Kind::Forbidden,
            Self::TooMany | Self::StillThere => Kind::Conflict,
            Self::Type => Kind::Rule,
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
