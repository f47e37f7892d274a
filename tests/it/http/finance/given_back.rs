//! Deposits that staff took and gave back.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};

use super::super::invoicing::today;
use super::super::scheduling::{at_ten, booked, client, route, team, text, visit};
use super::{at, balance, trial};
use crate::harness::{App, Client};

/// A visit for 200 dollars, of which 50 were asked for in advance and taken by hand.
async fn paid_by_hand(app: &App, owner: &Client, days: i64) -> String {
    let north = team(owner, &format!("North {days}")).await;
    let sam = client(owner, &format!("Sam {days}")).await;
    let more = json!({ "price_cents": 20_000, "deposit_cents": 5_000 });
    let made = booked(owner, &visit(&north, &sam, at_ten(app, days), &more)).await;
    let id = text(made.ok(), "booking_id");
    let paid = json!({ "amount_cents": 5_000, "reference": format!("ET-{days}") });
    assert_eq!(owner.post(&route(&id, "deposit"), &paid).await.ok().body["status"], "CONFIRMED");
    id
}

/// The payment of [`paid_by_hand`].
fn of(visit: &str, days: i64) -> String {
    format!("manual:{visit}:ET-{days}")
}

fn all_of(visit: &str, days: i64) -> Value {
    json!({ "payment_id": of(visit, days) })
}

fn bill() -> Value {
    json!({ "items": [
        { "description": "Clean", "qty": 1, "unit_price_cents": 20_000, "tax_rate": null }
    ] })
}

#[tokio::test]
async fn what_was_given_back_by_hand_is_paid_no_more_wherever_it_is_counted() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = paid_by_hand(&app, &owner, 7).await;
    let back = route(&id, "deposit/return");
    let part = json!({ "payment_id": of(&id, 7), "amount_cents": 2_000 });
    app.staff("viewer").post(&back, &part).await.is(403, "forbidden");
    app.staff_of(1, "owner").post(&back, &part).await.is(404, "booking.not_found");
    let keyed = owner.with("idempotency-key", "back-1");
    let done = app.following(keyed.post(&back, &part)).await;
    assert_eq!(
        (&done.ok().body["paid_cents"], &done.body["hand_deposits"][0]["returned_cents"]),
        (&json!(3_000), &json!(2_000))
    );
    assert_eq!(app.following(keyed.post(&back, &part)).await.ok().body, done.body);
    let more = json!({ "payment_id": of(&id, 7), "amount_cents": 3_001 });
    assert_eq!(app.following(owner.post(&back, &more)).await.fields(), ["amount_cents"]);
    let other = json!({ "payment_id": of(&id, 8) });
    app.following(owner.post(&back, &other)).await.is(404, "booking.deposit_not_found");
    let early = json!({ "payment_id": of(&id, 7), "returned_at": "2020-01-01T09:00" });
    assert_eq!(app.following(owner.post(&back, &early)).await.fields(), ["returned_at"]);
    let ahead = json!({ "payment_id": of(&id, 7), "returned_at": "2199-01-01T09:00" });
    assert_eq!(app.following(owner.post(&back, &ahead)).await.fields(), ["returned_at"]);
    app.settle().await;
    let day = today(&app);
    let books = trial(&owner, &day.to_string()).await;
    assert_eq!(["cash", "customer_deposits"].map(|one| balance(&books, one)), [3_000, -3_000]);
    let cash = owner.get(&at(&format!("pnl?from={day}&to={day}"))).await;
    assert_eq!(cash.ok().body["revenue_cents"], 3_000);
    let table = owner.get("/v1/admin/exports/deposits.csv").await;
    let amounts: Vec<&str> =
        table.ok().text.lines().skip(1).map(|line| line.split(',').nth(4).unwrap()).collect();
    assert_eq!(amounts, ["5000", "-2000"], "{}", table.text);
    let listed = owner.get("/v1/admin/bookings").await;
    assert_eq!(listed.ok().body[0]["deposit_status"], "pending", "{}", listed.text);

    // The invoice of the visit counts what is left, and from then on it goes back there.
    let invoice =
        app.following(owner.post(&format!("/v1/admin/orders/{id}/invoice"), &bill())).await;
    assert_eq!(invoice.ok().body["balance_due_cents"], 17_000);
    app.following(owner.post(&back, &all_of(&id, 7))).await.is(409, "booking.deposit_counted");
    let keyed = owner.with("idempotency-key", "back-2");
    app.following(keyed.post(&back, &all_of(&id, 7))).await.is(409, "booking.deposit_counted");
    let invoice = format!("/v1/admin/invoices/{}", text(&invoice, "invoice_id"));
    app.settle().await;
    let table = owner.get("/v1/admin/exports/payments.csv?status=DRAFT").await;
    assert!(table.ok().text.contains("deposit,other,SUCCEEDED,3000,CAD"), "{}", table.text);
    owner.send(reqwest::Method::DELETE, &invoice, None).await.ok();
    let gone = app.following(owner.post(&back, &all_of(&id, 7))).await;
    assert_eq!(
        (&gone.ok().body["paid_cents"], &gone.body["deposit_status"]),
        (&json!(0), &json!("returned"))
    );
    assert_eq!(app.following(owner.post(&back, &all_of(&id, 7))).await.fields(), ["amount_cents"]);
    let invoice =
        app.following(owner.post(&format!("/v1/admin/orders/{id}/invoice"), &bill())).await;
    assert_eq!(invoice.ok().body["balance_due_cents"], 20_000);
    app.settle().await;
    let books = trial(&owner, &day.to_string()).await;
    assert_eq!(["cash", "customer_deposits"].map(|one| balance(&books, one)), [0, 0]);
}

/// "CASH" may stand at every visit: each is a payment of its own.
#[tokio::test]
async fn the_same_reference_at_two_visits_is_two_payments() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let mut visits = Vec::new();
    for days in [7, 8] {
        let north = team(&owner, &format!("North {days}")).await;
        let sam = client(&owner, &format!("Sam {days}")).await;
        let more = json!({ "price_cents": 20_000, "deposit_cents": 5_000 });
        let made = booked(&owner, &visit(&north, &sam, at_ten(&app, days), &more)).await;
        let id = text(made.ok(), "booking_id");
        let cash = json!({ "amount_cents": 5_000, "reference": "CASH" });
        owner.post(&route(&id, "deposit"), &cash).await.ok();
        let again = owner.post(&route(&id, "deposit"), &cash).await;
        assert_eq!(again.ok().body["paid_cents"], 5_000);
        assert_eq!(again.body["hand_deposits"][0]["reference"], "CASH");
        visits.push(id);
    }
    for id in &visits {
        let order = format!("/v1/admin/orders/{id}/invoice");
        let invoice = app.following(owner.post(&order, &bill())).await;
        assert_eq!(invoice.ok().body["balance_due_cents"], 15_000, "{}", invoice.text);
        let invoice = format!("/v1/admin/invoices/{}", text(&invoice, "invoice_id"));
        owner.send(reqwest::Method::DELETE, &invoice, None).await.ok();
    }
    for id in &visits {
        let back = app.following(owner.post(&route(id, "deposit/return"), &json!({}))).await;
        assert_eq!(back.ok().body["deposit_status"], "returned");
    }
    app.settle().await;
    let books = trial(&owner, &today(&app).to_string()).await;
    assert_eq!(["cash", "customer_deposits"].map(|one| balance(&books, one)), [0, 0]);
    let table = owner.get("/v1/admin/exports/deposits.csv").await;
    assert_eq!(table.ok().text.lines().count(), 5, "{}", table.text);
}

/// Somebody writes the invoice first, and the envelope turns up later.
#[tokio::test]
async fn a_deposit_that_is_written_down_after_the_invoice_counts_for_it() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let more = json!({ "price_cents": 20_000, "deposit_cents": 5_000 });
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &more)).await;
    let id = text(made.ok(), "booking_id");
    let invoice = owner.post(&format!("/v1/admin/orders/{id}/invoice"), &bill()).await;
    assert_eq!(invoice.ok().body["balance_due_cents"], 20_000);
    let invoice = format!("/v1/admin/invoices/{}", text(&invoice, "invoice_id"));
    owner.post(&format!("{invoice}/send"), &json!({})).await.ok();
    let found = json!({ "amount_cents": 5_000, "reference": "envelope" });
    owner.post(&route(&id, "deposit"), &found).await.ok();
    app.settle().await;
    let now = owner.get(&invoice).await;
    assert_eq!(
        (&now.ok().body["balance_due_cents"], &now.body["status"]),
        (&json!(15_000), &json!("PARTIAL"))
    );
    let back = json!({ "amount_cents": 5_000 });
    let back = app.following(owner.post(&route(&id, "deposit/return"), &back)).await;
    back.is(409, "booking.deposit_counted");
    let books = trial(&owner, &today(&app).to_string()).await;
    assert_eq!(
        ["cash", "customer_deposits", "receivable"].map(|one| balance(&books, one)),
        [5_000, 0, 15_000]
    );
}

/// Whichever comes first, the invoice counts the deposit.
#[tokio::test(flavor = "multi_thread")]
async fn a_deposit_that_comes_while_the_invoice_is_written_counts_for_it() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let (bills, cash) = (bill(), json!({ "amount_cents": 5_000, "reference": "CASH" }));
    for name in ["A", "B", "C", "D", "E", "F"] {
        let own = team(&owner, name).await;
        let more = json!({ "price_cents": 20_000, "deposit_cents": 5_000 });
        let made = booked(&owner, &visit(&own, &sam, at_ten(&app, 7), &more)).await;
        let id = text(made.ok(), "booking_id");
        let (order, deposit) = (format!("/v1/admin/orders/{id}/invoice"), route(&id, "deposit"));
        let both = async { tokio::join!(owner.post(&order, &bills), owner.post(&deposit, &cash)) };
        let (billed, taken) = app.following(both).await;
        taken.ok();
        let invoice = text(billed.ok(), "invoice_id");
        app.settle().await;
        let now = owner.get(&format!("/v1/admin/invoices/{invoice}")).await;
        assert_eq!(now.ok().body["balance_due_cents"], 15_000, "{}", now.text);
    }
    let books = trial(&owner, &today(&app).to_string()).await;
    assert_eq!(["cash", "customer_deposits"].map(|one| balance(&books, one)), [30_000, -30_000]);
}

/// What went back while an invoice counted it cannot go back a second time, nor count for another.
#[tokio::test]
async fn what_went_back_by_an_invoice_is_not_given_back_again() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = paid_by_hand(&app, &owner, 7).await;
    let order = format!("/v1/admin/orders/{id}/invoice");
    let billed = async |due: i64| {
        let invoice = app.following(owner.post(&order, &bill())).await;
        assert_eq!(invoice.ok().body["balance_due_cents"], due, "{}", invoice.text);
        format!("/v1/admin/invoices/{}", text(&invoice, "invoice_id"))
    };
    let invoice = billed(15_000).await;
    let refund = format!("{invoice}/payments/{}/refund", of(&id, 7));
    owner.post(&refund, &json!({ "amount_cents": 2_000 })).await.ok();
    owner.send(reqwest::Method::DELETE, &invoice, None).await.ok();
    app.settle().await;
    // The visit knows of it.
    let visit = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    assert_eq!(
        (&visit.ok().body["paid_cents"], &visit.body["deposit_status"]),
        (&json!(3_000), &json!("pending"))
    );
    assert_eq!(visit.body["hand_deposits"][0]["returned_cents"], 2_000);
    let invoice = billed(17_000).await;
    owner.send(reqwest::Method::DELETE, &invoice, None).await.ok();
    let back = route(&id, "deposit/return");
    let more = json!({ "payment_id": of(&id, 7), "amount_cents": 3_001 });
    assert_eq!(app.following(owner.post(&back, &more)).await.fields(), ["amount_cents"]);
    app.following(owner.post(&back, &json!({}))).await.ok();
    app.settle().await;
    let books = trial(&owner, &today(&app).to_string()).await;
    assert_eq!(["cash", "customer_deposits"].map(|one| balance(&books, one)), [0, 0]);
    billed(20_000).await;
}

/// Of twenty dollars of fifty that are left after an invoice which does not count any more, nobody gets more, however many ask.
#[tokio::test(flavor = "multi_thread")]
async fn of_what_an_invoice_left_nothing_is_given_back_twice_at_once() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = paid_by_hand(&app, &owner, 7).await;
    let (back, order) = (route(&id, "deposit/return"), format!("/v1/admin/orders/{id}/invoice"));
    let made = app.following(owner.post(&order, &bill())).await;
    let invoice = format!("/v1/admin/invoices/{}", text(made.ok(), "invoice_id"));
    let refund = format!("{invoice}/payments/{}/refund", of(&id, 7));
    owner.post(&refund, &json!({ "amount_cents": 3_000 })).await.ok();
    owner.send(reqwest::Method::DELETE, &invoice, None).await.ok();
    // Nothing is settled: whoever asks at once learns of the refund all the same.
    let rest = json!({ "payment_id": of(&id, 7), "amount_cents": 2_000 });
    let asked = (0..6).map(|_| async { owner.post(&back, &rest).await.status });
    let done = app.following(join_all(asked)).await;
    assert_eq!(done.iter().filter(|status| **status == 200).count(), 1, "{done:?}");
    app.settle().await;
    let books = trial(&owner, &today(&app).to_string()).await;
    assert_eq!(["cash", "customer_deposits"].map(|one| balance(&books, one)), [0, 0]);
}

/// What invoices of a visit count of its deposit.
async fn counted(owner: &Client, visit: &str) -> i64 {
    let written = owner.get(&format!("/v1/admin/invoices?order_id={visit}")).await;
    let written = written.ok().body["invoices"].as_array().unwrap().clone();
    let stands = written.iter().filter(|one| one["status"] != "DISCARDED");
    stands.map(|one| 20_000 - one["balance_due_cents"].as_i64().unwrap()).sum()
}

/// An invoice takes the deposit, pays part of it back, and is thrown away, while others count on what is left.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_counts_on_what_goes_back_by_an_invoice_at_the_same_moment() {
    let app = App::start().await;
    let owner = app.staff("owner");
    for days in 7..13 {
        let id = paid_by_hand(&app, &owner, days).await;
        let (back, order) =
            (route(&id, "deposit/return"), format!("/v1/admin/orders/{id}/invoice"));
        let (nothing, bills, part) = (json!({}), bill(), json!({ "amount_cents": 1_000 }));
        let first = owner.post(&order, &bills).await;
        let invoice = format!("/v1/admin/invoices/{}", text(first.ok(), "invoice_id"));
        let goes = async {
            let refund = format!("{invoice}/payments/{}/refund", of(&id, days));
            owner.post(&refund, &part).await.ok();
            owner.send(reqwest::Method::DELETE, &invoice, None).await.ok();
        };
        let gives = async || {
            for _ in 0..4 {
                owner.post(&back, &nothing).await;
            }
        };
        let counts = async {
            for _ in 0..4 {
                let made = owner.post(&order, &bills).await;
                if made.status == 201 {
                    return;
                }
            }
        };
        if days % 2 == 0 {
            tokio::join!(goes, join_all((0..4).map(|_| gives())));
        } else {
            tokio::join!(goes, counts);
        }
        app.settle().await;
        let visit = owner.get(&format!("/v1/admin/bookings/{id}")).await;
        let returned = visit.ok().body["hand_deposits"][0]["returned_cents"].as_i64().unwrap();
        let counted = counted(&owner, &id).await;
        assert!(
            returned + counted <= 5_000,
            "{returned} went back, {counted} counts: {}",
            visit.text
        );
        assert!(returned >= 1_000, "{}", visit.text);
    }
    let books = trial(&owner, &today(&app).to_string()).await;
    let [cash, deposits] = ["cash", "customer_deposits"].map(|one| balance(&books, one));
    assert!((0..=24_000).contains(&cash) && cash == -deposits, "{cash} {deposits}");
}

/// Nothing is written down in silence that is not there.
#[tokio::test]
async fn a_reference_that_stands_for_other_money_is_refused() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = paid_by_hand(&app, &owner, 7).await;
    let more = json!({ "amount_cents": 3_000, "reference": "ET-7" });
    owner.post(&route(&id, "deposit"), &more).await.is(409, "booking.deposit_reference_taken");
    owner.post(&route(&id, "deposit/return"), &json!({})).await.ok();
    let again = json!({ "amount_cents": 5_000, "reference": "ET-7" });
    owner.post(&route(&id, "deposit"), &again).await.is(409, "booking.deposit_reference_taken");
    let other = json!({ "amount_cents": 5_000, "reference": "ET/7#2" });
    let taken = owner.post(&route(&id, "deposit"), &other).await;
    assert_eq!(taken.ok().body["paid_cents"], 5_000);
}

/// What is in dollars of another country counts for no other invoice; the deposit counts for the next that it can.
#[tokio::test]
async fn a_late_deposit_counts_for_the_invoice_in_its_currency() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await;
    let id = text(made.ok(), "booking_id");
    let order = format!("/v1/admin/orders/{id}/invoice");
    let mut usd = bill();
    usd["currency"] = json!("USD");
    owner.post(&order, &usd).await.ok();
    app.settle().await;
    let mut cad = bill();
    cad["allow_additional"] = json!(true);
    let second = text(owner.post(&order, &cad).await.ok(), "invoice_id");
    app.settle().await;
    let cash = json!({ "amount_cents": 5_000, "reference": "CASH" });
    owner.post(&route(&id, "deposit"), &cash).await.ok();
    app.settle().await;
    let now = owner.get(&format!("/v1/admin/invoices/{second}")).await;
    assert_eq!(now.ok().body["balance_due_cents"], 15_000, "{}", now.text);
}

#[tokio::test]
async fn nothing_is_given_back_in_a_month_whose_books_are_closed() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = paid_by_hand(&app, &owner, 7).await;
    let (then, month) = (app.now() + TimeDelta::hours(1), today(&app).format("%Y-%m").to_string());
    app.advance(TimeDelta::days(40));
    owner.post(&at(&format!("periods/{month}/close")), &json!({})).await.ok();
    let back = route(&id, "deposit/return");
    let late = json!({ "payment_id": of(&id, 7), "returned_at": then.to_rfc3339() });
    app.following(owner.post(&back, &late)).await.is(409, "period_closed");
    app.following(owner.with("idempotency-key", "late").post(&back, &late))
        .await
        .is(409, "period_closed");
    app.following(owner.post(&back, &all_of(&id, 7))).await.ok();
    app.settle().await;
    let table = owner.get("/v1/admin/exports/deposits.csv").await;
    assert_eq!(table.ok().text.lines().count(), 3, "{}", table.text);
    let books = trial(&owner, &today(&app).to_string()).await;
    assert_eq!(["cash", "customer_deposits"].map(|one| balance(&books, one)), [0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_give_it_back_at_once_one_does_and_an_invoice_never_counts_it_too() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let id = paid_by_hand(&app, &owner, 7).await;
    let back = route(&id, "deposit/return");
    let asked = (0..8).map(|_| async { owner.post(&back, &all_of(&id, 7)).await.status });
    let done = app.following(join_all(asked)).await;
    assert_eq!(done.iter().filter(|status| **status == 200).count(), 1, "{done:?}");

    for days in 8..14 {
        let id = paid_by_hand(&app, &owner, days).await;
        let (back, order) =
            (route(&id, "deposit/return"), format!("/v1/admin/orders/{id}/invoice"));
        let (given, bills) = (all_of(&id, days), bill());
        let both = async { tokio::join!(owner.post(&back, &given), owner.post(&order, &bills)) };
        let (given, billed) = app.following(both).await;
        match (given.status, billed.status) {
            (200, 201) => assert_eq!(billed.body["balance_due_cents"], 20_000, "{}", given.text),
            (409, 201) => assert_eq!(billed.body["balance_due_cents"], 15_000, "{}", given.text),
            // Whoever writes the invoice looks again.
            (200, 409) => _ = billed.is(409, "concurrent_change"),
            other => panic!("{other:?}: {} {}", given.text, billed.text),
        }
    }
    app.settle().await;
    let books = trial(&owner, &today(&app).to_string()).await;
    let [cash, deposits] = ["cash", "customer_deposits"].map(|one| balance(&books, one));
    assert!((0..=30_000).contains(&cash) && cash == -deposits, "{cash} {deposits}");
}
