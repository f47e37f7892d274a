//! A running worker finds work by itself, sooner when it is told, and leaves when it is asked to.

use std::time::Duration;

use projections::READERS;
use projections::engine::{Options, Waited, Worker, owners, position, wait_for};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::setting::Setting;
use crate::harness::database::keys;

/// Far above what is needed; only a broken worker uses it up.
const PATIENCE: Duration = Duration::from_secs(20);

fn names() -> Vec<&'static str> {
    READERS.iter().map(|reader| reader.name).collect()
}

#[tokio::test]
async fn polling_alone_finds_everything() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    let mut options = Options::new("runs", READERS);
    options.poll = (Duration::from_millis(1), Duration::from_millis(20));
    let worker = Worker::new(setting.pool.clone(), keys(), options);
    let stop = CancellationToken::new();
    // As the program runs it: as a task of its own.
    let tasks = TaskTracker::new();
    tasks.spawn(worker.run(stop.clone()));
    for _ in 0..3 {
        log.fill(5).await;
        let (upto, deadline) = (log.mark.position, Instant::now() + PATIENCE);
        let waited = wait_for(&setting.pool, log.org, &names(), upto, deadline).await.unwrap();
        assert_eq!(waited, Waited::Reached);
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    assert!(owners(&setting.pool).await.unwrap().iter().all(|owner| !owner.is_live));
}

#[tokio::test]
async fn a_hint_wakes_a_worker_that_would_sleep_for_long() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    let mut options = Options::new("runs", READERS);
    options.poll = (Duration::from_hours(1), Duration::from_hours(1));
    let worker = Worker::new(setting.pool.clone(), keys(), options);
    let stop = CancellationToken::new();
    let told = async {
        log.fill(5).await;
        let patience = Instant::now() + PATIENCE;
        // Repeated, because nobody hears it before the worker listens.
        loop {
            sqlx::query("select pg_notify('log_moved', '')").execute(&setting.owner).await.unwrap();
            let deadline = Instant::now() + Duration::from_millis(100);
            let waited = wait_for(&setting.pool, log.org, &names(), 5, deadline).await.unwrap();
            if waited == Waited::Reached {
                break stop.cancel();
            }
            assert!(Instant::now() < patience, "{waited:?}");
        }
    };
    tokio::join!(worker.run(stop.clone()), told);
}

#[tokio::test]
async fn who_does_not_want_to_wait_is_told_how_far_it_is() {
    let setting = Setting::new().await;
    let mut log = setting.log().await;
    log.fill(3).await;
    let now = Instant::now();
    let waited = wait_for(&setting.pool, log.org, &names(), 3, now).await.unwrap();
    assert_eq!(waited, Waited::Stale { at: 0 });
    setting.settle(&READERS[..1]).await;
    assert_eq!(position(&setting.pool, log.org, READERS[0].name).await.unwrap(), 3);
    let waited = wait_for(&setting.pool, log.org, &names(), 3, now).await.unwrap();
    assert_eq!(waited, Waited::Stale { at: 0 }, "one of them has not begun");
}
