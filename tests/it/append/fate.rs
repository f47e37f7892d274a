//! Each command of a batch keeps its own fate, whichever way it takes into the log.

use commands::{CommandError, RequestKey};
use domain::id::OrgId;
use futures::future::join_all;
use serde_json::Value;
use uuid::Uuid;

use super::assert_sound;
use super::probe::{Ask, Probe, Refused};
use crate::harness::TestDb;
use crate::harness::database::context;

fn nothing(_: &Probe) -> Value {
    Value::Null
}

/// The two ways into the log must agree on everything.
const WAYS: [fn(String) -> Ask; 2] = [Ask::Note, Ask::NoteTogether];

#[tokio::test]
async fn a_version_the_caller_did_not_see_is_refused_with_the_current_one() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus();
    for (way, id) in WAYS.iter().zip(["a", "b"]) {
        bus.execute(&context(org), id, way("one".to_owned()), nothing).await.unwrap();
        let mut ctx = context(org);
        ctx.expected_version = Some(0);
        let refused = bus.execute(&ctx, id, way("two".to_owned()), nothing).await;
        assert!(
            matches!(refused, Err(CommandError::VersionMismatch { current: 1 })),
            "{refused:?}"
        );
    }
    assert_eq!(assert_sound(&db, org).await.len(), 3);
}

#[tokio::test]
async fn a_state_in_memory_that_has_become_old_is_noticed() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    for (way, id) in WAYS.iter().zip(["a", "b"]) {
        let (here, there) = (db.bus(), db.bus());
        here.execute(&context(org), id, way("1".to_owned()), nothing).await.unwrap();
        there.execute(&context(org), id, way("2".to_owned()), nothing).await.unwrap();
        let count = |probe: &Probe| Value::from(probe.texts.len());
        let done = here.execute(&context(org), id, way("3".to_owned()), count).await.unwrap();
        assert_eq!((done.version, done.answer), (3, Value::from(3)));
    }
}

#[tokio::test]
async fn a_repeated_key_is_answered_from_the_first_time_even_after_later_changes() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus();
    let count = |probe: &Probe| Value::from(probe.texts.len());
    for (way, id) in WAYS.iter().zip(["a", "b"]) {
        let mut ctx = context(org);
        ctx.request = RequestKey::of(org, "tester", id, [1; 32]);
        let first = bus.execute(&ctx, id, way("once".to_owned()), count).await.unwrap();
        bus.execute(&context(org), id, way("later".to_owned()), count).await.unwrap();
        let again = bus.execute(&ctx, id, way("once".to_owned()), count).await.unwrap();
        assert!(again.replayed);
        assert_eq!(
            (again.position, again.version, again.answer),
            (first.position, 1, Value::from(1))
        );

        ctx.request = RequestKey::of(org, "tester", id, [2; 32]);
        let reused = bus.execute(&ctx, id, way("other".to_owned()), count).await;
        assert!(matches!(reused, Err(CommandError::KeyReused)), "{reused:?}");
    }
}

#[tokio::test]
async fn the_same_key_of_somebody_else_is_another_request() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus();
    for actor in ["ana", "ben"] {
        let mut ctx = context(org);
        ctx.request = RequestKey::of(org, actor, "same", [1; 32]);
        let done = bus.execute(&ctx, actor, Ask::Note("x".to_owned()), nothing).await.unwrap();
        assert!(!done.replayed);
    }
}

#[tokio::test]
async fn a_request_that_would_now_be_refused_is_still_answered_when_repeated() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus();
    let mut ctx = context(org);
    ctx.request = RequestKey::of(org, "tester", "k", [1; 32]);
    bus.execute(&ctx, "a", Ask::Note("x".to_owned()), nothing).await.unwrap();
    // What a retrying client sends is the same; what the domain says about it now is no.
    let again = bus.execute(&ctx, "a", Ask::Refuse, nothing).await.unwrap();
    assert!(again.replayed);
    let unkeyed = bus.execute(&context(org), "a", Ask::Refuse, nothing).await;
    assert!(matches!(unkeyed, Err(CommandError::Refused(Refused))), "{unkeyed:?}");
}

#[tokio::test]
async fn a_command_that_changes_nothing_is_remembered_and_takes_no_position() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus();
    let mut ctx = context(org);
    ctx.request = RequestKey::of(org, "tester", "k", [1; 32]);
    let done = bus.execute(&ctx, "a", Ask::Nothing, nothing).await.unwrap();
    assert_eq!((done.position, done.version, done.replayed), (1, 0, false));
    assert!(bus.execute(&ctx, "a", Ask::Nothing, nothing).await.unwrap().replayed);
    assert!(bus.lookup(org, ctx.request.command_id).await.unwrap().is_some());
    assert_eq!(assert_sound(&db, org).await.len(), 1);
}

#[tokio::test]
async fn an_unknown_organisation_has_no_log() {
    let db = TestDb::new().await;
    let bus = db.bus();
    for way in WAYS {
        let nowhere = OrgId::from(Uuid::now_v7());
        let refused = bus.create(&context(nowhere), "a", way("x".to_owned()), nothing).await;
        assert!(matches!(refused, Err(CommandError::UnknownOrganisation)), "{refused:?}");
    }
}

#[tokio::test]
async fn a_claim_is_held_by_one_and_can_be_given_back() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let other = db.organisation().await;
    let bus = db.bus();
    let claim = || Ask::Claim("K7Q2M9XA".to_owned());
    bus.execute(&context(org), "a", claim(), nothing).await.unwrap();
    let taken = bus.execute(&context(org), "b", claim(), nothing).await;
    assert!(
        matches!(&taken, Err(CommandError::ClaimTaken { scope }) if scope == "probe.value"),
        "{taken:?}"
    );
    // Claiming again what one holds, and the same value in another organisation, are fine.
    bus.execute(&context(org), "a", claim(), nothing).await.unwrap();
    bus.execute(&context(other), "b", claim(), nothing).await.unwrap();
    bus.execute(&context(org), "a", Ask::Release("K7Q2M9XA".to_owned()), nothing).await.unwrap();
    bus.execute(&context(org), "b", claim(), nothing).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_unusable_command_does_not_sink_the_others_of_its_batch() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus_with(|options| options.lanes = 1);
    let asked = (0..20).map(|n| {
        let bus = bus.clone();
        let ask = if n == 7 { Ask::Poison } else { Ask::Note(n.to_string()) };
        async move { bus.create(&context(org), &format!("s{n}"), ask, nothing).await }
    });
    for (n, done) in join_all(asked).await.into_iter().enumerate() {
        match done {
            Err(CommandError::RolledBack { code }) => assert_eq!((n, code.as_str()), (7, "22021")),
            other => assert!(other.is_ok(), "{n}: {other:?}"),
        }
    }
    assert_eq!(assert_sound(&db, org).await.len(), 1 + 19);
}
