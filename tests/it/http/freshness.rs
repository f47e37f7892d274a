//! Reading one's own writes, and reading what was.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{submitted, with_lead};
use crate::harness::App;

#[tokio::test]
async fn a_query_waits_for_the_position_of_ones_own_command() {
    let (app, lead, owner) = with_lead().await;
    let done = owner.post(&format!("{lead}/status"), &json!({ "status": "CONTACTED" })).await;
    let position = done.position().to_string();
    // Without asking, what the read model has; it has not been told yet.
    assert_eq!(owner.get(&lead).await.body["status"], "NEW");
    let mine = owner.with("x-min-position", &position);
    for route in [lead.as_str(), "/v1/admin/leads", "/v1/admin/effects", "/v1/admin/audit-logs"] {
        let answer = app.following(mine.get(route)).await;
        assert_eq!(answer.ok().header("x-position"), Some(position.as_str()), "{route}");
        assert_eq!(answer.header("x-stale"), None);
    }
    assert_eq!(mine.get(&lead).await.body["status"], "CONTACTED");
}

#[tokio::test]
async fn a_position_that_does_not_come_is_told_in_time_or_passed_over_and_marked() {
    let (app, lead, owner) = with_lead().await;
    let future = owner.with("x-min-position", "1000");
    let started = Instant::now();
    let answer = future.get(&lead).await;
    let took = started.elapsed();
    answer.is(503, "stale_read");
    assert!(took >= Duration::from_secs(2) && took < Duration::from_millis(2900), "{took:?}");
    assert_eq!(answer.body["position"], app.position(0).await);
    assert_eq!(answer.header("retry-after"), Some("1"));
    let stale = future.with("x-allow-stale", "1").get(&lead).await;
    assert_eq!(stale.ok().header("x-stale"), Some("1"));
    assert_eq!(stale.position(), app.position(0).await);
    assert_eq!(stale.body["status"], "NEW");
}

#[tokio::test]
async fn a_lead_and_the_list_are_shown_as_of_a_position_and_an_instant() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let lead = submitted(&app.anyone()).await;
    owner.patch(&lead, &json!({ "notes": "second thoughts" })).await.ok();
    owner.post(&format!("{lead}/status"), &json!({ "status": "CONTACTED" })).await.ok();
    // From the log itself: no read model has been told.
    let at = async |as_of: &str| owner.get(&format!("{lead}?as_of={as_of}")).await;
    let then = at("2").await;
    assert_eq!(then.ok().body["notes"], "whisper at door");
    assert_eq!(then.body["as_of"], json!({ "position": 2, "version": 1 }));
    assert_eq!(then.body["timeline"].as_array().unwrap().len(), 1);
    assert_eq!(at("3").await.body["notes"], "second thoughts");
    assert_eq!(at("3").await.body["status"], "NEW");
    assert_eq!(at("4").await.body["status"], "CONTACTED");
    assert_eq!(at("1").await.status, 404);
    assert_eq!(at("5").await.is(422, "validation_failed").fields(), ["as_of"]);
    assert_eq!(at("noon").await.is(422, "validation_failed").fields(), ["as_of"]);

    let events = owner.get("/v1/admin/events?after=2&limit=1").await;
    let instant = events.body["items"][0]["recorded_at"].as_str().unwrap().replace('+', "%2B");
    let then = at(&instant).await;
    assert_eq!(then.ok().body["as_of"]["position"], 3);
    assert_eq!(then.body["notes"], "second thoughts");

    let list = owner.get("/v1/admin/leads?as_of=3").await;
    assert_eq!(list.ok().body["items"][0]["status"], "NEW");
    assert_eq!(list.body["items"][0]["notes"], "second thoughts");
    assert_eq!(list.body["as_of"], json!({ "position": 3 }));
    assert_eq!(owner.get("/v1/admin/leads?as_of=1").await.ok().body["total"], 0);
    let list = owner.get("/v1/admin/leads?as_of=4&status=CONTACTED").await;
    assert_eq!(list.ok().body["total"], 1);
    assert_eq!(owner.get("/v1/admin/leads?as_of=9").await.fields(), ["as_of"]);
}
