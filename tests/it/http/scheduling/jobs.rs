//! Visits as workers have them at their portal.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};

use super::photos::{PNG, upload};
use super::{at_ten, booked, client, route, team, text, visit, worker};
use crate::harness::client::Answer;
use crate::harness::{App, Client};
use crate::http::portal;

/// A worker of that team, signed in.
async fn signed_in(
    app: &App,
    owner: &Client,
    name: &str,
    phone: &str,
    team: &str,
) -> (String, Client) {
    let id = worker(owner, name, phone, team).await;
    let given = portal::temporary(owner, &format!("/v1/admin/workers/{id}")).await;
    let first = portal::login(&app.anyone(), phone, &given).await;
    let first = portal::with_token(app, first.ok());
    let body = json!({ "current_password": given, "new_password": portal::CHOSEN });
    let changed = first.post("/worker/change-password", &body).await;
    (id, portal::with_token(app, changed.ok()))
}

/// A visit of two hours, in three, that Dana goes to and Eli does not, promised if wanted.
async fn visited(app: &App, owner: &Client, promised: bool) -> (String, Client, Client) {
    visited_at(app, owner, promised, app.now() + TimeDelta::hours(3)).await
}

async fn visited_at(
    app: &App,
    owner: &Client,
    promised: bool,
    starts_at: DateTime<Utc>,
) -> (String, Client, Client) {
    let north = team(owner, "North").await;
    let sam = client(owner, "Sam Quilla").await;
    let (dana_id, dana) = signed_in(app, owner, "Dana", "780-555-0111", &north).await;
    let (_, eli) = signed_in(app, owner, "Eli", "780-555-0122", &north).await;
    let crew = json!({
        "assigned_worker_id": dana_id, "crew": [dana_id], "address_text": "1 Elm Street",
        "force_reason": "at any hour",
    });
    let made = booked(owner, &visit(&north, &sam, starts_at, &crew)).await;
    let id = text(made.ok(), "booking_id");
    if promised {
        owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    }
    app.settle().await;
    (id, dana, eli)
}

fn job(id: &str, what: &str) -> String {
    format!("/worker/jobs/{id}/{what}")
}

async fn delete(sender: &Client, path: &str) -> Answer {
    sender.send(Method::DELETE, path, None).await
}

#[tokio::test]
async fn a_worker_sees_the_visits_they_go_to_and_no_others() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (id, dana, eli) = visited_at(&app, &owner, true, at_ten(&app, 7)).await;
    let day = (at_ten(&app, 7) - TimeDelta::hours(7)).date_naive();
    assert_eq!(dana.get("/worker/jobs").await.ok().body, json!([]));
    let listed = dana.get(&format!("/worker/jobs?from={day}")).await;
    let line = &listed.ok().body[0];
    assert_eq!(
        (&line["job_id"], &line["customer_name"], &line["leads"]),
        (&json!(id), &json!("Sam Quilla"), &json!(true))
    );
    assert_eq!(eli.get(&format!("/worker/jobs?from={day}")).await.ok().body, json!([]));
    let shown = dana.get(&format!("/worker/jobs/{id}")).await;
    let body = &shown.ok().body;
    assert_eq!(
        (&body["address_text"], &body["customer_name"], &body["time"]["state"]),
        (&json!("1 Elm Street"), &json!("Sam Quilla"), &json!("NOT_STARTED"))
    );
    for what in ["", "/checklist", "/photos"] {
        eli.get(&format!("/worker/jobs/{id}{what}")).await.is(404, "booking.not_found");
    }
    for what in ["start", "pause", "resume", "finish", "checklist/complete"] {
        eli.post(&job(&id, what), &json!({})).await.is(404, "booking.not_found");
    }
    upload(&eli, &job(&id, "photos"), PNG, false).await.is(404, "booking.not_found");
    app.staff("owner").get("/worker/jobs").await.is(401, "unauthenticated");
    let told = json!({ "worker_ids": [shown.body["crew"][0]], "message": "No work on Monday" });
    owner.post("/v1/admin/workers/bulk/announce", &told).await.ok();
    let read = dana.get("/worker/announcements").await;
    assert_eq!(read.ok().body[0]["text"], "No work on Monday");
    assert_eq!(eli.get("/worker/announcements").await.ok().body, json!([]));
    // The wrong line of the list, a week before anybody can be there.
    dana.post(&job(&id, "start"), &json!({})).await.is(409, "booking.not_yet");
    // Whether photos may be taken is for the customer to say, and for the office to note.
    let consent = json!({ "consent_photos": true });
    let switched = dana.patch(&format!("/v1/orders/{id}/consent_photos"), &consent).await;
    switched.is(401, "unauthenticated");
}

#[tokio::test]
async fn a_visit_that_nobody_promised_or_that_was_called_off_is_not_begun() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (id, dana, _) = visited(&app, &owner, false).await;
    dana.post(&job(&id, "start"), &json!({})).await.is(409, "booking.illegal_state");
    owner.post(&route(&id, "cancel"), &json!({ "reason": "rain" })).await.ok();
    dana.post(&job(&id, "start"), &json!({})).await.is(409, "booking.illegal_state");
    let none = dana.get(&format!("/worker/jobs/{id}")).await;
    assert_eq!(none.ok().body["time"]["state"], "NOT_STARTED");
}

#[tokio::test]
async fn a_worker_begins_rests_and_ends_and_says_why_it_took_longer() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (id, dana, _) = visited(&app, &owner, true).await;
    let garage =
        json!({ "code": "garage", "name": "Garage", "price_cents": 5_000, "default_minutes": 10 });
    let garage = text(owner.post("/v1/admin/addons", &garage).await.ok(), "addon_id");
    let begun = dana.post(&job(&id, "start"), &json!({})).await;
    assert_eq!(begun.ok().body["state"], "RUNNING");
    assert!(begun.body["worker_id"].is_string());
    app.advance(TimeDelta::minutes(30));
    dana.post(&job(&id, "pause"), &json!({})).await.ok();
    app.advance(TimeDelta::minutes(15));
    dana.post(&job(&id, "resume"), &json!({})).await.ok();
    // Once more is more, at the price of the first.
    let more = json!({ "addon_id": garage, "qty": 1 });
    dana.post(&job(&id, "addons"), &more).await.ok();
    let dearer = json!({ "price_cents": 9_000 });
    owner.patch(&format!("/v1/admin/addons/{garage}"), &dearer).await.ok();
    let twice = dana.post(&job(&id, "addons"), &more).await;
    assert_eq!(
        (&twice.ok().body["addons"][0]["qty"], &twice.body["planned_minutes"]),
        (&json!(2), &json!(140))
    );
    assert!(!twice.text.contains("price"), "{}", twice.text);
    let kept = owner.get(&format!("/v1/orders/{id}/addons")).await;
    assert_eq!(kept.ok().body["total_cents"], 10_000);

    app.advance(TimeDelta::minutes(180));
    dana.post(&job(&id, "finish"), &json!({})).await.is(400, "work.overrun_reason_required");
    let unsaid = json!({ "delay_reason": "EXTRA_DIRT", "price_adjust_reason": "DAMAGE_RISK" });
    dana.post(&job(&id, "finish"), &unsaid).await.is(400, "work.price_note_required");
    let said = json!({
        "delay_reason": "EXTRA_DIRT", "delay_note": "Two dogs", "price_adjust_reason": "EXTRA_SERVICE",
        "price_adjust_note": "The shed too",
    });
    let keyed = dana.with("idempotency-key", "end");
    for _ in 0..2 {
        let ended = keyed.post(&job(&id, "finish"), &said).await;
        assert_eq!(
            (&ended.ok().body["state"], &ended.body["booking_status"]),
            (&json!("FINISHED"), &json!("DONE"))
        );
    }
    let reasons = owner.get(&format!("/v1/orders/{id}/reasons")).await;
    let codes: Vec<&Value> =
        reasons.ok().body.as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, [&json!("EXTRA_DIRT"), &json!("EXTRA_SERVICE")]);
    dana.post(&job(&id, "start"), &json!({})).await.is(409, "booking.illegal_state");
}

#[tokio::test]
async fn a_worker_goes_through_the_checklist_and_takes_photos_with_consent() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let template = json!({ "name": "Usual", "items": [{ "label": "Oven", "phase": "AFTER", "required": true }] });
    owner.post("/v1/admin/checklists/templates", &template).await.ok();
    let (id, dana, _) = visited(&app, &owner, true).await;
    dana.get(&job(&id, "checklist")).await.is(404, "checklist.not_found");
    dana.post(&job(&id, "start"), &json!({})).await.ok();
    let list = dana.get(&job(&id, "checklist")).await;
    let item = list.ok().body["items"][0]["run_item_id"].as_str().unwrap().to_owned();
    dana.post(&job(&id, "checklist/complete"), &json!({})).await.is(400, "checklist.open");
    let mark = json!({ "checked": true, "note": "greasy" });
    dana.patch(&job(&id, &format!("checklist/items/{item}")), &mark).await.ok();
    let done = dana.post(&job(&id, "checklist/complete"), &json!({})).await;
    assert_eq!(done.ok().body["status"], "completed");

    let photos = job(&id, "photos");
    upload(&dana, &photos, PNG, false).await.is(403, "photo.consent_required");
    upload(&dana, &photos, PNG, true).await.is(403, "forbidden");
    let consent = json!({ "consent_photos": true });
    owner.patch(&format!("/v1/orders/{id}/consent_photos"), &consent).await.ok();
    let own = text(upload(&dana, &photos, PNG, false).await.ok(), "photo_id");
    let by_office = format!("/v1/orders/{id}/photos");
    let other = text(upload(&owner, &by_office, PNG, false).await.ok(), "photo_id");
    assert_eq!(dana.get(&photos).await.ok().body.as_array().unwrap().len(), 2);
    let link = dana.get(&format!("{photos}/{own}/signed_url")).await;
    app.anyone().get(&text(link.ok(), "url")).await.ok();
    delete(&dana, &format!("{photos}/{other}")).await.is(403, "photo.not_yours");
    assert_eq!(delete(&dana, &format!("{photos}/{own}")).await.status, 204);
    assert_eq!(dana.get(&photos).await.ok().body.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_is_there_tells_that_a_customer_is_not_content() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (id, dana, eli) = visited(&app, &owner, true).await;
    let report = job(&id, "disputes/report");
    let said = json!({ "reason": "A vase is broken" });
    eli.post(&report, &said).await.is(404, "booking.not_found");
    dana.post(&report, &json!({})).await.is(422, "dispute.reason_required");
    let keyed = dana.with("idempotency-key", "report-1");
    let told = keyed.post(&report, &said).await;
    assert_eq!((told.ok().status, &told.body["status"]), (201, &json!("OPEN")));
    assert!(told.body.get("decision").is_none(), "{}", told.text);
    assert_eq!(keyed.post(&report, &said).await.ok().body, told.body);
    dana.post(&report, &said).await.is(409, "dispute.already_open");
    app.settle().await;
    let listed = owner.get(&format!("/v1/admin/disputes?booking_id={id}")).await;
    let items = listed.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["source"], &items[0]["reason"]), (&json!("worker"), &said["reason"]));
}
