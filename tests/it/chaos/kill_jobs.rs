//! The jobs process killed under load: read models are what a replay of the log makes of it, effects happen once.

use rand::Rng;

use super::Office;
use super::tables::Tables;
use crate::append::assert_sound;
use crate::harness::{Served, TestDb};

const KILLS: usize = 8;

/// Short, so that a successor need not wait for long.
pub(super) const LEASE: [(&str, &str); 1] = [("PROJECTION_LEASE_SECONDS", "1")];

#[tokio::test(flavor = "multi_thread")]
async fn killing_the_jobs_skips_no_event_and_doubles_no_effect() {
    let db = TestDb::new().await;
    let office = Office::new(db.organisation().await, &mut db.admin().await).await;
    let api = Served::start("api", &db, &[]).await;
    office.moved(vec![api.url.clone()]);
    let tables = Tables::of(&db, office.org);

    let clients = office.open();
    let mut jobs = Served::start("jobs", &db, &LEASE).await;
    for _ in 0..KILLS {
        // Each successor must get to work before it is killed too.
        let reached = tables.slowest().await;
        tables.reach(reached + rand::rng().random_range(1..20)).await;
        jobs.program.kill();
        jobs = Served::start("jobs", &db, &LEASE).await;
    }
    office.close(clients).await;

    let log = assert_sound(&db, office.org).await;
    office.assert_each_once(&log);
    tables.reach(log.len().try_into().unwrap()).await;
    tables.settled_effects().await;
    assert!(jobs.program.stop().success());
    tables.assert_right(&log).await;
}
