//! Programs that act with a token of their own.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::{WHOAMI, member};
use crate::harness::App;
use crate::harness::client::Client;

const TOKENS: &str = "/v1/iam/api-tokens";

/// A new token, and a program that has it.
async fn program(app: &App, by: &Client, permissions: Value) -> (String, Client) {
    let wanted = json!({ "name": "Nightly import", "permissions": permissions });
    let made = by.post(TOKENS, &wanted).await;
    assert_eq!(made.ok().status, 201);
    let token = made.body["token"].as_str().unwrap();
    assert!(token.starts_with("cln_") && token.len() > 40);
    let id = made.body["token_id"].as_str().unwrap().to_owned();
    (id, app.anyone().with("authorization", &format!("Bearer {token}")))
}

async fn revoke(by: &Client, id: &str) -> crate::harness::client::Answer {
    by.send(Method::DELETE, &format!("{TOKENS}/{id}"), None).await
}

#[tokio::test]
async fn a_program_does_what_it_was_given_and_nothing_else() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (id, robot) = program(&app, &owner, json!(["contacts.view", "admin.manage"])).await;
    robot.get("/v1/admin/leads").await.ok();
    robot.get("/v1/admin/audit-logs").await.ok();
    robot.get("/v1/iam/users").await.is(403, "forbidden");
    robot.post("/v1/admin/leads/x/timeline", &json!({ "action": "a" })).await.is(403, "forbidden");
    // It is nobody's session, and it owns nothing.
    robot.get("/v1/auth/me").await.is(409, "session_needed");
    let role = json!({ "name": "X", "permissions": [] });
    robot.post("/v1/admin/iam/roles", &role).await.is(403, "forbidden");
    let start = json!({ "reason": "r" });
    robot.post("/v1/admin/break-glass/start", &start).await.is(403, "fresh_login_required");
    let who = robot.get(WHOAMI).await;
    assert_eq!(who.ok().body["username"], "Nightly import");

    assert_eq!(revoke(&owner, &id).await.ok().body, json!({ "status": "revoked" }));
    robot.get(WHOAMI).await.is(401, "unauthenticated");
    revoke(&owner, &id).await.ok();
}

#[tokio::test]
async fn nobody_gives_a_program_more_than_they_hold() {
    let app = App::start().await;
    let make = |client: Client, permissions: Value| async move {
        client.post(TOKENS, &json!({ "name": "n", "permissions": permissions })).await
    };
    make(app.staff("viewer"), json!(["core.view"])).await.is(403, "forbidden");
    make(app.staff("owner"), json!(["users.manage"])).await.is(422, "api_token.not_grantable");
    make(app.staff("owner"), json!([])).await.is(422, "api_token.no_permissions");
    make(app.staff("owner"), json!(["leads.edit"])).await.is(422, "validation_failed");

    let owner = app.staff("owner");
    let role = json!({ "name": "Desk", "permissions": ["users.manage", "core.view"] });
    let role = owner.post("/v1/admin/iam/roles", &role).await.ok().body["role_id"].clone();
    let (id, _, _) = member(&app, "desk@example.org", "viewer").await;
    owner.post(&format!("/v1/iam/users/{id}/role"), &json!({ "custom_role_id": role })).await.ok();
    let desk = super::login(&app, "desk@example.org", super::CHOSEN).await;
    let desk = super::with_token(&app, desk.ok());
    make(desk.clone(), json!(["bookings.view"])).await.is(403, "api_token.beyond_own");
    make(desk, json!(["core.view"])).await.ok();
}

#[tokio::test]
async fn a_program_falls_with_whoever_made_it_and_shrinks_with_them() {
    let app = App::start().await;
    let other = app.beside().await;
    let (id, dana, _) = member(&app, "dana@example.org", "admin").await;
    let (_, robot) = program(&app, &dana, json!(["contacts.view", "admin.manage"])).await;
    robot.get("/v1/admin/audit-logs").await.ok();
    let owner = other.staff("owner");
    owner.post(&format!("/v1/iam/users/{id}/role"), &json!({ "role": "viewer" })).await.ok();
    robot.get("/v1/admin/audit-logs").await.is(403, "forbidden");
    robot.get("/v1/admin/leads").await.ok();
    owner.post(&format!("/v1/iam/users/{id}/deactivate"), &json!({})).await.ok();
    robot.get("/v1/admin/leads").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn a_token_ends_at_its_time_and_its_use_is_known_by_the_minute() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let soon = app.now() + TimeDelta::hours(1);
    let wanted = json!({ "name": "Once", "permissions": ["core.view"], "expires_at": soon });
    let made = owner.post(TOKENS, &wanted).await;
    let token = made.ok().body["token"].as_str().unwrap();
    let robot = app.anyone().with("authorization", &format!("Bearer {token}"));
    let past = json!({ "name": "n", "permissions": ["core.view"], "expires_at": app.now() });
    owner.post(TOKENS, &past).await.is(422, "api_token.expired");

    let used = || async {
        let all = owner.get(TOKENS).await;
        all.ok().body["api_tokens"][0]["last_used_at"].clone()
    };
    assert_eq!(used().await, Value::Null);
    robot.get(WHOAMI).await.ok();
    let first = used().await;
    assert!(first.is_string());
    app.advance(TimeDelta::minutes(4));
    robot.get(WHOAMI).await.ok();
    assert_eq!(used().await, first);
    app.advance(TimeDelta::minutes(1));
    robot.get(WHOAMI).await.ok();
    assert_ne!(used().await, first);
    app.advance(TimeDelta::minutes(55));
    robot.get(WHOAMI).await.is(401, "unauthenticated");
    let all = owner.get(TOKENS).await;
    assert_eq!(all.ok().body["api_tokens"][0]["is_active"], false);
}

#[tokio::test]
async fn a_token_is_told_once_stored_nowhere_and_unknown_elsewhere() {
    let app = App::start().await;
    let owner = app.staff("owner").with("idempotency-key", "make");
    let wanted = json!({ "name": "Nightly import", "permissions": ["core.view"] });
    let made = owner.post(TOKENS, &wanted).await;
    let token = made.ok().body["token"].as_str().unwrap().to_owned();
    let again = owner.post(TOKENS, &wanted).await;
    assert_eq!(
        (&again.ok().body["token"], &again.body["token_id"]),
        (&Value::Null, &made.body["token_id"])
    );
    app.settle().await;
    assert_eq!(super::search(&mut app.db.admin().await, &[&token]).await, [""; 0]);

    let id = made.body["token_id"].as_str().unwrap();
    let other = app.staff_of(1, "owner");
    revoke(&other, id).await.is(404, "api_token.not_found");
    assert_eq!(other.get(TOKENS).await.ok().body["api_tokens"], json!([]));
    let nobody = app.anyone().with("authorization", "Bearer cln_abc");
    nobody.get(WHOAMI).await.is(401, "unauthenticated");
    for n in 0..3 {
        let more = json!({ "name": format!("t{n}"), "permissions": ["core.view"] });
        app.staff("owner").post(TOKENS, &more).await.ok();
    }
    let page = app.staff("owner").get(&format!("{TOKENS}?limit=3")).await;
    assert_eq!(page.ok().body["api_tokens"].as_array().unwrap().len(), 3);
    let next = page.body["next_cursor"].as_str().unwrap();
    let rest = app.staff("owner").get(&format!("{TOKENS}?limit=3&cursor={next}")).await;
    assert_eq!(rest.ok().body["api_tokens"].as_array().unwrap().len(), 1);
}
