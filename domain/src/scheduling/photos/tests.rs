//! The rules of photos: given, when, then.

use chrono::TimeDelta;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::id::SubjectId;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn photo(number: u128) -> PhotoId {
    Uuid::from_u128(number).into()
}

fn subject() -> SubjectId {
    Uuid::from_u128(9).into()
}

fn upload(number: u128, has_consent: bool, despite_consent: bool) -> PhotoCommand {
    PhotoCommand::Upload(Box::new(Upload {
        photo_id: photo(number),
        booking: Uuid::from_u128(7).into(),
        phase: Phase::Before,
        content_type: ImageType::Png,
        size: 10,
        sha256: "ab".repeat(32),
        key: format!("orders/o/b/{number}.png"),
        name: "kitchen.png".to_owned(),
        subject: subject(),
        has_consent,
        despite_consent,
        by: "dispatcher".to_owned(),
        worker: None,
        now: at(1),
    }))
}

fn uploaded(number: u128, despite_consent: bool) -> PhotoEvent {
    PhotoEvent::Uploaded {
        photo_id: photo(number),
        booking: Uuid::from_u128(7).into(),
        phase: Phase::Before,
        content_type: ImageType::Png,
        size: 10,
        sha256: "ab".repeat(32),
        key: format!("orders/o/b/{number}.png"),
        name: Personal::of(subject(), "kitchen.png".to_owned()),
        by: "dispatcher".to_owned(),
        worker: None,
        despite_consent,
        at: at(1),
    }
}

fn delete(number: u128, worker: Option<WorkerId>) -> PhotoCommand {
    let (cause, by) = (DeletionCause::Asked, "owner".to_owned());
    PhotoCommand::Delete { photo_id: photo(number), cause, worker, by, now: at(2) }
}

fn deleted(number: u128) -> PhotoEvent {
    PhotoEvent::Deleted {
        photo_id: photo(number),
        size: 10,
        key: format!("orders/o/b/{number}.png"),
        cause: DeletionCause::Asked,
        by: "owner".to_owned(),
        at: at(2),
    }
}

fn review(comment: Option<&str>) -> PhotoCommand {
    PhotoCommand::Review {
        photo_id: photo(1),
        status: ReviewStatus::Rejected,
        comment: comment.map(str::to_owned),
        needs_retake: true,
        subject: subject(),
        by: "owner".to_owned(),
        now: at(3),
    }
}

fn given(events: &[PhotoEvent]) -> AggregateTestExecutor<PhotoSet> {
    TestFramework::with(()).given(events.to_vec())
}

#[test]
fn without_consent_only_who_may_override_it_puts_one_in() {
    given(&[]).when(upload(1, true, false)).then_expect_events(vec![uploaded(1, false)]);
    given(&[]).when(upload(1, false, false)).then_expect_error(PhotoError::ConsentRequired);
    given(&[]).when(upload(1, false, true)).then_expect_events(vec![uploaded(1, true)]);
}

#[test]
fn a_photo_is_deleted_once_and_its_file_is_gone_once() {
    let purged = || PhotoEvent::FilePurged { photo_id: photo(1), at: at(4) };
    let purge = || PhotoCommand::Purged { photo_id: photo(1), now: at(4) };
    given(&[uploaded(1, false)]).when(delete(1, None)).then_expect_events(vec![deleted(1)]);
    given(&[uploaded(1, false), deleted(1)]).when(delete(1, None)).then_expect_events(vec![]);
    given(&[uploaded(1, false)]).when(purge()).then_expect_error(PhotoError::StillThere);
    given(&[uploaded(1, false), deleted(1)]).when(purge()).then_expect_events(vec![purged()]);
    given(&[uploaded(1, false), deleted(1), purged()]).when(purge()).then_expect_events(vec![]);
    let failed = PhotoEvent::PurgeFailed { photo_id: photo(1), attempts: 5, at: at(4) };
    let fail = PhotoCommand::PurgeFailed { photo_id: photo(1), attempts: 5, now: at(4) };
    given(&[uploaded(1, false), deleted(1)])
        .when(fail.clone())
        .then_expect_events(vec![failed.clone()]);
    // Given up is not gone: somebody may still remove it.
    given(&[uploaded(1, false), deleted(1), failed.clone()])
        .when(purge())
        .then_expect_events(vec![purged()]);
    given(&[uploaded(1, false), deleted(1), failed]).when(fail).then_expect_events(vec![]);
    given(&[]).when(delete(1, None)).then_expect_error(PhotoError::NotFound);
}

#[test]
fn a_worker_deletes_only_what_they_took() {
    let worker = Some(Uuid::from_u128(5).into());
    given(&[uploaded(1, false)]).when(delete(1, worker)).then_expect_error(PhotoError::NotYours);
}

#[test]
fn a_review_says_what_is_different_and_nothing_of_what_was_deleted() {
    let reviewed = PhotoEvent::Reviewed {
        photo_id: photo(1),
        status: ReviewStatus::Rejected,
        comment: Some(Personal::of(subject(), "blurred".to_owned())),
        needs_retake: true,
        by: "owner".to_owned(),
        at: at(3),
    };
    given(&[uploaded(1, false)])
        .when(review(Some(" blurred ")))
        .then_expect_events(vec![reviewed.clone()]);
    given(&[uploaded(1, false), reviewed]).when(review(Some("blurred"))).then_expect_events(vec![]);
    given(&[uploaded(1, false), deleted(1)])
        .when(review(None))
        .then_expect_error(PhotoError::NotFound);
}

#[test]
fn what_is_deleted_no_longer_counts_against_the_plan() {
    let freed = PhotoSet::beside(&deleted(1)).unwrap();
    assert_eq!((&freed["do"], &freed["less"]), (&json!("plan.free"), &json!(10)));
    assert_eq!(PhotoSet::beside(&uploaded(1, false)), None);
}

#[test]
fn a_file_is_what_it_begins_with() {
    assert_eq!(ImageType::of(&[0xff, 0xd8, 0xff, 0xe0]), Some(ImageType::Jpeg));
    assert_eq!(ImageType::of(b"\x89PNG\r\n\x1a\n...."), Some(ImageType::Png));
    assert_eq!(ImageType::of(b"RIFF1234WEBP"), Some(ImageType::Webp));
    for other in [&b""[..], b"GIF89a", b"RIFF1234WAVE", b"<svg xmlns=", b"\xff\xd8", b"%PDF-1.7"] {
        assert_eq!(ImageType::of(other), None);
    }
}

fn any_command() -> impl Strategy<Value = PhotoCommand> {
    let number = 1..4_u128;
    prop_oneof![
        (10..14_u128, any::<bool>(), any::<bool>()).prop_map(|(n, a, b)| upload(n, a, b)),
        number.clone().prop_map(|n| delete(n + 9, None)),
        number.clone().prop_map(|n| PhotoCommand::Purged { photo_id: photo(n + 9), now: at(9) }),
        number.prop_map(|n| PhotoCommand::PurgeFailed {
            photo_id: photo(n + 9),
            attempts: 5,
            now: at(9)
        }),
    ]
}

proptest! {
    /// Whatever is asked in whatever order: only what was deleted is ever purged, and what counts against the plan is what
    /// can be seen.
    #[test]
    fn only_deleted_photos_are_purged_and_bytes_add_up(
        commands in proptest::collection::vec(any_command(), 0..30)
    ) {
        let (mut set, mut counted) = (PhotoSet::default(), 0);
        for command in commands {
            if matches!(&command, PhotoCommand::Upload(one) if set.any(one.photo_id).is_ok()) {
                continue;
            }
            for event in set.decide(command).unwrap_or_default() {
                if let PhotoEvent::Uploaded { size, .. } = &event {
                    counted += size;
                }
                if let Some(freed) = PhotoSet::beside(&event) {
                    counted -= freed["less"].as_i64().unwrap();
                }
                set.apply(event);
            }
            prop_assert_eq!(counted, set.there().map(|photo| photo.size).sum::<i64>());
            for photo in &set.photos {
                let purged = photo.deletion.as_ref().and_then(|one| one.purged_at);
                prop_assert!(purged.is_none() || !photo.is_there());
            }
        }
    }
}
