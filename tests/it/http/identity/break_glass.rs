//! A read-only installation, and writing in it all the same.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{CHOSEN, login, member, with_token};
use crate::harness::App;
use crate::harness::client::{Answer, Client};

const START: &str = "/v1/admin/break-glass/start";

async fn read_only() -> App {
    App::start_holding(|staff| staff.read_only = true).await
}

/// Something that staff change.
async fn write(client: &Client) -> Answer {
    let body = json!({ "name": "Key holder", "permissions": ["leads.view"] });
    client.post("/v1/admin/iam/roles", &body).await
}

async fn start(client: &Client, minutes: i64) -> Answer {
    let body = json!({ "reason": "invoices went out twice", "ttl_minutes": minutes });
    client.post(START, &body).await
}

fn holding(client: &Client, started: &Answer) -> Client {
    client.with("x-break-glass-token", started.ok().body["token"].as_str().unwrap())
}

#[tokio::test]
async fn while_it_is_read_only_staff_read_and_others_write() {
    let app = read_only().await;
    let owner = app.staff("owner");
    let refused = write(&owner).await;
    assert_eq!(refused.is(409, "read_only").body["detail"], "Admin writes temporarily disabled");
    let user = json!({ "email": "dana@example.org", "role": "viewer" });
    owner.post("/v1/iam/users", &user).await.is(409, "read_only");
    write(&owner.with("x-break-glass-token", "guess")).await.is(409, "read_only");
    owner.get("/v1/admin/leads").await.ok();
    // Requests of customers go on.
    super::super::submitted(&app.anyone()).await;
}

#[tokio::test]
async fn a_token_lets_writes_through_until_its_time_and_each_is_told() {
    let app = read_only().await;
    let owner = app.staff("owner");
    let started = start(&owner, 10).await;
    let holding = holding(&owner, &started);
    write(&holding).await.ok();
    // For the organisation it was begun in.
    let other = app.staff_of(1, "owner");
    let token = started.body["token"].as_str().unwrap();
    write(&other.with("x-break-glass-token", token)).await.is(409, "read_only");

    app.settle().await;
    let log = owner.get("/v1/admin/audit-logs?resource_type=break_glass").await;
    let entries = log.ok().body["items"].as_array().unwrap();
    let told: Vec<_> = entries.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(told, ["break_glass.write", "break_glass.start"]);
    for entry in entries {
        assert_eq!(entry["metadata"]["reason"], "invoices went out twice", "{entry}");
        assert_eq!(entry["resource_id"], started.body["session_id"]);
    }
    app.advance(TimeDelta::minutes(10));
    write(&holding).await.is(409, "read_only");
}

#[tokio::test]
async fn it_is_ended_before_its_time_and_listed() {
    let app = read_only().await;
    let owner = app.staff("owner");
    let started = start(&owner, 240).await;
    let holding = holding(&owner, &started);
    let id = started.body["session_id"].as_str().unwrap();
    let listed = owner.get("/v1/admin/break-glass").await;
    assert_eq!(listed.ok().body["sessions"][0]["is_active"], true);
    app.staff_of(1, "owner")
        .post(&format!("/v1/admin/break-glass/{id}/end"), &json!({}))
        .await
        .is(404, "break_glass.not_found");
    owner.post(&format!("/v1/admin/break-glass/{id}/end"), &json!({})).await.ok();
    write(&holding).await.is(409, "read_only");
    let listed = owner.get("/v1/admin/break-glass").await;
    let session = &listed.ok().body["sessions"][0];
    assert_eq!(
        (&session["is_active"], &session["reason"]),
        (&json!(false), &json!("invoices went out twice"))
    );
    assert_eq!(session["token"], Value::Null);
}

#[tokio::test]
async fn it_takes_a_reason_a_time_the_permission_and_a_fresh_login() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let bad = owner.post(START, &json!({ "reason": " ", "ttl_minutes": 500 })).await;
    assert_eq!(bad.is(422, "validation_failed").fields(), ["reason", "ttl_minutes"]);
    start(&owner, 0).await.is(422, "validation_failed");
    start(&app.staff("dispatcher"), 10).await.is(403, "forbidden");

    let (_, _, tokens) = member(&app, "dana@example.org", "admin").await;
    start(&with_token(&app, &tokens), 10).await.ok();
    app.advance(TimeDelta::minutes(14));
    let refresh = json!({ "refresh_token": tokens.body["refresh_token"] });
    let renewed = app.anyone().post("/v1/auth/refresh", &refresh).await;
    let renewed = with_token(&app, renewed.ok());
    start(&renewed, 10).await.ok();
    app.advance(TimeDelta::minutes(1));
    // Renewing a session is no login.
    start(&renewed, 10).await.is(403, "fresh_login_required");
    let again = login(&app, "dana@example.org", CHOSEN).await;
    start(&with_token(&app, &again), 10).await.ok();
}

#[tokio::test]
async fn its_token_is_stored_nowhere() {
    let app = App::start().await;
    let started = start(&app.staff("owner"), 10).await;
    app.settle().await;
    let token = started.ok().body["token"].as_str().unwrap();
    assert_eq!(super::search(&mut app.db.admin().await, &[token]).await, [""; 0]);
}
