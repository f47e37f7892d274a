//! What every answer has in common, seen from outside and without a database.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use api::{
    App, Backup, ClientAddress, EdgeOptions, Health, Options, PerMinute, PortalPolicy, RateLimiter,
    RateOptions, Revision, StaffPolicy, Tokens, router, serve,
};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use chrono::DateTime;
use commands::attempts::Attempts;
use commands::{BusOptions, CommandBus};
use domain::seal::MasterKeys;
use serde_json::Value;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
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
    let attempts = Attempts::start(reads.clone(), None, &TaskTracker::new()).unwrap();
    router(App::new(Options {
        bus: CommandBus::start(reads.clone(), bus),
        reads,
        keys,
        signing: None,
        tokens: Tokens::new(&"a key that signs tokens of tests only".into(), None).unwrap(),
        staff: StaffPolicy::default(),
        portal: PortalPolicy::default(),
        health: Health::new(nowhere, vec![expected], vec!["lead_list".to_owned()]),
        backup: Backup::new(Vec::new()),
        invoice_links: api::InvoiceLinks::new(b"a secret of invoices in tests only"),
        payments: api::PaymentOptions { stripe: None, webhook: None, pages: Default::default() },
        captcha: None,
        clock: Arc::new(|| DateTime::UNIX_EPOCH),
        default_org: None,
        edge: EdgeOptions::default(),
        photos: api::Photos::new(api::PhotoOptions {
            store: Arc::new(object_store::memory::InMemory::new()),
            secret: "a secret that signs links of tests only".into(),
            life: chrono::TimeDelta::seconds(60),
            is_bound: true,
            once: false,
            most_bytes: 1,
        }),
        rate: RateLimiter::new(RateOptions::local(PerMinute::new(1000, 5))).unwrap(),
        docs: true,
        installation: api::Installation::default(),
        scrape: None,
        attempts,
        client_address: ClientAddress::default(),
    }))
}

async fn ask(method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn body_of(response: Response<Body>) -> Value {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[tokio::test]
async fn a_living_process_says_so_without_a_database() {
    let answer = ask("GET", "/livez", &[("x-request-id", "r-1")]).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["x-request-id"], "r-1");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(body_of(answer).await["status"], "ok");
    assert_eq!(ask("HEAD", "/livez", &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_like_any_other() {
    let answer = ask("GET", "/nowhere", &[("x-request-id", "r-2")]).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    assert_eq!(answer.headers()["x-frame-options"], "DENY");
    let problem = body_of(answer).await;
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
    assert_eq!(body_of(answer).await["code"], "method_not_allowed");
}

#[tokio::test]
async fn a_database_that_is_down_is_reported_in_time_and_in_the_words_of_the_guide() {
    let started = Instant::now();
    let answer = ask("GET", "/healthz", &[]).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let report = body_of(answer).await;
    assert!(started.elapsed() < Duration::from_millis(2500));
    assert_eq!(report["status"], "unhealthy");
    assert_eq!(report["db_connected"], false);
    assert_eq!(report["current_revision"], Value::Null);
    assert_eq!(report["expected_revision"], "0006");
    assert_eq!(report["error"], "Database connection failed");
    let ready = ask("GET", "/readyz", &[]).await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body_of(ready).await["checks"][0]["detail"]["message"], "database check failed");
}

#[tokio::test]
async fn whoever_does_not_sign_in_is_challenged() {
    for credentials in [None, Some("Bearer x.y.z"), Some("Basic ***"), Some("Basic")] {
        let headers: Vec<_> = credentials.map(|text| ("authorization", text)).into_iter().collect();
        let answer = ask("GET", "/v1/admin/whoami", &headers).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        let challenge = answer.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
        let expected = if credentials == Some("Bearer x.y.z") { "Bearer" } else { "Basic realm=" };
        assert!(challenge.starts_with(expected), "{challenge}");
        assert_eq!(body_of(answer).await["code"], "unauthenticated");
    }
}

#[tokio::test]
async fn signing_in_without_a_database_asks_to_come_again() {
    let headers = [("authorization", "Basic b3duZXI6c2VjcmV0")];
    let answer = ask("GET", "/v1/admin/whoami", &headers).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
    assert_eq!(body_of(answer).await["code"], "database_unavailable");
}

#[tokio::test]
async fn the_document_names_every_header_and_failure_of_its_routes() {
    let document = body_of(ask("GET", "/openapi.json", &[]).await).await;
    assert_eq!(document["openapi"], "3.1.0");
    let whoami = &document["paths"]["/v1/admin/whoami"]["get"];
    let ways = whoami["security"].as_array().unwrap();
    for way in ["session", "cookie", "basic"] {
        assert!(ways.iter().any(|one| one[way] == Value::Array(vec![])), "{way}: {ways:?}");
    }
    let examples = &whoami["responses"]["401"]["content"]["application/problem+json"]["examples"];
    assert!(examples["unauthenticated"].is_object());
    assert_eq!(ask("GET", "/docs/", &[]).await.status(), StatusCode::OK);
    assert_eq!(ask("GET", "/metrics", &[]).await.status(), StatusCode::NOT_FOUND);
}

async fn estimate(content_type: &str, body: impl Into<Body>) -> (StatusCode, Value) {
    let request = Request::post("/v1/estimate").header(header::CONTENT_TYPE, content_type);
    let answer = app().oneshot(request.body(body.into()).unwrap()).await.unwrap();
    (answer.status(), body_of(answer).await)
}

#[tokio::test]
async fn every_unusable_body_has_a_status_and_a_code_of_its_own() {
    let json = "application/json; charset=utf-8";
    let cases: [(&str, Vec<u8>, u16, &str); 8] = [
        (json, b"{\"beds\":2,".to_vec(), 400, "malformed_json"),
        (json, b"".to_vec(), 400, "malformed_json"),
        (json, b"{\"beds\":\"\xff\"}".to_vec(), 400, "invalid_utf8"),
        (json, vec![b' '; 1024 * 1024 + 1], 413, "body_too_large"),
        ("text/plain", b"{}".to_vec(), 415, "unsupported_media_type"),
        (json, b"[]".to_vec(), 422, "validation_failed"),
        (json, b"{\"beds\":2,\"baths\":1,\"colour\":1}".to_vec(), 422, "validation_failed"),
        (json, br#"{"beds":2,"baths":1,"frequency":"a\u0000"}"#.to_vec(), 422, "validation_failed"),
    ];
    for (content_type, sent, status, code) in cases {
        let (answered, problem) = estimate(content_type, sent).await;
        assert_eq!(answered.as_u16(), status, "{code}");
        assert_eq!(problem["code"], code);
    }
    let (answered, price) = estimate(json, r#"{"beds":2,"baths":1}"#).await;
    assert_eq!(answered, StatusCode::OK);
    assert_eq!(price["total_before_tax"], 105.0);
}

/// Sends `head` over a real connection and reads until the other side closes it.
async fn over_the_wire(head: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let stop = CancellationToken::new();
    let serving = serve(listener, app(), stop.clone(), Duration::from_secs(4));
    let talking = async {
        client.write_all(head).await.unwrap();
        let mut answer = Vec::new();
        // An oversized head may be answered with a reset behind the answer.
        let _ = client.read_to_end(&mut answer).await;
        stop.cancel();
        String::from_utf8(answer).unwrap()
    };
    tokio::join!(serving, talking).1
}

#[tokio::test]
async fn connections_are_served_and_end_when_the_program_does() {
    let answer =
        over_the_wire(b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.ends_with(r#"{"status":"ok"}"#), "{answer}");
}

#[tokio::test]
async fn an_oversized_head_is_refused() {
    let head =
        format!("GET /livez HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "x".repeat(64 * 1024));
    let answer = over_the_wire(head.as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_announced_too_large_is_refused_before_it_comes() {
    // Nothing of it is ever sent, and nobody is asked to log in first.
    for path in ["/v1/estimate", "/v1/admin/leads"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5000000000\r\n\r\n"
        );
        let answer = over_the_wire(head.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
        assert!(answer.contains("\"code\":\"body_too_large\""), "{answer}");
    }
}

#[tokio::test]
async fn every_route_of_staff_refuses_strangers() {
    let document = api::document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, _) in methods.as_object().unwrap() {
            if !path.starts_with("/v1/admin/") {
                continue;
            }
            let uuid = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";
            let path = path.replace("{type}", "lead").replace("{id}", uuid);
            let path = path.replace("{lead_id}", uuid).replace("{quote_id}", uuid);
            let path = path.replace("{subject_id}", uuid);
            let answer = ask(&method.to_uppercase(), &path, &[]).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_as_http_is_a_problem_like_any_other() {
    // More lines than anybody reads.
    let many = "x-one: more\r\n".repeat(150);
    let cases = [
        (format!("GET /livez HTTP/1.1\r\nhost: x\r\n{many}\r\n"), 431, "headers_too_large"),
        ("GE T /livez HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), 400, "malformed_request"),
        ("GET /livez HTTP/1.1\r\nho st: x\r\n\r\n".to_owned(), 400, "malformed_request"),
    ];
    for (sent, status, code) in cases {
        let answer = over_the_wire(sent.as_bytes()).await;
        // What was not read of it may have reset the connection.
        if status == 431 && answer.is_empty() {
            continue;
        }
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{code}: {answer}");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        let problem: Value = serde_json::from_str(body).unwrap();
        assert_eq!((&problem["code"], &problem["status"]), (&code.into(), &status.into()));
        assert!(head.contains(problem["request_id"].as_str().unwrap()), "{head}");
    }
}
