//! What still works while something is away: each row of the table in `docs/operations.md`, against the real program.

use serde_json::{Value, json};
use sqlx::Executor;

use crate::harness::client::Answer;
use crate::harness::logins::{Org, PASSWORD, org};
use crate::harness::relay::Relay;
use crate::harness::{Client, Served, TestDb};

/// A process of the API for one organisation, and who asks it.
struct Office {
    api: Served,
    anyone: Client,
    viewer: Client,
}

impl Office {
    async fn open(db: &TestDb, org: &Org, set: &[(&str, &str)]) -> Self {
        let id = org.id.to_string();
        let api = Served::start("api", db, &[&[("DEFAULT_ORG_ID", &*id)], set].concat()).await;
        let anyone = Client::new(&api.url);
        let viewer = anyone.clone().signed_in(&format!("viewer-{}", org.slug), PASSWORD);
        // Known from now on, whatever becomes of the database.
        viewer.get("/v1/admin/leads").await.ok();
        Self { api, anyone, viewer }
    }

    async fn read(&self) -> Answer {
        self.viewer.get("/v1/admin/leads").await
    }

    async fn write(&self) -> Answer {
        let lead = json!({
            "name": "Ada", "phone": "780-555-0101", "address": "1 Elm Street",
            "email": "ada@example.net", "preferred_dates": ["Monday"],
            "structured_inputs": { "beds": 2, "baths": 1 }, "estimate_snapshot": {},
        });
        self.anyone.post("/v1/leads", &lead).await
    }

    /// How `/livez`, `/healthz` and `/readyz` answer.
    async fn health(&self) -> [u16; 3] {
        health(&self.api.url).await
    }

    async fn serves(&self) {
        assert_eq!(self.read().await.status, 200);
        assert_eq!(self.write().await.status, 201);
    }

    /// Asks for the value of a series until it is `wanted`; what is probed is remembered for a second.
    async fn shows(&self, wanted: &str) {
        while !self.anyone.get("/metrics").await.ok().text.lines().any(|line| line == wanted) {
            tokio::task::yield_now().await;
        }
    }
}

async fn health(url: &str) -> [u16; 3] {
    let client = Client::new(url);
    let status = async |path: &str| client.get(path).await.status;
    [status("/livez").await, status("/healthz").await, status("/readyz").await]
}

/// A probe is remembered for a second: asks until it says so.
async fn turns(url: &str, wanted: [u16; 3]) {
    while health(url).await != wanted {
        tokio::task::yield_now().await;
    }
}

fn check(ready: &Answer, name: &str) -> Value {
    let checks = ready.body["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_the_processes_live_say_so_and_come_back_by_themselves() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let direct: reqwest::Url = db.url("cleaning_app").parse().unwrap();
    let mut relay = Relay::to(direct.port().unwrap()).await;
    let far = db.clone().through(Some(relay.port), 1).await;
    let office = Office::open(&far, &org, &[]).await;
    let jobs = Served::start("jobs", &far, &[]).await;
    turns(&office.api.url, [200; 3]).await;
    let asked = json!({ "beds": 2, "baths": 1 });
    let estimate = office.anyone.post("/v1/estimate", &asked).await.ok().body.clone();

    relay.cut().await;
    turns(&office.api.url, [200, 503, 503]).await;
    turns(&jobs.url, [200, 503, 503]).await;
    let told = office.anyone.get("/healthz").await;
    assert_eq!(told.body["db_connected"], false);
    assert_eq!(told.body["current_revision"], Value::Null);
    for answer in [office.read().await, office.write().await] {
        answer.is(503, "database_unavailable");
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
    // Prices that were known are still told.
    assert_eq!(office.anyone.post("/v1/estimate", &asked).await.ok().body, estimate);
    office.shows("database_up 0").await;

    relay.mend().await;
    turns(&office.api.url, [200; 3]).await;
    turns(&jobs.url, [200; 3]).await;
    office.serves().await;
    office.shows("database_up 1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_answers_nothing_any_more_is_away_though_its_connections_are_open() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let direct: reqwest::Url = db.url("cleaning_app").parse().unwrap();
    let relay = Relay::to(direct.port().unwrap()).await;
    let far = db.clone().through(Some(relay.port), 1).await;
    let office = Office::open(&far, &org, &[]).await;
    office.serves().await;

    relay.stand_still();
    office.read().await.is(503, "database_unavailable");
    // Nobody can know what became of what was asked of it.
    assert_eq!(office.write().await.status, 503);
    turns(&office.api.url, [200, 503, 503]).await;

    relay.flow();
    turns(&office.api.url, [200; 3]).await;
    office.serves().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_a_free_connection_is_told_and_is_not_a_broken_database() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let set = [
        ("DATABASE_POOL_SIZE", "2"),
        ("DATABASE_MAX_OVERFLOW", "0"),
        ("DATABASE_POOL_TIMEOUT_SECONDS", "1"),
        ("DATABASE_LOCK_TIMEOUT_MS", "60000"),
        ("DATABASE_STATEMENT_TIMEOUT_MS", "60000"),
    ];
    let office = Office::open(&db, &org, &set).await;
    let mut holder = db.admin().await;
    holder.execute("begin; lock table read.lead_list in access exclusive mode").await.unwrap();
    // Two wait for the table and have the connections; whoever comes next waits for a connection.
    let refused = tokio::select! {
        answer = office.read() => answer,
        answer = office.read() => answer,
        answer = office.read() => answer,
    };
    refused.is(503, "database_unavailable");
    assert_eq!(office.health().await, [200; 3]);
    let metrics = office.anyone.get("/metrics").await;
    let timeouts =
        metrics.text.lines().find_map(|line| line.strip_prefix("db_pool_timeout_total "));
    assert!(timeouts.unwrap().parse::<u64>().unwrap() > 0, "{}", metrics.text);
    holder.execute("rollback").await.unwrap();
    office.serves().await;
}

#[tokio::test]
async fn without_redis_everything_goes_on() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let set = [("REDIS_URL", "redis://127.0.0.1:1/0"), ("RATE_LIMIT_PER_MINUTE", "1")];
    let office = Office::open(&db, &org, &set).await;
    assert_eq!(office.health().await, [200; 3]);
    let redis = check(&office.anyone.get("/readyz").await, "redis");
    assert_eq!(redis["detail"]["message"], "unreachable; each process counts for itself");
    office.serves().await;
    office.write().await.is(429, "rate_limited");
}

#[tokio::test]
async fn a_migration_that_is_missing_takes_the_process_out_and_those_who_come_are_served() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let office = Office::open(&db, &org, &[]).await;
    let forget = "delete from schema_migrations
                  where version = (select max(version) from schema_migrations)";
    db.admin().await.execute(forget).await.unwrap();
    turns(&office.api.url, [200, 503, 503]).await;
    let told = office.anyone.get("/healthz").await;
    assert!(told.body["error"].as_str().unwrap().starts_with("Migrations pending: "));
    assert_eq!(
        (&told.body["db_connected"], &told.body["migrations_current"]),
        (&json!(true), &json!(false))
    );
    office.serves().await;
    office.shows("migrations_current 0").await;
}

#[tokio::test]
async fn jobs_that_stopped_and_read_models_that_lag_take_the_process_out_and_nothing_else() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let office = Office::open(&db, &org, &[("JOBS_ENABLED", "true")]).await;
    let beat = "insert into job_heartbeats (name, runner_id, last_heartbeat, consecutive_failures)
                values ('jobs-runner', 'one', now() - interval '181 seconds', 0)";
    db.admin().await.execute(beat).await.unwrap();
    assert_eq!(office.health().await, [200, 200, 503]);
    office.serves().await;
    office.shows(r#"job_runner_up{job_name="jobs-runner"} 0"#).await;

    // Nobody applies what was written.
    let set = [("PROJECTION_LAG_MAX_SECONDS", "0.001"), ("RATE_LIMIT_PER_MINUTE", "1000000")];
    let office = Office::open(&db, &org, &set).await;
    turns(&office.api.url, [200, 200, 503]).await;
    office.serves().await;
    let lag = loop {
        let read = office.read().await;
        if let Some(lag) = read.header("x-projection-lag") {
            break lag.parse::<u64>().unwrap();
        }
    };
    assert!(lag < 60, "{lag}");
    assert_eq!(office.write().await.header("x-projection-lag"), None);
    // What is shown is as new as everybody else's.
    let office = Office::open(&db, &org, &[]).await;
    assert_eq!(office.read().await.header("x-projection-lag"), None);
}

#[tokio::test]
async fn without_a_mail_server_mail_waits_and_nobody_notices() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let office = Office::open(&db, &org, &[]).await;
    let mail = [
        ("EMAIL_MODE", "smtp"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", "1"),
        ("EMAIL_FROM", "office@example.net"),
        ("EMAIL_CIRCUIT_FAILURE_THRESHOLD", "1"),
    ];
    let jobs = Served::start("jobs", &db, &mail).await;
    office.serves().await;
    let client = Client::new(&jobs.url);
    while !client.get("/metrics").await.ok().text.contains("status=\"failed\"} 1") {
        tokio::task::yield_now().await;
    }
    let told = client.get("/metrics").await.ok().text.clone();
    assert!(told.contains("circuit_state{circuit=\"email\"} 1"), "{told}");
    assert_eq!(office.health().await, [200; 3]);
    assert_eq!(health(&jobs.url).await, [200; 3]);
}
