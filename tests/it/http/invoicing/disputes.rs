//! Disputes, from whoever says that something is wrong to the money that goes back.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};

use super::super::erasure;
use super::super::scheduling::{at_ten, booked, client, team, text, visit};
use super::payments::{charge, event, intent, sent, tell};
use super::{route, shown, today};
use crate::harness::client::Answer;
use crate::harness::stripe::{FakeStripe, Fault, SECRET};
use crate::harness::{App, Client};

const DISPUTES: &str = "/v1/admin/disputes";

async fn paid_app() -> (FakeStripe, App, Client) {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let owner = app.staff("owner");
    (stripe, app, owner)
}

/// An invoice that was paid by card.
async fn paid(app: &App, owner: &Client, number: u32) -> String {
    let sam = client(owner, &format!("Sam {number}")).await;
    let (invoice, _) = sent(owner, &sam).await;
    let object = intent(&format!("pi_{number}"), &invoice, 18_900);
    let told = event(&format!("evt_paid_{number}"), "payment_intent.succeeded", &object);
    tell(app, &told).await.ok();
    app.settle().await;
    invoice
}

async fn opened(owner: &Client, about: &Value) -> String {
    let mut body = about.clone();
    body["reason"] = json!("A vase is broken");
    text(owner.post(DISPUTES, &body).await.ok(), "dispute_id")
}

async fn found_out(owner: &Client, dispute: &str) {
    let facts = json!({ "photo_refs": ["p-1"], "time_log": { "minutes": 95 } });
    owner.post(&format!("{DISPUTES}/{dispute}/facts"), &facts).await.ok();
}

async fn decide(owner: &Client, dispute: &str, decision: &Value) -> Answer {
    owner.post(&format!("{DISPUTES}/{dispute}/decide"), decision).await
}

async fn read(owner: &Client, dispute: &str) -> Value {
    owner.get(&format!("{DISPUTES}/{dispute}")).await.ok().body.clone()
}

#[tokio::test]
async fn money_that_came_by_card_goes_back_once_and_is_not_owed_again() {
    let (stripe, app, owner) = paid_app().await;
    let invoice = paid(&app, &owner, 1).await;
    let dispute = opened(&owner, &json!({ "invoice_id": invoice })).await;
    let again = json!({ "invoice_id": invoice, "reason": "once more" });
    owner.post(DISPUTES, &again).await.is(409, "dispute.already_open");
    let some = json!({ "decision": "partial_refund", "amount_cents": 5_000, "note": "as agreed" });
    decide(&owner, &dispute, &some).await.is(409, "dispute.facts_missing");
    let close = format!("{DISPUTES}/{dispute}/close");
    owner.post(&close, &json!({})).await.is(409, "dispute.illegal_state");
    found_out(&owner, &dispute).await;
    let over = json!({ "decision": "partial_refund", "amount_cents": 18_901 });
    decide(&owner, &dispute, &over).await.is(422, "dispute.amount_invalid");
    decide(&owner, &dispute, &json!({ "decision": "maybe" })).await.is(422, "validation_failed");

    // The answer of the provider is lost, and it is in trouble before that: it is asked until it says so.
    stripe.fail(&[Fault::Trouble, Fault::LostReply]);
    let told = decide(&owner, &dispute, &some).await;
    let decision = &told.ok().body["decision"];
    assert_eq!(
        (&decision["before_cents"], &decision["after_cents"], &decision["base_cents"]),
        (&json!(0), &json!(5_000), &json!(18_900))
    );
    for _ in 0..3 {
        app.settle().await;
        app.advance(TimeDelta::minutes(3));
    }
    app.settle().await;
    let back = stripe.refunds();
    assert_eq!((back.len(), back[0]["amount"].as_str()), (1, "5000"));
    let detail = shown(&owner, &invoice).await;
    assert_eq!(
        (&detail["status"], &detail["balance_due_cents"], &detail["credited_cents"]),
        (&json!("PAID"), &json!(0), &json!(5_000))
    );
    assert_eq!(detail["payments"][0]["refunded_cents"], 5_000);
    let known = read(&owner, &dispute).await;
    assert_eq!(
        (&known["status"], &known["decision"]["refunds"][0]["state"]),
        (&json!("DECIDED"), &json!("returned"))
    );
    // What the provider tells of it is the same money.
    tell(&app, &event("evt_back", "charge.refunded", &charge("pi_1", 18_900, 5_000))).await.ok();
    app.settle().await;
    assert_eq!(shown(&owner, &invoice).await["payments"][0]["refunded_cents"], 5_000);

    owner
        .post(&format!("{DISPUTES}/{dispute}/facts"), &json!({}))
        .await
        .is(409, "dispute.facts_frozen");
    decide(&owner, &dispute, &some).await.is(409, "dispute.illegal_state");
    assert_eq!(owner.post(&close, &json!({})).await.ok().body["status"], "CLOSED");
    owner.post(&close, &json!({})).await.ok();
    the_rest_goes_back(&stripe, &app, &owner, &invoice).await;
}

/// Another dispute about what is left.
async fn the_rest_goes_back(stripe: &FakeStripe, app: &App, owner: &Client, invoice: &str) {
    let next = opened(owner, &json!({ "invoice_id": invoice })).await;
    found_out(owner, &next).await;
    let rest = decide(owner, &next, &json!({ "decision": "full_refund" })).await;
    let decision = &rest.ok().body["decision"];
    assert_eq!(
        (&decision["amount_cents"], &decision["before_cents"], &decision["after_cents"]),
        (&json!(13_900), &json!(5_000), &json!(18_900))
    );
    app.settle().await;
    let sums: Vec<i64> =
        stripe.refunds().iter().map(|one| one["amount"].parse().unwrap()).collect();
    assert_eq!(sums, [5_000, 13_900]);
    assert_eq!(shown(owner, invoice).await["balance_due_cents"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_decide_at_once_one_does_and_the_money_goes_back_once() {
    let (stripe, app, owner) = paid_app().await;
    let invoice = paid(&app, &owner, 1).await;
    let dispute = opened(&owner, &json!({ "invoice_id": invoice })).await;
    found_out(&owner, &dispute).await;
    let beside = app.beside().await;
    let all = json!({ "decision": "full_refund" });
    let staff: Vec<_> =
        (0..12).map(|n| if n % 2 == 0 { &app } else { &beside }.staff("owner")).collect();
    let answers = join_all(staff.iter().map(|one| decide(one, &dispute, &all))).await;
    assert_eq!(answers.iter().filter(|one| one.status == 200).count(), 1);
    for lost in answers.iter().filter(|one| one.status != 200) {
        assert_eq!(lost.status, 409, "{}", lost.text);
    }
    app.settle().await;
    app.settle().await;
    assert_eq!(stripe.refunds().len(), 1);
    // Two disputes about the same money: what one sends back the other cannot.
    let cash = client(&owner, "Cash").await;
    let (second, _) = sent(&owner, &cash).await;
    let note = json!({ "amount_cents": 1_000, "method": "cash" });
    owner.post(&route(&second, "record-payment"), &note).await.ok();
    let other = opened(&owner, &json!({ "invoice_id": second })).await;
    found_out(&owner, &other).await;
    let told = decide(&owner, &other, &all).await;
    let part = &told.ok().body["decision"]["refunds"][0];
    assert_eq!((&part["by"], &part["amount_cents"]), (&json!("hand"), &json!(1_000)));
    app.settle().await;
    let known = read(&owner, &other).await;
    assert_eq!(known["decision"]["refunds"][0]["state"], "by_hand");
    assert_eq!(stripe.refunds().len(), 1);
}

#[tokio::test]
async fn a_credit_note_is_issued_as_was_decided() {
    let (stripe, app, owner) = paid_app().await;
    let sam = client(&owner, "Sam").await;
    let (invoice, _) = sent(&owner, &sam).await;
    let dispute = opened(&owner, &json!({ "invoice_id": invoice })).await;
    found_out(&owner, &dispute).await;
    let refund = json!({ "decision": "full_refund" });
    decide(&owner, &dispute, &refund).await.is(409, "dispute.nothing_to_refund");
    let credit = json!({ "decision": "credit_note", "amount_cents": 6_300 });
    decide(&owner, &dispute, &credit).await.ok();
    app.settle().await;
    app.settle().await;
    let detail = shown(&owner, &invoice).await;
    assert_eq!(
        (&detail["balance_due_cents"], &detail["credits"][0]["tax_cents"]),
        (&json!(12_600), &json!(300))
    );
    assert_eq!(detail["credits"].as_array().unwrap().len(), 1);
    assert_eq!(stripe.refunds().len(), 0);
}

#[tokio::test]
async fn what_the_bank_opens_the_bank_closes() {
    let (stripe, app, owner) = paid_app().await;
    let invoice = paid(&app, &owner, 1).await;
    let disputed = |status: &str| json!({ "id": "dp_1", "payment_intent": "pi_1", "amount": 18_900, "currency": "cad", "status": status });
    // A bank that only asks has taken nothing.
    for (id, what) in [("created", "warning_needs_response"), ("closed", "warning_closed")] {
        tell(&app, &event(id, &format!("charge.dispute.{id}"), &disputed(what))).await.ok();
    }
    app.settle().await;
    let asked = owner.get(&format!("{DISPUTES}?invoice_id={invoice}")).await;
    assert_eq!(asked.ok().body["items"], json!([]));
    tell(&app, &event("evt_2", "charge.dispute.created", &disputed("needs_response"))).await.ok();
    let taken = event("evt_3", "charge.dispute.funds_withdrawn", &disputed("needs_response"));
    tell(&app, &taken).await.ok();
    app.settle().await;
    let listed = owner.get(&format!("{DISPUTES}?invoice_id={invoice}&status=OPEN")).await;
    let items = listed.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(
        (&items[0]["source"], &items[0]["opened_by"], &items[0]["amount_cents"]),
        (&json!("stripe"), &json!("stripe:dp_1"), &json!(18_900))
    );
    // What the bank has cannot be sent back as well.
    let dispute = text(&Answer { body: items[0].clone(), ..listed }, "dispute_id");
    found_out(&owner, &dispute).await;
    let refund = json!({ "decision": "full_refund" });
    decide(&owner, &dispute, &refund).await.is(409, "dispute.nothing_to_refund");
    tell(&app, &event("evt_4", "charge.dispute.closed", &disputed("won"))).await.ok();
    app.settle().await;
    let known = read(&owner, &dispute).await;
    assert_eq!((&known["status"], &known["won"]), (&json!("CLOSED"), &json!(true)));
    assert_eq!(stripe.refunds().len(), 0);

    // Of a deposit as well, and told in the wrong order.
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await;
    let booking = text(made.ok(), "booking_id");
    let mut early = disputed("lost");
    (early["id"], early["payment_intent"]) = (json!("dp_2"), json!("pi_2"));
    tell(&app, &event("evt_5", "charge.dispute.closed", &early)).await.ok();
    let deposit = json!({
        "id": "pi_2", "amount": 5_000, "amount_received": 5_000, "currency": "cad", "status": "succeeded",
        "metadata": { "booking_id": booking },
    });
    tell(&app, &event("evt_6", "payment_intent.succeeded", &deposit)).await.ok();
    app.advance(TimeDelta::minutes(5));
    app.settle().await;
    tell(&app, &event("evt_7", "charge.dispute.created", &early)).await.ok();
    app.settle().await;
    let listed = owner.get(&format!("{DISPUTES}?booking_id={booking}")).await;
    let items = listed.ok().body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!((&items[0]["status"], &items[0]["won"]), (&json!("CLOSED"), &json!(false)));
    assert_eq!(items[0]["amount_cents"], 18_900);
    // It is booked as if it had been told in order.
    let lines = "/v1/admin/finance/ledger?account=dispute_losses";
    assert_eq!(owner.get(lines).await.ok().body["debit_cents"], 18_900);
}

#[tokio::test]
async fn what_the_bank_took_is_lost_once_and_cannot_be_paid_back() {
    let (_stripe, app, owner) = paid_app().await;
    let sam = client(&owner, "Sam").await;
    let (invoice, _) = sent(&owner, &sam).await;
    let now = |mut event: Value| {
        event["created"] = json!(app.now().timestamp());
        event
    };
    let came = event("evt_1", "payment_intent.succeeded", &intent("pi_1", &invoice, 18_900));
    tell(&app, &now(came)).await.ok();
    let fuel = json!({ "name": "Fuel" });
    let fuel = owner.post("/v1/admin/finance/expense-categories", &fuel).await;
    let day = today(&app);
    let spent = json!({
        "occurred_on": day, "category_id": fuel.ok().body["category_id"], "description": "x",
        "amount_cents": 100, "payment_method": "cash",
    });
    owner.post("/v1/admin/finance/expenses", &spent).await.ok();
    let ready = json!({ "finance_ready": true });
    owner.patch("/v1/admin/settings/org", &ready).await.ok();
    app.settle().await;
    let payment = shown(&owner, &invoice).await["payments"][0]["payment_id"].clone();
    let back = format!("{}/{}/refund", route(&invoice, "payments"), payment.as_str().unwrap());
    let some = json!({ "amount_cents": 100 });
    let disputed = json!({ "id": "dp_1", "payment_intent": "pi_1", "amount": 18_900, "currency": "cad", "status": "lost" });
    for (id, kind) in [("evt_2", "charge.dispute.created"), ("evt_3", "charge.dispute.closed")] {
        tell(&app, &now(event(id, kind, &disputed))).await.ok();
        app.settle().await;
        owner.post(&back, &some).await.is(409, "payment.disputed");
    }
    let range = format!("from={day}&to={day}");
    let cash = owner.get(&format!("/v1/admin/finance/pnl?{range}")).await;
    assert_eq!(
        (&cash.ok().body["revenue_cents"], &cash.body["net_cents"]),
        (&json!(0), &json!(-100)),
        "{}",
        cash.text
    );
    assert_eq!(cash.body["dispute_losses_cents"], 18_900);
    let table = owner.get(&format!("/v1/admin/finance/pnl?{range}&format=csv")).await;
    let number = |line: &str| line.split(',').nth(2).unwrap().parse::<i64>().unwrap();
    let lines: Vec<&str> = table.ok().text.lines().skip(1).collect();
    let (net, others) = lines.split_last().unwrap();
    let signed =
        |line: &&str| if line.starts_with("revenue") { number(line) } else { -number(line) };
    assert_eq!(others.iter().map(signed).sum::<i64>(), number(net), "{lines:?}");
    let summary = owner.get(&format!("/v1/admin/analytics/financial_summary?{range}")).await;
    assert_eq!(summary.ok().body["profit_cents"], cash.body["net_cents"]);
    // What was charged is still earned, and lost beside it.
    let accrual = owner.get(&format!("/v1/admin/finance/pnl?{range}&basis=accrual")).await;
    assert_eq!(accrual.ok().body["net_cents"], 18_000 - 100 - 18_900);
}

#[tokio::test]
async fn what_the_bank_gave_back_can_be_paid_back() {
    let (_stripe, app, owner) = paid_app().await;
    let invoice = paid(&app, &owner, 1).await;
    let payment = shown(&owner, &invoice).await["payments"][0]["payment_id"].clone();
    let back = format!("{}/{}/refund", route(&invoice, "payments"), payment.as_str().unwrap());
    let disputed = json!({ "id": "dp_1", "payment_intent": "pi_1", "amount": 18_900, "currency": "cad", "status": "won" });
    tell(&app, &event("evt_2", "charge.dispute.created", &disputed)).await.ok();
    owner.post(&back, &json!({ "amount_cents": 100 })).await.is(409, "payment.disputed");
    tell(&app, &event("evt_3", "charge.dispute.closed", &disputed)).await.ok();
    owner.post(&back, &json!({ "amount_cents": 100 })).await.ok();
}

#[tokio::test]
async fn who_may_read_may_not_decide_and_nobody_sees_those_of_others() {
    let (_stripe, app, owner) = paid_app().await;
    let invoice = paid(&app, &owner, 1).await;
    let dispute = opened(&owner, &json!({ "invoice_id": invoice })).await;
    app.settle().await;
    let viewer = app.staff("viewer");
    assert_eq!(viewer.get(DISPUTES).await.ok().body["items"].as_array().unwrap().len(), 1);
    let facts = format!("{DISPUTES}/{dispute}/facts");
    viewer.post(&facts, &json!({})).await.is(403, "forbidden");
    let no = json!({ "decision": "no_refund" });
    decide(&viewer, &dispute, &no).await.is(403, "forbidden");
    app.staff("dispatcher").get(DISPUTES).await.is(403, "forbidden");
    let accountant = app.staff("accountant");
    for odd in [
        json!({ "other": 1 }),
        json!({ "photo_refs": [""] }),
        json!({ "time_log": { "$sealed": 1 } }),
    ] {
        assert_eq!(accountant.post(&facts, &odd).await.status, 422, "{odd}");
    }
    let foreign = app.staff_of(1, "owner");
    foreign.get(&format!("{DISPUTES}/{dispute}")).await.is(404, "dispute.not_found");
    foreign.post(&facts, &json!({})).await.is(404, "dispute.not_found");
    decide(&foreign, &dispute, &no).await.is(404, "dispute.not_found");
    let about = json!({ "invoice_id": invoice, "reason": "x" });
    foreign.post(DISPUTES, &about).await.is(404, "invoice.not_found");
    owner.post(DISPUTES, &json!({ "reason": "x" })).await.is(422, "dispute.target_required");
    owner.get(&format!("{DISPUTES}?status=LOST")).await.is(422, "validation_failed");
}

#[tokio::test]
async fn words_about_a_dispute_go_with_whoever_it_is_about() {
    let (stripe, app, owner) = paid_app().await;
    let sam = client(&owner, "Kowari").await;
    let (invoice, _) = sent(&owner, &sam).await;
    let object = intent("pi_1", &invoice, 18_900);
    tell(&app, &event("evt_1", "payment_intent.succeeded", &object)).await.ok();
    app.settle().await;
    let words = json!({ "invoice_id": invoice, "reason": "Kowari says so" });
    let dispute = text(owner.post(DISPUTES, &words).await.ok(), "dispute_id");
    app.settle().await;
    let erase = format!("/v1/admin/subjects/{sam}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    app.settle().await;
    assert_eq!(read(&owner, &dispute).await["reason"], "[erased]");
    let mut admin = app.db.admin().await;
    assert_eq!(erasure::search(&mut admin, &["kowari"]).await, [""; 0]);
    // The matter itself goes on.
    found_out(&owner, &dispute).await;
    let some = json!({ "decision": "partial_refund", "amount_cents": 100, "note": "for Kowari" });
    decide(&owner, &dispute, &some).await.ok();
    app.settle().await;
    assert_eq!(stripe.refunds().len(), 1);
    assert_eq!(erasure::search(&mut admin, &["kowari"]).await, [""; 0]);
}
