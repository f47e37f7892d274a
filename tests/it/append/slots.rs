//! Slots: what overlaps cannot be written, not even by a hundred at once.

use chrono::{DateTime, TimeDelta, Utc};
use commands::CommandError;
use futures::future::join_all;
use serde_json::Value;
use uuid::Uuid;

use super::assert_sound;
use super::probe::{Ask, Probe};
use crate::harness::TestDb;
use crate::harness::database::context;

fn book(resource: Uuid, hour: i64, hours: i64) -> Ask {
    let day: DateTime<Utc> = "2026-03-04T00:00:00Z".parse().unwrap();
    let from = day + TimeDelta::hours(hour);
    Ask::Book { resource, from, until: from + TimeDelta::hours(hours) }
}

fn nothing(_: &Probe) -> Value {
    Value::Null
}

#[tokio::test]
async fn an_overlapping_slot_is_refused_and_its_holder_named() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus();
    let team = Uuid::now_v7();
    bus.execute(&context(org), "a", book(team, 9, 3), nothing).await.unwrap();
    let refused = bus.execute(&context(org), "b", book(team, 11, 2), nothing).await;
    let Err(CommandError::SlotTaken { detail }) = refused else { panic!("{refused:?}") };
    assert_eq!((&detail["kind"], &detail["reference"]), (&Value::from("probe"), &Value::from("a")));
    // Back to back, another team, another organisation: all free.
    bus.execute(&context(org), "b", book(team, 12, 2), nothing).await.unwrap();
    bus.execute(&context(org), "c", book(Uuid::now_v7(), 9, 3), nothing).await.unwrap();
    let other = db.organisation().await;
    bus.execute(&context(other), "d", book(team, 9, 3), nothing).await.unwrap();
    assert_eq!(assert_sound(&db, org).await.len(), 4);
}

#[tokio::test]
async fn moving_gives_the_old_slot_back_even_when_the_new_one_overlaps_it() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus();
    let team = Uuid::now_v7();
    bus.execute(&context(org), "a", book(team, 9, 3), nothing).await.unwrap();
    bus.execute(&context(org), "a", book(team, 10, 3), nothing).await.unwrap();
    bus.execute(&context(org), "b", book(team, 9, 1), nothing).await.unwrap();
    let refused = bus.execute(&context(org), "b", book(team, 12, 2), nothing).await;
    assert!(matches!(refused, Err(CommandError::SlotTaken { .. })), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_sixty_four_gets_the_slot() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let buses = [db.bus(), db.bus()];
    for round in 0..5 {
        let team = Uuid::now_v7();
        let asked = (0..64).map(|n| {
            let bus = buses[n % 2].clone();
            #[expect(clippy::disallowed_methods, reason = "joined below")]
            tokio::spawn(async move {
                bus.create(&context(org), &format!("{round}-{n}"), book(team, 9, 3), nothing).await
            })
        });
        let fates: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(fates.iter().filter(|fate| fate.is_ok()).count(), 1);
        let refused = |fate: &&Result<_, _>| matches!(fate, Err(CommandError::SlotTaken { .. }));
        assert_eq!(fates.iter().filter(refused).count(), 63);
    }
    assert_eq!(assert_sound(&db, org).await.len(), 6);
}
