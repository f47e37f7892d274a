//! Every event takes effect exactly once, whoever dies or believes to be the owner.

use std::future::pending;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use projections::engine::{CatchUpError, owners};
use projections::entity_timeline::EntityTimeline;
use projections::{Batch, Poison, Projection, READERS, Reader};
use sqlx::{PgConnection, PgPool};
use tokio::sync::Notify;

use super::setting::{Setting, reader};

const TIMELINE: &str = "entity_timeline";

#[tokio::test]
async fn every_projection_comes_to_the_hash_of_the_log() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.fill(35).await;
    assert_eq!(setting.settle(READERS).await, 35 * READERS.len());
    assert_eq!(setting.settle(READERS).await, 0);
    for reader in READERS {
        let (position, hash, halted) = setting.checkpoint(log.org, reader.name).await;
        assert_eq!((position, hash, halted), (35, log.mark.hash.to_vec(), None), "{}", reader.name);
    }
    assert_eq!(setting.timeline(log.org).await, (1..=35).collect::<Vec<_>>());
}

/// A timeline that once stops for ever after it has written.
struct Stalling;

static STALLS: AtomicBool = AtomicBool::new(true);
static STALLED: Notify = Notify::const_new();

impl Projection for Stalling {
    const NAME: &'static str = "stalling";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["entity_timeline"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let poison = EntityTimeline::apply(db, batch).await?;
        if batch.events.iter().any(|event| event.position == 15)
            && STALLS.swap(false, Ordering::SeqCst)
        {
            STALLED.notify_one();
            pending::<()>().await;
        }
        Ok(poison)
    }
}

#[tokio::test]
async fn a_worker_that_dies_in_mid_batch_leaves_nothing_and_the_next_does_it_all() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.fill(30).await;
    let stalling = [Reader::of::<Stalling>()];
    let worker = setting.worker(&stalling);
    tokio::select! {
        _ = worker.catch_up() => panic!("it stalls"),
        () = STALLED.notified() => {}
    }
    assert_eq!(setting.timeline(log.org).await.len(), 10, "the batch before it");
    assert_eq!(setting.settle(&stalling).await, 20);
    assert_eq!(setting.timeline(log.org).await, (1..=30).collect::<Vec<_>>());
}

/// A timeline whose lease goes to somebody else while it writes.
struct Usurped;

static USURPER: OnceLock<PgPool> = OnceLock::new();

impl Projection for Usurped {
    const NAME: &'static str = "usurped";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["entity_timeline"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let poison = EntityTimeline::apply(db, batch).await?;
        sqlx::query("update projection_owners set owner = 'usurper', term = term + 1 where projection = 'usurped'")
            .execute(USURPER.get().unwrap())
            .await?;
        Ok(poison)
    }
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_in_mid_batch_writes_nothing() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.fill(5).await;
    USURPER.set(setting.owner.clone()).unwrap();
    let outcome = setting.worker(&[Reader::of::<Usurped>()]).catch_up().await;
    assert!(matches!(outcome, Err(CatchUpError::OwnedElsewhere(_))), "{outcome:?}");
    assert_eq!(setting.timeline(log.org).await, [0; 0]);
    let checkpoints: i64 = sqlx::query_scalar("select count(*) from projection_checkpoints")
        .fetch_one(&setting.owner)
        .await
        .unwrap();
    assert_eq!(checkpoints, 0);
}

#[tokio::test]
async fn a_second_worker_waits_for_the_lease_and_takes_over_with_a_higher_term() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.fill(5).await;
    let first = setting.worker_named("first", &[reader(TIMELINE)]);
    let second = setting.worker_named("second", &[reader(TIMELINE)]);
    first.catch_up().await.unwrap();
    log.fill(5).await;
    assert!(matches!(second.catch_up().await, Err(CatchUpError::OwnedElsewhere(_))));

    first.release().await.unwrap();
    assert_eq!(second.catch_up().await.unwrap(), 5);
    let owner = owners(&setting.pool).await.unwrap().pop().unwrap();
    assert_eq!((owner.owner.as_str(), owner.term), ("second", 2));
    assert!(matches!(first.catch_up().await, Err(CatchUpError::OwnedElsewhere(_))));
}

#[tokio::test]
async fn two_workers_forced_to_own_one_projection_double_nothing() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.fill(200).await;
    // The same name gets the same term, so neither is fenced by it.
    let (one, two) = (setting.worker(&[reader(TIMELINE)]), setting.worker(&[reader(TIMELINE)]));
    let (first, second) = tokio::join!(one.catch_up(), two.catch_up());
    assert_eq!(first.unwrap() + second.unwrap(), 200);
    assert_eq!(setting.timeline(log.org).await, (1..=200).collect::<Vec<_>>());
    assert_eq!(setting.parked(log.org).await, []);
}
