//! What moving and cancelling costs, what extras do to the price, and what a deposit does when its visit is moved.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::Connection;

use super::{at_ten, booked, client, lead, route, team, text, visit};
use crate::harness::stripe::{FakeStripe, SECRET};
use crate::harness::{App, Client};
use crate::http::id_in;
use crate::http::portal::client_in;

const POLICIES: &str = "/v1/admin/booking-policies";

async fn promised(
    owner: &Client,
    team: &str,
    client: &str,
    at: DateTime<Utc>,
    more: &Value,
) -> String {
    let id = text(booked(owner, &visit(team, client, at, more)).await.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    id
}

#[tokio::test]
async fn cancelling_late_is_charged_once_and_in_time_it_costs_nothing() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    owner.patch(POLICIES, &json!({ "cancellation": { "fee_cents": 2_500 } })).await.ok();
    owner.patch("/v1/admin/pricing-settings", &json!({ "gst_rate": 0.05 })).await.ok();
    let late = promised(&owner, &north, &sam, at_ten(&app, 1), &json!({})).await;
    let early = promised(&owner, &north, &sam, at_ten(&app, 9), &json!({})).await;
    for id in [&late, &early] {
        owner.post(&route(id, "cancel"), &json!({ "reason": "ill" })).await.ok();
    }
    app.settle().await;
    app.settle().await;
    let invoices = owner.get(&format!("/v1/admin/invoices?order_id={late}")).await;
    let invoices = invoices.ok().body["invoices"].as_array().unwrap().clone();
    assert_eq!(invoices.len(), 1);
    assert_eq!(
        (&invoices[0]["status"], &invoices[0]["subtotal_cents"], &invoices[0]["total_cents"]),
        (&json!("DRAFT"), &json!(2_500), &json!(2_625))
    );
    let none = owner.get(&format!("/v1/admin/invoices?order_id={early}")).await;
    assert_eq!(none.ok().body["total"], 0);
    // Beside an invoice that was there before, it is one of its own, and what that one says stays.
    let price = json!({ "price_cents": 9_000 });
    let billed =
        promised(&owner, &north, &sam, at_ten(&app, 2) - TimeDelta::hours(1), &price).await;
    let items =
        json!({ "items": [{ "description": "Visit", "qty": 1, "unit_price_cents": 9_000 }] });
    owner.post(&format!("/v1/admin/orders/{billed}/invoice"), &items).await.ok();
    app.settle().await;
    app.advance(TimeDelta::hours(22));
    owner.post(&route(&billed, "cancel"), &json!({ "reason": "ill" })).await.ok();
    app.settle().await;
    let both = owner.get(&format!("/v1/admin/invoices?order_id={billed}")).await;
    let both = both.ok().body["invoices"].as_array().unwrap().clone();
    let mut nets: Vec<_> = both.iter().map(|one| one["subtotal_cents"].as_i64().unwrap()).collect();
    nets.sort_unstable();
    assert_eq!(nets, [2_500, 9_000]);
    // Whoever wants to charge more says so.
    let items = json!({ "items": [{ "description": "Way", "qty": 1, "unit_price_cents": 1_000 }] });
    let path = format!("/v1/admin/orders/{late}/invoice");
    owner.post(&path, &items).await.is(409, "invoice.already_invoiced");
}

/// Whichever comes first, the price of calling off is charged, and once.
#[tokio::test(flavor = "multi_thread")]
async fn cancelling_late_is_charged_once_however_an_invoice_is_written_meanwhile() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    owner.patch(POLICIES, &json!({ "cancellation": { "fee_cents": 2_500 } })).await.ok();
    let (items, why) = (
        json!({ "items": [{ "description": "Visit", "qty": 1, "unit_price_cents": 9_000 }] }),
        json!({ "reason": "ill" }),
    );
    for name in ["A", "B", "C", "D", "E", "F"] {
        let own = team(&owner, name).await;
        let price = json!({ "price_cents": 9_000 });
        let id = promised(&owner, &own, &sam, at_ten(&app, 1), &price).await;
        let order = format!("/v1/admin/orders/{id}/invoice");
        let cancel = route(&id, "cancel");
        let (billed, cancelled) =
            tokio::join!(owner.post(&order, &items), owner.post(&cancel, &why));
        cancelled.ok();
        app.settle().await;
        let written = owner.get(&format!("/v1/admin/invoices?order_id={id}")).await;
        let written = written.ok().body["invoices"].as_array().unwrap().clone();
        let nets: i64 = written.iter().map(|one| one["subtotal_cents"].as_i64().unwrap()).sum();
        // Whoever comes after the fee was written is told of that invoice.
        let visit = if billed.status == 201 { 9_000 } else { 0 };
        assert!([201, 409].contains(&billed.status), "{}", billed.text);
        assert_eq!(nets, visit + 2_500, "{written:?}");
    }
}

/// Whoever has read the visit before it was called off, and writes its invoice after that, reads it again.
#[tokio::test(flavor = "multi_thread")]
async fn an_invoice_is_written_of_the_visit_as_it_is_by_then() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    owner.patch(POLICIES, &json!({ "cancellation": { "fee_cents": 2_500 } })).await.ok();
    let price = json!({ "price_cents": 9_000 });
    let id = promised(&owner, &north, &sam, at_ten(&app, 1), &price).await;
    let mut admin = app.db.admin().await;
    let mut held = admin.begin().await.unwrap();
    // Invoices of visits are claimed; nothing that calling off a visit needs is.
    sqlx::query("lock table claims in access exclusive mode").execute(&mut *held).await.unwrap();
    let items =
        json!({ "items": [{ "description": "Visit", "qty": 1, "unit_price_cents": 9_000 }] });
    let order = format!("/v1/admin/orders/{id}/invoice");
    let mut other = app.db.admin().await;
    let cancelled = async {
        let waits = "select exists (select from pg_locks where relation = 'claims'::regclass and not granted
            and database = (select oid from pg_database where datname = current_database()))";
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&mut other).await.unwrap() {
            tokio::task::yield_now().await;
        }
        let why = json!({ "reason": "ill" });
        owner.post(&route(&id, "cancel"), &why).await.ok();
        held.rollback().await.unwrap();
    };
    let (draft, ()) = tokio::join!(owner.post(&order, &items), cancelled);
    let lines = draft.ok().body["items"].as_array().unwrap().clone();
    let prices: Vec<_> = lines.iter().map(|line| &line["unit_price_cents"]).collect();
    assert_eq!(prices, [&json!(9_000), &json!(2_500)], "{}", draft.text);
    app.settle().await;
    let written = owner.get(&format!("/v1/admin/invoices?order_id={id}")).await;
    assert_eq!(written.ok().body["total"], 1, "{}", written.text);
}

#[tokio::test]
async fn what_moving_costs_stands_on_the_invoice_of_the_visit() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    owner.patch(POLICIES, &json!({ "reschedule": { "fee_cents": 1_500 } })).await.ok();
    let (sam, at_portal) = client_in(&app, 0, "sam@example.org").await;
    let price = json!({ "price_cents": 12_000 });
    let made = booked(&owner, &visit(&north, id_in(&sam), at_ten(&app, 7), &price)).await;
    let id = text(made.ok(), "booking_id");
    app.settle().await;
    let moved = json!({ "starts_at": at_ten(&app, 8) });
    at_portal.post(&format!("/v1/client/bookings/{id}/reschedule"), &moved).await.ok();
    app.settle().await;
    let shown = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    assert_eq!(shown.ok().body["moving_fee_cents"], 1_500);
    let price = 12_000;
    let items =
        json!({ "items": [{ "description": "Visit", "qty": 1, "unit_price_cents": price }] });
    let draft = owner.post(&format!("/v1/admin/orders/{id}/invoice"), &items).await;
    let lines = draft.ok().body["items"].as_array().unwrap().clone();
    assert_eq!(lines.len(), 2, "{}", draft.text);
    assert_eq!(
        (&lines[1]["description"], &lines[1]["unit_price_cents"]),
        (&json!("Moving the visit"), &json!(1_500))
    );
}

#[tokio::test]
async fn extras_are_part_of_what_a_visit_costs_wherever_that_is_told() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let price = json!({ "price_cents": 12_000 });
    let id = promised(&owner, &north, &sam, at_ten(&app, 7), &price).await;
    let catalogue = owner.get("/v1/admin/addons").await;
    let oven = &catalogue.ok().body[0];
    app.settle().await;
    let chosen = json!({ "addons": [{ "addon_id": oven["addon_id"], "qty": 2 }] });
    owner.patch(&format!("/v1/orders/{id}/addons"), &chosen).await.ok();
    app.settle().await;
    let all = 12_000 + 2 * oven["price_cents"].as_i64().unwrap();
    let shown = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    assert_eq!(
        (&shown.ok().body["total_cents"], &shown.body["base_price_cents"]),
        (&json!(all), &json!(12_000))
    );
    let listed = owner.get("/v1/admin/bookings").await;
    assert_eq!(listed.ok().body[0]["total_cents"], json!(all));
    owner.post(&route(&id, "complete"), &json!({ "actual_duration_minutes": 90 })).await.ok();
    app.settle().await;
    let record = owner.get(&format!("/v1/admin/clients/{sam}")).await;
    assert_eq!(record.ok().body["standing"]["lifetime_value_cents"], json!(all), "{}", record.text);
}

#[tokio::test]
async fn a_deposit_goes_with_its_visit() {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    app.settle().await;
    // One that staff named is due before the visit begins, wherever it is moved to.
    let named = json!({ "price_cents": 12_000, "deposit_cents": 5_000 });
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &named)).await;
    let id = text(made.ok(), "booking_id");
    let soon = app.now() + TimeDelta::hours(20);
    let moved = json!({ "starts_at": soon, "force_reason": "they are in a hurry" });
    owner.post(&route(&id, "reschedule"), &moved).await.ok();
    app.settle().await;
    app.advance(TimeDelta::hours(21));
    app.settle().await;
    let shown = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    assert_eq!(
        (&shown.ok().body["status"], &shown.body["deposit_status"]),
        (&json!("CANCELLED"), &json!("expired"))
    );

    // One that the policies asked for is decided anew where they say so.
    let asked = async |days: u32| {
        let lead = lead(&app, "Kim", 2000 + days).await;
        let at = at_ten(&app, i64::from(days));
        let body = json!({ "starts_at": at, "time_on_site_hours": 2, "lead_id": lead });
        text(app.anyone().post("/v1/bookings", &body).await.ok(), "booking_id")
    };
    let terms = async |id: &str| {
        app.settle().await;
        let shown = owner.get(&format!("/v1/admin/bookings/{id}")).await;
        shown.ok().body["policy_snapshot"]["deposit"].clone()
    };
    let tomorrow = async |id: &str| {
        let moved = json!({ "starts_at": at_ten(&app, 1) + TimeDelta::hours(3) });
        owner.post(&route(id, "reschedule"), &moved).await.ok();
    };
    let id = asked(8).await;
    let before = terms(&id).await;
    tomorrow(&id).await;
    assert_eq!(terms(&id).await["reasons"], before["reasons"]);
    owner.post(&route(&id, "cancel"), &json!({ "reason": "x" })).await.ok();
    owner.patch(POLICIES, &json!({ "reschedule": { "reevaluate_deposit": true } })).await.ok();
    let id = asked(9).await;
    tomorrow(&id).await;
    let after = terms(&id).await;
    let reasons = after["reasons"].as_array().unwrap();
    assert!(reasons.iter().any(|one| one == "short_notice" || one == "late_booking"), "{after}");
    assert!(after["percent_applied"].as_f64() > before["percent_applied"].as_f64(), "{after}");
}
