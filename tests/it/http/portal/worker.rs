//! Workers at their portal: by phone and password, in sessions that end when they should.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{CHOSEN, before, hired, login, sessions, temporary, with_token, worker_in};
use crate::harness::{App, Client};
use crate::http::erasure::search;
use crate::http::id_in;

const PHONE: &str = "780-555-0111";

#[tokio::test]
async fn a_first_password_lets_in_only_to_choose_another() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (made, route) = hired(&owner, "Dana Wexler", "(780) 555-0111").await;
    login(&app.anyone(), PHONE, CHOSEN).await.is(401, "unauthenticated");
    let given = temporary(&owner, &route).await;
    let first = login(&app.anyone(), "+1 780 555 0111", &given).await;
    assert_eq!(
        (
            &first.ok().body["must_change_password"],
            &first.body["worker_id"],
            &first.body["team_id"]
        ),
        (&json!(true), &made["worker_id"], &json!(1))
    );
    let dana = with_token(&app, &first);
    dana.get("/worker/sessions").await.is(403, "password_change_required");
    assert_eq!(dana.get("/worker/me").await.ok().body["name"], "Dana Wexler");

    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let dana = dana.clone();
        async move { dana.post("/worker/change-password", &body).await }
    };
    change("another", CHOSEN).await.is(401, "unauthenticated");
    change(&given, "short-1").await.is(400, "weak_password");
    change(&given, &given).await.is(400, "weak_password");
    let changed = change(&given, CHOSEN).await;
    assert_eq!(changed.ok().body["must_change_password"], false);
    // The session before the change is over, the one it made is not.
    dana.get("/worker/me").await.is(401, "unauthenticated");
    let dana = with_token(&app, &changed);
    let list = dana.get("/worker/sessions").await;
    let listed = list.ok().body["sessions"].as_array().unwrap();
    assert_eq!((listed.len(), &listed[0]["is_current"]), (2, &json!(true)));
    assert_eq!(listed[1]["revoked_reason"], "password_changed");
    login(&app.anyone(), PHONE, &given).await.is(401, "unauthenticated");
    login(&app.anyone(), PHONE, CHOSEN).await.ok();
}

#[tokio::test]
async fn a_password_for_one_use_and_a_session_end_with_their_time() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (route, dana) = worker_in(&app, 0, PHONE).await;
    app.advance(TimeDelta::hours(12) - TimeDelta::seconds(1));
    dana.get("/worker/me").await.ok();
    app.advance(TimeDelta::seconds(1));
    let over = dana.get("/worker/me").await;
    assert_eq!(over.is(401, "unauthenticated").body["detail"], "Invalid session");
    assert_eq!(sessions(&owner, &route).await[0].0, "expired");

    let given = temporary(&owner, &route).await;
    app.advance(TimeDelta::hours(72) - TimeDelta::seconds(1));
    login(&app.anyone(), PHONE, &given).await.ok();
    app.advance(TimeDelta::seconds(1));
    login(&app.anyone(), PHONE, &given).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn guessing_ends_for_all_processes_together_and_only_for_a_while() {
    let app = App::start().await;
    worker_in(&app, 0, PHONE).await;
    let other = app.beside().await;
    for guess in 0..10 {
        let door = if guess % 2 == 0 { app.anyone() } else { other.anyone() };
        login(&door, PHONE, "guess").await.is(401, "unauthenticated");
    }
    let locked = login(&app.anyone(), PHONE, CHOSEN).await;
    let wait = locked.is(429, "too_many_attempts").header("retry-after").unwrap();
    assert!((1..=901).contains(&wait.parse::<i64>().unwrap()));
    login(&other.anyone(), PHONE, CHOSEN).await.is(429, "too_many_attempts");
    // A number that nobody has is counted alike.
    for _ in 0..10 {
        login(&app.anyone(), "780-555-0199", "guess").await.is(401, "unauthenticated");
    }
    login(&app.anyone(), "780-555-0199", "guess").await.is(429, "too_many_attempts");
    app.advance(TimeDelta::minutes(15));
    login(&app.anyone(), PHONE, CHOSEN).await.ok();
    // Who is guessed at can be found out.
    app.settle().await;
    let log = app.staff("owner").get("/v1/admin/audit-logs?action=auth.login_failed").await;
    let entries = log.ok().body["items"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["admin_role"]), (10, &json!("worker")));
}

#[tokio::test]
async fn the_same_phone_is_somebody_else_in_another_organisation() {
    let app = App::start().await;
    let (_, ours) = worker_in(&app, 0, PHONE).await;
    let (theirs_route, theirs) = worker_in(&app, 1, PHONE).await;
    let id = |client: Client| async move {
        client.get("/worker/me").await.ok().body["worker_id"].clone()
    };
    assert_ne!(id(ours.clone()).await, id(theirs).await);
    let there = login(&before(&app, 1), PHONE, CHOSEN).await;
    assert_eq!(there.ok().body["worker_id"], id_in(&theirs_route));
    // Without a name it is the default organisation, and a session is one of its own organisation only.
    assert_eq!(login(&app.anyone(), PHONE, CHOSEN).await.body["worker_id"], id(ours.clone()).await);
    ours.with("x-org", &app.orgs[0].slug).get("/worker/me").await.ok();
    let elsewhere = ours.with("x-org", &app.orgs[1].slug);
    elsewhere.get("/worker/me").await.is(401, "unauthenticated");
    ours.with("x-org", "nowhere").get("/worker/me").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn whatever_turns_a_worker_out_does_so_at_once() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (route, dana) = worker_in(&app, 0, PHONE).await;
    let again = || async { with_token(&app, &login(&app.anyone(), PHONE, CHOSEN).await) };

    let list = owner.get(&format!("{route}/sessions")).await;
    let session = list.ok().body["sessions"][0]["session_id"].as_str().unwrap().to_owned();
    let revoke = format!("{route}/sessions/{session}/revoke");
    app.staff_of(1, "owner").post(&revoke, &json!({})).await.is(404, "not_found");
    app.staff("viewer").post(&revoke, &json!({})).await.is(403, "forbidden");
    dana.get("/worker/me").await.ok();
    owner.post(&revoke, &json!({})).await.ok();
    dana.get("/worker/me").await.is(401, "unauthenticated");
    assert_eq!(sessions(&owner, &route).await[0], ("revoked".into(), json!("revoked_by_staff")));

    let dana = again().await;
    for name in ["North", "South"] {
        owner.post("/v1/admin/teams", &json!({ "name": name })).await.ok();
    }
    owner.patch(&route, &json!({ "team_id": 2 })).await.ok();
    dana.get("/worker/me").await.is(401, "unauthenticated");

    let dana = again().await;
    owner.post(&format!("{route}/archive"), &json!({})).await.ok();
    dana.get("/worker/me").await.is(401, "unauthenticated");
    assert_eq!(sessions(&owner, &route).await[0], ("revoked".into(), json!("archived")));
    login(&app.anyone(), PHONE, CHOSEN).await.is(401, "unauthenticated");
    owner.post(&format!("{route}/unarchive"), &json!({})).await.ok();
    dana.get("/worker/me").await.is(401, "unauthenticated");
    login(&app.anyone(), PHONE, CHOSEN).await.is(401, "unauthenticated");

    let given = temporary(&owner, &route).await;
    let dana = with_token(&app, &login(&app.anyone(), PHONE, &given).await);
    temporary(&owner, &route).await;
    dana.get("/worker/me").await.is(401, "unauthenticated");

    let given = temporary(&owner, &route).await;
    let dana = with_token(&app, &login(&app.anyone(), PHONE, &given).await);
    let erase = format!("/v1/admin/subjects/{}/erase", id_in(&route));
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    dana.get("/worker/me").await.is(401, "unauthenticated");
    login(&app.anyone(), PHONE, &given).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn one_ends_ones_own_sessions_and_no_others() {
    let app = App::start().await;
    let (_, dana) = worker_in(&app, 0, PHONE).await;
    let (_, eli) = worker_in(&app, 0, "780-555-0122").await;
    let phone = with_token(&app, &login(&app.anyone(), PHONE, CHOSEN).await);
    let newest = dana.get("/worker/sessions?limit=1").await;
    let session = newest.ok().body["sessions"][0]["session_id"].as_str().unwrap().to_owned();
    assert!(newest.body["next_cursor"].is_string());
    let revoke = format!("/worker/sessions/{session}/revoke");
    eli.post(&revoke, &json!({})).await.is(404, "not_found");
    phone.get("/worker/me").await.ok();
    dana.post(&revoke, &json!({})).await.ok();
    phone.get("/worker/me").await.is(401, "unauthenticated");
    dana.post("/worker/logout", &json!({})).await.ok();
    dana.get("/worker/me").await.is(401, "unauthenticated");
    eli.get("/worker/me").await.ok();
}

#[tokio::test]
async fn a_browser_keeps_a_cookie_and_changes_need_a_page_of_ours() {
    let app = App::start().await;
    worker_in(&app, 0, PHONE).await;
    let basic = STANDARD.encode(format!("{PHONE}:{CHOSEN}"));
    let browser = app.anyone().with("authorization", &format!("Basic {basic}"));
    browser
        .with("sec-fetch-site", "cross-site")
        .post("/worker/login", &json!({}))
        .await
        .is(403, "cross_site");
    let answer = browser.post("/worker/login", &json!({})).await;
    assert_eq!(
        (&answer.ok().body["status"], &answer.body["access_token"]),
        (&json!("ok"), &Value::Null)
    );
    let cookies: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with("worker_session="), "{cookies:?}");
    assert!(cookies[0].ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax; Secure"));
    let pairs: Vec<_> = cookies.iter().map(|one| one.split(';').next().unwrap()).collect();
    let page = app.anyone().with("cookie", &pairs.join("; "));
    let told = page.get("/worker/me").await;
    let token = told.ok().body["csrf_token"].as_str().unwrap();
    assert_eq!(answer.body["csrf_token"], token);
    page.post("/worker/logout", &json!({})).await.is(403, "csrf_invalid");
    let bare = app.anyone().with("cookie", pairs[0]);
    bare.post("/worker/logout", &json!({})).await.is(403, "csrf_missing");
    let out = page.with("x-csrf-token", token).post("/worker/logout", &json!({})).await;
    assert!(
        out.ok().header("set-cookie").unwrap().starts_with("worker_session=; Path=/; Max-Age=0")
    );
    page.get("/worker/me").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn no_table_holds_what_lets_anybody_in() {
    let app = App::start().await;
    let (route, _) = worker_in(&app, 0, PHONE).await;
    let given = temporary(&app.staff("owner"), &route).await;
    let answer = login(&app.anyone(), PHONE, &given).await;
    let token = answer.ok().body["access_token"].as_str().unwrap().to_owned();
    app.settle().await;
    let traces = [token.as_str(), &given, CHOSEN];
    assert_eq!(search(&mut app.db.admin().await, &traces).await, [""; 0]);
}

/// The same request twice is two logins: each is told a token of its own that works.
#[tokio::test]
async fn a_repeated_login_gives_another_token_that_works_too() {
    let app = App::start().await;
    worker_in(&app, 0, PHONE).await;
    let door = app.anyone().with("idempotency-key", "again");
    let (one, two) = (login(&door, PHONE, CHOSEN).await, login(&door, PHONE, CHOSEN).await);
    assert_ne!(one.ok().body["access_token"], two.ok().body["access_token"]);
    assert_eq!(two.header("idempotency-replayed"), None);
    for answer in [one, two] {
        with_token(&app, &answer).get("/worker/me").await.ok();
    }
}
