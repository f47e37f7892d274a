//! Paying by card, from the checkout to the money that goes back.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::super::scheduling::{at_ten, client, lead, team, text};
use super::{id, route, shown, written};
use crate::harness::client::Answer;
use crate::harness::stripe::{FakeStripe, Fault, SECRET, signature};
use crate::harness::{App, Client};
use crate::http::id_in;
use crate::http::portal::client_in;

pub(super) const WEBHOOK: &str = "/v1/payments/stripe/webhook";

/// Tells the application what happened at Stripe.
pub(in crate::http) async fn tell(app: &App, event: &Value) -> Answer {
    let body = event.to_string();
    let header = signature(SECRET, app.now().timestamp(), &body);
    app.anyone().with("stripe-signature", &header).post_raw(WEBHOOK, body).await
}

/// An event about an object, by an id of its own.
pub(in crate::http) fn event(id: &str, kind: &str, object: &Value) -> Value {
    json!({ "id": id, "type": kind, "created": 1_900_000_000, "data": { "object": object } })
}

pub(in crate::http) fn session(intent: &str, invoice: &str, cents: i64) -> Value {
    json!({
        "id": format!("cs_{intent}"), "payment_intent": intent, "amount_total": cents, "currency": "cad",
        "payment_status": "paid", "metadata": { "invoice_id": invoice },
        "customer_details": { "email": "payer@example.org", "name": "Pay Er" },
    })
}

pub(super) fn intent(intent: &str, invoice: &str, cents: i64) -> Value {
    json!({
        "id": intent, "amount": cents, "amount_received": cents, "currency": "cad", "status": "succeeded",
        "metadata": { "invoice_id": invoice },
    })
}

pub(in crate::http) fn charge(intent: &str, cents: i64, refunded: i64) -> Value {
    json!({
        "id": format!("ch_{intent}"), "payment_intent": intent, "amount": cents, "amount_refunded": refunded,
        "currency": "cad", "status": "succeeded",
    })
}

pub(in crate::http) async fn sent(owner: &Client, sam: &str) -> (String, String) {
    let invoice = id(&written(owner, sam, &json!({})).await);
    let sent = owner.post(&route(&invoice, "send"), &json!({})).await;
    let link =
        sent.ok().body["public_link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    (invoice, link)
}

async fn paid_app() -> (FakeStripe, App, Client) {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let owner = app.staff("owner");
    (stripe, app, owner)
}

#[tokio::test]
async fn an_invoice_is_paid_by_card_once_and_paid_back_in_parts() {
    let (stripe, app, owner) = paid_app().await;
    let sam = client(&owner, "Sam").await;
    let (invoice, link) = sent(&owner, &sam).await;
    app.settle().await;
    let pay = format!("/i/{link}/pay");
    let checkout = app.anyone().post(&pay, &json!({})).await;
    assert_eq!((checkout.ok().status, &checkout.body["amount_cents"]), (201, &json!(18_900)));
    let again = app.anyone().post(&pay, &json!({})).await;
    assert_eq!(again.ok().body["checkout_url"], checkout.body["checkout_url"]);
    let opened = stripe.sessions();
    assert_eq!(opened.len(), 1);
    for name in ["org_id", "invoice_id", "kind", "command_id"] {
        let on_both =
            [format!("metadata[{name}]"), format!("payment_intent_data[metadata][{name}]")];
        assert!(on_both.iter().all(|name| opened[0].contains_key(name)), "{opened:?}");
    }
    // The checkout tells of its payment, which tells of itself: one payment.
    let meta = json!({
        "org_id": opened[0]["metadata[org_id]"], "invoice_id": invoice, "kind": "invoice",
        "command_id": opened[0]["metadata[command_id]"],
    });
    let mut done = session("pi_1", &invoice, 18_900);
    (done["id"], done["metadata"]) = (json!("cs_test_1"), meta.clone());
    let told = tell(&app, &event("evt_1", "checkout.session.completed", &done)).await;
    assert_eq!(told.ok().body, json!({ "received": true, "processed": true }));
    let twice = tell(&app, &event("evt_1", "checkout.session.completed", &done)).await;
    assert_eq!(twice.ok().body["processed"], false);
    tell(&app, &event("evt_2", "payment_intent.succeeded", &intent("pi_1", &invoice, 18_900)))
        .await
        .ok();
    app.settle().await;
    let detail = shown(&owner, &invoice).await;
    assert_eq!(
        (&detail["status"], detail["payments"].as_array().unwrap().len()),
        (&json!("PAID"), 1)
    );
    // A failure that is told late undoes nothing.
    let failed = json!({ "id": "pi_1", "currency": "cad", "last_payment_error": { "code": "card_declined" } });
    tell(&app, &event("evt_3", "payment_intent.payment_failed", &failed)).await.ok();
    tell(&app, &event("evt_4", "charge.refunded", &charge("pi_1", 18_900, 2_000))).await.ok();
    app.settle().await;
    let detail = shown(&owner, &invoice).await;
    assert_eq!(
        (&detail["status"], &detail["balance_due_cents"]),
        (&json!("PARTIAL"), &json!(2_000))
    );
    tell(&app, &event("evt_5", "charge.refunded", &charge("pi_1", 18_900, 18_900))).await.ok();
    app.settle().await;
    assert_eq!(shown(&owner, &invoice).await["status"], "SENT");
    let listed =
        owner.get(&format!("/v1/admin/finance/reconcile/stripe-events?invoice_id={invoice}")).await;
    assert_eq!(listed.ok().body["items"].as_array().unwrap().len(), 5);
    assert!(!listed.text.contains("payer@example.org"), "{}", listed.text);
    let other = app.staff_of(1, "owner").get("/v1/admin/finance/reconcile/stripe-events").await;
    assert_eq!(other.ok().body["items"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_paid_is_not_and_nobody_pays_for_others() {
    let (_stripe, app, owner) = paid_app().await;
    let sam = client(&owner, "Sam").await;
    let invoice = id(&written(&owner, &sam, &json!({})).await);
    let made = owner.post(&route(&invoice, "links"), &json!({})).await;
    let link =
        made.ok().body["public_link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    app.settle().await;
    let pay = format!("/i/{link}/pay");
    app.anyone().post(&pay, &json!({})).await.is(409, "invoice.illegal_state");
    let checkout = format!("/v1/payments/invoice/checkout?invoice_id={invoice}");
    app.anyone().post(&checkout, &json!({})).await.is(401, "unauthenticated");
    app.anyone()
        .post(&format!("{checkout}&token=x"), &json!({}))
        .await
        .is(404, "invoice.not_found");
    owner.post(&route(&invoice, "send"), &json!({})).await.ok();
    app.settle().await;
    app.anyone().post(&format!("{checkout}&token={link}"), &json!({})).await.ok();
    let other = sent(&owner, &sam).await;
    app.settle().await;
    let crossed = format!("/v1/payments/invoice/checkout?invoice_id={invoice}&token={}", other.1);
    app.anyone().post(&crossed, &json!({})).await.is(404, "invoice.not_found");
    let all = json!({ "amount_cents": 18_900, "method": "cash" });
    owner.post(&route(&invoice, "record-payment"), &all).await.ok();
    app.settle().await;
    app.anyone().post(&pay, &json!({})).await.is(409, "nothing_due");
}

#[tokio::test]
async fn a_provider_in_trouble_is_left_alone_and_asked_again() {
    let (stripe, app, owner) = paid_app().await;
    let sam = client(&owner, "Sam").await;
    let (_, link) = sent(&owner, &sam).await;
    app.settle().await;
    let pay = format!("/i/{link}/pay");
    // Done and not heard of: asked for again, it is the same checkout.
    stripe.fail(&[Fault::LostReply]);
    app.anyone().post(&pay, &json!({})).await.is(502, "payment_provider_failed");
    app.anyone().post(&pay, &json!({})).await.ok();
    assert_eq!(stripe.sessions().len(), 1);
    stripe.fail(&[Fault::Trouble; 6]);
    for _ in 0..5 {
        app.anyone().post(&pay, &json!({})).await.is(502, "payment_provider_failed");
    }
    app.anyone().post(&pay, &json!({})).await.is(503, "payments_off");
    app.advance(TimeDelta::seconds(31));
    // It is tried out, and still in trouble; the next time it is back.
    app.anyone().post(&pay, &json!({})).await.is(502, "payment_provider_failed");
    app.anyone().post(&pay, &json!({})).await.is(503, "payments_off");
    app.advance(TimeDelta::seconds(31));
    app.anyone().post(&pay, &json!({})).await.ok();
    app.anyone().post(&pay, &json!({})).await.ok();
}

/// A visit whose deposit can be paid: its id, its token, and what was opened for it.
async fn booked(app: &App, owner: &Client, number: u32) -> (String, Answer) {
    let ana = lead(app, "Ana", number).await;
    app.settle().await;
    let asked = json!({ "lead_id": ana, "starts_at": at_ten(app, 7), "time_on_site_hours": 2 });
    let made = app.anyone().post("/v1/bookings", &asked).await;
    let _ = owner;
    (text(made.ok(), "booking_id"), made)
}

fn deposit(intent: &str, booking: &str, cents: &Value) -> Value {
    json!({
        "id": format!("cs_{intent}"), "payment_intent": intent, "amount_total": cents, "currency": "cad",
        "payment_status": "paid", "metadata": { "booking_id": booking },
    })
}

#[tokio::test]
async fn a_deposit_confirms_the_visit_and_counts_for_its_invoice() {
    let (stripe, app, owner) = paid_app().await;
    team(&owner, "North").await;
    let (booking, made) = booked(&app, &owner, 2001).await;
    assert_eq!(
        (&made.body["deposit_required"], &made.body["deposit_status"]),
        (&json!(true), &json!("pending"))
    );
    assert!(made.body["checkout_url"].as_str().unwrap().starts_with("https://checkout.example/"));
    let token = text(&made, "booking_token");
    let again = format!("/v1/payments/deposit/checkout?booking_id={booking}&token={token}");
    let reopened = app.anyone().post(&again, &json!({})).await;
    assert_eq!(reopened.ok().body["checkout_url"], made.body["checkout_url"]);
    let forged = format!("/v1/payments/deposit/checkout?booking_id={booking}&token={token}x");
    app.anyone().post(&forged, &json!({})).await.is(404, "booking.not_found");
    app.anyone()
        .post(&format!("/v1/payments/deposit/checkout?booking_id={booking}"), &json!({}))
        .await
        .is(401, "unauthenticated");
    let cents = &made.body["deposit_cents"];
    tell(&app, &event("evt_1", "checkout.session.completed", &deposit("pi_1", &booking, cents)))
        .await
        .ok();
    app.settle().await;
    let visit = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
    assert_eq!(
        (&visit.ok().body["status"], &visit.body["deposit_status"]),
        (&json!("CONFIRMED"), &json!("paid"))
    );
    app.anyone().post(&again, &json!({})).await.is(409, "nothing_due");
    let total = made.body["policy_snapshot"]["total_amount_cents"].as_i64().unwrap();
    let body = json!({ "items": [{ "description": "Clean", "qty": 1, "unit_price_cents": total, "tax_rate": null }] });
    let invoice = owner.post(&format!("/v1/admin/orders/{booking}/invoice"), &body).await;
    assert_eq!(invoice.ok().body["balance_due_cents"], json!(total - cents.as_i64().unwrap()));

    // Called off a week ahead, all of it goes back, once.
    let cancel = json!({ "reason": "ill" });
    owner.post(&format!("/v1/admin/bookings/{booking}/cancel"), &cancel).await.ok();
    app.settle().await;
    let back = stripe.refunds();
    assert_eq!((back.len(), back[0]["payment_intent"].as_str()), (1, "pi_1"));
    assert_eq!(back[0]["amount"], cents.to_string());
    tell(
        &app,
        &event(
            "evt_2",
            "charge.refunded",
            &charge("pi_1", cents.as_i64().unwrap(), cents.as_i64().unwrap()),
        ),
    )
    .await
    .ok();
    app.settle().await;
    assert_eq!(stripe.refunds().len(), 1);
}

#[tokio::test]
async fn what_went_back_of_a_deposit_before_does_not_count_for_any_invoice() {
    let (_stripe, app, owner) = paid_app().await;
    team(&owner, "North").await;
    let (booking, made) = booked(&app, &owner, 2006).await;
    let cents = made.body["deposit_cents"].as_i64().unwrap();
    let paid = deposit("pi_1", &booking, &json!(cents));
    tell(&app, &event("evt_1", "checkout.session.completed", &paid)).await.ok();
    tell(&app, &event("evt_2", "charge.refunded", &charge("pi_1", cents, 1_000))).await.ok();
    app.settle().await;
    let total = made.body["policy_snapshot"]["total_amount_cents"].as_i64().unwrap();
    let body = json!({ "items": [{ "description": "Clean", "qty": 1, "unit_price_cents": total, "tax_rate": null }] });
    // The first is thrown away, and the second counts no more of it.
    for _ in 0..2 {
        let invoice = owner.post(&format!("/v1/admin/orders/{booking}/invoice"), &body).await;
        let invoice = id(invoice.ok());
        app.settle().await;
        let detail = shown(&owner, &invoice).await;
        assert_eq!(detail["balance_due_cents"], total - (cents - 1_000), "{detail}");
        let gone = format!("/v1/admin/invoices/{invoice}");
        owner.send(reqwest::Method::DELETE, &gone, None).await.ok();
        app.settle().await;
    }
}

/// Whoever got everything back and pays again pays anew; called off, what they paid last goes back, and the first once.
#[tokio::test]
async fn a_deposit_that_went_back_is_paid_again_and_goes_back_again() {
    let (stripe, app, owner) = paid_app().await;
    team(&owner, "North").await;
    let (booking, made) = booked(&app, &owner, 2008).await;
    let cents = made.body["deposit_cents"].as_i64().unwrap();
    let paid = async |name: &str, intent: &str| {
        let sessions = stripe.sessions();
        let opened = sessions.last().unwrap();
        let mut told = deposit(intent, &booking, &json!(cents));
        told["metadata"]["command_id"] = json!(opened["metadata[command_id]"]);
        tell(&app, &event(name, "checkout.session.completed", &told)).await.ok();
        app.settle().await;
        let visit = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
        visit.ok().body["paid_cents"].clone()
    };
    assert_eq!(paid("evt_1", "pi_1").await, json!(cents));
    let back = charge("pi_1", cents, cents);
    tell(&app, &event("evt_2", "charge.refunded", &back)).await.ok();
    app.settle().await;
    let visit = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
    assert_eq!(
        (&visit.ok().body["paid_cents"], &visit.body["deposit_status"]),
        (&json!(0), &json!("returned"))
    );
    let token = text(&made, "booking_token");
    let again = format!("/v1/payments/deposit/checkout?booking_id={booking}&token={token}");
    app.anyone().post(&again, &json!({})).await.ok();
    assert_eq!(stripe.sessions().len(), 2);
    assert_eq!(paid("evt_3", "pi_2").await, json!(cents));
    let cancel = json!({ "reason": "ill" });
    owner.post(&format!("/v1/admin/bookings/{booking}/cancel"), &cancel).await.ok();
    app.settle().await;
    let sent = stripe.refunds();
    let sent: Vec<_> =
        sent.iter().map(|one| (one["payment_intent"].as_str(), one["amount"].clone())).collect();
    assert_eq!(sent, [("pi_2", cents.to_string())]);
}

/// Of a visit that is off a part is kept; that part counts for what the office writes about it, and no more.
#[tokio::test]
async fn what_is_kept_of_a_deposit_counts_for_the_invoice_of_the_visit_that_is_off() {
    let (_stripe, app, owner) = paid_app().await;
    team(&owner, "North").await;
    let half = json!({ "cancellation": { "partial_percent": 50, "first_time_percent": 50 } });
    owner.patch("/v1/admin/booking-policies", &half).await.ok();
    let (booking, made) = booked(&app, &owner, 2007).await;
    let cents = made.body["deposit_cents"].as_i64().unwrap();
    let paid = deposit("pi_1", &booking, &json!(cents));
    tell(&app, &event("evt_1", "checkout.session.completed", &paid)).await.ok();
    app.settle().await;
    app.advance(TimeDelta::days(5));
    let off = owner
        .post(&format!("/v1/admin/bookings/{booking}/cancel"), &json!({ "reason": "x" }))
        .await;
    let back = off.ok().body["settlement"]["refund_cents"].as_i64().unwrap();
    assert!(0 < back && back < cents, "{}", off.text);
    app.settle().await;
    let told = event("evt_2", "charge.refunded", &charge("pi_1", cents, back));
    tell(&app, &told).await.ok();
    app.settle().await;
    let visit = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
    assert_eq!(
        (&visit.ok().body["paid_cents"], &visit.body["deposit_status"]),
        (&json!(cents - back), &json!("paid"))
    );
    let kept = cents - back;
    let body = json!({ "items": [{ "description": "Kept", "qty": 1, "unit_price_cents": kept, "tax_rate": null }] });
    let invoice = owner.post(&format!("/v1/admin/orders/{booking}/invoice"), &body).await;
    let invoice = id(invoice.ok());
    app.settle().await;
    let detail = shown(&owner, &invoice).await;
    assert_eq!(
        (&detail["balance_due_cents"], &detail["overpaid_cents"]),
        (&json!(0), &json!(0)),
        "{detail}"
    );
}

#[tokio::test]
async fn a_deposit_in_another_currency_is_put_aside_and_one_in_part_is_not_all() {
    let (stripe, app, owner) = paid_app().await;
    team(&owner, "North").await;
    let (booking, made) = booked(&app, &owner, 2005).await;
    let cents = made.body["deposit_cents"].as_i64().unwrap();
    let mut dollars = deposit("pi_1", &booking, &json!(cents));
    dollars["currency"] = json!("usd");
    let told = tell(&app, &event("evt_1", "checkout.session.completed", &dollars)).await;
    assert_eq!(told.ok().body["processed"], false);
    let parked = owner.get("/v1/admin/finance/reconcile/stripe-events?status=parked").await;
    assert_eq!(parked.ok().body["items"][0]["last_error"], "currency_differs", "{}", parked.text);
    let stands = async || {
        app.settle().await;
        let visit = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
        let body = &visit.ok().body;
        [&body["status"], &body["deposit_status"], &body["paid_cents"]].map(Value::clone)
    };
    assert_eq!(stands().await, [json!("PENDING"), json!("pending"), json!(0)]);
    let part = event("evt_2", "checkout.session.completed", &deposit("pi_2", &booking, &json!(1)));
    tell(&app, &part).await.ok();
    assert_eq!(stands().await, [json!("PENDING"), json!("pending"), json!(1)]);
    // What is missing can be paid.
    let token = text(&made, "booking_token");
    let again = format!("/v1/payments/deposit/checkout?booking_id={booking}&token={token}");
    app.anyone().post(&again, &json!({})).await.ok();
    assert_eq!(
        stripe.sessions().last().unwrap()["line_items[0][price_data][unit_amount]"],
        (cents - 1).to_string()
    );
    let rest = deposit("pi_3", &booking, &json!(cents - 1));
    tell(&app, &event("evt_3", "checkout.session.completed", &rest)).await.ok();
    assert_eq!(stands().await, [json!("CONFIRMED"), json!("paid"), json!(cents)]);
}

#[tokio::test]
async fn a_deposit_that_comes_after_the_visit_was_called_off_goes_back() {
    let (stripe, app, owner) = paid_app().await;
    team(&owner, "North").await;
    let (booking, made) = booked(&app, &owner, 2002).await;
    owner
        .post(&format!("/v1/admin/bookings/{booking}/cancel"), &json!({ "reason": "x" }))
        .await
        .ok();
    let cents = &made.body["deposit_cents"];
    tell(&app, &event("evt_1", "checkout.session.completed", &deposit("pi_9", &booking, cents)))
        .await
        .ok();
    app.settle().await;
    let visit = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
    assert_eq!(visit.ok().body["status"], "CANCELLED");
    assert_eq!(stripe.refunds().len(), 1);
    // The office is told, if it can be written to.
    let told = owner.get("/v1/admin/effects?state=suppressed").await;
    let items = told.ok().body["items"].as_array().unwrap();
    let office: Vec<_> = items.iter().filter(|one| one["kind"] == "email.office_notice").collect();
    assert_eq!(office.len(), 1, "{}", told.text);
    assert_eq!(office[0]["reason"], "no_office_address");
}

#[tokio::test]
async fn a_visit_is_booked_although_no_checkout_can_be_opened() {
    let (stripe, app, owner) = paid_app().await;
    team(&owner, "North").await;
    stripe.fail(&[Fault::Trouble]);
    let (_, made) = booked(&app, &owner, 2003).await;
    assert_eq!(
        (&made.body["deposit_required"], &made.body["checkout_url"]),
        (&json!(false), &Value::Null)
    );
}

/// Clients pay in advance as visitors do: at once what they book by themselves, within two days what the office names.
#[tokio::test]
async fn clients_pay_deposits_at_their_portal() {
    let (stripe, app, owner) = paid_app().await;
    let north = team(&owner, "North").await;
    let (sam, at_portal) = client_in(&app, 0, "sam@example.org").await;
    app.settle().await;
    let wanted = json!({ "starts_at": at_ten(&app, 7), "service_type": "deep" });
    let made = at_portal.post("/v1/client/bookings", &wanted).await;
    assert_eq!((made.ok().status, &made.body["deposit_required"]), (201, &json!(true)));
    let opened = text(&made, "checkout_url");
    let once_more = format!("/client/orders/{}/repeat", text(&made, "booking_id"));
    let repeated = at_portal.post(&once_more, &json!({})).await;
    assert_eq!(repeated.ok().body["deposit_required"], true);
    assert_ne!(text(&repeated, "checkout_url"), opened);

    let asked = json!({
        "team_id": north, "client_id": id_in(&sam), "starts_at": at_ten(&app, 9), "duration_minutes": 60,
        "price_cents": 12_000, "deposit_cents": 4_000,
    });
    let named = owner.post("/v1/admin/schedule/quick-create", &asked).await;
    let named = text(named.ok(), "booking_id");
    app.settle().await;
    let own = format!("/v1/client/portal/bookings/{named}");
    let shown = at_portal.get(&own).await;
    let pay = text(shown.ok(), "pay_link");
    let checkout = at_portal.post(&pay, &json!({})).await;
    assert_eq!(checkout.ok().status, 201);
    app.anyone().post(&pay, &json!({})).await.is(401, "unauthenticated");
    assert_eq!(stripe.sessions().len(), 3);
    // An hour later nobody waits any longer for those who were at a checkout, but for whom the office told.
    app.advance(TimeDelta::hours(1));
    app.settle().await;
    let state = async |id: &str| {
        let visit = owner.get(&format!("/v1/admin/bookings/{id}")).await;
        text(visit.ok(), "status")
    };
    assert_eq!(state(&text(&made, "booking_id")).await, "CANCELLED");
    assert_eq!(state(&named).await, "PENDING");
    let paid =
        event("evt_1", "checkout.session.completed", &deposit("pi_1", &named, &json!(4_000)));
    tell(&app, &paid).await.ok();
    app.settle().await;
    assert_eq!(state(&named).await, "CONFIRMED");
    assert_eq!(at_portal.get(&own).await.ok().body["pay_link"], Value::Null);
}

/// Ten wait for their money while Stripe is in trouble for hours: it is asked for one now and then, and nobody is given up.
#[tokio::test]
async fn money_goes_back_however_long_the_provider_is_away() {
    let (stripe, app, owner) = paid_app().await;
    let sam = client(&owner, "Sam").await;
    for n in 0..10 {
        let (invoice, _) = sent(&owner, &sam).await;
        owner.post(&route(&invoice, "void"), &json!({ "reason": "twice" })).await.ok();
        let paid = intent(&format!("pi_{n}"), &invoice, 18_900);
        tell(&app, &event(&format!("evt_{n}"), "payment_intent.succeeded", &paid)).await.ok();
    }
    stripe.fail(&[Fault::Trouble; 40]);
    for _ in 0..24 {
        app.settle().await;
        app.advance(TimeDelta::minutes(20));
    }
    let dead = owner.get("/v1/admin/effects?state=dead").await;
    assert_eq!(dead.ok().body["items"], json!([]));
    // An attempt is one that Stripe heard of.
    let waiting = owner.get("/v1/admin/effects?state=waiting&limit=200").await;
    let refunds = waiting.ok().body["items"].as_array().unwrap().clone();
    let attempts = refunds.iter().filter(|one| one["kind"] == "stripe.refund");
    let attempts: i64 = attempts.map(|one| one["attempts"].as_i64().unwrap()).sum();
    assert!((1..=40).contains(&attempts), "{attempts}");
    for _ in 0..24 {
        app.settle().await;
        app.advance(TimeDelta::hours(1));
    }
    let mut back: Vec<String> =
        stripe.refunds().iter().map(|one| one["payment_intent"].clone()).collect();
    back.sort();
    assert_eq!(back, (0..10).map(|n| format!("pi_{n}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_the_provider_will_not_send_back_is_left_to_a_person() {
    let (stripe, app, owner) = paid_app().await;
    team(&owner, "North").await;
    let (booking, made) = booked(&app, &owner, 2004).await;
    let cents = &made.body["deposit_cents"];
    tell(&app, &event("evt_1", "checkout.session.completed", &deposit("pi_1", &booking, cents)))
        .await
        .ok();
    stripe.fail(&[Fault::Refusal]);
    owner
        .post(&format!("/v1/admin/bookings/{booking}/cancel"), &json!({ "reason": "x" }))
        .await
        .ok();
    app.settle().await;
    let dead = owner.get("/v1/admin/effects?state=dead").await;
    let refund = dead.ok().body["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["kind"] == "stripe.refund");
    assert!(
        refund.unwrap()["reason"].as_str().unwrap().contains("charge_disputed"),
        "{}",
        dead.text
    );
    assert_eq!(stripe.refunds().len(), 0);
}
