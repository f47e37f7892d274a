//! The photos of a visit: taken with the customer's consent, looked at by the office, and gone for good once deleted.
//!
//! 1. Without consent only somebody who may override it puts one in.
//! 2. A photo that was deleted is no photo any more; that its file is gone is a fact of its own, and until then it is owed.
//! 3. Whoever is erased takes their photos along.
//! 4. Asking for what already holds changes nothing and is not an error.

mod command;
mod event;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use strum::{EnumString, IntoStaticStr, VariantArray};

pub use self::command::{PhotoCommand, PhotoError, Upload};
pub use self::event::{DeletionCause, PhotoEvent};
use super::checklist::Phase;
use crate::billing::plan::Counted;
use crate::event::{EventSourced, decides};
use crate::id::{BookingId, PhotoId, WorkerId};
use crate::input::free_text;
use crate::personal::Personal;

/// Photos of one visit at most, deleted ones included.
pub const MOST: usize = 200;

/// What a file is, told by how it begins.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
)]
pub enum ImageType {
    /// Joint Photographic Experts Group.
    #[serde(rename = "image/jpeg")]
    #[strum(serialize = "image/jpeg")]
    Jpeg,
    /// Portable Network Graphics.
    #[serde(rename = "image/png")]
    #[strum(serialize = "image/png")]
    Png,
    /// WebP.
    #[serde(rename = "image/webp")]
    #[strum(serialize = "image/webp")]
    Webp,
}

impl ImageType {
    /// So many bytes are enough to tell.
    pub const HEAD: usize = 12;

    /// What begins like this, whatever it is called.
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }

    /// How names of such files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }
}

/// What the office thinks of a photo.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, EnumString,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum ReviewStatus {
    /// Nobody looked yet.
    #[default]
    Pending,
    /// It is good.
    Approved,
    /// It is not.
    Rejected,
}

/// All photos of a visit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhotoSet {
    /// In the order in which they came.
    pub photos: Vec<Photo>,
}

/// One photo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// Told apart by this.
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
    pub name: Personal<String>,
    /// Who put it in: a login of staff, or a worker.
    pub by: String,
    /// The worker, if it was one.
    pub worker: Option<WorkerId>,
    /// Since when it is there.
    pub uploaded_at: DateTime<Utc>,
    /// What the office thinks.
    pub review: Review,
    /// Since when it is deleted, and whether its file is gone.
    pub deletion: Option<Deletion>,
}

/// What the office thinks of a photo, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// In a word.
    pub status: ReviewStatus,
    /// In more words.
    pub comment: Option<Personal<String>>,
    /// Whether another one is wanted.
    pub needs_retake: bool,
    /// Who looked.
    pub by: Option<String>,
    /// When they did.
    pub at: Option<DateTime<Utc>>,
}

/// What is left of a photo that was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Why.
    pub cause: DeletionCause,
    /// How often its file could not be removed, when it was given up.
    pub failed_attempts: Option<u32>,
    /// Since when the file is gone.
    pub purged_at: Option<DateTime<Utc>>,
}

impl Photo {
    /// Whether it can be seen.
    pub const fn is_there(&self) -> bool {
        self.deletion.is_none()
    }
}

type Decision = Result<Vec<PhotoEvent>, PhotoError>;

impl PhotoSet {
    /// A photo that can be seen.
    pub fn photo(&self, id: PhotoId) -> Result<&Photo, PhotoError> {
        let found = self.any(id)?;
        if found.is_there() { Ok(found) } else { Err(PhotoError::NotFound) }
    }

    /// Those that can be seen.
    pub fn there(&self) -> impl Iterator<Item = &Photo> {
        self.photos.iter().filter(|photo| photo.is_there())
    }

    fn any(&self, id: PhotoId) -> Result<&Photo, PhotoError> {
        self.photos.iter().find(|one| one.photo_id == id).ok_or(PhotoError::NotFound)
    }

    fn decide(&self, command: PhotoCommand) -> Decision {
        match command {
            PhotoCommand::Upload(upload) => self.upload(*upload),
            PhotoCommand::Review { photo_id, status, comment, needs_retake, subject, by, now } => {
                let photo = self.photo(photo_id)?;
                let comment = comment.map(|words| free_text("comment", &words, 0..=500));
                let comment = comment.transpose()?.filter(|words| !words.is_empty());
                let before = &photo.review;
                let words = before.comment.as_ref().and_then(Personal::open);
                if before.at.is_some()
                    && (before.status, before.needs_retake) == (status, needs_retake)
                    && words == comment.as_ref()
                {
                    return Ok(Vec::new());
                }
                let comment = comment.map(|words| Personal::of(subject, words));
                Ok(vec![PhotoEvent::Reviewed {
                    photo_id,
                    status,
                    comment,
                    needs_retake,
                    by,
                    at: now,
                }])
            }
            PhotoCommand::Delete { photo_id, cause, worker, by, now } => {
                let photo = self.any(photo_id)?;
                if worker.is_some() && photo.worker != worker {
                    return Err(PhotoError::NotYours);
                }
                if photo.deletion.is_some() {
                    return Ok(Vec::new());
                }
                let (size, key) = (photo.size, photo.key.clone());
                Ok(vec![PhotoEvent::Deleted { photo_id, size, key, cause, by, at: now }])
            }
            PhotoCommand::Purged { photo_id, now } => {
                let deletion = self.any(photo_id)?.deletion.as_ref();
                let deletion = deletion.ok_or(PhotoError::StillThere)?;
                let is_gone = deletion.purged_at.is_some();
                let purged = PhotoEvent::FilePurged { photo_id, at: now };
                Ok(if is_gone { Vec::new() } else { vec![purged] })
            }
            PhotoCommand::PurgeFailed { photo_id, attempts, now } => {
                let deletion = self.any(photo_id)?.deletion.as_ref();
                let deletion = deletion.ok_or(PhotoError::StillThere)?;
                let is_known = deletion.purged_at.is_some() || deletion.failed_attempts.is_some();
                let failed = PhotoEvent::PurgeFailed { photo_id, attempts, at: now };
                Ok(if is_known { Vec::new() } else { vec![failed] })
            }
        }
    }

    fn upload(&self, upload: Upload) -> Decision {
        if !upload.has_consent && !upload.despite_consent {
            return Err(PhotoError::ConsentRequired);
        }
        if self.photos.len() >= MOST {
            return Err(PhotoError::TooMany);
        }
        let name = free_text("filename", &upload.name, 1..=255)?;
        Ok(vec![PhotoEvent::Uploaded {
            photo_id: upload.photo_id,
            booking: upload.booking,
            phase: upload.phase,
            content_type: upload.content_type,
            size: upload.size,
            sha256: upload.sha256,
            key: upload.key,
            name: Personal::of(upload.subject, name),
            by: upload.by,
            worker: upload.worker,
            despite_consent: !upload.has_consent,
            at: upload.now,
        }])
    }

    fn edit(&mut self, id: PhotoId, change: impl FnOnce(&mut Photo)) {
        if let Some(photo) = self.photos.iter_mut().find(|one| one.photo_id == id) {
            change(photo);
        }
    }
}

impl Aggregate for PhotoSet {
    const TYPE: &'static str = "photos";
    type Command = PhotoCommand;
    type Event = PhotoEvent;
    type Error = PhotoError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        use PhotoEvent as E;

        match event {
            E::Uploaded {
                photo_id,
                booking,
                phase,
                content_type,
                size,
                sha256,
                key,
                name,
                by,
                worker,
                at,
                ..
            } => self.photos.push(Photo {
                photo_id,
                booking,
                phase,
                content_type,
                size,
                sha256,
                key,
                name,
                by,
                worker,
                uploaded_at: at,
                review: Review::default(),
                deletion: None,
            }),
            E::Reviewed { photo_id, status, comment, needs_retake, by, at } => {
                let (by, at) = (Some(by), Some(at));
                let review = Review { status, comment, needs_retake, by, at };
                self.edit(photo_id, |photo| photo.review = review);
            }
            E::Deleted { photo_id, cause, at, .. } => {
                let deletion = Deletion { at, cause, failed_attempts: None, purged_at: None };
                self.edit(photo_id, |photo| photo.deletion = Some(deletion));
            }
            E::FilePurged { photo_id, at } => self.edit(photo_id, |photo| {
                photo.deletion.iter_mut().for_each(|one| one.purged_at = Some(at));
            }),
            E::PurgeFailed { photo_id, attempts, .. } => self.edit(photo_id, |photo| {
                photo.deletion.iter_mut().for_each(|one| one.failed_attempts = Some(attempts));
            }),
        }
    }
}

/// Nobody in particular: what is left to do about photos of somebody who was erased is still done.
impl EventSourced for PhotoSet {
    /// What is deleted no longer counts against the plan, though its file may take a while to go.
    fn beside(event: &Self::Event) -> Option<Value> {
        let counted: &str = Counted::StorageBytes.into();
        match event {
            PhotoEvent::Deleted { size, .. } => {
                Some(json!({ "do": "plan.free", "counted": counted, "less": size }))
            }
            PhotoEvent::Uploaded { .. }
            | PhotoEvent::Reviewed { .. }
            | PhotoEvent::FilePurged { .. }
            | PhotoEvent::PurgeFailed { .. } => None,
        }
    }
}
