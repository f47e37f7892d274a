//! Clients as staff see them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, LEAD, QUOTE};

pub(super) fn told(path: &str) -> Option<Value> {
    let one = format!("/v1/admin/clients/{LEAD}");
    let standing = json!({
        "visits": 3, "last_visit_at": "2026-09-01T17:00:00Z", "lifetime_value_cents": 36_000, "complaints": 3,
        "average_rating": 2.5, "frequent_complaints": true, "low_rater": false, "churn": "HIGH",
        "churn_reasons": ["not_visited_for_60_days"],
    });
    let mut client = json!({
        "client_id": LEAD, "name": "<b>Sam</b>", "email": "sam@example.org", "phone": null, "tags": ["VIP", "dog"],
        "address": "1 <Elm>", "is_active": true, "is_blocked": false, "registered_at": "2026-01-02T03:04:05Z",
        "archived_at": null, "merged_into": null,
    });
    if path == "/v1/admin/clients" {
        client.as_object_mut().unwrap().extend(standing.as_object().unwrap().clone());
        return Some(json!({ "items": [client], "next_cursor": "17_ab" }));
    }
    if path == one {
        client["standing"] = standing;
        client["addresses"] = json!([{
            "address_id": QUOTE, "label": "Primary", "address_text": "1 <Elm>", "notes": null, "is_active": true,
        }]);
        (client["merged"], client["block_reason"]) = (json!([]), Value::Null);
        return Some(client);
    }
    if path == format!("{one}/notes") {
        let note = |text: &str, by: &str| json!({ "kind": "COMPLAINT", "text": text, "created_by": by, "created_at": "2026-11-24T09:00:00Z" });
        return Some(json!([
            note("<i>late</i>", "owner-first"),
            note("dog", QUOTE),
            note("cat", LEAD)
        ]));
    }
    if path == "/v1/admin/iam/users" {
        return Some(json!({ "users": [{ "user_id": QUOTE, "email": "dana@example.org" }] }));
    }
    if path == format!("{one}/feedback") {
        return Some(
            json!([{ "rating": 2, "comment": "dusty", "booking_id": QUOTE, "source": "client", "created_at": "2026-11-24T09:00:00Z" }]),
        );
    }
    (path == "/v1/admin/bookings").then(|| json!([super::visit()]))
}

#[tokio::test]
async fn the_list_is_filtered_by_how_clients_stand_and_leads_on() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/clients?q=a%26b&churn=HIGH&risk=any").await;
    assert!(
        page.shows("&#60;b&#62;Sam&#60;/b&#62;") && page.shows("1 &#60;Elm&#62;"),
        "{}",
        page.html
    );
    assert!(page.shows("not visited for 60 days") && page.shows("$360.00") && page.shows("VIP"));
    assert!(page.shows("q=a%26b&#38;risk=any&#38;churn=HIGH&#38;cursor=17_ab"), "{}", page.html);
    let asked = &api.asked(&Method::GET, "/v1/admin/clients?q=a%26b&risk=any&churn=HIGH");
    assert_eq!(asked.len(), 1);
}

/// A form, how it is sent, what is typed in it, and what becomes of it.
type Sent = (&'static str, Method, Vec<(&'static str, &'static str)>, Value);

fn sent() -> Vec<Sent> {
    let praise = vec![("kind", "PRAISE"), ("text", "kind")];
    let page = vec![("into", "https://x.example/clients/ab-12/")];
    vec![
        ("tags", Method::PUT, vec![("tags", "VIP, cat")], json!({ "tags": ["VIP", " cat"] })),
        ("notes", Method::POST, praise, json!({ "kind": "PRAISE", "text": "kind" })),
        ("block", Method::POST, vec![("reason", "no")], json!({ "reason": "no" })),
        ("merge", Method::POST, page, json!({ "into_client_id": "ab-12" })),
    ]
}

#[tokio::test]
async fn everything_about_a_client_is_changed_with_version_and_key() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/clients/{LEAD}");
    let page = api.browser.get(&address).await;
    assert!(page.shows("&#60;i&#62;late&#60;/i&#62;") && page.shows("dusty"), "{}", page.html);
    assert!(page.shows("frequent complaints") && page.shows("2.5 of 5") && page.shows("VIP, dog"));
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let own = [("csrf", &*csrf), ("key", &key), ("version", "4")];
    for (form, method, typed, body) in sent() {
        let fields = [&own[..], &typed[..]].concat();
        let page = api.browser.post(&format!("{address}/{form}"), &fields).await;
        assert_eq!(page.header("location"), format!("{address}?saved=1"), "{form}");
        let asked = &api.asked(&method, &format!("/v1/admin{address}/{form}"))[0];
        assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", &*key));
        assert_eq!(asked.body, body);
    }
    let old = [("csrf", &*csrf), ("key", &key), ("version", "3"), ("reason", "never in")];
    let page = api.browser.post(&format!("{address}/block"), &old).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("What you had entered") && page.shows("never in"));
    let viewer = FakeApi::signed_in("viewer").await.browser.get(&address).await;
    assert!(
        !viewer.shows("Take no more bookings") && viewer.shows("sam@example.org"),
        "{}",
        viewer.html
    );
}

#[tokio::test]
async fn notes_name_their_writer_or_nobody() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/clients/{LEAD}");
    let page = api.browser.get(&address).await;
    assert!(page.shows(", owner-first") && page.shows(", dana@example.org"), "{}", page.html);
    assert!(!page.shows(&format!(", {LEAD}")), "{}", page.html);
    // Who may not know who works here is not told, and does not even ask.
    let mut viewer = FakeApi::signed_in("viewer").await;
    let page = viewer.browser.get(&address).await;
    assert!(!page.shows("dana@example.org") && !page.shows(&format!(", {QUOTE}")), "{}", page.html);
    assert!(viewer.asked(&Method::GET, "/v1/admin/iam/users?limit=200").is_empty());
}

#[tokio::test]
async fn somebody_who_is_not_taken_in_is_typed_once_only() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/clients").await;
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key), ("name", "Sam <2>"), ("email", "nobody")];
    let page = api.browser.post("/clients/new", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows(r#"id="new-email-error">Not an address"#), "{}", page.html);
    assert!(page.shows("Sam &#60;2&#62;"), "{}", page.html);
    let form = [("csrf", &*csrf), ("key", &key), ("name", "Sam"), ("email", "sam2@example.org")];
    let page = api.browser.post("/clients/new", &form).await;
    assert_eq!(page.header("location"), format!("/clients/{LEAD}?saved=1"), "{}", page.html);
    let asked = api.asked(&Method::POST, "/v1/admin/clients").pop().unwrap();
    assert_eq!(asked.header("idempotency-key"), key);
}
