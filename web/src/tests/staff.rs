//! What staff and auditors see and do.

use axum::http::{Method, StatusCode};

use super::{FakeApi, LEAD, QUOTE, browser};

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_repeated() {
    let mut api = FakeApi::start().await;
    let wrong = [("username", "owner"), ("password", "guess-7"), ("next", "/events")];
    let page = api.browser.post("/login", &wrong).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED);
    assert!(page.shows("do not belong together"));
    assert!(!page.shows("guess-7"));
    assert_eq!(page.header("set-cookie"), "");
    assert_eq!((page.field("username"), page.field("next")), ("owner", "/events"));
}

#[tokio::test]
async fn signing_in_leads_to_where_one_wanted_to_go() {
    let mut api = FakeApi::start().await;
    let page = api.browser.get("/leads?page=2").await;
    assert_eq!(page.header("location"), "/login?next=%2Fleads%3Fpage%3D2");
    let right = [("username", "owner"), ("password", "secret"), ("next", "/leads?page=2")];
    let page = api.browser.post("/login", &right).await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/leads?page=2"));
    let cookie = page.header("set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"));
}

#[tokio::test]
async fn names_are_shown_and_never_run() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/leads?status=NEW&query=a%26b").await;
    assert!(page.shows("&#60;b&#62;Sam&#60;/b&#62; &#38; Co"), "{}", page.html);
    assert!(page.shows("60 leads") && page.shows("Page 2 of 3"));
    assert!(page.shows("2026-11-24 02:00 MST"));
    assert!(page.shows("query=a%26b&#38;status=NEW&#38;page=3"), "{}", page.html);
    let record = api.browser.get(&format!("/leads/{LEAD}")).await;
    assert!(!record.shows("<script>") && record.shows("&#60;script&#62;alert"));
}

#[tokio::test]
async fn a_record_offers_what_its_status_allows() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get(&format!("/leads/{LEAD}")).await;
    assert!(page.shows("Mark as CONTACTED") && page.shows("Mark as LOST"));
    assert!(!page.shows("Mark as WON"), "a new lead is not won at once");
    assert!(page.shows("185.05 CAD") && page.shows(r#"value="2026-12-24""#));
    assert!(page.shows("/accept\"") && !page.shows("/send\""), "an offer is sent once");
}

#[tokio::test]
async fn a_change_carries_version_and_key_and_is_read_back() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/leads/{LEAD}");
    let page = api.browser.get(&address).await;
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key), ("version", "4"), ("status", "CONTACTED")];
    let page = api.browser.post(&format!("{address}/status"), &form).await;
    assert_eq!(page.header("location"), format!("{address}?saved=1"));
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{address}/status"))[0];
    assert_eq!(asked.header("if-match"), "\"4\"");
    assert_eq!(asked.header("idempotency-key"), key);
    assert_eq!(asked.body, serde_json::json!({ "status": "CONTACTED" }));
    api.browser.get(&address).await;
    let last = api.asked(&Method::GET, &format!("/v1/admin{address}")).pop().unwrap();
    assert_eq!(last.header("x-min-position"), "41");
}

#[tokio::test]
async fn a_forged_form_changes_nothing() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/leads/{LEAD}/status");
    let page = api.browser.post(&address, &[("csrf", "x"), ("status", "LOST")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.shows("This form is out of date"));
    let csrf = api.browser.get(&format!("/leads/{LEAD}")).await.field("csrf").to_owned();
    let page = api.browser.post_from_afar(&address, &[("csrf", &csrf), ("status", "LOST")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(api.asked(&Method::POST, &format!("/v1/admin{address}")).is_empty());
}

#[tokio::test]
async fn a_concurrent_change_is_a_conflict_and_keeps_what_was_typed() {
    let mut api = FakeApi::signed_in("owner").await;
    let csrf = api.browser.get(&format!("/leads/{LEAD}")).await.field("csrf").to_owned();
    let form = [("csrf", &*csrf), ("version", "3"), ("notes", "call after six")];
    let page = api.browser.post(&format!("/leads/{LEAD}/notes"), &form).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("Changed meanwhile") && page.shows("call after six"));
}

#[tokio::test]
async fn what_the_api_refuses_stands_beside_the_field() {
    let mut api = FakeApi::signed_in("owner").await;
    let csrf = api.browser.get(&format!("/leads/{LEAD}")).await.field("csrf").to_owned();
    let form = [("csrf", &*csrf), ("version", "4"), ("notes", "too long")];
    let page = api.browser.post(&format!("/leads/{LEAD}/notes"), &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows(r#"id="notes-error">At most 500 characters"#), "{}", page.html);
    let form = [("csrf", &*csrf), ("amount", "a lot")];
    let page = api.browser.post(&format!("/leads/{LEAD}/quotes/{QUOTE}/revise"), &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows("Write an amount such as"));
    assert!(
        api.asked(&Method::POST, &format!("/v1/admin/leads/{LEAD}/quotes/{QUOTE}/revise"))
            .is_empty()
    );
}

#[tokio::test]
async fn the_past_is_marked_and_cannot_be_changed() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get(&format!("/leads/{LEAD}?as_of=2026-11-24+09:00")).await;
    assert!(page.shows("As of 2026-11-24 09:00.") && page.shows("position 2"));
    assert!(!page.shows("name=\"version\""));
    let instant = "2026-11-24T09%3A00%3A00.000000Z";
    assert_eq!(
        api.asked(&Method::GET, &format!("/v1/admin/leads/{LEAD}?as_of={instant}")).len(),
        1
    );
    let list = api.browser.get("/leads?as_of=2").await;
    assert!(list.shows("As of 2.") && list.shows(&format!("/leads/{LEAD}?as_of=2")));
}

#[tokio::test]
async fn a_role_without_permission_reads_why() {
    let mut api = FakeApi::signed_in("viewer").await;
    let page = api.browser.get("/events").await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(page.shows("Your role does not allow this") && page.shows("admin.manage"));
    let record = api.browser.get(&format!("/leads/{LEAD}")).await;
    assert!(record.shows("may read this record") && !record.shows("name=\"version\""));
}

#[tokio::test]
async fn auditors_follow_every_event() {
    let mut api = FakeApi::signed_in("owner").await;
    let history = api.browser.get(&format!("/history/lead/{LEAD}")).await;
    assert!(history.shows("owner u-1") && history.shows("moved away") && history.shows("r-1"));
    let events = api.browser.get("/events?from=7").await;
    assert!(events.shows(&format!("/history/lead/{LEAD}")), "{}", events.html);
    assert_eq!(api.asked(&Method::GET, "/v1/admin/events?after=6&limit=50").len(), 1);
    assert!(api.browser.get("/checkpoints").await.shows("9f86"));
    assert!(api.browser.get("/effects").await.shows("email is off"));
}

#[tokio::test]
async fn auditors_see_what_was_done_and_what_was_tried() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/audit?outcome=denied&actor=u+2").await;
    assert!(page.shows("lead.status_change") && page.shows("CONTACTED"), "{}", page.html);
    assert!(page.shows("/events?from=7") && page.shows(&format!("/history/lead/{LEAD}")));
    assert!(page.shows("left out") && page.shows("forbidden") && !page.shows("/events?from=6"));
    assert!(page.shows("actor=u+2&amp;") || page.shows("actor=u+2&#38;"), "{}", page.html);
    assert!(page.shows("cursor=17_2_0"));
    let asked = "/v1/admin/audit-logs?outcome=denied&actor=u+2";
    assert_eq!(api.asked(&Method::GET, asked).len(), 1);
}

#[tokio::test]
async fn signing_out_ends_the_session() {
    let mut api = FakeApi::signed_in("owner").await;
    let csrf = api.browser.get("/leads").await.field("csrf").to_owned();
    let page = api.browser.post("/logout", &[("csrf", &csrf)]).await;
    assert_eq!(page.header("location"), "/login");
    let page = api.browser.get("/leads").await;
    assert_eq!(page.header("location"), "/login?next=%2Fleads");
}

#[tokio::test]
async fn an_api_that_is_down_is_told_in_words() {
    let mut browser = browser("http://127.0.0.1:1");
    let page = browser.post("/login", &[("username", "owner"), ("password", "secret")]).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(page.shows("The API is down"));
}

#[tokio::test]
async fn a_session_outlives_an_api_that_is_away() {
    let mut api = FakeApi::signed_in("owner").await;
    api.stop().await;
    let page = api.browser.get("/leads").await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(page.shows("The service cannot be reached") && page.shows("Sign out"));
}
