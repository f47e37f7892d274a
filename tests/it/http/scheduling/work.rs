//! What happens on site: time, checklists, reasons and what is cleaned beside.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{at_ten, booked, client, route, team, text, visit};
use crate::harness::{App, Client};

const TEMPLATES: &str = "/v1/admin/checklists/templates";

/// A visit of two hours that somebody has promised to make.
async fn promised(app: &App, owner: &Client, more: &Value) -> String {
    let north = team(owner, "North").await;
    let sam = client(owner, "Sam").await;
    let made = booked(owner, &visit(&north, &sam, at_ten(app, 7), more)).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    id
}

fn order(id: &str, what: &str) -> String {
    format!("/v1/orders/{id}/{what}")
}

#[tokio::test]
async fn time_is_taken_pauses_do_not_count_and_the_end_completes_the_visit() {
    let app = App::start().await;
    let (owner, dispatcher) = (app.staff("owner"), app.staff("dispatcher"));
    let id = promised(&app, &owner, &json!({})).await;
    let none = dispatcher.get(&order(&id, "time")).await;
    assert_eq!(
        (&none.ok().body["state"], &none.body["planned_minutes"]),
        (&json!("NOT_STARTED"), &json!(120))
    );
    dispatcher.post(&order(&id, "time/finish"), &json!({})).await.is(400, "work.not_started");
    dispatcher.post(&order(&id, "time/pause"), &json!({})).await.is(409, "work.illegal_state");

    let started = dispatcher.post(&order(&id, "time/start"), &json!({})).await;
    assert_eq!(started.ok().body["state"], "RUNNING");
    dispatcher.post(&order(&id, "time/start"), &json!({})).await.ok();
    app.advance(TimeDelta::minutes(60));
    dispatcher.post(&order(&id, "time/pause"), &json!({})).await.ok();
    dispatcher.post(&order(&id, "time/start"), &json!({})).await.is(409, "work.illegal_state");
    app.advance(TimeDelta::minutes(30));
    dispatcher.post(&order(&id, "time/resume"), &json!({})).await.ok();
    app.advance(TimeDelta::minutes(30));
    let now = dispatcher.get(&order(&id, "time")).await;
    assert_eq!(
        (&now.ok().body["total_seconds"], &now.body["leak_flag"]),
        (&json!(5_400), &json!(false))
    );
    app.settle().await;
    let shown = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    assert_eq!(shown.ok().body["status"], "IN_PROGRESS");

    let finished = dispatcher.post(&order(&id, "time/finish"), &json!({})).await;
    let body = &finished.ok().body;
    assert_eq!((&body["state"], &body["total_seconds"]), (&json!("FINISHED"), &json!(5_400)));
    assert_eq!(
        (&body["delta_seconds"], &body["planned_vs_actual_ratio"]),
        (&json!(-1_800), &json!(0.75))
    );
    assert_eq!(
        (&body["booking_status"], &body["completion_refused"]),
        (&json!("DONE"), &Value::Null)
    );
    app.settle().await;
    let shown = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    assert_eq!(shown.ok().body["actual_duration_minutes"], 90);
    let listed = owner.get("/v1/admin/orders/time?status=FINISHED").await;
    assert_eq!(listed.ok().body[0]["booking_id"], json!(id));
    assert_eq!(owner.get("/v1/admin/orders/time?status=RUNNING").await.ok().body, json!([]));
    assert_eq!(owner.get("/v1/admin/orders/time?status=SOLD").await.status, 400);
    app.staff_of(1, "owner").get(&order(&id, "time")).await.is(404, "booking.not_found");
    app.staff("viewer").post(&order(&id, "time/start"), &json!({})).await.is(403, "forbidden");
}

#[tokio::test]
async fn whoever_needs_much_longer_says_why_and_reasons_are_found_again() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = promised(&app, &owner, &json!({})).await;
    let finish = json!({ "work": { "finish_completes": false, "overrun_threshold": 1.5 } });
    owner.patch("/v1/admin/booking-policies", &finish).await.ok();
    owner.post(&order(&id, "time/start"), &json!({})).await.ok();
    app.advance(TimeDelta::minutes(181));
    owner
        .post(&order(&id, "time/finish"), &json!({}))
        .await
        .is(400, "work.overrun_reason_required");
    let wrong = json!({ "kind": "PRICE_ADJUST", "code": "EXTRA_DIRT" });
    assert_eq!(owner.post(&order(&id, "reasons"), &wrong).await.fields(), ["code"]);
    let dirt =
        json!({ "kind": "TIME_OVERRUN", "code": "EXTRA_DIRT", "note": "Two dogs of Quilla" });
    let logged = owner.post(&order(&id, "reasons"), &dirt).await;
    assert_eq!(
        (logged.status, &logged.body["code"]),
        (201, &json!("EXTRA_DIRT")),
        "{}",
        logged.text
    );
    assert!(logged.body["reason_id"].is_string() && logged.body["created_by"].is_string());
    let finished = owner.post(&order(&id, "time/finish"), &json!({})).await;
    assert_eq!(
        (
            &finished.ok().body["overrun_reason"],
            &finished.body["leak_flag"],
            &finished.body["booking_status"]
        ),
        (&json!("EXTRA_DIRT"), &json!(true), &json!("IN_PROGRESS"))
    );
    let of_order = owner.get(&order(&id, "reasons")).await;
    assert_eq!(of_order.ok().body[0]["note"], "Two dogs of Quilla");
    app.settle().await;
    let listed = owner.get("/v1/admin/reasons?kind=TIME_OVERRUN&code=EXTRA_DIRT").await;
    assert_eq!(listed.ok().body[0]["reason_id"], logged.body["reason_id"]);
    assert_eq!(listed.body[0]["note"], "Two dogs of Quilla");
    assert_eq!(owner.get("/v1/admin/reasons?kind=PRICE_ADJUST").await.ok().body, json!([]));
    assert_eq!(app.staff_of(1, "owner").get("/v1/admin/reasons").await.ok().body, json!([]));
    // Words go with whom they are about.
    let client =
        owner.get(&format!("/v1/admin/bookings/{id}")).await.ok().body["client_id"].clone();
    let erase = format!("/v1/admin/subjects/{}/erase", client.as_str().unwrap());
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    for page in ["/v1/admin/reasons".to_owned(), order(&id, "reasons")] {
        let shown = owner.get(&page).await;
        assert!(!shown.ok().text.contains("Quilla"), "{page}: {}", shown.text);
    }
}

#[tokio::test]
async fn a_checklist_is_a_copy_of_the_template_that_fits_and_can_stand_before_completion() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = promised(&app, &owner, &json!({ "service_type": "deep" })).await;
    owner.post(&order(&id, "checklist/init"), &json!({})).await.is(404, "checklist.no_template");
    let template = |name: &str, service: Value| {
        json!({ "name": name, "service_type": service, "items": [
            { "label": "Oven", "phase": "AFTER", "required": true }, { "label": "Keys", "phase": "BEFORE" },
        ] })
    };
    owner.post(TEMPLATES, &template("Usual", Value::Null)).await.ok();
    let deep = owner.post(TEMPLATES, &template("Deep", json!("deep"))).await;
    assert_eq!((deep.status, &deep.body["version"]), (201, &json!(1)), "{}", deep.text);
    let deep = format!("{TEMPLATES}/{}", text(&deep, "template_id"));
    let begun = owner.post(&order(&id, "checklist/init"), &json!({})).await;
    assert_eq!((begun.status, &begun.body["name"]), (201, &json!("Deep")), "{}", begun.text);

    // What becomes of the template does not reach it.
    let mut longer = template("Deep", json!("deep"));
    longer["items"].as_array_mut().unwrap().push(json!({ "label": "Fridge", "phase": "AFTER" }));
    let body = serde_json::to_vec(&longer).unwrap();
    let json_owner = owner.with("content-type", "application/json");
    let replaced = json_owner.send(reqwest::Method::PUT, &deep, Some(body)).await;
    assert_eq!(replaced.ok().body["version"], 2);
    assert_eq!(owner.send(reqwest::Method::DELETE, &deep, None).await.status, 204);
    let again = owner.post(&order(&id, "checklist/init"), &json!({})).await;
    assert_eq!(again.ok().body["items"].as_array().unwrap().len(), 2);

    let required = json!({ "work": { "checklist_required": true } });
    owner.patch("/v1/admin/booking-policies", &required).await.ok();
    owner.post(&order(&id, "time/start"), &json!({})).await.ok();
    let refused = owner.post(&order(&id, "checklist/complete"), &json!({})).await;
    assert_eq!(refused.is(400, "checklist.open").body["open"], json!(["Oven"]));
    let minutes = json!({ "actual_duration_minutes": 90 });
    owner.post(&route(&id, "complete"), &minutes).await.is(400, "booking.checklist_open");
    app.advance(TimeDelta::minutes(60));
    let finished = owner.post(&order(&id, "time/finish"), &json!({})).await;
    assert_eq!(finished.ok().body["completion_refused"], "booking.checklist_open");

    let oven = begun.body["items"][0]["run_item_id"].as_str().unwrap();
    let item = order(&id, &format!("checklist/items/{oven}"));
    let marked = owner.patch(&item, &json!({ "checked": true, "note": "was greasy" })).await;
    assert_eq!(
        (&marked.ok().body["items"][0]["checked"], &marked.body["items"][0]["note"]),
        (&json!(true), &json!("was greasy"))
    );
    owner.patch(&item, &json!({ "checked": false })).await.ok();
    owner.patch(&item, &json!({ "checked": true })).await.ok();
    let done = owner.post(&order(&id, "checklist/complete"), &json!({})).await;
    assert_eq!(done.ok().body["status"], "completed");
    owner.patch(&item, &json!({ "checked": false })).await.is(409, "checklist.completed");
    assert_eq!(owner.get(&order(&id, "checklist")).await.ok().body, done.body);
    owner.post(&route(&id, "complete"), &minutes).await.ok();
    let templates = owner.get(TEMPLATES).await;
    assert_eq!(templates.ok().body.as_array().unwrap().len(), 1);
    let bad = owner.post(TEMPLATES, &json!({ "name": "", "items": [] })).await;
    assert_eq!((bad.status, bad.fields()), (422, vec!["name", "items"]));
}

#[tokio::test]
async fn extras_are_chosen_anew_at_the_prices_of_that_moment() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = promised(&app, &owner, &json!({})).await;
    let garage =
        json!({ "code": "garage", "name": "Garage", "price_cents": 5_000, "default_minutes": 45 });
    let garage = text(owner.post("/v1/admin/addons", &garage).await.ok(), "addon_id");
    let chosen = json!({ "addons": [{ "addon_id": garage, "qty": 2 }] });
    for _ in 0..2 {
        let set = owner.patch(&order(&id, "addons"), &chosen).await;
        assert_eq!(
            (&set.ok().body["total_cents"], &set.body["planned_minutes"]),
            (&json!(10_000), &json!(210))
        );
    }
    let dearer = json!({ "price_cents": 6_000 });
    owner.patch(&format!("/v1/admin/addons/{garage}"), &dearer).await.ok();
    let shown = owner.get(&order(&id, "addons")).await;
    assert_eq!(shown.ok().body["addons"][0]["unit_price_cents"], 5_000);
    let none = owner.patch(&order(&id, "addons"), &json!({ "addons": [] })).await;
    assert_eq!(
        (&none.ok().body["total_cents"], &none.body["planned_minutes"]),
        (&json!(0), &json!(120))
    );
    let twice =
        json!({ "addons": [{ "addon_id": garage, "qty": 1 }, { "addon_id": garage, "qty": 1 }] });
    owner.patch(&order(&id, "addons"), &twice).await.is(400, "booking.addon_invalid");
    let unknown = json!({ "addons": [{ "addon_id": id, "qty": 1 }] });
    owner.patch(&order(&id, "addons"), &unknown).await.is(400, "booking.addon_invalid");
    let consent =
        owner.patch(&order(&id, "consent_photos"), &json!({ "consent_photos": true })).await;
    assert_eq!(consent.ok().body["consent_photos"], true);
}

#[tokio::test]
async fn checklists_of_all_visits_are_listed_by_how_far_they_are() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let template = json!({
        "name": "Usual", "items": [{ "label": "Oven", "phase": "AFTER", "required": true },
                                   { "label": "Balcony", "phase": "AFTER" }],
    });
    owner.post(TEMPLATES, &template).await.ok();
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let mut orders = Vec::new();
    for days in [7, 8] {
        let made = booked(&owner, &visit(&north, &sam, at_ten(&app, days), &json!({}))).await;
        let id = text(made.ok(), "booking_id");
        let begun = owner.post(&order(&id, "checklist/init"), &json!({})).await;
        let item = begun.ok().body["items"][0]["run_item_id"].as_str().unwrap().to_owned();
        orders.push((id, item));
        app.advance(TimeDelta::minutes(1));
    }
    let (first, item) = &orders[0];
    let mark = json!({ "checked": true, "note": "Quilla's oven" });
    owner.patch(&order(first, &format!("checklist/items/{item}")), &mark).await.ok();
    owner.post(&order(first, "checklist/complete"), &json!({})).await.ok();
    app.settle().await;
    let list = owner.get("/v1/admin/checklists").await;
    let items = list.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    assert_eq!(
        (&items[0]["order_id"], &items[0]["status"]),
        (&json!(orders[1].0), &json!("in_progress"))
    );
    assert_eq!([&items[0]["items"], &items[0]["checked"], &items[0]["required_open"]], [2, 0, 1]);
    assert_eq!([&items[1]["items"], &items[1]["checked"], &items[1]["required_open"]], [2, 1, 0]);
    assert!(!list.text.contains("Quilla"));
    let completed = owner.get("/v1/admin/checklists?status=completed").await;
    assert_eq!(completed.ok().body["items"][0]["order_id"], json!(first));
    assert_eq!(completed.body["items"].as_array().unwrap().len(), 1);
    let page = owner.get("/v1/admin/checklists?limit=1").await;
    let cursor = text(page.ok(), "next_cursor");
    let next = owner.get(&format!("/v1/admin/checklists?limit=1&cursor={cursor}")).await;
    assert_eq!(next.ok().body["items"][0]["order_id"], json!(first));
    owner.get("/v1/admin/checklists?status=lost").await.is(422, "validation_failed");
    app.staff("dispatcher").get("/v1/admin/checklists").await.is(403, "forbidden");
}

#[tokio::test]
async fn reasons_are_a_table_in_which_no_cell_is_a_formula() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = promised(&app, &owner, &json!({})).await;
    for (kind, code, note) in [
        ("TIME_OVERRUN", "EXTRA_DIRT", "=HYPERLINK(\"x\")"),
        ("PRICE_ADJUST", "DAMAGE_RISK", "two, \"dogs\""),
    ] {
        let reason = json!({ "kind": kind, "code": code, "note": note });
        owner.post(&order(&id, "reasons"), &reason).await.ok();
    }
    app.settle().await;
    let table = owner.get("/v1/admin/reasons?format=csv").await;
    assert_eq!(table.ok().header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = table.text.lines().collect();
    assert_eq!(lines[0], "reason_id,order_id,kind,code,note,created_by,created_at");
    assert_eq!(lines.len(), 3);
    assert!(lines[1].contains("\"two, \"\"dogs\"\"\""), "{}", lines[1]);
    assert!(lines[2].contains("\"'=HYPERLINK"), "{}", lines[2]);
    let one = owner.get("/v1/admin/reasons?format=csv&kind=TIME_OVERRUN").await;
    assert_eq!(one.ok().text.lines().count(), 2);
    let json = owner.get("/v1/admin/reasons?format=json&limit=1").await;
    assert_eq!(json.ok().body.as_array().unwrap().len(), 1);
    owner.get("/v1/admin/reasons?format=xml").await.is(422, "validation_failed");
    let audit = owner.get("/v1/admin/audit-logs?action=reason.export").await;
    assert!(!audit.ok().body["items"].as_array().unwrap().is_empty());
}
