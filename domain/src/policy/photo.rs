//! What follows from what happens to photos: the file of one that was deleted is removed, and whoever is erased takes theirs along.

use serde_json::json;

use super::Intent;
use crate::id::{BookingId, SubjectId};
use crate::scheduling::photos::PhotoEvent;

/// The kind of the action that removes the file of a photo that was deleted.
pub const PHOTO_PURGE: &str = "storage.photo_purge";

/// The kind of the action that deletes every photo of somebody who was erased.
pub const PHOTO_FORGET: &str = "storage.photo_forget";

/// Everything that follows from what happened to the photos of a visit.
pub fn photo_intents(booking: BookingId, event: &PhotoEvent) -> Vec<Intent> {
    match event {
        PhotoEvent::Deleted { photo_id, key, .. } => vec![Intent::Effect {
            kind: PHOTO_PURGE,
            dedupe_key: format!("{PHOTO_PURGE}:{photo_id}"),
            payload: json!({ "booking_id": booking, "photo_id": photo_id, "key": key }),
        }],
        PhotoEvent::Uploaded { .. }
        | PhotoEvent::Reviewed { .. }
        | PhotoEvent::FilePurged { .. }
        | PhotoEvent::PurgeFailed { .. } => Vec::new(),
    }
}

/// Whoever is erased takes their photos along. Which photos are theirs is looked up when it is done.
pub(super) fn forgets(subject: SubjectId) -> Intent {
    Intent::Effect {
        kind: PHOTO_FORGET,
        dedupe_key: format!("{PHOTO_FORGET}:{subject}"),
        payload: json!({ "subject_id": subject }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;
    use crate::scheduling::photos::DeletionCause;

    #[test]
    fn the_file_of_a_photo_is_removed_once_after_it_was_deleted() {
        let (booking, photo_id) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let deleted = PhotoEvent::Deleted {
            photo_id,
            size: 5,
            key: "orders/a/b/c.jpg".to_owned(),
            cause: DeletionCause::Asked,
            by: "owner".to_owned(),
            at: DateTime::UNIX_EPOCH,
        };
        let follows = photo_intents(booking, &deleted);
        let [Intent::Effect { kind, payload, .. }] = &follows[..] else { panic!("{follows:?}") };
        assert_eq!((*kind, &payload["key"]), (PHOTO_PURGE, &json!("orders/a/b/c.jpg")));
        let gone = PhotoEvent::FilePurged { photo_id, at: DateTime::UNIX_EPOCH };
        assert_eq!(photo_intents(booking, &gone), []);
    }
}
