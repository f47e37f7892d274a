//! A log that was tampered with is not followed, and the checkpoint says where and why.

use super::setting::{Setting, reader};

/// Follows a log of 30 events after `tampering` with it; where it halted, and why.
async fn halted_after(tampering: &[&str]) -> (i64, String) {
    let setting = Setting::new().await;
    let (mut log, mut other) = (setting.log().await, setting.log().await);
    log.fill(30).await;
    other.fill(30).await;
    for statement in tampering {
        sqlx::query(statement).bind(log.org.as_uuid()).execute(&setting.owner).await.unwrap();
    }

    let worker = setting.worker(&[reader("entity_timeline")]);
    worker.catch_up().await.unwrap();
    worker.catch_up().await.unwrap();

    assert_eq!(setting.timeline(other.org).await.len(), 30, "others go on");
    let (position, _, halted) = setting.checkpoint(log.org, "entity_timeline").await;
    let applied = setting.timeline(log.org).await;
    assert_eq!(applied, (1..=position).collect::<Vec<_>>(), "nothing of the broken batch");
    (position, halted.unwrap())
}

#[tokio::test]
async fn a_changed_byte_halts_the_log_and_is_named() {
    let tamper = "update events set payload = '{ }' where org_id = $1 and position = 17";
    let (position, reason) = halted_after(&[tamper]).await;
    assert_eq!(position, 10);
    assert!(reason.contains("position 17"), "{reason}");
}

#[tokio::test]
async fn a_missing_event_halts_the_log_and_is_named() {
    let (position, reason) =
        halted_after(&["delete from events where org_id = $1 and position = 21"]).await;
    assert_eq!(position, 20);
    assert!(reason.contains("gap: after position 20 comes position 22"), "{reason}");
}

#[tokio::test]
async fn a_missing_tail_halts_the_log_and_is_named() {
    let (position, reason) =
        halted_after(&["delete from events where org_id = $1 and position > 25"]).await;
    assert_eq!(position, 25);
    assert!(reason.contains("ends at position 25, but reached 30"), "{reason}");
}

#[tokio::test]
async fn a_swapped_pair_halts_the_log() {
    let swap = [
        "update events set position = 1000 where org_id = $1 and position = 5",
        "update events set position = 5 where org_id = $1 and position = 6",
        "update events set position = 6 where org_id = $1 and position = 1000",
    ];
    let (position, reason) = halted_after(&swap).await;
    assert_eq!(position, 0);
    assert!(reason.contains("position 5"), "{reason}");
}

#[tokio::test]
async fn a_repaired_log_is_followed_again() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.fill(12).await;
    let change = "update events set payload = $2::json where org_id = $1 and position = 11";
    for payload in ["{ }", "{}"] {
        sqlx::query(change)
            .bind(log.org.as_uuid())
            .bind(payload)
            .execute(&setting.owner)
            .await
            .unwrap();
        setting.settle(&[reader("entity_timeline")]).await;
        let mut tx = projections::tenant::begin(&setting.pool, log.org).await.unwrap();
        let resumed = projections::engine::resume(&mut tx, log.org, "entity_timeline").await;
        tx.commit().await.unwrap();
        assert_eq!(resumed.unwrap(), payload == "{ }");
    }
    assert_eq!(setting.timeline(log.org).await.len(), 12);
}
