//! What every answer has in common, seen from outside and without a database.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{App, Health, Options, Revision, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use chrono::DateTime;
use commands::{BusOptions, CommandBus};
use domain::seal::MasterKeys;
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

/// The whole router in front of a database that is down.
fn app() -> Router {
    // Port 1 belongs to nobody: connections are refused at once.
    let nowhere = PgConnectOptions::new().host("127.0.0.1").port(1).username("nobody");
    let keys = format!("1:{}", "A".repeat(43));
    let keys = MasterKeys::parse(&keys).unwrap();
    let reads = PgPoolOptions::new()
        .acquire_timeout(Duration::from_millis(300))
        .connect_lazy_with(nowhere.clone());
    let bus = BusOptions::new(nowhere.clone(), keys.clone(), TaskTracker::new());
    let expected = Revision { version: "0006".to_owned(), checksum: "c".to_owned() };
    router(App::new(Options {
        bus: CommandBus::start(reads.clone(), bus),
        reads,
        keys,
        signing: None,
        health: Health::new(nowhere, vec![expected], vec!["lead_list".to_owned()]),
        clock: Arc::new(|| DateTime::UNIX_EPOCH),
        default_org: None,
        trust_proxy: false,
        docs: true,
        scrape: None,
    }))
}

async fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn body(response: Response<Body>) -> Value {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_living_process_says_so_without_a_database() {
    let answer = ask("GET", "/livez", &[("x-request-id", "r-1")]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["x-request-id"], "r-1");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(body(answer).await["status"], "ok");
    assert_eq!(ask("HEAD", "/livez", &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_like_any_other() {
    let answer = ask("GET", "/nowhere", &[("x-request-id", "r-2")]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
    let problem = body(answer).await;
    assert_eq!(problem["code"], "route_not_found");
    assert_eq!(problem["type"], "/problems/domain-error");
    assert_eq!(problem["request_id"], "r-2");
    assert_eq!(problem["errors"], Value::Array(vec![]));
}

#[tokio::test]
async fn another_method_is_refused_and_the_right_ones_named() {
    let answer = ask("DELETE", "/livez", &[]).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()[header::ALLOW], "GET,HEAD");
    assert_eq!(body(answer).await["code"], "method_not_allowed");
}

#[tokio::test]
async fn a_database_that_is_down_is_reported_in_time_and_in_the_words_of_the_guide() {
    let started = Instant::now();
    let answer = ask("GET", "/healthz", &[]).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let report = body(answer).await;
    assert!(started.elapsed() < Duration::from_millis(2500));
    assert_eq!(report["status"], "unhealthy");
    assert_eq!(report["db_connected"], false);
    assert_eq!(report["current_revision"], Value::Null);
    assert_eq!(report["expected_revision"], "0006");
    assert_eq!(report["error"], "Database connection failed");
    let ready = ask("GET", "/readyz", &[]).await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body(ready).await["checks"][0]["detail"]["message"], "database check failed");
}

#[tokio::test]
async fn whoever_does_not_sign_in_is_challenged() {
    for credentials in [None, Some("Bearer x.y.z"), Some("Basic ***"), Some("Basic")] {
        let headers: Vec<_> = credentials.map(|text| ("authorization", text)).into_iter().collect();
        let answer = ask("GET", "/v1/admin/whoami", &headers).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert!(answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().starts_with("Basic"));
        assert_eq!(body(answer).await["code"], "unauthenticated");
    }
}

#[tokio::test]
async fn signing_in_without_a_database_asks_to_come_again() {
    let headers = [("authorization", "Basic b3duZXI6c2VjcmV0")];
    let answer = ask("GET", "/v1/admin/whoami", &headers).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
    assert_eq!(body(answer).await["code"], "database_unavailable");
}

#[tokio::test]
async fn the_document_names_every_header_and_failure_of_its_routes() {
    let document = body(ask("GET", "/openapi.json", &[]).await).await;
    assert_eq!(document["openapi"], "3.1.0");
    let whoami = &document["paths"]["/v1/admin/whoami"]["get"];
    assert_eq!(whoami["security"][0]["basic"], Value::Array(vec![]));
    let examples = &whoami["responses"]["401"]["content"]["application/problem+json"]["examples"];
    assert!(examples["unauthenticated"].is_object());
    assert_eq!(ask("GET", "/docs/", &[]).await.status(), StatusCode::OK);
    assert_eq!(ask("GET", "/metrics", &[]).await.status(), StatusCode::NOT_FOUND);
}
