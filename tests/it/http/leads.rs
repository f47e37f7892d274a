//! What staff see of leads: the list with its filters and pages, one lead with its version.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{form_of, id_in, submitted, with_lead};
use crate::harness::{App, Client};

const LIST: &str = "/v1/admin/leads";

async fn ask(app: &App, name: &str, phone: &str) -> String {
    let answer = app.anyone().post("/v1/leads", &form_of(name, phone)).await;
    answer.ok().body["lead_id"].as_str().unwrap().to_owned()
}

async fn names(client: &Client, query: &str) -> Vec<String> {
    let answer = client.get(&format!("{LIST}?{query}")).await;
    let items = answer.ok().body["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_list_is_found_by_status_words_and_days() {
    let app = App::start().await;
    let anna = ask(&app, "Anna Ölund", "780 111").await;
    app.advance(TimeDelta::days(2));
    ask(&app, "Bert 100%_", "780 222").await;
    let owner = app.staff("owner");
    let lost = json!({ "status": "LOST", "loss_reason": "too far" });
    owner.post(&format!("{LIST}/{anna}/status"), &lost).await.ok();
    app.settle().await;

    assert_eq!(names(&owner, "").await, ["Bert 100%_", "Anna Ölund"]);
    assert_eq!(names(&owner, "status=LOST").await, ["Anna Ölund"]);
    assert_eq!(names(&owner, "query=ÖLUND").await, ["Anna Ölund"]);
    assert_eq!(names(&owner, "query=222").await, ["Bert 100%_"]);
    assert_eq!(names(&owner, &format!("query={anna}")).await, ["Anna Ölund"]);
    // What means something to the database means itself here.
    assert_eq!(names(&owner, "query=0%25_").await, ["Bert 100%_"]);
    assert_eq!(names(&owner, "query=%25").await, ["Bert 100%_"]);
    // Days of the organisation, both included.
    let day = |ago: i64| {
        let there = app.now() - TimeDelta::hours(7) - TimeDelta::days(ago);
        there.date_naive()
    };
    let of = async |from: i64, to: i64| {
        names(&owner, &format!("from={}&to={}", day(from), day(to))).await.len()
    };
    assert_eq!((of(3, -1).await, of(0, 0).await, of(2, 2).await, of(1, 1).await), (2, 1, 1, 0));

    owner.get("/v1/admin/leads?status=SOLD").await.is(400, "invalid_status");
    for (query, field) in [
        ("colour=green", "colour"),
        ("page=0", "page"),
        ("page=x", "page"),
        ("from=monday", "from"),
        ("cursor=zz", "cursor"),
        ("query=%00", "query"),
        ("query=%ff", "query"),
        ("as_of=soon", "as_of"),
    ] {
        let answer = owner.get(&format!("{LIST}?{query}")).await;
        assert_eq!(answer.is(422, "validation_failed").fields(), [field]);
    }
}

#[tokio::test]
async fn pages_and_cursors_show_every_lead_once_newest_first() {
    let app = App::start().await;
    for number in 0..27 {
        ask(&app, &format!("Lead {number:02}"), "780 333").await;
        app.advance(TimeDelta::seconds(number % 2));
    }
    app.settle().await;
    let viewer = app.staff("viewer");
    let first = viewer.get(LIST).await.body;
    assert_eq!(
        (&first["total"], &first["page"], &first["page_size"]),
        (&json!(27), &json!(1), &json!(25))
    );
    let second = viewer.get(&format!("{LIST}?page=2")).await.body;
    let cursor = first["next_cursor"].as_str().unwrap();
    let after = viewer.get(&format!("{LIST}?cursor={cursor}")).await.body;
    assert_eq!(after["items"], second["items"]);
    assert_eq!(after["next_cursor"], Value::Null);
    let ids = |page: &Value| -> Vec<Value> {
        page["items"].as_array().unwrap().iter().map(|item| item["lead_id"].clone()).collect()
    };
    let mut seen = [ids(&first), ids(&second)].concat();
    assert_eq!(seen.len(), 27);
    seen.sort_by_key(ToString::to_string);
    seen.dedup();
    assert_eq!(seen.len(), 27);
    let item = first["items"][0].as_object().unwrap();
    for name in ["lead_id", "email", "postal_code", "loss_reason", "referral_credits", "updated_at"]
    {
        assert!(item.contains_key(name), "{name}");
    }
    assert!(!item.contains_key("address") && !item.contains_key("search"));
    assert_eq!(viewer.get(&format!("{LIST}?page=3")).await.body["items"], json!([]));
    let both = viewer.get(&format!("{LIST}?page=1&cursor={cursor}")).await;
    assert_eq!(both.is(422, "validation_failed").fields(), ["cursor"]);
}

#[tokio::test]
async fn a_lead_is_shown_with_a_tag_that_spares_and_guards() {
    let (app, lead, owner) = with_lead().await;
    let shown = owner.get(&lead).await;
    assert_eq!(shown.ok().header("etag"), Some("\"1\""));
    let same = owner.with("if-none-match", "\"1\"").get(&lead).await;
    assert_eq!((same.status, same.text.as_str()), (304, ""));

    let note = json!({ "notes": "call after six" });
    let mine = owner.with("if-match", "\"1\"");
    let changed = mine.patch(&lead, &note).await;
    assert_eq!(changed.ok().header("etag"), Some("\"2\""));
    assert_eq!(changed.body["notes"], "call after six");
    let late = mine.patch(&lead, &json!({ "notes": "lost update" })).await;
    assert_eq!(late.is(412, "version_mismatch").body["current_version"], 2);
    app.settle().await;
    let shown = owner.with("if-none-match", "\"1\"").get(&lead).await;
    assert_eq!((shown.status, &shown.body["notes"]), (200, &json!("call after six")));
    // Saying again what is so already writes nothing.
    let before = app.position(0).await;
    owner.patch(&lead, &note).await.ok();
    assert_eq!(app.position(0).await, before);
    owner.with("if-match", "*").patch(&lead, &json!({ "notes": "" })).await.ok();
    app.settle().await;
    assert_eq!(owner.get(&lead).await.body["notes"], Value::Null);
}

#[tokio::test]
async fn a_status_goes_only_where_it_may() {
    let (app, lead, owner) = with_lead().await;
    let go = async |body: Value| owner.post(&format!("{lead}/status"), &body).await;
    let to = |status: &str| json!({ "status": status });
    go(to("WON")).await.is(400, "lead.illegal_transition");
    go(to("LOST")).await.is(400, "lead.loss_reason_missing");
    go(json!({ "status": "CONTACTED", "loss_reason": "x" })).await.is(400, "lead.not_lost");
    assert_eq!(app.position(0).await, 2);
    assert_eq!(go(to("NEW")).await.ok().body["status"], "NEW");
    assert_eq!(app.position(0).await, 2);
    assert_eq!(go(to("CONTACTED")).await.ok().body["status"], "CONTACTED");
    go(to("NEW")).await.is(400, "lead.illegal_transition");
    go(to("QUOTED")).await.ok();
    go(to("CONTACTED")).await.is(400, "lead.illegal_transition");
    let lost = go(json!({ "status": "LOST", "loss_reason": "too far" })).await;
    assert_eq!(lost.ok().body["loss_reason"], "too far");
    go(to("WON")).await.is(400, "lead.illegal_transition");
    app.settle().await;
    let shown = owner.get(&lead).await.body;
    assert_eq!((&shown["status"], &shown["loss_reason"]), (&json!("LOST"), &json!("too far")));
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_needs_to_name_something() {
    let (app, lead, owner) = with_lead().await;
    owner.patch(&lead, &json!({})).await.is(400, "lead.nothing_supplied");
    let answer = owner.patch(&lead, &json!({ "notes": "x".repeat(501) })).await;
    assert_eq!(answer.fields(), ["notes"]);
    owner
        .patch(&lead, &json!({ "status": "WON", "notes": "n" }))
        .await
        .is(400, "lead.illegal_transition");
    assert_eq!(app.position(0).await, 2);
    let both = json!({ "status": "LOST", "loss_reason": "price", "notes": "call in May" });
    let shown = owner.patch(&lead, &both).await;
    for (name, value) in both.as_object().unwrap() {
        assert_eq!(&shown.ok().body[name], value);
    }
    let reason = owner.patch(&lead, &json!({ "loss_reason": "distance" })).await;
    assert_eq!(reason.ok().body["loss_reason"], "distance");
}

#[tokio::test]
async fn the_timeline_tells_who_did_what_newest_first() {
    let (app, lead, owner) = with_lead().await;
    let entry = json!({ "action": "Called", "note": "nobody home" });
    let traced = owner.with("x-request-id", "req-77");
    traced.post(&format!("{lead}/timeline"), &entry).await.ok();
    app.settle().await;
    let timeline = owner.get(&lead).await.body["timeline"].clone();
    let events: Vec<_> = timeline.as_array().unwrap().iter().map(|e| &e["event_type"]).collect();
    assert_eq!(events, ["timeline_entry_added", "submitted"]);
    let newest = &timeline[0];
    assert_eq!(newest["resource_id"], id_in(&lead));
    assert_eq!(newest["metadata"]["request_id"], "req-77");
    assert_eq!(newest["metadata"]["actor_role"], "owner");
    assert!(newest.to_string().contains("nobody home"), "{newest}");
    assert_eq!(timeline[1]["actor"], "anonymous");
}

#[tokio::test]
async fn two_at_once_on_one_lead_are_both_carried_out_or_told_so() {
    let (app, lead, owner) = with_lead().await;
    let route = format!("{lead}/timeline");
    let entries: Vec<Value> = (0..12).map(|n| json!({ "action": format!("note {n}") })).collect();
    let answers = futures::future::join_all(entries.iter().map(|e| owner.post(&route, e))).await;
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.is(409, "concurrent_change");
    }
    assert_eq!(app.position(0).await, 2 + i64::try_from(done).unwrap());
    assert!(done > 0);
    app.settle().await;
    assert_eq!(owner.get(&lead).await.header("etag"), Some(format!("\"{}\"", done + 1).as_str()));
}

#[tokio::test]
async fn ids_that_are_none_and_ids_of_nobody_are_answered_alike() {
    let app = App::start().await;
    let owner = app.staff("owner");
    submitted(&app.anyone()).await;
    for id in ["nope", "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "a%00b"] {
        let answer = owner.get(&format!("{LIST}/{id}")).await;
        assert_eq!(answer.status, 404, "{id}");
    }
}
