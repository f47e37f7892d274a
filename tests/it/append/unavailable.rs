//! A queue that is full and a database that is gone: said soon, said clearly, and over without a restart.

use std::time::{Duration, Instant};

use commands::CommandError;
use futures::future::join_all;
use serde_json::Value;
use sqlx::Executor;

use super::assert_sound;
use super::probe::{Ask, Probe};
use crate::harness::TestDb;
use crate::harness::database::context;

fn nothing(_: &Probe) -> Value {
    Value::Null
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_turns_callers_away_and_what_it_took_is_carried_out() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let mut holder = db.admin().await;
    let hold = format!("begin; select 1 from log_heads where org_id = '{org}' for update");
    holder.execute(hold.as_str()).await.unwrap();

    let bus = db.bus_with(|options| {
        options.lanes = 1;
        options.queue = 4;
    });
    let asked = (0..400).map(|n| {
        let bus = bus.clone();
        #[expect(clippy::disallowed_methods, reason = "joined below")]
        tokio::spawn(async move {
            bus.create(&context(org), &format!("s{n}"), Ask::Note("x".to_owned()), nothing).await
        })
    });
    let asked: Vec<_> = asked.collect();
    // At least one is turned away while the head is held; then everybody may go on.
    while !asked.iter().any(tokio::task::JoinHandle::is_finished) {
        tokio::task::yield_now().await;
    }
    holder.execute("rollback").await.unwrap();
    let fates: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    let full = fates.iter().filter(|fate| matches!(fate, Err(CommandError::QueueFull))).count();
    let done = fates.iter().filter(|fate| fate.is_ok()).count();
    assert!(full > 0 && done > 0);
    assert_eq!(full + done, fates.len());
    assert_eq!(assert_sound(&db, org).await.len(), 1 + done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_no_connections_is_reported_within_two_and_a_half_seconds() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus_with(|options| {
        // Nobody listens on this port.
        options.connect = options.connect.clone().port(1);
    });
    let asked = Instant::now();
    let refused = bus.create(&context(org), "a", Ask::Note("x".to_owned()), nothing).await;
    assert!(matches!(refused, Err(CommandError::Unavailable)), "{refused:?}");
    assert!(asked.elapsed() < Duration::from_millis(2500));
}

#[tokio::test(flavor = "multi_thread")]
async fn backends_that_are_killed_cost_nobody_their_command() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let bus = db.bus();
    let mut admin = db.admin().await;
    for round in 0..5 {
        let asked = (0..32).map(|n| {
            let bus = bus.clone();
            #[expect(clippy::disallowed_methods, reason = "joined below")]
            tokio::spawn(async move {
                let ask = Ask::Note("x".to_owned());
                bus.create(&context(org), &format!("{round}-{n}"), ask, nothing).await
            })
        });
        let asked: Vec<_> = asked.collect();
        admin
            .execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'cleaning lane' and datname = current_database()")
            .await
            .unwrap();
        for fate in join_all(asked).await {
            fate.unwrap().unwrap();
        }
    }
    assert_eq!(assert_sound(&db, org).await.len(), 1 + 5 * 32);
}
