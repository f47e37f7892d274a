//! Members in sessions: taken in, signed in, renewed, held to every change at once.

mod api_tokens;
mod break_glass;
mod browsers;
mod environment;
mod imported;
mod second_factor;
mod sessions;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::erasure::search;
use crate::harness::App;
use crate::harness::client::{Answer, Client};

const WHOAMI: &str = "/v1/admin/whoami";
const CHOSEN: &str = "Correct-Horse-1";

/// A new member of the first organisation, and the password they were given.
async fn taken_in(by: &Client, email: &str, role: &str) -> (String, String) {
    let made = by.post("/v1/iam/users", &json!({ "email": email, "role": role })).await;
    assert_eq!(made.ok().status, 201);
    let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
    (text("user_id"), text("temp_password"))
}

async fn login(app: &App, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.anyone().post("/v1/auth/login", &body).await
}

fn with_token(app: &App, answer: &Answer) -> Client {
    let token = answer.body["access_token"].as_str().unwrap();
    app.anyone().with("authorization", &format!("Bearer {token}"))
}

/// A member who has chosen a password, signed in.
async fn member(app: &App, email: &str, role: &str) -> (String, Client, Answer) {
    let (id, temporary) = taken_in(&app.staff("owner"), email, role).await;
    let first = login(app, email, &temporary).await;
    let body = json!({ "current_password": temporary, "new_password": CHOSEN });
    let changed = with_token(app, first.ok()).post("/v1/auth/change-password", &body).await;
    (id, with_token(app, changed.ok()), changed)
}

#[tokio::test]
async fn a_first_password_lets_in_only_to_choose_another() {
    let app = App::start().await;
    let (id, temporary) = taken_in(&app.staff("owner"), "Dana@Example.org", "admin").await;
    let first = login(&app, " dana@example.ORG", &temporary).await;
    assert_eq!(first.ok().body["must_change_password"], true);
    let dana = with_token(&app, &first);
    dana.get(WHOAMI).await.is(403, "password_change_required");
    let me = dana.get("/v1/auth/me").await;
    assert_eq!(
        (&me.ok().body["user_id"], &me.body["email"]),
        (&json!(id), &json!("dana@example.org"))
    );

    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let dana = dana.clone();
        async move { dana.post("/v1/auth/change-password", &body).await }
    };
    change("another", CHOSEN).await.is(401, "unauthenticated");
    change(&temporary, "Short-1").await.is(400, "weak_password");
    change(&temporary, &temporary).await.is(400, "weak_password");
    let changed = change(&temporary, CHOSEN).await;
    assert_eq!(changed.ok().body["must_change_password"], false);
    // The session before the change is over, the one it made is not.
    dana.get(WHOAMI).await.is(401, "unauthenticated");
    let who = with_token(&app, &changed).get(WHOAMI).await;
    assert_eq!(
        (&who.ok().body["username"], &who.body["role"]),
        (&json!("dana@example.org"), &json!("admin"))
    );
    login(&app, "dana@example.org", &temporary).await.is(401, "unauthenticated");
    login(&app, "dana@example.org", CHOSEN).await.ok();
}

#[tokio::test]
async fn a_first_password_is_good_for_three_days() {
    let app = App::start().await;
    let (_, temporary) = taken_in(&app.staff("owner"), "late@example.org", "viewer").await;
    app.advance(TimeDelta::hours(72));
    login(&app, "late@example.org", &temporary).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn an_access_token_lasts_a_quarter_of_an_hour_and_is_renewed_once() {
    let app = App::start().await;
    let (_, dana, tokens) = member(&app, "dana@example.org", "dispatcher").await;
    app.advance(TimeDelta::minutes(16));
    let over = dana.get(WHOAMI).await;
    assert_eq!(over.is(401, "unauthenticated").body["detail"], "Session expired");

    let refresh = |answer: &Answer| {
        let body = json!({ "refresh_token": answer.body["refresh_token"] });
        let anyone = app.anyone();
        async move { anyone.post("/v1/auth/refresh", &body).await }
    };
    let second = refresh(&tokens).await;
    let renewed = with_token(&app, second.ok());
    renewed.get(WHOAMI).await.ok();
    // Another tab with the same token is only turned away.
    assert_eq!(refresh(&tokens).await.is(401, "unauthenticated").body["detail"], "revoked");
    renewed.get(WHOAMI).await.ok();
    app.advance(TimeDelta::seconds(10));
    // Whoever comes with the old one later is a thief, or was robbed: nobody goes on.
    assert_eq!(refresh(&tokens).await.is(401, "unauthenticated").body["detail"], "revoked");
    renewed.get(WHOAMI).await.is(401, "unauthenticated");
    refresh(&second).await.is(401, "unauthenticated");
    let unknown = app.anyone().post("/v1/auth/refresh", &json!({ "refresh_token": "x" })).await;
    assert_eq!(unknown.is(401, "unauthenticated").body["detail"], "invalid_refresh");

    app.settle().await;
    let log = app.staff("owner").get("/v1/admin/events?limit=200").await;
    let kinds: Vec<_> =
        log.ok().body["items"].as_array().unwrap().iter().map(|e| &e["event_type"]).collect();
    assert!(kinds.contains(&&json!("reuse_detected")), "{kinds:?}");
}

#[tokio::test]
async fn of_many_who_renew_at_once_one_gets_through() {
    let app = App::start().await;
    let (_, _, tokens) = member(&app, "dana@example.org", "viewer").await;
    let body = json!({ "refresh_token": tokens.body["refresh_token"] });
    let all = (0..8).map(|_| {
        let (anyone, body) = (app.anyone(), body.clone());
        async move { anyone.post("/v1/auth/refresh", &body).await.status }
    });
    let statuses = futures::future::join_all(all).await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 401].contains(status)), "{statuses:?}");
}

#[tokio::test]
async fn logging_out_ends_the_session_at_once() {
    let app = App::start().await;
    let (_, dana, tokens) = member(&app, "dana@example.org", "viewer").await;
    let done = dana.post("/v1/auth/logout", &json!({})).await;
    assert_eq!(done.ok().body, json!({ "status": "ok" }));
    dana.get(WHOAMI).await.is(401, "unauthenticated");
    let body = json!({ "refresh_token": tokens.body["refresh_token"] });
    app.anyone().post("/v1/auth/refresh", &body).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn a_changed_member_is_held_to_the_change_with_the_next_request() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (id, dana, _) = member(&app, "dana@example.org", "admin").await;
    dana.get("/v1/admin/audit-logs").await.ok();
    let changed =
        owner.post(&format!("/v1/iam/users/{id}/role"), &json!({ "role": "viewer" })).await;
    assert_eq!(changed.ok().body["role"], "viewer");
    dana.get(WHOAMI).await.is(401, "unauthenticated");
    let again = with_token(&app, login(&app, "dana@example.org", CHOSEN).await.ok());
    again.get("/v1/admin/audit-logs").await.is(403, "forbidden");

    owner.post(&format!("/v1/iam/users/{id}/deactivate"), &json!({})).await.ok();
    again.get(WHOAMI).await.is(401, "unauthenticated");
    let gone = login(&app, "dana@example.org", CHOSEN).await;
    assert_eq!(gone.is(401, "unauthenticated").body["detail"], "membership_not_found");
}

#[tokio::test]
async fn nobody_rises_above_themselves() {
    let app = App::start().await;
    let (owner_id, owner, _) = member(&app, "owner@example.org", "owner").await;
    let (admin_id, admin, _) = member(&app, "admin@example.org", "admin").await;
    let role = |client: &Client, id: &str, role: &str| {
        let (client, path) = (client.clone(), format!("/v1/iam/users/{id}/role"));
        let body = json!({ "role": role });
        async move { client.post(&path, &body).await }
    };
    role(&admin, &admin_id, "owner").await.is(409, "staff.own_role");
    role(&admin, &owner_id, "viewer").await.is(403, "staff.owner_only");
    role(&owner, &owner_id, "viewer").await.is(409, "staff.own_role");
    role(&app.staff("owner"), &owner_id, "viewer").await.is(409, "staff.last_owner");
    let made = json!({ "email": "second@example.org", "role": "owner" });
    admin.post("/v1/iam/users", &made).await.is(403, "staff.owner_only");
    app.staff("dispatcher").get("/v1/iam/users").await.is(403, "forbidden");
    admin
        .post("/v1/admin/iam/roles", &json!({ "name": "X", "permissions": [] }))
        .await
        .is(403, "forbidden");
}

#[tokio::test]
async fn a_role_of_ones_own_replaces_the_built_in_one_and_follows_its_changes() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let unknown = json!({ "name": "X", "permissions": ["leads.edit", "core.view"] });
    let refused = owner.post("/v1/admin/iam/roles", &unknown).await;
    assert_eq!(
        refused.is(422, "validation_failed").body["errors"][0]["message"],
        "Unknown permissions: leads.edit"
    );
    let wanted = json!({ "name": "Key holder", "permissions": ["leads.view"] });
    let made = owner.post("/v1/admin/iam/roles", &wanted).await;
    assert_eq!((made.ok().status, &made.body["key"]), (201, &json!("key-holder")));
    owner.post("/v1/admin/iam/roles", &wanted).await.is(409, "staff.role_key_exists");
    let role = made.body["role_id"].as_str().unwrap();

    let (id, _, _) = member(&app, "dana@example.org", "viewer").await;
    let path = format!("/v1/admin/iam/users/{id}/role");
    let given = owner.patch(&path, &json!({ "custom_role_id": role })).await;
    assert_eq!(
        (&given.ok().body["role_key"], &given.body["role"]),
        (&json!("key-holder"), &json!("viewer"))
    );
    let dana = with_token(&app, login(&app, "dana@example.org", CHOSEN).await.ok());
    let profile = dana.get("/v1/admin/profile").await;
    assert_eq!(profile.ok().body["permissions"], json!(["leads.view"]));
    dana.get("/v1/admin/leads").await.ok();

    let path = format!("/v1/admin/iam/roles/{role}");
    owner.patch(&path, &json!({ "permissions": ["core.view"] })).await.ok();
    dana.get("/v1/admin/leads").await.is(403, "forbidden");
    let gone = owner.send(reqwest::Method::DELETE, &path, None).await;
    assert_eq!(gone.ok().body, json!({ "status": "deleted" }));
    dana.get(WHOAMI).await.is(401, "unauthenticated");
    let list = owner.get("/v1/admin/iam/roles").await;
    assert_eq!(list.ok().body["roles"].as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn members_of_another_organisation_do_not_exist() {
    let app = App::start().await;
    let (id, _, _) = member(&app, "dana@example.org", "viewer").await;
    let other = app.staff_of(1, "owner");
    for path in ["deactivate", "logout"] {
        let path = format!("/v1/iam/users/{id}/{path}");
        other.post(&path, &json!({})).await.is(404, "staff.not_found");
    }
    let path = format!("/v1/auth/orgs/{}/members", app.orgs[0].id);
    other.get(&path).await.is(401, "unauthenticated");
    let users = other.get("/v1/iam/users").await;
    assert_eq!(users.ok().body["users"], json!([]));
    // An address belongs to one person, wherever they work.
    let taken = json!({ "email": "DANA@example.org", "role": "viewer" });
    other.post("/v1/iam/users", &taken).await.is(409, "staff.already_member");
}

#[tokio::test]
async fn a_password_shown_once_is_stored_nowhere() {
    let app = App::start().await;
    let owner = app.staff("owner").with("idempotency-key", "make-dana");
    let body = json!({ "email": "dana@example.org", "role": "viewer" });
    let made = owner.post("/v1/iam/users", &body).await;
    let password = made.ok().body["temp_password"].as_str().unwrap().to_owned();
    let again = owner.post("/v1/iam/users", &body).await;
    assert_eq!(again.ok().header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body["temp_password"], Value::Null);
    assert_eq!(again.body["user_id"], made.body["user_id"]);
    login(&app, "dana@example.org", &password).await.ok();

    let id = made.body["user_id"].as_str().unwrap();
    let path = format!("/v1/iam/users/{id}/reset-temp-password");
    app.staff("owner").post(&path, &json!({})).await.is(400, "idempotency_key_missing");
    let reset = owner.with("idempotency-key", "reset").post(&path, &json!({})).await;
    let second = reset.ok().body["temp_password"].as_str().unwrap().to_owned();
    login(&app, "dana@example.org", &password).await.is(401, "unauthenticated");
    login(&app, "dana@example.org", &second).await.ok();
    app.settle().await;
    let mut db = app.db.admin().await;
    // What is looked up by its address must be readable; the search finds what is there.
    assert_eq!(search(&mut db, &["dana@example.org"]).await, ["public.users.email"]);
    assert_eq!(search(&mut db, &[&password, &second]).await, [""; 0]);
}

#[tokio::test]
async fn an_erased_member_can_no_longer_sign_in_and_is_nowhere_to_be_read() {
    let app = App::start().await;
    let (id, dana, _) = member(&app, "dana@example.org", "viewer").await;
    let path = format!("/v1/admin/subjects/{id}/erase");
    let erase = json!({ "reason": "asked" });
    app.following(app.staff("owner").post(&path, &erase)).await.ok();
    dana.get(WHOAMI).await.is(401, "unauthenticated");
    login(&app, "dana@example.org", CHOSEN).await.is(401, "unauthenticated");
    let users = app.staff("owner").get("/v1/iam/users").await;
    assert_eq!(users.ok().body["users"][0]["email"], "[erased]");
    app.settle().await;
    assert_eq!(search(&mut app.db.admin().await, &["dana@example.org"]).await, [""; 0]);
}

#[tokio::test]
async fn guesses_are_counted_and_the_eleventh_waits() {
    let app = App::start().await;
    member(&app, "dana@example.org", "viewer").await;
    for _ in 0..10 {
        login(&app, "dana@example.org", "Wrong-Guess-1").await.is(401, "unauthenticated");
    }
    let waits = login(&app, "dana@example.org", CHOSEN).await;
    assert!(waits.is(429, "too_many_attempts").header("retry-after").is_some());
    app.advance(TimeDelta::minutes(15));
    login(&app, "dana@example.org", CHOSEN).await.ok();
}
