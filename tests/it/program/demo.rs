//! The demo data: the same every time, also if it took two starts to make them.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use runner::config::Config;
use runner::demo::{self, Amount, ORGANISATIONS};
use runner::organisations::Organisations;
use tokio_util::task::TaskTracker;

use crate::harness::TestDb;
use crate::harness::database::MASTER_KEY;

#[derive(Parser)]
struct Alone {
    #[command(flatten)]
    config: Config,
}

fn organisations(db: &TestDb) -> Organisations {
    let url = db.url("cleaning_app");
    let arguments = ["cleaning", "--database-url", &url, "--pii-master-key", MASTER_KEY];
    Organisations::connect(&Alone::parse_from(arguments).config, &TaskTracker::new()).unwrap()
}

fn noon(day: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + day) + TimeDelta::hours(12)
}

async fn fill(db: &TestDb, amount: Amount, day: i64) {
    let organisations = organisations(db);
    demo::fill(&organisations, amount, 1, noon(day), |name| Ok(name.to_owned())).await.unwrap();
}

/// Everything about the events of both organisations that is not sealed.
async fn history(db: &TestDb) -> Vec<(String, i64, String, String, DateTime<Utc>)> {
    sqlx::query_as(
        "select org_id::text, position, aggregate_id, event_type, recorded_at from events order by org_id, position",
    )
    .fetch_all(&mut db.admin().await)
    .await
    .unwrap()
}

async fn count(db: &TestDb, query: &str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&mut db.admin().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fill_that_was_cut_off_is_completed_by_the_next_and_only_once() {
    let (whole, cut) = (TestDb::new().await, TestDb::new().await);
    fill(&whole, Amount::Small, 0).await;
    let expected = history(&whole).await;
    assert!(expected.len() > 300, "{}", expected.len());

    for limit in [1, 40, 200] {
        let reached = async {
            while count(&cut, "select count(*) from events").await < limit {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = fill(&cut, Amount::Small, 0) => panic!("not cut off"),
            () = reached => {}
        }
    }
    assert!(history(&cut).await.len() < expected.len());
    // The day it is completed on makes no difference.
    fill(&cut, Amount::Small, 3).await;
    assert_eq!(history(&cut).await, expected);
    let logins = "select count(*) from staff_logins";
    assert_eq!(count(&cut, logins).await, count(&whole, logins).await);
    fill(&cut, Amount::Small, 4).await;
    assert_eq!(history(&cut).await, expected);
}

#[tokio::test]
async fn an_organisation_that_somebody_works_with_is_left_as_it_is() {
    let db = TestDb::new().await;
    fill(&db, Amount::None, 0).await;
    // Each was opened and given a plan.
    let made = 2 * ORGANISATIONS.len();
    assert_eq!(history(&db).await.len(), made);
    fill(&db, Amount::Small, 1).await;
    assert_eq!(history(&db).await.len(), made);
}
