//! Clients at their portal: by a link that works once, in sessions that end when they should.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{before, client_in, redeem, registered, sessions, token_for, with_token};
use crate::harness::app::{Front, PORTAL};
use crate::harness::smtp::Smtp;
use crate::harness::{App, Client};
use crate::http::erasure::search;
use crate::http::id_in;

const EMAIL: &str = "sam.quill@example.org";

async fn ask(client: &Client, email: &str) {
    let answer = client.post("/client/login/request", &json!({ "email": email })).await;
    assert_eq!(answer.ok().body, json!({ "status": "ok" }));
}

async fn newest_effect(owner: &Client) -> Value {
    owner.get("/v1/admin/effects?limit=1").await.ok().body["items"][0].clone()
}

/// How often something happened to any login at a portal of the first organisation.
async fn happened(app: &App, event_type: &str) -> i64 {
    sqlx::query_scalar(
        "select count(*) from events where aggregate_type = 'portal_session' and event_type = $1",
    )
    .bind(event_type)
    .fetch_one(&mut app.db.admin().await)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_link_comes_by_mail_and_lets_in_once() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let (made, route) = registered(&owner, "Sam Quill", EMAIL).await;
    ask(&app.anyone(), " Sam.Quill@Example.org ").await;
    app.settle().await;
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1);
    let begin = format!("{PORTAL}/client/login/callback?token=");
    // Long lines are folded on their way.
    let mail = mails[0].replace("=\n", "").replace("=3D", "=");
    assert!(mail.contains(EMAIL) && mail.contains("Hello Sam Quill"), "{mail}");
    let token = mail.split(&begin).nth(1).unwrap().split_whitespace().next().unwrap();
    assert_eq!(sessions(&owner, &route).await, [("link_sent".into(), Value::Null)]);

    let answer = redeem(&app.anyone(), token).await;
    assert_eq!(answer.ok().body["client_id"], made["client_id"]);
    let again = redeem(&app.anyone(), token).await;
    assert_eq!(again.is(401, "unauthenticated").body["detail"], "Invalid or expired token");
    let sam = with_token(&app, &answer);
    let me = sam.get("/client/me").await;
    assert_eq!(
        (&me.ok().body["name"], &me.body["email"], &me.body["organisation"]),
        (&json!("Sam Quill"), &json!(EMAIL), &json!("first"))
    );
    assert_eq!(sam.get("/client/org-context").await.ok().body["org_id"], me.body["org_id"]);
    let list = sam.get("/client/sessions").await;
    assert_eq!(list.ok().body["sessions"][0]["is_current"], true);
    sam.post("/client/logout", &json!({})).await.ok();
    sam.get("/client/me").await.is(401, "unauthenticated");
    assert_eq!(happened(&app, "link_redeemed").await, 1);
}

#[tokio::test]
async fn nobody_learns_whether_an_address_is_known() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let (_, blocked) = registered(&owner, "Bo", "bo@example.org").await;
    owner.post(&format!("{blocked}/block"), &json!({ "reason": "never in" })).await.ok();
    // Known elsewhere is not known here.
    registered(&app.staff_of(1, "owner"), "Eve", "eve@example.org").await;
    let before_asking = app.position(0).await;
    for email in ["nobody@example.org", "bo@example.org", "eve@example.org"] {
        ask(&app.anyone(), email).await;
        app.settle().await;
    }
    assert_eq!((app.position(0).await, smtp.mails().len()), (before_asking, 0));
    let found = search(&mut app.db.admin().await, &["nobody@example.org"]).await;
    assert_eq!(found, [""; 0]);
    ask(&before(&app, 1), "eve@example.org").await;
    app.settle().await;
    assert_eq!(smtp.mails().len(), 1);
    let odd = app.anyone().post("/client/login/request", &json!({ "email": "nowhere" })).await;
    assert_eq!(odd.is(422, "validation_failed").fields(), ["email"]);
}

#[tokio::test]
async fn of_two_who_come_at_once_exactly_one_gets_in() {
    let app = App::start().await;
    let other = app.beside().await;
    let owner = app.staff("owner");
    let (_, route) = registered(&owner, "Sam Quill", EMAIL).await;
    for round in 1..=5 {
        owner.post(&format!("{route}/login-link"), &json!({})).await.ok();
        let token = token_for(&app, 0, id_in(&route)).await;
        let (here, there) = (app.anyone(), other.anyone());
        let (one, two, three) =
            tokio::join!(redeem(&here, &token), redeem(&there, &token), redeem(&here, &token));
        let mut statuses = [one.status, two.status, three.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401], "{} {} {}", one.text, two.text, three.text);
        assert_eq!(happened(&app, "link_redeemed").await, round);
        assert_eq!(happened(&app, "opened").await, round);
    }
}

#[tokio::test]
async fn a_link_is_good_until_its_instant_and_not_sent_after_it() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, route) = registered(&owner, "Sam Quill", EMAIL).await;
    let link = || async {
        owner.post(&format!("{route}/login-link"), &json!({})).await.ok();
        token_for(&app, 0, id_in(&route)).await
    };
    let token = link().await;
    app.advance(TimeDelta::minutes(30) - TimeDelta::seconds(1));
    redeem(&app.anyone(), &token).await.ok();
    let token = link().await;
    app.advance(TimeDelta::minutes(30));
    redeem(&app.anyone(), &token).await.is(401, "unauthenticated");
    assert_eq!(
        sessions(&owner, &route).await.iter().filter(|(state, _)| state == "expired").count(),
        1
    );
    // Mail is off here, which is told first.
    app.settle().await;
    let effect = newest_effect(&owner).await;
    assert_eq!(
        (&effect["kind"], &effect["state"], &effect["reason"]),
        (&json!("email.portal_link"), &json!("suppressed"), &json!("email_off"))
    );

    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let (_, route) = registered(&owner, "Sam Quill", EMAIL).await;
    owner.post(&format!("{route}/login-link"), &json!({})).await.ok();
    app.advance(TimeDelta::minutes(30));
    app.settle().await;
    assert_eq!(newest_effect(&owner).await["reason"], "link_expired");
    owner.post(&format!("{route}/login-link"), &json!({})).await.ok();
    owner.patch(&route, &json!({ "email": "new@example.org" })).await.ok();
    app.settle().await;
    assert_eq!(newest_effect(&owner).await["reason"], "link_void");
    assert_eq!(smtp.mails().len(), 0);
}

#[tokio::test]
async fn whatever_turns_a_client_out_does_so_at_once_and_voids_their_links() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (route, sam) = client_in(&app, 0, EMAIL).await;
    let link = || async {
        owner.post(&format!("{route}/login-link"), &json!({})).await.ok();
        token_for(&app, 0, id_in(&route)).await
    };
    let token = link().await;
    owner.post(&format!("{route}/block"), &json!({ "reason": "never in" })).await.ok();
    sam.get("/client/me").await.is(401, "unauthenticated");
    redeem(&app.anyone(), &token).await.is(401, "unauthenticated");
    owner.post(&format!("{route}/login-link"), &json!({})).await.is(409, "client.blocked");
    owner.post(&format!("{route}/unblock"), &json!({})).await.ok();
    sam.get("/client/me").await.is(401, "unauthenticated");
    assert_eq!(sessions(&owner, &route).await, [("revoked".into(), json!("blocked"))]);

    let sam = with_token(&app, &redeem(&app.anyone(), &link().await).await);
    let token = link().await;
    owner.post(&format!("{route}/archive"), &json!({})).await.ok();
    sam.get("/client/me").await.is(401, "unauthenticated");
    redeem(&app.anyone(), &token).await.is(401, "unauthenticated");
    owner.post(&format!("{route}/login-link"), &json!({})).await.is(409, "client.archived");
    owner.post(&format!("{route}/unarchive"), &json!({})).await.ok();

    let sam = with_token(&app, &redeem(&app.anyone(), &link().await).await);
    let token = link().await;
    let erase = format!("/v1/admin/subjects/{}/erase", id_in(&route));
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    sam.get("/client/me").await.is(401, "unauthenticated");
    redeem(&app.anyone(), &token).await.is(401, "unauthenticated");
    owner.post(&format!("{route}/login-link"), &json!({})).await.is(410, "subject_erased");
    ask(&app.anyone(), EMAIL).await;
    app.settle().await;
    let left: i64 = sqlx::query_scalar("select count(*) from portal_links")
        .fetch_one(&mut app.db.admin().await)
        .await
        .unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn staff_send_a_link_once_a_request_and_take_it_back() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, route) = registered(&owner, "Sam Quill", EMAIL).await;
    let send = format!("{route}/login-link");
    let keyed = owner.with("idempotency-key", "k-1");
    let (one, two) = (keyed.post(&send, &json!({})).await, keyed.post(&send, &json!({})).await);
    assert_eq!((one.ok().status, &one.body), (201, &two.ok().body));
    assert_eq!(two.header("idempotency-replayed"), Some("true"));
    assert_eq!(happened(&app, "link_issued").await, 1);
    let token = token_for(&app, 0, id_in(&route)).await;
    assert!(!one.text.contains(&token));
    app.staff("viewer").post(&send, &json!({})).await.is(403, "forbidden");
    app.staff_of(1, "owner").post(&send, &json!({})).await.is(404, "client.not_found");

    let session = one.body["session_id"].as_str().unwrap();
    owner.post(&format!("{route}/sessions/{session}/revoke"), &json!({})).await.ok();
    redeem(&app.anyone(), &token).await.is(401, "unauthenticated");
    let audit = owner.get("/v1/admin/audit-logs?action=client.link_send");
    let audit = app.following(audit).await;
    assert_eq!(audit.ok().body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn no_more_than_three_links_are_on_their_way_to_one_mailbox() {
    let app = App::start().await;
    registered(&app.staff("owner"), "Sam Quill", EMAIL).await;
    for _ in 0..5 {
        ask(&app.anyone(), EMAIL).await;
        app.settle().await;
    }
    assert_eq!(happened(&app, "link_issued").await, 3);
    app.advance(TimeDelta::minutes(30));
    ask(&app.anyone(), EMAIL).await;
    app.settle().await;
    assert_eq!(happened(&app, "link_issued").await, 4);
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_to_wait_whether_or_not_they_are_known() {
    let mut front = Front::default();
    front.rate.per_minute = api::PerMinute { account: 2, ..front.rate.per_minute };
    let app = App::start_edge(front).await;
    registered(&app.staff("owner"), "Sam Quill", EMAIL).await;
    for email in [EMAIL, "nobody@example.org"] {
        ask(&app.anyone(), email).await;
        ask(&app.anyone(), email).await;
        let body = json!({ "email": email });
        app.anyone().post("/client/login/request", &body).await.is(429, "rate_limited");
    }
}

#[tokio::test]
async fn a_session_that_is_used_goes_on_and_one_that_is_not_ends_after_a_week() {
    let app = App::start().await;
    let (_, sam) = client_in(&app, 0, EMAIL).await;
    for _ in 0..3 {
        app.advance(TimeDelta::days(6));
        sam.get("/client/me").await.ok();
    }
    app.advance(TimeDelta::days(7));
    let over = sam.get("/client/me").await;
    assert_eq!(over.is(401, "unauthenticated").body["detail"], "Invalid or expired token");
}

#[tokio::test]
async fn a_browser_keeps_a_cookie_and_changes_need_a_page_of_ours() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, route) = registered(&owner, "Sam Quill", EMAIL).await;
    owner.post(&format!("{route}/login-link"), &json!({})).await.ok();
    let body = json!({ "token": token_for(&app, 0, id_in(&route)).await, "cookies": true });
    let browser = app.anyone();
    browser
        .with("sec-fetch-site", "cross-site")
        .post("/client/login/callback", &body)
        .await
        .is(403, "cross_site");
    // What only looks at a link uses nothing up.
    browser.get("/client/login/callback?token=x").await.is(405, "method_not_allowed");
    let answer = browser.post("/client/login/callback", &body).await;
    assert_eq!(answer.ok().body["access_token"], Value::Null);
    let cookies: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap()).collect();
    assert!(cookies[0].starts_with("client_session="), "{cookies:?}");
    assert!(cookies[0].ends_with("; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax; Secure"));
    let pairs: Vec<_> = cookies.iter().map(|one| one.split(';').next().unwrap()).collect();
    let page = app.anyone().with("cookie", &pairs.join("; "));
    let told = page.get("/client/me").await;
    let renewed = told.ok().headers.get_all("set-cookie").iter();
    assert!(renewed.into_iter().any(|one| one.to_str().unwrap().starts_with(pairs[0])));
    page.post("/client/logout", &json!({})).await.is(403, "csrf_invalid");
    let token = told.body["csrf_token"].as_str().unwrap();
    page.with("x-csrf-token", token).post("/client/logout", &json!({})).await.ok();
    page.get("/client/me").await.is(401, "unauthenticated");
}

#[tokio::test]
async fn a_link_leads_where_the_installation_says_and_nowhere_a_stranger_names() {
    let mut front = Front::default();
    front.portal.address = None;
    let app = App::start_edge(front).await;
    let owner = app.staff("owner");
    let (_, route) = registered(&owner, "Sam Quill", EMAIL).await;
    let send = format!("{route}/login-link");
    owner.post(&send, &json!({})).await.is(409, "portal_address_unknown");
    owner
        .with("host", "evil.example")
        .post(&send, &json!({}))
        .await
        .is(409, "portal_address_unknown");
    ask(&app.anyone().with("host", "evil.example"), EMAIL).await;
    app.settle().await;
    assert_eq!(happened(&app, "link_issued").await, 0);
    sqlx::query("select tenant.put_host($1, 'clean.example')")
        .bind(app.orgs[0].id.as_uuid())
        .execute(&app.db.app)
        .await
        .unwrap();
    ask(&app.anyone().with("host", "clean.example"), EMAIL).await;
    app.settle().await;
    let portal: String = sqlx::query_scalar(
        "select payload ->> 'portal' from events where event_type = 'link_issued'",
    )
    .fetch_one(&mut app.db.admin().await)
    .await
    .unwrap();
    assert_eq!(portal, "https://clean.example");
}

#[tokio::test]
async fn no_table_holds_what_lets_anybody_in() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (_, route) = registered(&owner, "Sam Quill", EMAIL).await;
    owner.post(&format!("{route}/login-link"), &json!({})).await.ok();
    let token = token_for(&app, 0, id_in(&route)).await;
    app.settle().await;
    assert_eq!(search(&mut app.db.admin().await, &[token.as_str()]).await, [""; 0]);
    let answer = redeem(&app.anyone(), &token).await;
    let session = answer.ok().body["access_token"].as_str().unwrap();
    assert_eq!(search(&mut app.db.admin().await, &[token.as_str(), session]).await, [""; 0]);
}
