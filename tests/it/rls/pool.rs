//! Few connections, many organisations: whatever happened to the one before, the next sees its own rows only.

use std::pin::pin;

use futures::future::join_all;
use futures::poll;
use projections::tenant;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, Row};

use crate::harness::logins::{Org, PASSWORD, org};
use crate::harness::{App, Client, TestDb};

/// Fewer than there are organisations, and than there are requests at once.
const CONNECTIONS: u32 = 2;

const ORGANISATIONS: usize = 10;

/// Longer than any statement takes here that is not kept waiting.
const STATEMENT_TIMEOUT: &str = "1s";

struct Office {
    org: Org,
    owner: Client,
    lead: String,
}

impl Office {
    /// A word that no other organisation has.
    fn mark(&self) -> String {
        format!("mark-of-{}", self.org.slug)
    }
}

async fn offices(app: &App) -> Vec<Office> {
    let mut offices = Vec::new();
    for number in 0..ORGANISATIONS {
        let org = org(&app.db, &format!("office{number:02}")).await;
        let owner = app.anyone().signed_in(&format!("owner-{}", org.slug), PASSWORD);
        let owner = owner.with("x-org", &org.slug);
        let mut office = Office { org, owner, lead: String::new() };
        for _ in 0..=number % 3 {
            let form = json!({
                "name": office.mark(), "phone": "1", "address": "a", "preferred_dates": ["x"],
                "estimate_snapshot": {}, "structured_inputs": { "beds": 1, "baths": 1 },
            });
            let made = office.owner.post("/v1/leads", &form).await;
            made.ok().body["lead_id"].as_str().unwrap().clone_into(&mut office.lead);
        }
        offices.push(office);
    }
    app.settle().await;
    offices
}

/// What an office asks, in its round: most of it answered, some of it failing in the database or before.
fn question(office: &Office, round: usize) -> String {
    let lead = &office.lead;
    match round % 8 {
        0 => "/v1/admin/leads".to_owned(),
        // Makes tables for this transaction only, called like the live ones.
        1 => "/v1/admin/leads?as_of=2".to_owned(),
        2 => format!("/v1/admin/leads/{lead}"),
        3 => format!("/v1/admin/history/lead/{lead}"),
        // Fails in the middle of its transaction.
        4 => "/v1/admin/leads?as_of=999999".to_owned(),
        5 => "/v1/admin/events?limit=500".to_owned(),
        6 => format!("/v1/admin/leads/{lead}?as_of=2"),
        _ => "/v1/admin/leads?query=mark-of".to_owned(),
    }
}

/// The answer to `number`'s question has nothing of anybody else in it.
async fn ask(offices: &[Office], number: usize, round: usize) -> u16 {
    let office = &offices[number];
    let path = question(office, round);
    let answer = office.owner.get(&path).await;
    for other in offices.iter().filter(|other| other.org.slug != office.org.slug) {
        let id = other.org.id.to_string();
        let shows = answer.text.contains(&other.mark()) || answer.text.contains(&id);
        assert!(!shows, "{path} shows {} what is {}'s", office.org.slug, other.org.slug);
    }
    if path == "/v1/admin/leads" && answer.status == 200 {
        assert_eq!(answer.body["total"], number % 3 + 1, "{}", office.org.slug);
    }
    answer.status
}

/// What every connection of the pool is left with: no organisation, no rows, no tables of its own, no transaction.
async fn assert_clean(db: &TestDb) {
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = db.app.acquire().await.unwrap();
        let row = connection
            .fetch_one(
                "select coalesce(current_setting('app.current_org_id', true), '') as org,
                        (select count(*) from events) + (select count(*) from lead_list) as rows,
                        (select count(*) from pg_class where relnamespace = pg_my_temp_schema()) as tables,
                        current_setting('search_path') as path",
            )
            .await
            .unwrap();
        assert_eq!(row.get::<String, _>("org"), "");
        assert_eq!((row.get::<i64, _>("rows"), row.get::<i64, _>("tables")), (0, 0));
        assert_eq!(row.get::<String, _>("path"), "read, public");
        held.push(connection);
    }
    let open: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity
         where datname = current_database() and state like 'idle in transaction%'",
    )
    .fetch_one(&mut db.admin().await)
    .await
    .unwrap();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn a_connection_takes_nothing_along_from_one_organisation_to_the_next() {
    let db = TestDb::new().await;
    let mut admin = db.admin().await;
    let name: String =
        sqlx::query_scalar("select current_database()").fetch_one(&mut admin).await.unwrap();
    let limit = format!(
        "alter role cleaning_app in database {name} set statement_timeout = '{STATEMENT_TIMEOUT}'"
    );
    admin.execute(limit.as_str()).await.unwrap();
    let db = db.through(None, CONNECTIONS).await;
    let app = App::start_over(db, &["--email-mode", "off"]).await;
    let offices = offices(&app).await;

    // All at once, many more than there are connections.
    let all = (0..240)
        .map(|number| ask(&offices, number % ORGANISATIONS, number / ORGANISATIONS + number));
    let statuses = join_all(all).await;
    assert!(statuses.iter().filter(|status| **status == 200).count() > 180, "{statuses:?}");
    assert!(statuses.iter().any(|status| *status >= 400), "nothing failed: {statuses:?}");
    assert!(statuses.iter().all(|status| *status < 500), "{statuses:?}");
    assert_clean(&app.db).await;

    // Callers who hang up: each a little later than the one before, in the middle of everything.
    for patience in 0..60 {
        for number in 0..4 {
            let mut asking =
                pin!(ask(&offices, (number + patience) % ORGANISATIONS, number + patience));
            for _ in 0..patience {
                if poll!(&mut asking).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        assert!(ask(&offices, patience % ORGANISATIONS, 0).await == 200);
    }
    assert_clean(&app.db).await;

    // Statements that the database gives up because somebody holds the table.
    let held = "begin; lock table read.lead_list, read.lead_detail in access exclusive mode";
    admin.execute(held).await.unwrap();
    let all = (0..8).map(|number| ask(&offices, number, [0, 2, 7, 1][number % 4]));
    let waited = join_all(all).await;
    assert!(waited.iter().any(|status| *status >= 500), "nobody waited in vain: {waited:?}");
    admin.execute("rollback").await.unwrap();
    assert_clean(&app.db).await;
    let all = (0..80).map(|number| ask(&offices, number % ORGANISATIONS, number / ORGANISATIONS));
    assert!(join_all(all).await.iter().all(|status| *status < 500));
    assert_clean(&app.db).await;
}

#[tokio::test]
async fn whoever_gives_up_while_a_transaction_begins_leaves_nothing_of_it_to_the_next() {
    let db = TestDb::new().await;
    let org = db.organisation().await;
    let options = PgPoolOptions::new().max_connections(1);
    let pool = options.connect(&db.url("cleaning_app")).await.unwrap();
    for polls in 1..20 {
        {
            let mut begin = pin!(tenant::begin(&pool, org));
            for _ in 0..polls {
                if poll!(&mut begin).is_ready() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        let set = "select coalesce(current_setting('app.current_org_id', true), '')";
        let left: String = sqlx::query_scalar(set).fetch_one(&pool).await.unwrap();
        assert_eq!(left, "", "after {polls} polls");
    }
}
