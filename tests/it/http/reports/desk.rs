//! What administrators read of the work, and what the desk does about money: areas, extras, figures, the queue, the search.

use chrono::{Days, TimeDelta};
use serde_json::{Value, json};

use super::super::scheduling::{at_ten, booked, client, route, team, text, visit};
use super::{done, facts, is_still, items, sum, today};
use crate::harness::App;

#[tokio::test]
async fn visits_bring_what_they_cost_where_they_are_made() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    let zones = json!({ "zones": ["Whyte", "West"] });
    owner.patch(&format!("/v1/admin/teams/{north}"), &zones).await.ok();
    let sam = client(&owner, "Sam").await;
    let address = json!({ "label": "Cottage", "address_text": "1 Elm Street" });
    let route_of = format!("/v1/admin/clients/{sam}/addresses");
    let address = text(owner.post(&route_of, &address).await.ok(), "address_id");
    let mut last = String::new();
    for (team, days, more) in [
        (&north, 2, json!({ "price_cents": 10_000, "address_id": address })),
        (&north, 3, json!({ "price_cents": 15_001 })),
        (&north, 4, json!({ "price_cents": 5_000 })),
        (&south, 4, json!({ "price_cents": 900 })),
    ] {
        let made = booked(&owner, &visit(team, &sam, at_ten(&app, days), &more)).await;
        last = text(made.ok(), "booking_id");
    }
    app.settle().await;
    let (from, to) = (today(&app), today(&app) + Days::new(10));
    let path = format!("/v1/admin/analytics/geo?from={from}&to={to}");
    let geo = app.staff("accountant").get(&path).await;
    let expected = json!([
        { "area": "Whyte", "bookings": 2, "booked_revenue_cents": 20_001, "average_cents": 10_000 },
        { "area": "Cottage", "bookings": 1, "booked_revenue_cents": 10_000, "average_cents": 10_000 },
        { "area": "Unknown", "bookings": 1, "booked_revenue_cents": 900, "average_cents": 900 },
    ]);
    assert_eq!(geo.ok().body["by_area"], expected);
    let behind = facts(&owner, &path).await;
    assert_eq!(sum(&behind, "booked_revenue_cents", &json!({ "area": "Whyte" })), 20_001);
    owner.post(&route(&last, "cancel"), &json!({ "reason": "x" })).await.ok();
    let named = json!({ "label": "Lake" });
    owner.patch(&format!("{route_of}/{address}"), &named).await.ok();
    app.settle().await;
    let now = owner.get(&path).await;
    assert_eq!(now.ok().body["by_area"].as_array().unwrap().len(), 2);
    assert_eq!(now.body["by_area"][1]["area"], "Lake");
    is_still(&owner, &path, &geo).await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one month in figures")]
async fn the_organisation_in_a_few_figures() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, ana) = (client(&owner, "Sam").await, client(&owner, "Ana").await);
    let oven = json!({ "code": "stove", "name": "=Oven", "price_cents": 3_000 });
    let oven = text(owner.post("/v1/admin/addons", &oven).await.ok(), "addon_id");
    let costs = |cents: i64| json!({ "price_cents": cents, "deposit_cents": 0 });
    let first = done(&owner, &visit(&north, &sam, at_ten(&app, 2), &costs(20_000)), 150).await;
    let second = booked(&owner, &visit(&north, &ana, at_ten(&app, 3), &costs(10_000))).await;
    let second = text(second.ok(), "booking_id");
    let chosen = json!({ "addons": [{ "addon_id": oven, "qty": 2 }] });
    owner.patch(&format!("/v1/orders/{second}/addons"), &chosen).await.ok();
    owner.post(&route(&second, "confirm"), &json!({})).await.ok();
    owner.post(&route(&second, "complete"), &json!({ "actual_duration_minutes": 90 })).await.ok();
    let off = booked(&owner, &visit(&north, &ana, at_ten(&app, 4), &costs(7_000))).await;
    let off = text(off.ok(), "booking_id");
    owner.post(&route(&off, "cancel"), &json!({ "reason": "ill" })).await.ok();
    // Sam comes again in 40 days.
    booked(&owner, &visit(&north, &sam, at_ten(&app, 40), &costs(1))).await.ok();
    super::super::scheduling::lead(&app, "Quilla", 701).await;
    let items_of =
        json!([{ "description": "x", "qty": 1, "unit_price_cents": 20_000, "tax_rate": null }]);
    let order = format!("/v1/admin/orders/{first}/invoice");
    let invoice = text(owner.post(&order, &json!({ "items": items_of })).await.ok(), "invoice_id");
    let bill = |verb: &str| format!("/v1/admin/invoices/{invoice}/{verb}");
    owner.post(&bill("send"), &json!({})).await.ok();
    owner.post(&bill("credit-notes"), &json!({ "amount_cents": 500, "reason": "x" })).await.ok();
    let paid = owner
        .post(&bill("record-payment"), &json!({ "amount_cents": 9_000, "method": "cash" }))
        .await;
    let payment = paid.ok().body["payment"]["payment_id"].as_str().unwrap().to_owned();
    owner
        .post(&bill(&format!("payments/{payment}/refund")), &json!({ "amount_cents": 1_000 }))
        .await
        .ok();
    app.settle().await;
    let day = today(&app);
    let path = format!("/v1/admin/metrics?from={day}&to={day}");
    let told = owner.get(&path).await;
    let body = &told.ok().body;
    assert_eq!(
        body["conversions"],
        json!({ "lead_created": 1, "booking_created": 4, "booking_confirmed": 2, "job_completed": 2 })
    );
    let planned = 120 + 120;
    let money = &body["financial"];
    let cents =
        ["base_cents", "refunds_cents", "credits_cents", "revenue_cents", "average_order_cents"];
    assert_eq!(
        cents.map(|name| money[name].as_i64().unwrap()),
        [30_000, 1_000, 500, 28_500, 15_000]
    );
    assert_eq!(money["per_day"], json!([{ "date": day, "revenue_cents": 28_500 }]));
    let accuracy = &body["duration_accuracy"];
    assert_eq!((&accuracy["sample"], &accuracy["actual_minutes"]), (&json!(2), &json!(120)));
    assert_eq!(accuracy["estimated_minutes"], planned / 2);
    let work = &body["operational"];
    assert_eq!((&work["utilisation"], &work["cancellation_rate"]), (&json!(1.0), &json!(0.25)));
    assert_eq!(work["retention"], json!({ "days_30": 0.0, "days_60": 0.5, "days_90": 0.5 }));
    let behind = facts(&owner, &path).await;
    assert_eq!(sum(&behind, "base_cents", &json!({ "day": day })), 30_000);
    let csv = owner.get(&format!("{path}&format=csv")).await;
    assert!(csv.ok().text.contains("financial.revenue_cents,28500\r\n"), "{}", csv.text);
    // Extras of visits that are done.
    let extras = format!("/v1/admin/reports/addons?from={day}&to={day}");
    let told_extras = owner.get(&extras).await;
    let row =
        json!([{ "addon_id": oven, "addon": "=Oven", "total_qty": 2, "revenue_cents": 6_000 }]);
    assert_eq!(json!(items(&told_extras)), row);
    let csv = owner.get(&format!("{extras}&format=csv")).await;
    assert!(csv.ok().text.contains(",'=Oven,2,6000"), "{}", csv.text);
    // A late fact corrects the day it belongs to.
    app.advance(TimeDelta::days(1));
    owner.post(&bill("credit-notes"), &json!({ "amount_cents": 100, "reason": "x" })).await.ok();
    owner.patch(&format!("/v1/admin/addons/{oven}"), &json!({ "name": "Stove" })).await.ok();
    app.settle().await;
    assert_eq!(owner.get(&path).await.ok().body["financial"]["revenue_cents"], 28_500);
    let next = day + Days::new(1);
    let both = owner.get(&format!("/v1/admin/metrics?from={day}&to={next}")).await;
    assert_eq!(
        both.ok().body["financial"]["per_day"][1],
        json!({ "date": next, "revenue_cents": -100 })
    );
    assert_eq!(items(&owner.get(&extras).await)[0]["addon"], "Stove");
    is_still(&owner, &path, &told).await;
    is_still(&owner, &extras, &told_extras).await;
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "three invoices, looked for in every way")]
async fn what_is_to_be_paid_waits_in_a_queue_and_is_found() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Samuela").await;
    let mut invoices = Vec::new();
    for late in [-5_i64, 3, 10] {
        let due = today(&app) - TimeDelta::days(late);
        let issued = today(&app) - Days::new(40);
        let body = json!({
            "client_id": sam, "issue_date": issued, "due_date": due,
            "items": [{ "description": "x", "qty": 1, "unit_price_cents": 1_000, "tax_rate": null }],
        });
        let made = owner.post("/v1/admin/invoices", &body).await;
        invoices.push((text(made.ok(), "invoice_id"), text(&made, "invoice_number")));
        app.advance(TimeDelta::seconds(1));
    }
    let verb = |n: usize, verb: &str| format!("/v1/admin/invoices/{}/{verb}", invoices[n].0);
    for n in 0..2 {
        owner.post(&verb(n, "send"), &json!({})).await.ok();
    }
    // Part of it is paid, and it waits all the same.
    let some = json!({ "amount_cents": 400, "method": "cash" });
    let paid = owner.post(&verb(1, "record-payment"), &some).await;
    let payment = paid.ok().body["payment"]["payment_id"].as_str().unwrap().to_owned();
    app.settle().await;
    let books = app.staff("accountant");
    let queue = books.get("/v1/admin/queue/invoices").await;
    let body = &queue.ok().body;
    assert_eq!([&body["total"], &body["unpaid_count"], &body["overdue_count"]], [2, 2, 1]);
    let ids = |body: &Value| {
        let items = body["items"].as_array().unwrap().iter();
        items.map(|item| item["invoice_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(body), [invoices[1].0.clone(), invoices[0].0.clone()]);
    let first = &body["items"][0];
    assert_eq!((&first["status"], &first["days_overdue"]), (&json!("PARTIAL"), &json!(3)));
    let labels: Vec<&str> = first["quick_actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["label"].as_str().unwrap())
        .collect();
    assert_eq!(labels, ["Open", "Remind", "Record payment"]);
    let late = books.get("/v1/admin/queue/invoices?status=overdue").await;
    assert_eq!(ids(&late.ok().body), [invoices[1].0.clone()]);
    let all = books.get("/v1/admin/queue/invoices?status=all&limit=1&offset=2").await;
    assert_eq!((ids(&all.ok().body), &all.body["total"]), (vec![invoices[0].0.clone()], &json!(3)));
    for bad in ["status=x", "offset=-1", "limit=0"] {
        let name = bad.split('=').next().unwrap();
        assert_eq!(books.get(&format!("/v1/admin/queue/invoices?{bad}")).await.fields(), [name]);
    }
    app.staff("viewer").get("/v1/admin/queue/invoices").await.is(403, "forbidden");
    // By number, by name and by payment.
    let number = &invoices[1].1;
    let hit = books.get(&format!("/v1/admin/search?q={number}")).await;
    let hit = &hit.ok().body["items"][0];
    assert_eq!(
        (&hit["kind"], &hit["id"], &hit["score"]),
        (&json!("invoice"), &json!(invoices[1].0), &json!(100))
    );
    let hit = books.get(&format!("/v1/admin/search?q={payment}")).await;
    let hit = &hit.ok().body["items"][0];
    assert_eq!((&hit["kind"], &hit["status"]), (&json!("payment"), &json!("SUCCEEDED")));
    assert_eq!(hit["href"], format!("/v1/admin/invoices/{}", invoices[1].0));
    assert!(hit["label"].as_str().unwrap().starts_with("4.00 CAD, "), "{hit}");
    let dispatcher = app.staff("dispatcher");
    for query in [number, &payment] {
        let none = dispatcher.get(&format!("/v1/admin/search?q={query}")).await;
        assert_eq!(none.ok().body["items"], json!([]));
    }
    let theirs = app.staff_of(1, "owner");
    assert_eq!(
        theirs.get(&format!("/v1/admin/search?q={payment}")).await.ok().body["items"],
        json!([])
    );
    // What happened around it, for whoever reads invoices.
    let around =
        app.staff("viewer").get(&format!("/v1/admin/timeline/invoice/{}", invoices[1].0)).await;
    let names: Vec<&str> = around.ok().body["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["kind"] == "event")
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"payment_applied") && names.contains(&"drafted"), "{names:?}");
    assert!(!around.text.contains("Samuela"));
    dispatcher
        .get(&format!("/v1/admin/timeline/invoice/{}", invoices[1].0))
        .await
        .is(403, "forbidden");
    // An erased customer is not found by name; what they owe is, by number.
    let erase = format!("/v1/admin/subjects/{sam}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    app.settle().await;
    for query in ["samuela", "erased"] {
        let found = owner.get(&format!("/v1/admin/search?q={query}")).await;
        assert_eq!(found.ok().body["items"], json!([]), "{query}");
    }
    let found = owner.get(&format!("/v1/admin/search?q={number}")).await;
    assert_eq!(found.ok().body["items"][0]["id"], json!(invoices[1].0));
}
