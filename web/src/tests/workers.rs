//! Workers and their files, as staff see them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, LEAD, QUOTE};

pub(super) fn told(path: &str) -> Option<Value> {
    let worker = json!({
        "worker_id": LEAD, "name": "<b>Dana</b>", "phone": "780-555-0111", "email": null, "role": "cleaner",
        "team_id": 2, "is_active": true, "rating_avg": 4.5, "rating_count": 2, "skills": ["deep_clean"],
    });
    let one = format!("/v1/admin/workers/{LEAD}");
    if path == "/v1/admin/workers" {
        return Some(json!({ "items": [worker], "next_cursor": "more" }));
    }
    if path == one {
        return Some(worker);
    }
    (path == format!("{one}/file")).then(|| {
        json!({
            "role": "cleaner", "skills": ["deep_clean"], "hourly_rate_cents": 2_750,
            "onboarding": { "docs_received": true, "background_check": false },
            "certificates": [{
                "cert_id": QUOTE, "name": "Ladder <Safety>", "status": "active", "expires_at": "2030-03-11",
                "badge": "7_days",
            }],
            "notes": [{
                "kind": "incident", "severity": "low", "text": "A vase", "created_at": "2030-03-04T12:00:00Z",
            }],
            "reviews": [], "rating_avg": 4.5,
        })
    })
}

#[tokio::test]
async fn the_list_keeps_what_it_was_asked_for_and_leads_to_the_worker() {
    let mut api = FakeApi::signed_in("owner").await;
    let list = api.browser.get("/workers?skills=deep_clean&availability=free").await;
    assert!(list.shows("&#60;b&#62;Dana&#60;/b&#62;") && list.shows("4.50 (2)"), "{}", list.html);
    assert!(list.shows("availability=free&#38;cursor=more"), "{}", list.html);
    let page = api.browser.get(&format!("/workers/{LEAD}")).await;
    for text in
        ["Ladder &#60;Safety&#62;", "ends within a week", "$27.50", "A vase", "Papers are here"]
    {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
}

#[tokio::test]
async fn what_is_written_down_is_sent_once_and_only_from_a_page_of_ours() {
    let mut api = FakeApi::signed_in("owner").await;
    let address = format!("/workers/{LEAD}");
    let page = api.browser.get(&address).await;
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key), ("step", "background_check"), ("done", "1")];
    let page = api.browser.post(&format!("{address}/onboarding"), &form).await;
    assert_eq!(page.header("location"), format!("{address}?saved=1"));
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{address}/onboarding"))[0];
    assert_eq!(asked.header("idempotency-key"), key);
    assert_eq!(asked.body, json!({ "step": "background_check", "done": true }));
    let page = api.browser.post(&format!("{address}/notes"), &[("text", "x")]).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
}
