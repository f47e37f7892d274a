//! A log that is far behind does not keep the others waiting.

use std::sync::Mutex;

use domain::id::OrgId;
use projections::engine::{Options, Worker};
use projections::{Batch, Poison, Projection, Reader};
use sqlx::PgConnection;

use super::setting::Setting;
use crate::harness::database::keys;

/// Writes down whose turn it was.
struct Witness;

static TURNS: Mutex<Vec<OrgId>> = Mutex::new(Vec::new());

impl Projection for Witness {
    const NAME: &'static str = "witness";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &[];

    async fn apply(_: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        TURNS.lock().unwrap().push(batch.org);
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn one_event_of_a_small_organisation_waits_for_one_batch_of_a_big_one_at_most() {
    let setting = Setting::new().await;
    let (mut big, mut small) = (setting.log().await, setting.log().await);
    big.fill(100).await;
    small.fill(1).await;
    let mut options = Options::new("one", &[Reader::of::<Witness>()]);
    options.limits.events = 10;
    options.width = 1;
    let worker = Worker::new(setting.pool.clone(), keys(), options);
    worker.catch_up().await.unwrap();
    let turns = TURNS.lock().unwrap();
    assert_eq!(turns.len(), 11);
    assert!(turns.iter().position(|org| *org == small.org) <= Some(1), "{turns:?}");
}
