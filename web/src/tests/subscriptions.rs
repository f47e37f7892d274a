//! Visits that come again and again, as staff see them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, LEAD, QUOTE};

pub(super) fn told(path: &str) -> Option<Value> {
    let one = format!("/v1/admin/subscriptions/{LEAD}");
    let days = json!([
        { "date": "2030-03-11", "outcome": "skipped", "booking_id": null, "reason": "slot_taken", "decided_at": "2030-03-04T12:00:00Z" },
        { "date": "2030-03-04", "outcome": "booked", "booking_id": QUOTE, "reason": null, "decided_at": "2030-02-25T12:00:00Z" },
    ]);
    let mut it = json!({
        "subscription_id": LEAD, "client_name": "<b>Sam</b>", "status": "ACTIVE", "status_reason": null,
        "frequency": "WEEKLY", "preferred_weekday": 0, "preferred_day_of_month": null, "base_service_type": "standard",
        "base_price": 9450, "price_book": "economy/v1", "next_run": "2030-03-18", "next_run_at": "2030-03-18T15:00:00Z",
    });
    if path == "/v1/admin/subscriptions" {
        it["last_visit"] = days[0].clone();
        return Some(json!([it]));
    }
    if path == one {
        return Some(it);
    }
    (path == format!("{one}/visits")).then_some(days)
}

#[tokio::test]
async fn the_list_tells_on_which_day_nobody_comes_and_leads_to_the_subscription() {
    let mut api = FakeApi::signed_in("owner").await;
    let list = api.browser.get("/subscriptions?status=ACTIVE").await;
    assert!(list.shows("&#60;b&#62;Sam&#60;/b&#62;") && list.shows("weekly, Mon"), "{}", list.html);
    assert!(list.shows("2030-03-11: nobody came, every team is taken"), "{}", list.html);
    assert!(list.shows(&format!("/subscriptions/{LEAD}")) && list.shows("$94.50"));
    let page = api.browser.get(&format!("/subscriptions/{LEAD}")).await;
    assert!(page.shows("Cancel the subscription") && !page.shows("Come again"), "{}", page.html);
    assert!(page.shows(&format!("/bookings/{QUOTE}")) && page.shows("economy/v1"));
    let viewer =
        FakeApi::signed_in("viewer").await.browser.get(&format!("/subscriptions/{LEAD}")).await;
    assert!(!viewer.shows("Cancel the subscription"));
}

#[tokio::test]
async fn a_subscription_is_paused_with_a_reason_and_a_change_by_somebody_else_is_told() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/subscriptions/{LEAD}");
    let page = api.browser.get(&address).await;
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key), ("version", "4"), ("status_reason", "away")];
    let page = api.browser.post(&format!("{address}/pause"), &form).await;
    assert_eq!(page.header("location"), format!("{address}?saved=1"));
    let asked = &api.asked(&Method::PATCH, &format!("/v1/admin{address}"))[0];
    assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", &*key));
    assert_eq!(asked.body, json!({ "status": "PAUSED", "status_reason": "away" }));
    let old = [("csrf", &*csrf), ("key", &key), ("version", "3"), ("next_run", "2030-04-01")];
    let page = api.browser.post(&format!("{address}/move"), &old).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("What you had entered") && page.shows("2030-04-01"));
}
