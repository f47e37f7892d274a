//! The heads of the logs are signed by themselves: once in each period, and only where something has happened.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;
use projections::history::checkpoint::{self, SigningKey};
use projections::tenant;
use runner::jobs::sign_checkpoints::SignCheckpoints;

use super::{House, at};

pub(super) fn key() -> SigningKey {
    SigningKey::parse("AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=").unwrap()
}

/// Signs every hour by a clock that stands at `minute`.
fn job(house: &House, minute: &Arc<AtomicI64>) -> SignCheckpoints {
    let minute = Arc::clone(minute);
    let clock: api::Clock = Arc::new(move || at(minute.load(Ordering::SeqCst)));
    let db = house.db.worker.clone();
    SignCheckpoints::new(db, Some(key()), TimeDelta::hours(1), "one".to_owned(), clock)
}

impl House {
    /// The signed positions, newest first.
    async fn checkpoints(&self) -> Vec<i64> {
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        let all = checkpoint::list(&mut tx, self.org, None, 50).await.unwrap();
        all.iter().map(|one| one.position).collect()
    }

    async fn runs(&self) -> Vec<(String, String)> {
        let mut tx = tenant::begin(&self.db.app, self.org).await.unwrap();
        sqlx::query_as(
            "select period, outcome from job_runs where job = 'checkpoints' order by period",
        )
        .fetch_all(&mut *tx)
        .await
        .unwrap()
    }
}

#[tokio::test]
async fn a_log_that_has_grown_is_signed_once_in_each_period() {
    let house = House::new().await;
    let minute = Arc::new(AtomicI64::new(0));
    let job = job(&house, &minute);
    house.fill(1).await;
    assert_eq!(job.sign_due().await.unwrap(), 1);
    house.fill(1).await;
    // The period is taken.
    assert_eq!(job.sign_due().await.unwrap(), 0);
    minute.store(60, Ordering::SeqCst);
    assert_eq!(job.sign_due().await.unwrap(), 1);
    assert_eq!(house.checkpoints().await, [9, 5]);
    // Another period, but nothing has happened.
    minute.store(120, Ordering::SeqCst);
    assert_eq!(job.sign_due().await.unwrap(), 0);
    assert_eq!(house.runs().await.len(), 2);
}

#[tokio::test]
async fn two_processes_never_sign_twice() {
    let house = House::new().await;
    house.fill(20).await;
    let minute = Arc::new(AtomicI64::new(0));
    let (one, other) = (job(&house, &minute), job(&house, &minute));
    let (one, other) = tokio::join!(one.sign_due(), other.sign_due());
    assert_eq!(one.unwrap() + other.unwrap(), 1);
    assert_eq!(house.checkpoints().await.len(), 1);
    assert_eq!(house.runs().await.len(), 1);
}

#[tokio::test]
async fn a_log_that_does_not_hold_is_not_signed_and_does_not_keep_others_from_it() {
    let house = House::new().await;
    house.fill(2).await;
    let other = house.db.organisation().await;
    house.tamper("update events set payload = '{}' where org_id = $1 and position = 3").await;
    let minute = Arc::new(AtomicI64::new(0));
    let job = job(&house, &minute);
    let refused = job.sign_due().await.unwrap_err().to_string();
    assert!(refused.contains("do not hold: 1"), "{refused}");
    assert_eq!(house.checkpoints().await, [0_i64; 0]);
    assert_eq!(house.runs().await, [("2024-10-04T00:00:00Z".to_owned(), "failed".to_owned())]);
    let mut tx = tenant::begin(&house.db.app, other).await.unwrap();
    assert_eq!(checkpoint::list(&mut tx, other, None, 50).await.unwrap().len(), 1);
    // Not proven again and again before the next period.
    assert_eq!(job.sign_due().await.unwrap(), 0);
}

#[tokio::test]
async fn without_a_key_nothing_is_signed() {
    let house = House::new().await;
    let clock: api::Clock = Arc::new(|| at(0));
    let db = house.db.worker.clone();
    let job = SignCheckpoints::new(db, None, TimeDelta::hours(1), "one".to_owned(), clock);
    assert_eq!(job.sign_due().await.unwrap(), 0);
    assert_eq!(house.runs().await, []);
}
