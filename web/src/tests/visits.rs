//! Visits as staff and visitors see them.

use axum::http::{Method, StatusCode};

use super::{FakeApi, LEAD};

#[tokio::test]
async fn the_list_leads_to_a_visit_and_to_the_next_page() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/bookings?status=PENDING&q=a%26b").await;
    assert!(page.shows("&#60;b&#62;Sam&#60;/b&#62; &#38; Co"), "{}", page.html);
    assert!(page.shows(&format!("/bookings/{LEAD}")) && page.shows("1 visit"));
    assert!(page.shows("q=a%26b&#38;status=PENDING&#38;cursor=17_ab"), "{}", page.html);
    let board = api.browser.get("/board").await;
    assert!(board.shows("North") && board.shows("120 minutes planned"), "{}", board.html);
    assert!(board.shows("blackout") && board.shows("(van)"));
}

#[tokio::test]
async fn a_visit_offers_what_its_status_allows_and_is_changed_with_version_and_key() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/bookings/{LEAD}");
    let page = api.browser.get(&address).await;
    assert!(page.shows("Confirm") && page.shows("Cancel the visit"), "{}", page.html);
    assert!(!page.shows("It is clean"), "nobody was there yet");
    assert!(!page.shows("<script>") && page.shows("risk assessed, demo"), "{}", page.html);
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key), ("version", "4"), ("reason", "ill")];
    let page = api.browser.post(&format!("{address}/cancel"), &form).await;
    assert_eq!(page.header("location"), format!("{address}?saved=1"));
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{address}/cancel"))[0];
    assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", &*key));
    assert_eq!(asked.body, serde_json::json!({ "reason": "ill" }));
    let old = [("csrf", &*csrf), ("key", &key), ("version", "3"), ("reason", "ill")];
    let page = api.browser.post(&format!("{address}/cancel"), &old).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("What you had entered") && page.shows("ill"));
    let viewer = FakeApi::signed_in("viewer").await.browser.get(&address).await;
    assert!(!viewer.shows("Cancel the visit"));
}

#[tokio::test]
async fn what_somebody_took_in_advance_is_given_back_on_the_page_of_the_visit() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/bookings/{LEAD}");
    let page = api.browser.get(&address).await;
    assert!(page.shows("Taken by hand: $70.00") && page.shows("$20.00 of it given back"));
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = |amount: &'static str| {
        [("csrf", csrf.clone()), ("key", key.clone()), ("version", "4".to_owned())]
            .into_iter()
            .chain([("payment", "manual:ET-1".to_owned()), ("amount_cents", amount.to_owned())])
            .collect::<Vec<_>>()
    };
    let typed = form("a lot");
    let typed: Vec<_> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = api.browser.post(&format!("{address}/deposit/return"), &typed).await;
    assert!(page.shows("Write an amount such as"), "{}", page.html);
    let typed = form("12.50");
    let typed: Vec<_> = typed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = api.browser.post(&format!("{address}/deposit/return"), &typed).await;
    assert_eq!(page.header("location"), format!("{address}?saved=1"));
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{address}/deposit/return"))[0];
    let body = serde_json::json!({ "payment_id": "manual:ET-1", "amount_cents": 1_250 });
    assert_eq!((asked.header("if-match"), &asked.body), ("\"4\"", &body));
    // And what somebody takes is written down there.
    let taken = [
        ("csrf", &*csrf),
        ("key", &*key),
        ("version", "4"),
        ("amount_cents", "20"),
        ("reference", "CASH"),
    ];
    api.browser.post(&format!("{address}/deposit"), &taken).await;
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{address}/deposit"))[0];
    assert_eq!(asked.body, serde_json::json!({ "amount_cents": 2_000, "reference": "CASH" }));
    let bookkeeper = FakeApi::signed_in("bookkeeper").await.browser.get(&address).await;
    assert!(bookkeeper.shows("Taken by hand") && !bookkeeper.shows("It was given back"));
}

#[tokio::test]
async fn a_visitor_chooses_one_of_the_times() {
    let mut api = FakeApi::start().await;
    let start = api.browser.get(&format!("/book?lead={LEAD}")).await;
    assert!(start.shows("Show times") && !start.shows("Book this time"));
    let page = api.browser.get(&format!("/book?lead={LEAD}&date=2030-03-04&hours=2")).await;
    assert!(page.shows("2030-03-04 09:00 MST"), "{}", page.html);
    let key = page.field("key").to_owned();
    let form = |at: &'static str| {
        [("lead", LEAD), ("date", "2030-03-04"), ("hours", "2"), ("starts_at", at)]
    };
    let taken = [&form("2030-03-04T17:00:00.000000Z")[..], &[("key", &*key)]].concat();
    let page = api.browser.post("/book", &taken).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("no longer available") && page.shows("Book this time"), "{}", page.html);
    let free = [&form("2030-03-04T16:00:00.000000Z")[..], &[("key", &*key)]].concat();
    let page = api.browser.post("/book", &free).await;
    assert_eq!(page.status, StatusCode::CREATED);
    assert!(page.shows("Your time is taken") && page.shows("We ask for $50.00 in advance"));
    assert!(page.shows("https://checkout.example/1"), "{}", page.html);
    let asked = api.asked(&Method::POST, "/v1/bookings").pop().unwrap();
    assert_eq!(asked.header("idempotency-key"), key);
    assert_eq!(asked.body["time_on_site_hours"], 2);
}
