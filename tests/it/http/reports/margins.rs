//! What visits earned and what the work on them cost; and whether the books are good enough to say what is left of it all.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::scheduling::{at_ten, booked, client, route, team, text, visit, worker};
use super::{done, facts, is_still, items, sum, today};
use crate::harness::client::Answer;
use crate::harness::{App, Client};

const FIGURES: [&str; 6] = [
    "revenue_cents",
    "labour_cents",
    "payment_fees_cents",
    "margin_cents",
    "worker_rate_cents",
    "actual_minutes",
];

fn of(answer: &Answer, booking: &str) -> [i64; 6] {
    let rows = items(answer);
    let row = rows.iter().find(|row| row["booking_id"] == booking);
    let row = row.unwrap_or_else(|| panic!("no {booking}: {}", answer.text));
    FIGURES.map(|name| row[name].as_i64().unwrap())
}

/// An invoice of a visit with tax, sent.
async fn invoiced(owner: &Client, booking: &str, cents: i64) -> String {
    let lines =
        json!([{ "description": "x", "qty": 1, "unit_price_cents": cents, "tax_rate": 0.05 }]);
    let order = format!("/v1/admin/orders/{booking}/invoice");
    let made = owner.post(&order, &json!({ "items": lines })).await;
    let id = text(made.ok(), "invoice_id");
    owner.post(&format!("/v1/admin/invoices/{id}/send"), &json!({})).await.ok();
    id
}

async fn rated(owner: &Client, worker: &str, cents: i64) {
    let rate = json!({ "hourly_rate_cents": cents });
    owner.post(&format!("/v1/admin/workers/{worker}/rates"), &rate).await.ok();
}

/// A visit of some of the crew, some days from now.
fn of_crew(app: &App, who: (&str, &str), days: i64, more: &Value) -> Value {
    let starts_at: DateTime<Utc> = at_ten(app, days);
    visit(who.0, who.1, starts_at, more)
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a few visits, looked at from every side")]
async fn a_visit_earns_what_is_invoiced_and_costs_the_time_of_everybody_who_went() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let wes = worker(&owner, "Wes", "780-555-0101", &north).await;
    let zoe = worker(&owner, "Zoe", "780-555-0102", &north).await;
    rated(&owner, &wes, 3_100).await;
    let here = (&*north, &*sam);
    // Two went, one of them at the usual rate; it was invoiced with tax, and a part of it credited.
    let both = json!({ "assigned_worker_id": wes, "crew": [zoe], "price_cents": 20_000 });
    let two = done(&owner, &of_crew(&app, here, 1, &both), 95).await;
    let invoice = invoiced(&owner, &two, 20_000).await;
    let credit = json!({ "amount_cents": 2_100, "reason": "a stain" });
    owner.post(&format!("/v1/admin/invoices/{invoice}/credit-notes"), &credit).await.ok();
    // Nobody was named, and nothing invoiced yet: it earns what it costs.
    let plain = json!({ "price_cents": 9_000 });
    let plain = done(&owner, &of_crew(&app, here, 2, &plain), 61).await;
    // For nothing.
    let gift = json!({ "assigned_worker_id": wes, "price_cents": 0 });
    let gift = done(&owner, &of_crew(&app, here, 3, &gift), 30).await;
    // Not done, and of no row.
    let open = booked(&owner, &of_crew(&app, here, 4, &json!({ "price_cents": 500 }))).await;
    owner.post(&route(&text(open.ok(), "booking_id"), "confirm"), &json!({})).await.ok();
    app.settle().await;
    let (day, books) = (today(&app), app.staff("accountant"));
    let path = format!("/v1/admin/reports/pnl?from={day}&to={day}");
    let now = books.get(&path).await;
    assert_eq!(items(&now).len(), 3);
    // 5600 an hour for 95 minutes are 8866.67; 2500 for 61 are 2541.67.
    assert_eq!(of(&now, &two), [18_000, 8_867, 0, 9_133, 5_600, 95]);
    assert_eq!(of(&now, &plain), [9_000, 2_542, 0, 6_458, 2_500, 61]);
    assert_eq!(of(&now, &gift), [0, 1_550, 0, -1_550, 3_100, 30]);
    let share = |row: &Value| row["margin_pct"].clone();
    assert_eq!(
        items(&now).iter().map(share).collect::<Vec<_>>(),
        [json!(50.74), json!(71.76), Value::Null]
    );
    let totals = &now.body["totals"];
    assert_eq!(
        (&totals["visits"], &totals["revenue_cents"], &totals["labour_cents"]),
        (&json!(3), &json!(27_000), &json!(12_959))
    );
    assert_eq!(
        (&totals["margin_cents"], &totals["margin_pct"], &totals["actual_minutes"]),
        (&json!(14_041), &json!(52.0), &json!(186))
    );
    assert_eq!(now.body["currency"], "CAD");
    // Every figure is the sum of its facts.
    let facts = facts(&books, &path).await;
    for booking in [&two, &plain, &gift] {
        let row = json!({ "booking_id": booking });
        let told = [sum(&facts, "revenue_cents", &row), sum(&facts, "labour_cents", &row)];
        assert_eq!(told[..], of(&now, booking)[..2]);
    }
    // As a table, page by page, and on no other day.
    let csv = books.get(&format!("{path}&format=csv")).await;
    let lines: Vec<&str> = csv.ok().text.lines().collect();
    assert_eq!(
        lines[0],
        "booking_id,completed_on,revenue_cents,labour_cents,payment_fees_cents,margin_cents,margin_pct,\
         worker_rate_cents,actual_minutes"
    );
    assert_eq!(lines[3], format!("{gift},{day},0,1550,0,-1550,,3100,30"));
    let page = books.get(&format!("{path}&limit=2")).await;
    assert_eq!((items(&page).len(), &page.body["next_cursor"]), (2, &json!("2")));
    let next = books.get(&format!("{path}&limit=2&cursor=2")).await;
    assert_eq!(items(&next), items(&now)[2..]);
    let before = day - Days::new(1);
    let none = books.get(&format!("/v1/admin/reports/pnl?from={before}&to={before}")).await;
    assert_eq!((items(&none), &none.body["totals"]["margin_pct"]), (vec![], &Value::Null));
    // Of a visit whose invoice is void nothing is invoiced; another rate costs more. Then it was as it was.
    owner.post(&format!("/v1/admin/invoices/{invoice}/void"), &json!({ "reason": "x" })).await.ok();
    rated(&owner, &wes, 4_000).await;
    app.settle().await;
    let later = books.get(&path).await;
    assert_eq!(of(&later, &two)[..2], [20_000, share_of(6_500, 95)]);
    is_still(&books, &path, &now).await;
}

#[tokio::test]
async fn what_an_hour_usually_costs_is_what_the_policies_said_when_the_visit_was_completed() {
    let app = App::start().await;
    let (owner, books) = (app.staff("owner"), app.staff("accountant"));
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let here = (&*north, &*sam);
    let usual = async |cents: i64| {
        let change = json!({ "workers": { "hourly_rate_cents": cents } });
        owner.patch("/v1/admin/booking-policies", &change).await.ok();
        app.advance(TimeDelta::minutes(1));
    };
    let mut visits = Vec::new();
    for (days, cents) in [(1, None), (2, Some(3_000)), (3, Some(2_000))] {
        if let Some(cents) = cents {
            usual(cents).await;
        }
        let wes = worker(&owner, "Wes", &format!("780-555-010{days}"), &north).await;
        let one = json!({ "assigned_worker_id": wes, "price_cents": 20_000 });
        visits.push(done(&owner, &of_crew(&app, here, days, &one), 60).await);
        app.advance(TimeDelta::minutes(1));
    }
    app.settle().await;
    let path = format!("/v1/admin/reports/pnl?from={day}&to={day}", day = today(&app));
    let now = books.get(&path).await;
    let rates = || visits.iter().map(|visit| of(&now, visit)[4]).collect::<Vec<_>>();
    assert_eq!(rates(), [2_500, 3_000, 2_000]);
    usual(9_000).await;
    app.settle().await;
    let later = books.get(&path).await;
    assert_eq!(items(&later), items(&now), "what is done stays");
    is_still(&books, &path, &now).await;
}

fn share_of(rate: i64, minutes: i64) -> i64 {
    (rate * minutes + 30) / 60
}

async fn spent(owner: &Client, day: NaiveDate, cents: (i64, i64)) -> String {
    let soap = json!({ "name": "Soap" });
    let category = owner.post("/v1/admin/finance/expense-categories", &soap).await;
    let category = text(category.ok(), "category_id");
    let body = json!({
        "occurred_on": day, "category_id": category, "description": "x", "amount_cents": cents.0,
        "tax_cents": cents.1, "payment_method": "cash",
    });
    text(owner.post("/v1/admin/finance/expenses", &body).await.ok(), "expense_id")
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one reason after the other, and then the figures")]
async fn the_summary_says_what_is_left_or_why_it_cannot() {
    const NAMES: [&str; 6] = [
        "revenue_cents",
        "expenses_cents",
        "dispute_losses_cents",
        "profit_cents",
        "margin_pp",
        "gst_owed_cents",
    ];
    let app = App::start().await;
    let (owner, books) = (app.staff("owner"), app.staff("accountant"));
    let sam = client(&owner, "Sam").await;
    let lines =
        json!([{ "description": "x", "qty": 1, "unit_price_cents": 10_000, "tax_rate": 0.05 }]);
    let draft = json!({ "client_id": sam, "items": lines });
    let invoice = text(owner.post("/v1/admin/invoices", &draft).await.ok(), "invoice_id");
    let pay = |cents: i64| json!({ "amount_cents": cents, "method": "cash" });
    let paid = owner
        .post(&format!("/v1/admin/invoices/{invoice}/record-payment"), &pay(10_500))
        .await
        .ok()
        .body["payment"]["payment_id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.settle().await;
    let day = today(&app);
    let path = format!("/v1/admin/analytics/financial_summary?from={day}&to={day}");
    let told = |answer: &Answer| {
        let body = &answer.ok().body;
        assert_eq!(body["ready"], body["reason"].is_null());
        (body["reason"].clone(), NAMES.map(|name| body[name].clone()))
    };
    let silent = |reason: &str| (json!(reason), [const { Value::Null }; 6]);
    assert_eq!(told(&books.get(&path).await), silent("finance_not_ready"));
    let ready = json!({ "finance_ready": true });
    owner.patch("/v1/admin/settings/org", &ready).await.ok();
    app.settle().await;
    let missing = books.get(&path).await;
    assert_eq!(told(&missing), silent("expenses_missing"));
    let expense = spent(&owner, day, (4_000, 200)).await;
    app.settle().await;
    let now = books.get(&path).await;
    let figures = [10_500, 4_200, 0, 6_300].map(|cents: i64| json!(cents));
    let [revenue, expenses, lost, profit] = figures;
    let expected = [revenue, expenses, lost, profit, json!(60.0), json!(300)];
    assert_eq!(told(&now), (Value::Null, expected));
    // The same as the books say.
    let pnl = owner.get(&format!("/v1/admin/finance/pnl?from={day}&to={day}")).await;
    assert_eq!(pnl.ok().body["net_cents"], now.body["profit_cents"]);
    let gst = owner.get(&format!("/v1/admin/finance/taxes/gst_summary?from={day}&to={day}")).await;
    assert_eq!(gst.ok().body["tax_owed_cents"], now.body["gst_owed_cents"]);
    let facts = facts(&books, &path).await;
    let all = |name: &str| sum(&facts, name, &json!({}));
    assert_eq!(
        ["revenue_cents", "expenses_cents", "gst_owed_cents"].map(all),
        [10_500, 4_200, 300]
    );
    let csv = books.get(&format!("{path}&format=csv")).await;
    let rows: Vec<&str> = csv.ok().text.lines().collect();
    assert_eq!(rows[..4], ["figure,value", "ready,true", "reason,", "revenue_cents,10500"]);
    // What goes back and what was none is taken out; then it was so.
    let back = format!("/v1/admin/invoices/{invoice}/payments/{paid}/refund");
    owner.post(&back, &json!({ "amount_cents": 10_500 })).await.ok();
    let cheaper = json!({ "amount_cents": 1_000, "tax_cents": 0 });
    owner.patch(&format!("/v1/admin/finance/expenses/{expense}"), &cheaper).await.ok();
    app.settle().await;
    let later = books.get(&path).await;
    let expected = [json!(0), json!(1_000), json!(0), json!(-1_000), Value::Null, json!(0)];
    assert_eq!(told(&later), (Value::Null, expected));
    is_still(&books, &path, &now).await;
    is_still(&books, &path, &missing).await;
    let off = json!({ "overrides": { "module.finance": false } });
    owner.patch("/v1/admin/settings/features", &off).await.ok();
    app.settle().await;
    assert_eq!(told(&owner.get(&path).await), silent("finance_off"));
}

/// Extras are earned once, whether or not an invoice of the visit was written.
#[tokio::test]
async fn a_visit_with_extras_earns_what_it_costs_before_and_after_its_invoice_is_written() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, sam) = (team(&owner, "North").await, client(&owner, "Sam").await);
    let price = json!({ "price_cents": 10_000 });
    let made = booked(&owner, &of_crew(&app, (&*north, &*sam), 1, &price)).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    app.settle().await;
    let oven = owner.get("/v1/admin/addons").await.ok().body[0].clone();
    let chosen = json!({ "addons": [{ "addon_id": oven["addon_id"], "qty": 1 }] });
    owner.patch(&format!("/v1/orders/{id}/addons"), &chosen).await.ok();
    owner.post(&route(&id, "complete"), &json!({ "actual_duration_minutes": 60 })).await.ok();
    let all = 10_000 + oven["price_cents"].as_i64().unwrap();
    let earned = async || {
        app.settle().await;
        let path = format!("/v1/admin/reports/pnl?from={day}&to={day}", day = today(&app));
        of(&owner.get(&path).await, &id)[0]
    };
    assert_eq!(earned().await, all);
    let items = json!({ "items": [{ "description": "x", "qty": 1, "unit_price_cents": 10_000 }] });
    owner.post(&format!("/v1/admin/orders/{id}/invoice"), &items).await.ok();
    assert_eq!(earned().await, all);
}
