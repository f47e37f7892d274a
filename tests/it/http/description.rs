//! The published description of the API, its page, and what monitors read.
//!
//! That every answer of every test is one it promises is checked by the client itself.

use reqwest::Method;
use serde_json::{Value, json};

use super::with_lead;
use crate::harness::App;

#[tokio::test]
async fn the_description_is_complete_and_points_nowhere_else() {
    let app = App::start().await;
    let answer = app.anyone().get("/openapi.json").await;
    let document = &answer.ok().body;
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["info"]["title"].is_string() && document["info"]["version"].is_string());
    assert_eq!(*document, api::document());
    let mut references = Vec::new();
    collect(document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
    let mut names = std::collections::BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(names.insert(id.to_owned()), "two operations are called {id}");
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            assert_parameters(path, operation);
            let access = operation["x-access"]["access"].as_str().unwrap();
            let guarded = ["signed_in", "staff", "owner"].contains(&access);
            let session = json!({ "session": [] });
            assert_eq!(guarded, operation["security"][0] == session, "{method} {path}");
        }
    }
}

fn collect<'a>(json: &'a Value, references: &mut Vec<&'a str>) {
    match json {
        Value::Object(fields) => {
            references.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

/// Every place in the path has its parameter, and the other way round.
fn assert_parameters(path: &str, operation: &Value) {
    let named = operation["parameters"].as_array().into_iter().flatten();
    let mut named: Vec<&str> = named
        .filter(|parameter| parameter["in"] == "path")
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect();
    let places = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut places: Vec<&str> = places.collect();
    named.sort_unstable();
    places.sort_unstable();
    assert_eq!(named, places, "{path}");
}

#[tokio::test]
async fn every_described_operation_is_served() {
    let app = App::start().await;
    let document = api::document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let real: Vec<String> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "0".to_owned() } else { part.to_owned() })
            .collect();
        for method in methods.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = app.anyone().send(method.clone(), &real.join("/"), None).await;
            let missing = ["route_not_found", "method_not_allowed"].contains(&answer.code());
            assert!(!missing, "{method} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn the_readable_page_loads_with_all_it_needs() {
    let app = App::start().await;
    let page = app.anyone().get("/docs/").await;
    assert_eq!(page.ok().header("content-type").unwrap().split(';').next(), Some("text/html"));
    for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
        assert!(page.text.contains(file), "{}", page.text);
        app.anyone().get(&format!("/docs/{file}")).await.ok();
    }
    assert!(!page.text.contains("https://"), "the page needs nothing from elsewhere");
}

#[tokio::test]
async fn failures_point_at_a_page_that_explains_them() {
    let app = App::start().await;
    let missing = app.anyone().get("/v1/nothing").await;
    let page = app.anyone().get(missing.body["type"].as_str().unwrap()).await;
    assert!(page.ok().text.contains("route_not_found"));
    let invalid = app.anyone().post("/v1/leads", &json!({})).await;
    let page = app.anyone().get(invalid.body["type"].as_str().unwrap()).await;
    assert!(page.ok().text.contains("validation_failed"));
}

#[tokio::test]
async fn monitors_are_answered_as_the_guide_says() {
    let app = App::start().await;
    let health = app.anyone().get("/healthz").await;
    let body = &health.ok().body;
    assert_eq!((&body["status"], &body["db_connected"]), (&json!("ready"), &json!(true)));
    assert_eq!(body["migrations_current"], true);
    assert_eq!(body["current_revision"], body["expected_revision"]);
    assert_eq!(app.anyone().get("/livez").await.ok().body["status"], "ok");
    let ready = app.anyone().get("/readyz").await;
    assert!(ready.body["checks"].is_array(), "{}", ready.text);
}

#[tokio::test]
async fn metrics_need_their_token_and_have_their_names() {
    let (app, _lead, owner) = with_lead().await;
    owner.get("/v1/admin/leads").await.ok();
    app.anyone().get("/v1/nothing").await.is(404, "route_not_found");
    app.anyone().get("/metrics").await.is(401, "unauthenticated");
    app.anyone()
        .with("authorization", "Bearer wrong")
        .get("/metrics")
        .await
        .is(401, "unauthenticated");
    let monitor = app.anyone().with("authorization", "Bearer scrape-token");
    let metrics = monitor.get("/metrics").await;
    for series in [
        "http_requests_total{",
        "http_5xx_errors_total{",
        "http_requests_in_flight ",
        "http_request_duration_seconds_bucket{",
        "email_notifications_total{",
        "build_info{",
        r#"path="/v1/admin/leads""#,
        r#"status_class="4xx""#,
    ] {
        assert!(metrics.ok().text.contains(series), "{series}");
    }
    // What clients invent makes no series of its own.
    assert!(!metrics.text.contains("/v1/nothing"));
}
