//! What anybody sees.

use axum::http::{Method, StatusCode};

use super::{FakeApi, LEAD, browser};
use crate::Widget;

const SAM: [(&str, &str); 4] = [
    ("name", "Sam"),
    ("phone", "780-555-0142"),
    ("address", "12 Sample Street"),
    ("preferred_dates", "Tue morning\r\n\r\nWed"),
];

#[tokio::test]
async fn health_is_answered_without_the_api() {
    let mut browser = browser("http://127.0.0.1:1");
    for method in [Method::GET, Method::HEAD] {
        let page = browser.send(method, "/healthz", &[], None).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header("cache-control"), "no-store");
    }
    assert_eq!(browser.get("/healthz").await.html, r#"{"status":"ok"}"#);
}

#[tokio::test]
async fn a_price_is_shown_and_taken_along_to_the_visit() {
    let mut api = FakeApi::start().await;
    let home = [("beds", "3"), ("baths", "1.5"), ("add_ons.oven", "on"), ("utm_source", "news")];
    let page = api.browser.post("/estimate", &home).await;
    assert!(page.shows("$105.00"), "{}", page.html);
    let asked = &api.asked(&Method::POST, "/v1/estimate")[0];
    assert_eq!(asked.body["baths"], 1.5);
    assert_eq!(asked.header("host"), "clean.example");
    assert!(asked.header("traceparent").starts_with("00-"), "{:?}", asked.headers);
    assert_eq!(page.field("add_ons.oven"), "on");
    assert_eq!(page.field("utm_source"), "news");
    assert_eq!(page.field("total"), "105.00");
}

#[tokio::test]
async fn an_unusable_home_is_told_beside_its_field() {
    let mut api = FakeApi::start().await;
    let page = api.browser.post("/estimate", &[("beds", "99")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows(r#"id="beds-error">At most 10<"#), "{}", page.html);
}

#[tokio::test]
async fn a_double_submit_uses_one_key() {
    let mut api = FakeApi::start().await;
    let key = api.browser.get("/").await.field("key").to_owned();
    assert!(!key.is_empty());
    let mut form = SAM.to_vec();
    form.push(("key", &key));
    for _ in 0..2 {
        let page = api.browser.post("/visit", &form).await;
        assert_eq!(page.status, StatusCode::CREATED);
        assert!(page.shows("A1B2C3D4") && page.shows("We call."));
    }
    let asked = api.asked(&Method::POST, "/v1/leads");
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|one| one.header("idempotency-key") == key));
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(asked[0].body["preferred_dates"], serde_json::json!(["Tue morning", "Wed"]));
    assert_ne!(api.browser.get("/").await.field("key"), key, "the next form is another request");
}

#[tokio::test]
async fn an_error_stands_beside_its_field_and_the_key_stays() {
    let mut api = FakeApi::start().await;
    let form = [("name", "Sam"), ("phone", "bad"), ("key", "k-1")];
    let page = api.browser.post("/visit", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows("phone-error\">Not a &#60;phone&#62; number"), "{}", page.html);
    assert_eq!(page.field("name"), "Sam");
    assert_eq!(page.field("key"), "k-1");
}

#[tokio::test]
async fn a_request_is_not_lost_while_the_api_is_down() {
    let mut browser = browser("http://127.0.0.1:1");
    let page = browser.post("/visit", &[("name", "Sam"), ("key", "k-1")]).await;
    assert_eq!(page.status, StatusCode::BAD_GATEWAY);
    assert!(page.shows("The API is down"));
    assert_eq!((page.field("name"), page.field("key")), ("Sam", "k-1"));
}

#[tokio::test]
async fn nothing_from_elsewhere_may_run_or_frame_a_page() {
    let page = browser("http://127.0.0.1:1").get("/").await;
    let policy = page.header("content-security-policy");
    for rule in ["default-src 'self'", "frame-ancestors 'none'", "form-action 'self'"] {
        assert!(policy.contains(rule));
    }
    assert!(!page.shows("style=") && !page.shows("<script") && !page.shows("onclick"));
}

#[tokio::test]
async fn an_unknown_page_is_told_in_words() {
    let page = browser("http://127.0.0.1:1").get("/nowhere").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.shows("There is no such page"));
}

#[tokio::test]
async fn visitors_show_that_they_are_persons_where_somebody_asks_and_nowhere_else_a_stranger_runs()
{
    const POLICY: &str = "content-security-policy";
    let mut plain = FakeApi::start().await.browser;
    let page = plain.get("/").await;
    assert!(!page.shows("turnstile") && !page.header(POLICY).contains("https"), "{}", page.html);
    let base = "https://challenges.example".parse().unwrap();
    let mut api = FakeApi::start_asking(Some(Widget { site_key: "0x4<A".to_owned(), base })).await;
    let day = format!("/book?lead={LEAD}&date=2030-03-04");
    for address in ["/", &day] {
        let page = api.browser.get(address).await;
        assert!(page.shows(r#"data-sitekey="0x4&#60;A""#), "{}", page.html);
        let script = r#"<script src="https://challenges.example/turnstile/v0/api.js""#;
        assert!(page.shows(script), "{}", page.html);
        let policy = page.header(POLICY);
        for part in [
            "script-src 'self' https://challenges.example;",
            "frame-src https://challenges.example;",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    for address in ["/login", "/client/login", "/nowhere"] {
        let page = api.browser.get(address).await;
        assert!(!page.header(POLICY).contains("https"), "{address}");
    }
    let mut form = SAM.to_vec();
    form.push(("cf-turnstile-response", "robot"));
    let page = api.browser.post("/visit", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows(r#"id="captcha-error">Answer it once more"#), "{}", page.html);
    assert!(page.shows("show once more that you are a person"), "{}", page.html);
    assert!(page.shows("data-sitekey") && !page.shows("robot"), "{}", page.html);
    assert!(page.header(POLICY).contains("frame-src https://challenges.example"));
    form.push(("cf-turnstile-response", "person"));
    let page = api.browser.post("/visit", &form).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.html);
    let asked = api.asked(&Method::POST, "/v1/leads").pop().unwrap();
    assert_eq!(asked.body["captcha_token"], "person");
    let booked = [
        ("lead", LEAD),
        ("starts_at", "2030-03-04T16:00:00.000000Z"),
        ("hours", "2"),
        ("cf-turnstile-response", "person"),
    ];
    let page = api.browser.post("/book", &booked).await;
    assert_eq!(page.status, StatusCode::CREATED, "{}", page.html);
    let asked = api.asked(&Method::POST, "/v1/bookings").pop().unwrap();
    assert_eq!(asked.body["captcha_token"], "person");
}
