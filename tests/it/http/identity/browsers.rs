//! Browsers: tokens as cookies, and pages of others that would like to use them.

use serde_json::{Value, json};

use super::{CHOSEN, WHOAMI, member};
use crate::harness::App;
use crate::harness::client::{Answer, Client};

/// The cookies that an answer sets, and a client that sends them.
fn kept(app: &App, answer: &Answer) -> (Vec<String>, Client) {
    let all =
        answer.headers.get_all("set-cookie").iter().map(|one| one.to_str().unwrap().to_owned());
    let all: Vec<String> = all.collect();
    let pairs: Vec<_> = all.iter().map(|one| one.split(';').next().unwrap()).collect();
    (all.clone(), app.anyone().with("cookie", &pairs.join("; ")))
}

async fn browser_login(app: &App, email: &str) -> Answer {
    let body = json!({ "email": email, "password": CHOSEN, "cookies": true });
    app.anyone().with("sec-fetch-site", "same-origin").post("/v1/auth/login", &body).await
}

#[tokio::test]
async fn a_browser_is_given_cookies_that_no_script_reads() {
    let app = App::start().await;
    member(&app, "dana@example.org", "admin").await;
    let answer = browser_login(&app, "dana@example.org").await;
    assert_eq!(answer.ok().body["access_token"], Value::Null);
    assert_eq!(answer.body["refresh_token"], Value::Null);
    let (cookies, browser) = kept(&app, &answer);
    let named = |name: &str| cookies.iter().find(|one| one.starts_with(name)).unwrap().as_str();
    assert!(
        named("saas_session=").ends_with("; Path=/; Max-Age=900; HttpOnly; SameSite=Lax; Secure")
    );
    assert!(
        named("saas_refresh=")
            .ends_with("; Path=/v1/auth; Max-Age=1209600; HttpOnly; SameSite=Strict; Secure")
    );
    assert!(named("csrf_token=").ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"));
    browser.get(WHOAMI).await.ok();
}

#[tokio::test]
async fn a_change_by_cookie_needs_the_token_of_a_page_of_ours() {
    let app = App::start().await;
    member(&app, "dana@example.org", "admin").await;
    let answer = browser_login(&app, "dana@example.org").await;
    let (_, browser) = kept(&app, &answer);
    let body = json!({ "email": "new@example.org", "role": "viewer" });
    let change = |client: Client| {
        let body = body.clone();
        async move { client.post("/v1/iam/users", &body).await }
    };
    change(browser.clone()).await.is(403, "csrf_invalid");
    change(browser.with("x-csrf-token", "guess")).await.is(403, "csrf_invalid");
    let told = browser.get("/v1/admin/csrf").await;
    let token = told.ok().body["csrf_token"].as_str().unwrap();
    assert_eq!(answer.body["csrf_token"], token);
    let page = browser.with("x-csrf-token", token);
    change(page.with("sec-fetch-site", "cross-site")).await.is(403, "cross_site");
    change(page.with("origin", "https://evil.example")).await.is(403, "cross_site");
    change(page.with("sec-fetch-site", "same-origin")).await.ok();
    // Without the cookie of the token there is nothing to compare with.
    let session = answer.headers.get_all("set-cookie").iter().next().unwrap().to_str().unwrap();
    let bare = app.anyone().with("cookie", session.split(';').next().unwrap());
    let missing = change(bare).await;
    assert_eq!(missing.is(403, "csrf_missing").body["detail"], "CSRF token missing");
}

#[tokio::test]
async fn what_browsers_do_not_add_by_themselves_needs_no_token() {
    let app = App::start().await;
    let body = |n: u8| json!({ "email": format!("new{n}@example.org"), "role": "viewer" });
    let (_, dana, _) = member(&app, "dana@example.org", "admin").await;
    dana.with("origin", "https://elsewhere.example").post("/v1/iam/users", &body(1)).await.ok();
    let basic = app.staff("owner");
    basic.post("/v1/iam/users", &body(2)).await.ok();
    let from_page = basic.with("sec-fetch-site", "cross-site");
    from_page.post("/v1/iam/users", &body(3)).await.is(403, "cross_site");
    from_page.get("/v1/iam/users").await.ok();
}

#[tokio::test]
async fn a_browser_goes_on_and_leaves_by_its_cookies() {
    let app = App::start().await;
    member(&app, "dana@example.org", "viewer").await;
    let answer = browser_login(&app, "dana@example.org").await;
    let (_, browser) = kept(&app, &answer);
    browser.post("/v1/auth/refresh", &json!({})).await.is(403, "csrf_invalid");
    let page = browser.with("x-csrf-token", answer.body["csrf_token"].as_str().unwrap());
    let renewed = page.post("/v1/auth/refresh", &json!({})).await;
    assert_eq!(renewed.ok().body["access_token"], Value::Null);
    browser.get(WHOAMI).await.is(401, "unauthenticated");
    let (_, browser) = kept(&app, &renewed);
    browser.get(WHOAMI).await.ok();
    let page = browser.with("x-csrf-token", renewed.body["csrf_token"].as_str().unwrap());
    let left = page.post("/v1/auth/logout", &json!({})).await;
    let (cookies, _) = kept(&app, left.ok());
    assert_eq!(cookies.len(), 3);
    assert!(
        cookies.iter().all(|one| one.contains("=; ") && one.contains("Max-Age=0")),
        "{cookies:?}"
    );
    browser.get(WHOAMI).await.is(401, "unauthenticated");
    // Who has no cookie to go on with is told so, whatever page asks.
    app.anyone().post("/v1/auth/refresh", &json!({})).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn pages_of_others_are_given_no_cookies() {
    let app = App::start().await;
    member(&app, "dana@example.org", "viewer").await;
    let body = json!({ "email": "dana@example.org", "password": CHOSEN, "cookies": true });
    let elsewhere = app.anyone().with("origin", "https://evil.example");
    let refused = elsewhere.post("/v1/auth/login", &body).await;
    assert!(refused.is(403, "cross_site").header("set-cookie").is_none());
}
