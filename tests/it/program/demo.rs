//! The demo data: the same every time, also if it took two starts to make them.

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use runner::config::Config;
use runner::demo::{self, Amount, ORGANISATIONS};
use runner::organisations::Organisations;
use tokio_util::task::TaskTracker;

use crate::harness::TestDb;
use crate::harness::database::{MASTER_KEY, keys};

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

/// Organisation, position, aggregate, type and moment.
type Event = (String, i64, String, String, DateTime<Utc>);

/// Everything about the events of both organisations that is not sealed.
async fn history(db: &TestDb) -> Vec<Event> {
    sqlx::query_as(
        "select org_id::text, position, aggregate_id, event_type, recorded_at from events order by org_id, position",
    )
    .fetch_all(&mut db.admin().await)
    .await
    .unwrap()
}

/// Event by event: of two long histories only the first difference is worth reading.
fn assert_same(made: &[Event], expected: &[Event]) {
    for (made, expected) in made.iter().zip(expected) {
        assert_eq!(made, expected);
    }
    assert_eq!(made.len(), expected.len());
}

async fn count(db: &TestDb, query: &str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&mut db.admin().await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fill_that_was_cut_off_is_completed_by_the_next_and_only_once() {
    let (whole, cut) = (TestDb::new().await, TestDb::new().await);
    fill(&whole, Amount::Sample, 0).await;
    let expected = history(&whole).await;
    assert!(expected.len() > 300, "{}", expected.len());

    for limit in [1, 40, 200] {
        let reached = async {
            while count(&cut, "select count(*) from events").await < limit {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = fill(&cut, Amount::Sample, 0) => panic!("not cut off"),
            () = reached => {}
        }
    }
    assert!(history(&cut).await.len() < expected.len());
    // The day it is completed on makes no difference.
    fill(&cut, Amount::Sample, 3).await;
    assert_same(&history(&cut).await, &expected);
    let logins = "select count(*) from staff_logins";
    assert_eq!(count(&cut, logins).await, count(&whole, logins).await);
    let workers = "select count(*) from worker_logins where password_hash is not null and temporary_until is null";
    assert_eq!(count(&cut, workers).await, 6);
    fill(&cut, Amount::Sample, 4).await;
    assert_same(&history(&cut).await, &expected);
}

#[tokio::test]
async fn a_client_of_the_demo_is_given_a_link_that_works() {
    let db = TestDb::new().await;
    let links = organisations(&db).links(keys());
    let [maple, _] = &ORGANISATIONS;
    let none = demo::client_login(&links, maple, "http://x", noon(90)).await.unwrap();
    assert_eq!(none, None);
    fill(&db, Amount::Sample, 0).await;
    let told = demo::client_login(&links, maple, "http://x", noon(90)).await.unwrap().unwrap();
    let link = told["link"].as_str().unwrap();
    let token = link.strip_prefix("http://x/client/login/callback?token=").unwrap();
    let found = format!("select count(*) from portal_links where token_hash = sha256('{token}')");
    assert_eq!(count(&db, &found).await, 1);
}

#[tokio::test]
async fn an_organisation_that_somebody_works_with_is_left_as_it_is() {
    let db = TestDb::new().await;
    fill(&db, Amount::None, 0).await;
    // Each was opened and given a plan.
    let made = 2 * ORGANISATIONS.len();
    assert_eq!(history(&db).await.len(), made);
    fill(&db, Amount::Sample, 1).await;
    assert_eq!(history(&db).await.len(), made);
}
