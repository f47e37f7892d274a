//! The jobs say that they live, and whoever depends on them notices when they do not.

use serde_json::{Value, json};

use crate::harness::logins::{PASSWORD, org};
use crate::harness::program::client;
use crate::harness::{Client, Served, TestDb};

const WANTED: (&str, &str) = ("JOBS_ENABLED", "true");

/// The check of the jobs in `/readyz`, and the status of the whole answer.
async fn readiness(url: &str) -> (u16, Value) {
    let answer = client().get(format!("{url}/readyz")).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let checks = body["checks"].as_array().unwrap();
    let jobs = checks.iter().find(|check| check["name"] == "jobs").unwrap();
    (status, jobs.clone())
}

/// A probe is remembered for a second: asks until the answer is another.
async fn readiness_turns(url: &str, ok: bool) -> Value {
    loop {
        let (_, jobs) = readiness(url).await;
        if jobs["ok"] == ok {
            return jobs;
        }
        tokio::task::yield_now().await;
    }
}

async fn change(db: &TestDb, statement: &str) {
    sqlx::query(statement).execute(&mut db.admin().await).await.unwrap();
}

#[tokio::test]
async fn readiness_follows_the_heartbeat_where_jobs_are_wanted() {
    let db = TestDb::new().await;
    let api = Served::start("api", &db, &[WANTED]).await;
    let (status, jobs) = readiness(&api.url).await;
    assert_eq!((status, &jobs["ok"]), (503, &json!(false)));
    assert_eq!(jobs["detail"]["message"], "job heartbeat missing");

    let jobs = Served::start("jobs", &db, &[WANTED, ("JOB_RUNNER_ID", "jobs-7")]).await;
    let check = readiness_turns(&api.url, true).await;
    assert_eq!(check["detail"]["runner_id"], "jobs-7");
    assert_eq!(check["detail"]["threshold_seconds"], 180);
    assert_eq!(readiness_turns(&jobs.url, true).await["detail"]["enabled"], true);
    drop(jobs);

    change(&db, "update job_heartbeats set last_heartbeat = now() - interval '181 seconds'").await;
    let check = readiness_turns(&api.url, false).await;
    assert_eq!(check["detail"]["message"], "job heartbeat stale");
    assert!(check["detail"]["age_seconds"].as_f64().unwrap() > 180.0);
}

#[tokio::test]
async fn readiness_asks_for_no_heartbeat_where_none_is_wanted() {
    let db = TestDb::new().await;
    let api = Served::start("api", &db, &[]).await;
    let (_, jobs) = readiness(&api.url).await;
    assert_eq!((&jobs["ok"], &jobs["detail"]["enabled"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn staff_see_when_each_job_was_heard_of_and_why_one_fails() {
    let db = TestDb::new().await;
    let org = org(&db, "first").await;
    let api = Served::start("api", &db, &[]).await;
    let viewer = Client::new(&api.url).signed_in(&format!("viewer-{}", org.slug), PASSWORD);
    assert_eq!(viewer.get("/v1/admin/jobs/status").await.ok().body, json!([]));
    Client::new(&api.url).get("/v1/admin/jobs/status").await.is(401, "unauthenticated");

    let jobs = Served::start("jobs", &db, &[("JOB_RUNNER_ID", "jobs-7")]).await;
    let expected = [
        "accounting-export",
        "checkpoints",
        "jobs-runner",
        "outbox-delivery",
        "projection-rebuilds",
        "projections",
        "storage-janitor",
        "timers",
    ];
    let told = loop {
        let told = viewer.get("/v1/admin/jobs/status").await.ok().body.clone();
        // The first beat may come before the first pass of every job.
        let jobs = told.as_array().unwrap();
        let worked = |name| {
            let job = jobs.iter().find(|job| job["name"] == name);
            job.is_some_and(|job| job["last_success_at"].is_string())
        };
        if expected.into_iter().all(worked) {
            break told;
        }
        tokio::task::yield_now().await;
    };
    let told = told.as_array().unwrap();
    assert_eq!(told.iter().map(|job| job["name"].as_str().unwrap()).collect::<Vec<_>>(), expected);
    for (job, name) in told.iter().zip(expected) {
        assert_eq!((&job["name"], &job["runner_id"]), (&json!(name), &json!("jobs-7")));
        assert!(job["last_error"].is_null(), "{job}");
    }
    drop(jobs);
}

#[tokio::test]
async fn the_jobs_process_tells_about_its_jobs() {
    let db = TestDb::new().await;
    let jobs = Served::start("jobs", &db, &[("JOB_RUNNER_ID", "jobs-7")]).await;
    let told = loop {
        let answer = client().get(format!("{}/healthz", jobs.url)).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        if answer["jobs"]["timers"].is_object() {
            break answer;
        }
    };
    assert_eq!((&told["ok"], &told["runner_id"]), (&json!(true), &json!("jobs-7")));
    assert_eq!(told["jobs"]["timers"]["consecutive_failures"], 0);
    assert!(told["last_loop_at"].is_string());
}
