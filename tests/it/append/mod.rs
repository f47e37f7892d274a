//! The append function and its lanes: order, once, and each command's own fate.

mod fate;
mod lost_reply;
mod probe;
mod race;
mod slots;
mod unavailable;

use domain::chain;
use domain::id::OrgId;
use domain::recorded::Recorded;
use sqlx::{PgConnection, Row};

use crate::harness::TestDb;

/// The whole log of `org`, read past every rule by the administrator.
pub(crate) async fn log_of(db: &mut PgConnection, org: OrgId) -> Vec<Recorded> {
    let rows = sqlx::query(
        "select position, recorded_at, sequence, aggregate_type, aggregate_id, event_type, event_version,
                payload::text as payload, metadata::text as metadata, hash
         from public.events where org_id = $1 order by position",
    )
    .bind(org.as_uuid())
    .fetch_all(db)
    .await
    .unwrap();
    rows.into_iter()
        .map(|row| Recorded {
            org,
            position: row.get("position"),
            recorded_at: row.get("recorded_at"),
            aggregate_type: row.get("aggregate_type"),
            aggregate_id: row.get("aggregate_id"),
            sequence: row.get("sequence"),
            event_type: row.get("event_type"),
            event_version: row.get("event_version"),
            payload: row.get("payload"),
            metadata: row.get("metadata"),
            hash: row.get::<Vec<u8>, _>("hash").try_into().unwrap(),
        })
        .collect()
}

/// Positions 1..N without hole or repeat, every link right, time never running backwards, the head at the end.
pub(crate) async fn assert_sound(db: &TestDb, org: OrgId) -> Vec<Recorded> {
    sound(&mut db.admin().await, org).await
}

/// As [`assert_sound`], with the administrator's connection to any database.
pub(crate) async fn sound(admin: &mut PgConnection, org: OrgId) -> Vec<Recorded> {
    let log = log_of(admin, org).await;
    let mut hash = chain::genesis(org);
    for (event, position) in log.iter().zip(1..) {
        assert_eq!(event.position, position);
        assert_eq!(event.expected_hash(&hash), event.hash, "link {position}");
        hash = event.hash;
    }
    assert!(log.windows(2).all(|pair| pair[0].recorded_at <= pair[1].recorded_at));
    let head = sqlx::query("select position, hash from public.log_heads where org_id = $1")
        .bind(org.as_uuid())
        .fetch_one(admin)
        .await
        .unwrap();
    assert_eq!(head.get::<i64, _>("position"), i64::try_from(log.len()).unwrap());
    assert_eq!(head.get::<Vec<u8>, _>("hash"), hash);
    log
}
