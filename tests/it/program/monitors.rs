//! What monitors are told by the processes: backups, readiness, and the edge that all of them share.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::Executor;

use crate::harness::client::Answer;
use crate::harness::{Client, Served, TestDb};

const TOKEN: &str = "a token of sixteen";

#[expect(clippy::disallowed_methods, reason = "a marker is as old as the program finds it")]
fn ago(time: TimeDelta) -> DateTime<Utc> {
    Utc::now() - time
}

fn check(ready: &Answer, name: &str) -> Value {
    let checks = ready.body["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap().clone()
}

#[tokio::test]
async fn a_backup_is_looked_for_where_it_is_said_to_be() {
    let db = TestDb::new().await;
    let directory = tempfile::tempdir().unwrap();
    let marker = directory.path().join("backup_last_ok.txt");
    let set = [("BACKUP_HEARTBEAT_FILE", marker.to_str().unwrap())];
    for role in ["api", "jobs"] {
        let _ = std::fs::remove_file(&marker);
        let served = Served::start(role, &db, &set).await;
        let client = Client::new(&served.url);
        let refused = async |detail: &str| {
            let answer = client.get("/healthz/backup").await;
            answer.is(503, "backup_not_verified");
            let told = answer.body["detail"].as_str().unwrap();
            assert!(told.starts_with(detail), "{role}: {told}");
        };
        refused("backup marker missing").await;
        std::fs::write(&marker, "last night").unwrap();
        refused("backup marker invalid").await;
        std::fs::write(&marker, ago(TimeDelta::hours(27)).to_rfc3339()).unwrap();
        refused("backup too old: 972").await;

        let last = ago(TimeDelta::hours(25));
        std::fs::write(&marker, format!("{}\n", last.format("%Y-%m-%dT%H:%M:%SZ"))).unwrap();
        let answer = client.get("/healthz/backup").await;
        assert_eq!(answer.ok().body["backup_ok"], true, "{role}");
        let age = answer.body["age_seconds"].as_i64().unwrap();
        assert!((90_000..90_060).contains(&age), "{role}: {age}");
        let at: DateTime<Utc> = answer.body["last_backup_utc"].as_str().unwrap().parse().unwrap();
        assert_eq!(at.timestamp(), last.timestamp());
        let metrics = client.get("/metrics").await;
        let line = format!("backup_last_success_timestamp {}", last.timestamp());
        assert!(metrics.text.lines().any(|told| told == line), "{role}: {}", metrics.text);
    }
}

#[tokio::test]
async fn the_jobs_answer_through_the_same_edge_as_the_api() {
    let db = TestDb::new().await;
    let set = [("METRICS_TOKEN", TOKEN), ("HTTP_MAX_CONCURRENCY", "1")];
    let jobs = Served::start("jobs", &db, &set).await;
    let client = Client::new(&jobs.url).with("x-request-id", "jobs-1");
    for path in ["/livez", "/healthz", "/readyz"] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-request-id"), Some("jobs-1"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    }
    assert_eq!(client.get("/livez").await.text, r#"{"status":"ok"}"#);
    let head = client.send(reqwest::Method::HEAD, "/healthz", None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    client.get("/v1/admin/leads").await.is(404, "route_not_found");
    client.send(reqwest::Method::DELETE, "/healthz", None).await.is(405, "method_not_allowed");

    client.get("/metrics").await.is(401, "unauthenticated");
    client.with("authorization", "Bearer another").get("/metrics").await.is(401, "unauthenticated");
    client.get(&format!("/metrics?token={TOKEN}")).await.is(401, "unauthenticated");
    let metrics = client.with("authorization", &format!("Bearer {TOKEN}")).get("/metrics").await;
    assert_eq!(
        metrics.ok().header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    let counted =
        r#"http_requests_total{method="DELETE",path="/healthz",status="405",status_class="4xx"} 1"#;
    assert!(metrics.text.contains(counted), "{}", metrics.text);
}

#[tokio::test]
async fn metrics_are_told_as_the_variables_say() {
    let db = TestDb::new().await;
    for role in ["api", "jobs"] {
        let off = Served::start(role, &db, &[("METRICS_ENABLED", "false")]).await;
        Client::new(&off.url).get("/metrics").await.is(404, "route_not_found");

        let set = [
            ("METRICS_TOKEN", "token-of-sixteen"),
            ("METRICS_ALLOW_QUERY_TOKEN", "true"),
            ("METRICS_LEGACY_NAMES", "true"),
        ];
        let lax = Served::start(role, &db, &set).await;
        let client = Client::new(&lax.url);
        client.get("/metrics").await.is(401, "unauthenticated");
        let told = client.get("/metrics?token=token-of-sixteen").await.ok().text.clone();
        for name in ["http_request_latency_seconds_bucket{", "# TYPE http_5xx_total counter"] {
            assert!(told.contains(name), "{role}: no {name}");
        }
    }
}

#[tokio::test]
async fn readiness_names_every_check_and_a_store_that_only_reads_fails_it() {
    let db = TestDb::new().await;
    let api = Served::start("api", &db, &[("PROJECTION_LAG_MAX_SECONDS", "7")]).await;
    let client = Client::new(&api.url);
    let ready = client.get("/readyz").await;
    let names: Vec<_> = ready.ok().body["checks"].as_array().unwrap().iter().collect();
    let names: Vec<_> = names.iter().map(|check| check["name"].as_str().unwrap()).collect();
    let wanted =
        ["db", "migrations", "event_store", "jobs", "projections", "outbox", "pool", "redis"];
    assert_eq!(names, wanted);
    assert_eq!(check(&ready, "projections")["detail"]["threshold_seconds"], 7);
    assert_eq!(check(&ready, "outbox")["detail"]["pending"], 0);
    assert_eq!(check(&ready, "pool")["detail"]["max"], 30);

    let only_reads = format!("alter database {} set default_transaction_read_only = on", db.name());
    db.elsewhere().await.execute(only_reads.as_str()).await.unwrap();
    let other = Served::start("api", &db, &[]).await;
    let ready = Client::new(&other.url).get("/readyz").await;
    let store = check(&ready, "event_store");
    assert_eq!((ready.status, &store["ok"]), (503, &json!(false)));
    assert_eq!(store["detail"]["message"], "the database only reads");
}
