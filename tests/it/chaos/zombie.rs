//! A jobs process that stands still for longer than its lease wakes up as nobody.

use std::time::{Duration, Instant};

use super::Office;
use super::kill_jobs::LEASE;
use super::office::PATIENCE;
use super::tables::Tables;
use crate::append::assert_sound;
use crate::harness::{Served, TestDb};

const LOOK: Duration = Duration::from_millis(10);

/// Waits until the process keeps every projection; their terms.
async fn kept_by(tables: &Tables, process: &Served) -> Vec<i64> {
    let name = format!("{}-", process.program.pid());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let owners = tables.owners().await;
        if !owners.is_empty() && owners.iter().all(|(owner, _)| owner.starts_with(&name)) {
            return owners.into_iter().map(|(_, term)| term).collect();
        }
        assert!(Instant::now() < deadline, "{owners:?}");
        tokio::time::sleep(LOOK).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_slept_through_its_lease_changes_nothing() {
    let db = TestDb::new().await;
    let office = Office::new(db.organisation().await, &mut db.admin().await).await;
    let api = Served::start("api", &db, &[]).await;
    office.moved(vec![api.url.clone()]);
    let tables = Tables::of(&db, office.org);

    let clients = office.open();
    let first = Served::start("jobs", &db, &LEASE).await;
    tables.reach(20).await;
    let before = kept_by(&tables, &first).await;
    // In the middle of whatever it does.
    first.program.signal("STOP");

    let second = Served::start("jobs", &db, &LEASE).await;
    let after = kept_by(&tables, &second).await;
    assert!(before.iter().zip(&after).all(|(old, new)| old < new), "{before:?} {after:?}");
    let reached = tables.slowest().await;
    tables.reach(reached + 50).await;

    first.program.signal("CONT");
    let reached = tables.slowest().await;
    tables.reach(reached + 100).await;
    // Whoever keeps them from here on does so by a lease that ran out: on a busy machine one of a second may.
    office.close(clients).await;

    let log = assert_sound(&db, office.org).await;
    office.assert_each_once(&log);
    tables.reach(log.len().try_into().unwrap()).await;
    assert!(first.program.stop().success());
    assert!(second.program.stop().success());
    tables.assert_right(&log).await;
}
