//! Disputes as the office sees and decides them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, LEAD};

/// What the API tells about `path`, if it is a matter of disputes.
pub(super) fn told(path: &str) -> Option<Value> {
    let dispute = json!({
        "dispute_id": LEAD, "status": "FACTS_COLLECTED", "source": "worker", "booking_id": LEAD, "invoice_id": null,
        "amount_cents": null, "reason": "A <vase> is broken", "opened_at": "2026-11-24T09:00:00Z",
        "facts": { "photo_refs": ["p-1", "p-2"], "time_log": { "said": "<95> minutes" } },
        "decision": {
            "decision": "partial_refund", "amount_cents": 5_000, "before_cents": 0, "after_cents": 5_000,
            "credit_cents": 5_000, "note": null, "decided_at": "2026-11-24T10:00:00Z",
            "refunds": [{ "amount_cents": 5_000, "state": "refused" }],
        },
        "closed_at": null, "won": null,
    });
    match path.strip_prefix("/v1/admin/disputes")? {
        "" => Some(json!({ "items": [dispute] })),
        _ => Some(dispute),
    }
}

#[tokio::test]
async fn a_dispute_is_listed_shown_and_decided() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/disputes?status=OPEN").await;
    assert!(page.shows("A &#60;vase&#62; is broken"), "{}", page.html);
    let here = format!("/disputes/{LEAD}");
    let page = api.browser.get(&here).await;
    for text in ["p-1, p-2", "&#60;95&#62; minutes", "pay it back by hand", "$50.00", "Decide it"] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [
        ("csrf", csrf.as_str()),
        ("key", key.as_str()),
        ("decision", "partial_refund"),
        ("amount_cents", "12.50"),
    ];
    let page = api.browser.post(&format!("{here}/decide"), &form).await;
    assert_eq!(page.header("location"), format!("{here}?saved=1"), "{}", page.html);
    let sent = &api.asked(&Method::POST, &format!("/v1/admin/disputes/{LEAD}/decide"))[0];
    assert_eq!(sent.body, json!({ "decision": "partial_refund", "amount_cents": 1_250 }));
    let form = [("csrf", csrf.as_str()), ("key", key.as_str()), ("photo_refs", "a, b\nc")];
    api.browser.post(&format!("{here}/facts"), &form).await;
    let sent = &api.asked(&Method::POST, &format!("/v1/admin/disputes/{LEAD}/facts"))[0];
    assert_eq!(sent.body, json!({ "photo_refs": ["a", "b", "c"] }));
    let forged = [("csrf", "x")];
    let page = api.browser.post(&format!("{here}/close"), &forged).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    let mut viewer = FakeApi::signed_in("viewer").await;
    let page = viewer.browser.get(&here).await;
    assert!(!page.shows("Decide it") && !page.shows("Write it down"), "{}", page.html);
}
