//! What has happened to the photos of a visit.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{ImageType, ReviewStatus};
use crate::event::domain_event;
use crate::id::{BookingId, PhotoId, WorkerId};
use crate::personal::Personal;
use crate::scheduling::checklist::Phase;

/// Why a photo was deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DeletionCause {
    /// Somebody wanted it.
    Asked,
    /// The person whose home it shows was erased.
    Erased,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PhotoEvent {
    /// A photo came in; its file was there before.
    Uploaded {
        /// Which.
        photo_id: PhotoId,
        /// Of which visit.
        booking: BookingId,
        /// Before or after the work.
        phase: Phase,
        /// What the file is.
        content_type: ImageType,
        /// Its bytes.
        size: i64,
        /// Hash of its contents, in hex.
        sha256: String,
        /// Where it is kept.
        key: String,
        /// As it was called where it came from.
        name: Personal<String>,
        /// Who put it in: a login of staff, or a worker.
        by: String,
        /// The worker, if it was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        worker: Option<WorkerId>,
        /// Whether there was no consent, and somebody put it in all the same.
        despite_consent: bool,
        /// When.
        at: DateTime<Utc>,
    },
    /// The office looked at it.
    Reviewed {
        /// Which.
        photo_id: PhotoId,
        /// What they think.
        status: ReviewStatus,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<Personal<String>>,
        /// Whether another one is wanted.
        needs_retake: bool,
        /// Who looked.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is no photo any more, and its file is to go.
    Deleted {
        /// Which.
        photo_id: PhotoId,
        /// Its bytes.
        size: i64,
        /// Where it is kept until then.
        key: String,
        /// Why.
        cause: DeletionCause,
        /// Who wanted it.
        by: String,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its file is gone.
    FilePurged {
        /// Which.
        photo_id: PhotoId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Its file could not be removed, and somebody has to look at it.
    PurgeFailed {
        /// Which.
        photo_id: PhotoId,
        /// How often it was tried.
        attempts: u32,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(PhotoEvent, version = "1");
