//! The ledger: everything that happens to money, booked once and in balance.

use serde_json::{Value, json};

use super::super::invoicing::{payments, today};
use super::super::scheduling::{at_ten, client, lead, team};
use super::{at, balance, category, day, invoiced, paid, sent, spent, trial, with_client};
use crate::harness::App;
use crate::harness::stripe::{FakeStripe, SECRET};

fn items(cents: i64) -> Value {
    json!([{ "description": "Clean", "qty": 1, "unit_price_cents": cents, "tax_rate": 0.05 }])
}

#[tokio::test]
async fn what_is_charged_paid_spent_and_corrected_is_booked_on_its_day() {
    let (app, owner, sam) = with_client().await;
    let first = invoiced(&owner, &sam, day("2026-01-10"), &items(10_000)).await;
    let second = invoiced(&owner, &sam, day("2026-01-20"), &items(20_000)).await;
    // A draft owes nobody anything, until somebody pays for it.
    app.settle().await;
    assert_eq!(trial(&owner, "2026-01-31").await["accounts"], json!([]));
    sent(&owner, &first).await;
    let payment = paid(&owner, &second, day("2026-02-03"), 30_000).await;
    let back = format!("/v1/admin/invoices/{second}/payments/{payment}/refund");
    owner.post(&back, &json!({ "amount_cents": 9_000 })).await.ok();
    let credit = json!({ "amount_cents": 2_100, "reason": "a stain" });
    owner.post(&format!("/v1/admin/invoices/{first}/credit-notes"), &credit).await.ok();
    let fuel = category(&owner, "Fuel").await;
    let expense = spent(&owner, &fuel, day("2026-01-31"), (1_000, 50)).await;
    owner.patch(&at(&format!("expenses/{expense}")), &json!({ "amount_cents": 900 })).await.ok();
    let instalment = json!({
        "tax_type": "GST", "due_on": "2026-04-30", "amount_cents": 300, "paid_on": "2026-02-05",
    });
    owner.post(&at("taxes/instalments"), &instalment).await.ok();
    app.settle().await;
    let january = trial(&owner, "2026-01-31").await;
    let of = |trial: &Value| {
        ["receivable", "revenue", "tax_payable", "cash", "expense", "tax_recoverable"]
            .map(|account| balance(trial, account))
    };
    assert_eq!(of(&january), [31_500, -30_000, -1_500, -950, 900, 50]);
    let all = trial(&owner, &today(&app).to_string()).await;
    assert_eq!(of(&all), [8_400, -28_000, -1_100, 19_750, 900, 50]);

    let lines = owner.get(&at(&format!("ledger?account=receivable&source_id={first}"))).await;
    let told = &lines.ok().body;
    assert_eq!(
        (&told["total"], &told["debit_cents"], &told["credit_cents"]),
        (&json!(2), &json!(10_500), &json!(2_100))
    );
    assert_eq!(
        (&told["items"][0]["day"], &told["items"][0]["event_type"]),
        (&json!("2026-01-10"), &json!("issued"))
    );
    // Every line leads to its event.
    let position = told["items"][0]["position"].as_i64().unwrap();
    let event = owner.get(&format!("/v1/admin/events?after={}&limit=1", position - 1)).await;
    let event = &event.ok().body["items"][0];
    assert_eq!((&event["event_type"], &event["aggregate_id"]), (&json!("issued"), &json!(first)));
    let page = owner.get(&at("ledger?limit=3")).await;
    let cursor = page.ok().header("x-next-cursor").unwrap().to_owned();
    let next = owner.get(&at(&format!("ledger?limit=500&cursor={cursor}"))).await;
    let shown = |body: &Value| body["items"].as_array().unwrap().len();
    let total = page.body["total"].as_u64().unwrap();
    assert_eq!(shown(&page.body) + shown(&next.ok().body), usize::try_from(total).unwrap());
    let table = owner.get(&at("ledger.csv?source=expense")).await;
    assert_eq!(table.ok().text.lines().count(), 1 + 3 + 6);
    assert_eq!(owner.get(&at("ledger?account=gold")).await.fields(), ["account"]);
    assert_eq!(owner.get(&at("ledger?source=gold")).await.fields(), ["source"]);
    let theirs = app.staff_of(1, "owner").get(&at("ledger")).await;
    assert_eq!(theirs.ok().body["total"], 0);
    app.staff("dispatcher").get(&at("ledger")).await.is(403, "forbidden");
}

#[tokio::test]
async fn an_invoice_that_is_void_owes_nothing_from_that_day_on() {
    let (app, owner, sam) = with_client().await;
    let first = invoiced(&owner, &sam, day("2026-01-10"), &items(10_000)).await;
    sent(&owner, &first).await;
    let void = format!("/v1/admin/invoices/{first}/void");
    owner.post(&void, &json!({ "reason": "twice" })).await.ok();
    app.settle().await;
    let now = trial(&owner, &today(&app).to_string()).await;
    assert_eq!(["receivable", "revenue", "tax_payable"].map(|one| balance(&now, one)), [0; 3]);
    // Then it was owed.
    assert_eq!(balance(&trial(&owner, "2026-01-10").await, "receivable"), 10_500);
}

#[tokio::test]
async fn money_by_card_is_booked_once_and_a_deposit_counts_when_its_invoice_does() {
    let stripe = FakeStripe::start().await;
    let app = App::start_paid(&stripe.base, SECRET).await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let (invoice, _) = payments::sent(&owner, &sam).await;
    let whole = payments::session("pi_1", &invoice, 18_900);
    let done = payments::event("evt_1", "checkout.session.completed", &whole);
    payments::tell(&app, &done).await.ok();
    app.settle().await;
    // What the provider tells happens in 2030.
    let today = "2031-01-01";
    let money = ["stripe_clearing", "customer_deposits", "receivable", "disputed_funds"];
    let of = |trial: &Value| money.map(|account| balance(trial, account));
    assert_eq!(of(&trial(&owner, today).await), [18_900, 0, 0, 0]);
    let part = payments::charge("pi_1", 18_900, 2_000);
    payments::tell(&app, &payments::event("evt_2", "charge.refunded", &part)).await.ok();
    app.settle().await;
    assert_eq!(of(&trial(&owner, today).await), [16_900, 0, 2_000, 0]);

    team(&owner, "North").await;
    let ana = lead(&app, "Ana", 2001).await;
    app.settle().await;
    let asked = json!({ "lead_id": ana, "starts_at": at_ten(&app, 7), "time_on_site_hours": 2 });
    let made = app.anyone().post("/v1/bookings", &asked).await;
    let booking = made.ok().body["booking_id"].as_str().unwrap().to_owned();
    let cents = made.body["deposit_cents"].as_i64().unwrap();
    let deposit = json!({
        "id": "cs_pi_2", "payment_intent": "pi_2", "amount_total": cents, "currency": "cad",
        "payment_status": "paid", "metadata": { "booking_id": booking },
    });
    let done = payments::event("evt_3", "checkout.session.completed", &deposit);
    payments::tell(&app, &done).await.ok();
    app.settle().await;
    assert_eq!(of(&trial(&owner, today).await), [16_900 + cents, -cents, 2_000, 0]);
    let total = made.body["policy_snapshot"]["total_amount_cents"].as_i64().unwrap();
    let body = json!({ "items": [{ "description": "Clean", "qty": 1, "unit_price_cents": total, "tax_rate": null }] });
    let order = format!("/v1/admin/orders/{booking}/invoice");
    let draft = owner.post(&order, &body).await;
    app.settle().await;
    // Credited to a draft, it is still the customer's.
    assert_eq!(of(&trial(&owner, today).await), [16_900 + cents, -cents, 2_000, 0]);
    let rest = json!({ "amount_cents": total - cents, "method": "cash" });
    let id = draft.ok().body["invoice_id"].as_str().unwrap();
    owner.post(&format!("/v1/admin/invoices/{id}/record-payment"), &rest).await.ok();
    app.settle().await;
    assert_eq!(of(&trial(&owner, today).await), [16_900 + cents, 0, 2_000, 0]);
    let table = owner.get("/v1/admin/exports/deposits.csv").await;
    assert_eq!(table.ok().text.lines().count(), 2);
    assert!(table.text.contains(&format!(",{booking},stripe,card,{cents},CAD,")), "{}", table.text);
}
