//! What is refused before anything is decided: named exactly, and nothing written.

use reqwest::Method;
use serde_json::{Value, json};

use super::{form, submitted};
use crate::harness::App;

fn with(name: &str, value: Value) -> Value {
    let mut form = form();
    form[name] = value;
    form
}

#[tokio::test]
async fn every_missing_field_is_named_at_once() {
    let app = App::start().await;
    let answer = app.anyone().post("/v1/leads", &json!({})).await;
    let named = answer.is(422, "validation_failed").fields();
    assert_eq!(named, ["name", "phone", "address", "structured_inputs", "estimate_snapshot"]);
    let answer = app.anyone().post("/v1/estimate", &json!({})).await;
    assert_eq!(answer.is(422, "validation_failed").fields(), ["beds", "baths"]);
    assert_eq!(app.position(0).await, 1);
}

#[tokio::test]
async fn a_field_that_cannot_be_used_is_named_and_nothing_is_written() {
    let app = App::start().await;
    let long = "x".repeat(256);
    for (field, value) in [
        ("colour", json!("green")),
        ("name", json!(7)),
        ("name", json!("   ")),
        ("name", json!(long)),
        ("name", json!("a\u{0}b")),
        ("name", json!("\u{200b}\u{2060}")),
        ("name", json!("a\u{7}b")),
        ("name", json!("a\nb")),
        ("notes", json!("a\u{1b}[31mb")),
        ("phone", json!("1".repeat(65))),
        ("email", json!("not an address")),
        ("address", Value::Null),
        ("notes", json!("x".repeat(501))),
        ("preferred_dates", json!("Tuesday")),
        ("preferred_dates", json!([" ", ""])),
        ("preferred_dates.0", Value::Null),
        ("structured_inputs", json!([])),
        ("estimate_snapshot", json!(1)),
        ("utm_source", json!("x".repeat(101))),
        ("referral_code", json!("abc")),
    ] {
        let body = match field.split_once('.') {
            Some((list, _)) => with(list, json!([7])),
            None => with(field, value.clone()),
        };
        let answer = app.anyone().post("/v1/leads", &body).await;
        answer.is(422, "validation_failed");
        assert_eq!(answer.fields(), [field], "{value}");
        // What was sent may be personal: it is not repeated.
        assert!(!answer.text.contains("green") && !answer.text.contains("not an address"));
    }
    for (inside, value) in [("beds", json!(11)), ("baths", json!("two")), ("colour", json!(1))] {
        let mut body = form();
        body["structured_inputs"][inside] = value;
        let answer = app.anyone().post("/v1/leads", &body).await;
        let wanted = format!("structured_inputs.{inside}");
        assert_eq!(answer.is(422, "validation_failed").fields(), [wanted]);
    }
    assert_eq!(app.position(0).await, 1);
}

#[tokio::test]
async fn what_is_not_json_in_utf_8_is_told_apart() {
    let app = App::start().await;
    let anyone = app.anyone();
    anyone.post_raw("/v1/leads", b"{\"name\":".to_vec()).await.is(400, "malformed_json");
    anyone.post_raw("/v1/leads", Vec::new()).await.is(400, "malformed_json");
    anyone.post_raw("/v1/leads", b"{\"name\":\"\xff\"}".to_vec()).await.is(400, "invalid_utf8");
    anyone.post_raw("/v1/leads", b"[]".to_vec()).await.is(422, "validation_failed");
    let text = anyone.with("content-type", "text/plain");
    text.post("/v1/leads", &form()).await.is(415, "unsupported_media_type");
    let latin = anyone.with("content-type", "application/json; charset=latin1");
    latin.post("/v1/leads", &form()).await.is(415, "unsupported_media_type");
    let packed = anyone.with("content-encoding", "gzip");
    packed.post("/v1/leads", &form()).await.is(415, "unsupported_media_type");
    let lead = submitted(&anyone).await;
    app.settle().await;
    let list =
        app.staff("owner").post_raw(&format!("{lead}/status"), b"[\"CONTACTED\"]".to_vec()).await;
    assert_eq!(list.is(422, "validation_failed").fields(), ["body"]);
    let twice = form().to_string().replacen('{', "{\"name\":\"Other\",", 1).into_bytes();
    let twice = anyone.post_raw("/v1/leads", twice).await;
    assert_eq!(twice.is(422, "validation_failed").fields(), ["name"]);
    let typed = anyone.with("content-type", "Application/JSON; charset=utf-8");
    assert_eq!(typed.post("/v1/leads", &form()).await.status, 201);
    assert_eq!(app.position(0).await, 3);
}

#[tokio::test]
async fn a_body_of_a_megabyte_is_read_and_one_byte_more_is_refused() {
    let app = App::start().await;
    let megabyte = 1024 * 1024;
    let mut body = form().to_string().into_bytes();
    body.resize(megabyte, b' ');
    assert_eq!(app.anyone().post_raw("/v1/leads", body.clone()).await.status, 201);
    body.push(b' ');
    app.anyone().post_raw("/v1/leads", body).await.is(413, "body_too_large");
    assert_eq!(app.position(0).await, 2);
}

#[tokio::test]
async fn headers_that_cannot_be_read_are_named() {
    let app = App::start().await;
    let lead = submitted(&app.anyone()).await;
    app.settle().await;
    let (owner, long) = (app.staff("owner"), "k".repeat(129));
    for (name, value) in [
        ("Idempotency-Key", "a b"),
        ("Idempotency-Key", long.as_str()),
        ("If-Match", "7"),
        ("If-Match", "W/\"7\""),
    ] {
        let answer =
            owner.with(&name.to_lowercase(), value).patch(&lead, &json!({ "notes": "n" })).await;
        assert_eq!(answer.is(400, "malformed_header").fields(), [name]);
    }
    for (name, value) in [("X-Min-Position", "soon"), ("X-Allow-Stale", "yes")] {
        let answer = owner.with(&name.to_lowercase(), value).get(&lead).await;
        assert_eq!(answer.is(400, "malformed_header").fields(), [name]);
    }
    assert_eq!(app.position(0).await, 2);
}

#[tokio::test]
async fn staff_bodies_are_checked_like_public_ones() {
    let app = App::start().await;
    let lead = submitted(&app.anyone()).await;
    let owner = app.staff("owner");
    for (route, body, field) in [
        ("/status", json!({}), "status"),
        ("/status", json!({ "status": "SOLD" }), "status"),
        ("/status", json!({ "status": "LOST", "why": "x" }), "why"),
        ("/timeline", json!({ "action": "" }), "action"),
        ("/timeline", json!({ "action": "a", "note": "x".repeat(501) }), "note"),
        ("/timeline", json!({ "action": "a\u{0}" }), "action"),
        ("/quotes", json!({ "amount": -1 }), "amount"),
        ("/quotes", json!({ "amount": 1.5 }), "amount"),
        ("/quotes", json!({ "amount": 1, "currency": "toolongname" }), "currency"),
        ("/quotes", json!({ "amount": 1, "expires_at": "tomorrow" }), "expires_at"),
    ] {
        let answer = owner.post(&format!("{lead}{route}"), &body).await;
        answer.is(422, answer.code());
        assert_eq!(answer.fields(), [field], "{body}: {}", answer.text);
    }
    assert_eq!(app.position(0).await, 2);
}

#[tokio::test]
async fn a_path_that_nobody_serves_and_a_method_it_does_not_have_are_problems_too() {
    let app = App::start().await;
    app.anyone().get("/v1/nothing").await.is(404, "route_not_found");
    app.anyone().get("/").await.is(404, "route_not_found");
    let answer = app.anyone().get("/v1/leads").await;
    assert_eq!(answer.is(405, "method_not_allowed").header("allow"), Some("POST"));
    let answer = app.staff("owner").send(Method::DELETE, "/v1/admin/leads", None).await;
    answer.is(405, "method_not_allowed");
}
