//! Numbers without a gap, whoever writes at once, and drafts for visits.

use futures::future::join_all;
use serde_json::{Value, json};

use super::super::scheduling::{at_ten, booked, client, lead, team, text, visit};
use super::{id, items, route, shown, written};
use crate::harness::App;
use crate::harness::client::Answer;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_at_once_gets_the_next_numbers_without_a_gap() {
    let app = App::start().await;
    let beside = app.beside().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let writers: Vec<_> = (0..48)
        .map(|n| if n % 2 == 0 { app.staff("owner") } else { beside.staff("owner") })
        .collect();
    let answers = join_all(writers.iter().enumerate().map(|(n, writer)| {
        let writer = writer.with("idempotency-key", &format!("invoice-{n}"));
        let sam = sam.clone();
        async move {
            // Each is asked for twice, as after a lost reply.
            let first = written(&writer, &sam, &json!({})).await;
            let again = written(&writer, &sam, &json!({})).await;
            assert_eq!(first.ok().body["invoice_id"], again.ok().body["invoice_id"]);
            assert_eq!(first.body["invoice_number"], again.body["invoice_number"]);
            // Another request under the same key is no repetition.
            written(&writer, &sam, &json!({ "items": [] })).await.is(409, "idempotency_key_reused");
            first
        }
    }))
    .await;
    let mut numbers: Vec<String> = answers.iter().map(|one| text(one, "invoice_number")).collect();
    numbers.sort_unstable();
    let year = &numbers[0][4..8];
    let expected: Vec<String> = (1..=48).map(|n| format!("INV-{year}-{n:06}")).collect();
    assert_eq!(numbers, expected);
    // Another organisation counts for itself.
    let other = app.staff_of(1, "owner");
    let zoe = client(&other, "Zoe").await;
    let first = written(&other, &zoe, &json!({})).await;
    assert!(text(&first, "invoice_number").ends_with("-000001"));
}

#[tokio::test]
async fn the_invoice_of_a_visit_says_what_was_promised_or_why_not() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    let ana = lead(&app, "Ana", 2001).await;
    app.settle().await;
    let asked = json!({ "lead_id": ana, "starts_at": at_ten(&app, 7), "time_on_site_hours": 2 });
    let made = app.anyone().post("/v1/bookings", &asked).await;
    let order = text(made.ok(), "booking_id");
    let path = format!("/v1/admin/orders/{order}/invoice");
    let dear =
        json!({ "items": [{ "description": "Clean", "qty": 1, "unit_price_cents": 99_999 }] });
    owner.post(&path, &dear).await.is(400, "invoice.price_adjust_reason_required");
    let reason = json!({ "kind": "PRICE_ADJUST", "code": "EXTRA_SERVICE" });
    owner.post(&format!("/v1/orders/{order}/reasons"), &reason).await.ok();
    let drafted = owner.post(&path, &dear).await;
    let invoice = id(&drafted);
    assert_eq!((drafted.status, &drafted.body["status"]), (201, &json!("DRAFT")));
    assert_eq!(drafted.body["order_id"], json!(order));
    assert!(drafted.body["customer_id"].is_string(), "{}", drafted.text);
    app.settle().await;
    owner.post(&path, &dear).await.is(409, "invoice.already_invoiced");
    let booking = owner.get(&format!("/v1/admin/bookings/{order}")).await;
    assert_eq!(booking.ok().body["base_charge_cents"], 99_999);
    let mut more = dear.clone();
    more["allow_additional"] = true.into();
    more["items"][0]["unit_price_cents"] = 5.into();
    owner.post(&path, &more).await.ok();
    app.settle().await;
    // Fixed once, it stays.
    let booking = owner.get(&format!("/v1/admin/bookings/{order}")).await;
    assert_eq!(booking.ok().body["base_charge_cents"], 99_999);
    let detail = shown(&owner, &invoice).await;
    assert_eq!(detail["booking"]["booking_id"], json!(order));
    assert_eq!(detail["customer"]["name"], "Ana");
    let foreign = app.staff_of(1, "owner");
    foreign.post(&path, &dear).await.is(404, "booking.not_found");
    foreign.get(&format!("/v1/admin/invoices/{invoice}")).await.is(404, "invoice.not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_invoice_a_visit_at_once_one_does() {
    let app = App::start().await;
    let beside = app.beside().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await;
    let path = format!("/v1/admin/orders/{}/invoice", text(made.ok(), "booking_id"));
    let body = json!({ "items": items() });
    let writers: Vec<_> =
        (0..16).map(|n| if n % 2 == 0 { &app } else { &beside }.staff("owner")).collect();
    // Twice in a row: what was thrown away and what is void make room, at once and for one.
    for end in ["discard", "void", "none"] {
        let answers = join_all(writers.iter().map(|writer| writer.post(&path, &body))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|one| one.status == 201);
        assert_eq!((won.len(), lost.len()), (1, 15), "{answers:?}");
        let first = id(won[0]);
        for refused in lost {
            refused.is(409, "invoice.already_invoiced");
            assert_eq!(refused.body["invoice_id"], json!(first));
        }
        let own = format!("/v1/admin/invoices/{first}");
        if end == "discard" {
            owner.send(reqwest::Method::DELETE, &own, None).await.ok();
        }
        if end == "void" {
            owner.post(&format!("{own}/send"), &json!({})).await.ok();
            owner.post(&format!("{own}/void"), &json!({ "reason": "x" })).await.ok();
        }
    }
    // Allowed ones stand beside it, and are none the less invoices of the visit when it is gone.
    let more = json!({ "items": items(), "allow_additional": true });
    let answers = join_all(writers.iter().map(|writer| writer.post(&path, &more))).await;
    for one in &answers {
        assert_eq!(one.status, 201, "{}", one.text);
    }
    app.settle().await;
    let refused = owner.post(&path, &body).await;
    let first = text(refused.is(409, "invoice.already_invoiced"), "invoice_id");
    let own = format!("/v1/admin/invoices/{first}");
    owner.send(reqwest::Method::DELETE, &own, None).await.ok();
    let refused = owner.post(&path, &body).await;
    assert_ne!(text(refused.is(409, "invoice.already_invoiced"), "invoice_id"), first);
}

#[tokio::test]
async fn a_deposit_counts_for_the_invoice_of_its_visit() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await;
    let order = text(made.ok(), "booking_id");
    let deposit = json!({ "what": "deposit", "amount_cents": 4_000, "reason": "large" });
    owner.post(&format!("/v1/admin/bookings/{order}/overrides"), &deposit).await.ok();
    let paid = json!({ "amount_cents": 4_000, "reference": "ET-1" });
    owner.post(&format!("/v1/admin/bookings/{order}/deposit"), &paid).await.ok();
    let body = json!({ "items": items() });
    let drafted =
        app.following(owner.post(&format!("/v1/admin/orders/{order}/invoice"), &body)).await;
    let body = &drafted.ok().body;
    assert_eq!((&body["status"], &body["balance_due_cents"]), (&json!("DRAFT"), &json!(14_900)));
    assert_eq!(body["payments"][0]["provider"], "deposit");
    // A draft that is thrown away gives it back to the next.
    let path = format!("/v1/admin/invoices/{}", id(&drafted));
    let gone = owner.send(reqwest::Method::DELETE, &path, None).await;
    assert_eq!(gone.ok().body["status"], "DISCARDED");
    app.settle().await;
    let body = json!({ "items": items() });
    let again =
        app.following(owner.post(&format!("/v1/admin/orders/{order}/invoice"), &body)).await;
    assert_eq!(again.ok().body["balance_due_cents"], 14_900);
    let another = json!({ "items": items(), "allow_additional": true });
    let another =
        app.following(owner.post(&format!("/v1/admin/orders/{order}/invoice"), &another)).await;
    assert_eq!(another.ok().body["balance_due_cents"], 18_900);
}

#[tokio::test]
async fn a_deposit_in_one_currency_does_not_count_for_an_invoice_in_another() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await;
    let order = text(made.ok(), "booking_id");
    let paid = json!({ "amount_cents": 4_000, "reference": "ET-1" });
    owner.post(&format!("/v1/admin/bookings/{order}/deposit"), &paid).await.ok();
    let path = format!("/v1/admin/orders/{order}/invoice");
    let dollars =
        app.following(owner.post(&path, &json!({ "items": items(), "currency": "USD" }))).await;
    assert_eq!(
        (&dollars.ok().body["balance_due_cents"], &dollars.body["payments"]),
        (&json!(18_900), &json!([]))
    );
    // It is there for one in its own.
    let own = json!({ "items": items(), "allow_additional": true });
    assert_eq!(app.following(owner.post(&path, &own)).await.ok().body["balance_due_cents"], 14_900);
}

#[tokio::test]
async fn what_is_cleaned_beside_the_visit_is_charged_once() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await;
    let order = text(made.ok(), "booking_id");
    let garage =
        json!({ "code": "garage", "name": "Garage", "price_cents": 5_000, "default_minutes": 45 });
    let garage = text(owner.post("/v1/admin/addons", &garage).await.ok(), "addon_id");
    let chosen = json!({ "addons": [{ "addon_id": garage, "qty": 2 }] });
    owner.patch(&format!("/v1/orders/{order}/addons"), &chosen).await.ok();
    let path = format!("/v1/admin/orders/{order}/invoice");
    let lines = |answer: &Answer| answer.ok().body["items"].as_array().unwrap().len();
    let first = app.following(owner.post(&path, &json!({ "items": items() }))).await;
    assert_eq!(lines(&first), 2, "{}", first.text);
    let more = json!({ "items": items(), "allow_additional": true });
    let second = app.following(owner.post(&path, &more)).await;
    assert_eq!(
        (lines(&second), &second.body["total_cents"]),
        (1, &json!(18_900)),
        "{}",
        second.text
    );
}

#[tokio::test]
async fn a_deposit_is_paid_when_all_of_it_came() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let more = json!({ "deposit_cents": 5_000 });
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &more)).await;
    let order = text(made.ok(), "booking_id");
    let (one, path) = (format!("/v1/admin/bookings/{order}"), "/v1/admin/bookings");
    for (cents, reference, status, confirmed) in
        [(1, "ET-1", "pending", "PENDING"), (4_999, "ET-2", "paid", "CONFIRMED")]
    {
        let paid = json!({ "amount_cents": cents, "reference": reference });
        let told = owner.post(&format!("{one}/deposit"), &paid).await;
        let told = &told.ok().body;
        assert_eq!((&told["deposit_status"], &told["status"]), (&json!(status), &json!(confirmed)));
        app.settle().await;
        let listed = owner.get(path).await;
        let items = listed.ok().body.as_array().unwrap();
        let own = items.iter().find(|item| item["booking_id"] == json!(order)).unwrap();
        assert_eq!((&own["deposit_status"], &own["status"]), (&json!(status), &json!(confirmed)));
    }
}

#[tokio::test]
async fn a_draft_is_written_anew_until_it_counts() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let made =
        written(&owner, &sam, &json!({ "issue_date": "2030-03-04", "due_date": "2030-03-18" }))
            .await;
    let path = format!("/v1/admin/invoices/{}", id(&made));
    assert!(text(&made, "invoice_number").starts_with("INV-2030-"));
    let edit = json!({ "items": [
        { "description": "Clean", "qty": 2, "unit_price_cents": 7_500, "tax_rate": null },
        { "description": "Oven", "qty": 1, "unit_price_cents": 5_000, "tax_rate": 0.05 },
    ] });
    let edited = owner.patch(&path, &edit).await;
    let body = &edited.ok().body;
    assert_eq!((&body["tax_cents"], &body["total_cents"]), (&json!(250), &json!(20_250)));
    assert_eq!(body["tax_rate_basis"], 0.05);
    let early = json!({ "due_date": "2030-03-03" });
    owner.patch(&path, &early).await.is(422, "invoice.dates_invalid");
    let bad =
        json!({ "items": [{ "description": "", "qty": 0, "unit_price_cents": 1, "tax_rate": 2 }] });
    let refused = owner.patch(&path, &bad).await;
    assert_eq!(refused.status, 422);
    owner.post(&format!("{path}/send"), &json!({})).await.ok();
    owner.patch(&path, &edit).await.is(409, "invoice.illegal_state");
    let viewer = app.staff("viewer");
    viewer.patch(&path, &edit).await.is(403, "forbidden");
    viewer.post(&route(&id(&made), "remind"), &json!({})).await.is(403, "forbidden");
    let value: Value = viewer.get("/v1/admin/invoices").await.ok().body.clone();
    assert!(value["invoices"].is_array());
}
