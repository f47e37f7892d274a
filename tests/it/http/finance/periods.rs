//! Months whose books are closed.

use serde_json::{Value, json};

use super::super::invoicing::today;
use super::{at, balance, category, day, invoiced, paid, sent, spent, trial, with_client};

fn items(cents: i64) -> Value {
    json!([{ "description": "Clean", "qty": 1, "unit_price_cents": cents, "tax_rate": 0.05 }])
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from its beginning to its end")]
async fn nothing_is_written_into_a_closed_month_and_what_it_says_does_not_change() {
    let (app, owner, sam) = with_client().await;
    let accountant = app.staff("accountant");
    let first = invoiced(&owner, &sam, day("2026-01-10"), &items(10_000)).await;
    let draft = invoiced(&owner, &sam, day("2026-01-20"), &items(5_000)).await;
    sent(&owner, &first).await;
    let payment = paid(&owner, &first, day("2026-01-15"), 10_500).await;
    let fuel = category(&owner, "Fuel").await;
    let expense = spent(&owner, &fuel, day("2026-01-12"), (1_000, 50)).await;
    let count = json!({ "as_of_date": "2026-01-31", "cash_cents": 9_000 });
    let snapshot = owner.post(&at("cash_snapshots"), &count).await;
    let snapshot = snapshot.ok().body["snapshot_id"].as_str().unwrap().to_owned();
    let january = at("periods/2026-01");
    let this = today(&app).format("%Y-%m").to_string();
    let open = accountant.post(&at(&format!("periods/{this}/close")), &json!({})).await;
    open.is(409, "period.not_over");
    assert_eq!(accountant.post(&at("periods/2026-13/close"), &json!({})).await.fields(), ["month"]);
    accountant.post(&format!("{january}/close"), &json!({})).await.ok();
    accountant.post(&format!("{january}/close"), &json!({})).await.ok();
    app.settle().await;
    let before = owner.get(&january).await.ok().body.clone();
    assert_eq!(before["status"], "closed");
    let export = at("taxes/export?from=2026-01-01&to=2026-01-31");
    let (_, exported) = owner.download(&export).await;
    let charged = "/v1/admin/reports/gst?from=2026-01-01&to=2026-01-31";
    let taxed = owner.get(charged).await.ok().body.clone();
    assert_eq!((&taxed["invoice_count"], &taxed["tax_cents"]), (&json!(1), &json!(500)));

    let body = json!({
        "occurred_on": "2026-01-31", "category_id": fuel, "description": "x", "amount_cents": 1,
    });
    let refused = owner.post(&at("expenses"), &body).await;
    assert_eq!(refused.is(409, "period_closed").body["month"], "2026-01");
    // With a key it is the database that says so.
    let keyed = owner.with("idempotency-key", "late");
    keyed.post(&at("expenses"), &body).await.is(409, "period_closed");
    let one = at(&format!("expenses/{expense}"));
    let moved = json!({ "occurred_on": "2026-02-01" });
    owner.patch(&one, &moved).await.is(409, "period_closed");
    owner.send(reqwest::Method::DELETE, &one, None).await.is(409, "period_closed");
    let count = json!({ "as_of_date": "2026-01-30", "cash_cents": 1 });
    owner.post(&at("cash_snapshots"), &count).await.is(409, "period_closed");
    let one = at(&format!("cash_snapshots/{snapshot}"));
    owner.patch(&one, &json!({ "cash_cents": 1 })).await.is(409, "period_closed");
    let planned = json!({ "month_yyyymm": "2026-01", "category_id": fuel, "amount_cents": 1 });
    owner.post(&at("budgets"), &planned).await.is(409, "period_closed");
    let money =
        json!({ "amount_cents": 1, "method": "cash", "received_at": "2026-01-31T23:00:00" });
    let pay = |invoice: &str| format!("/v1/admin/invoices/{invoice}/record-payment");
    owner.post(&pay(&first), &money).await.is(409, "period_closed");
    // It would count from a day in that month.
    let now = json!({ "amount_cents": 1, "method": "cash" });
    owner.post(&pay(&draft), &now).await.is(409, "period_closed");
    let send = format!("/v1/admin/invoices/{draft}/send");
    owner.post(&send, &json!({})).await.is(409, "period_closed");
    let new = json!({ "client_id": sam, "issue_date": "2026-01-31", "items": items(1) });
    owner.post("/v1/admin/invoices", &new).await.is(409, "period_closed");
    owner
        .patch(&format!("/v1/admin/invoices/{draft}"), &json!({ "issue_date": "2026-02-02" }))
        .await
        .ok();
    sent(&owner, &draft).await;

    // What corrects it stands on its own day.
    let back = format!("/v1/admin/invoices/{first}/payments/{payment}/refund");
    owner.post(&back, &json!({})).await.ok();
    let void = format!("/v1/admin/invoices/{first}/void");
    owner.post(&void, &json!({ "reason": "twice" })).await.ok();
    app.settle().await;
    assert_eq!(owner.get(&january).await.ok().body, before);
    assert_eq!(owner.download(&export).await.1, exported);
    assert_eq!(owner.get(charged).await.ok().body, taxed);
    let day = today(&app);
    let late = owner.get(&format!("/v1/admin/reports/gst?from={day}&to={day}")).await;
    assert_eq!(
        (&late.ok().body["invoice_count"], &late.body["credited_tax_cents"]),
        (&json!(0), &json!(500))
    );
    assert_eq!(balance(&trial(&owner, "2026-01-31").await, "revenue"), -10_000);
    assert_eq!(balance(&trial(&owner, &today(&app).to_string()).await, "revenue"), -5_000);

    accountant.post(&format!("{january}/reopen"), &json!({})).await.is(403, "forbidden");
    owner.post(&format!("{january}/reopen"), &json!({})).await.ok();
    owner.post(&at("expenses"), &body).await.ok();
    app.staff_of(1, "owner").post(&at("expenses"), &body).await.is(400, "expense.unknown_category");
}

#[tokio::test]
async fn the_tax_that_was_charged_is_told_by_the_day_and_in_one_currency() {
    let (app, owner, sam) = with_client().await;
    let own = invoiced(&owner, &sam, day("2026-01-10"), &items(10_000)).await;
    let gone = invoiced(&owner, &sam, day("2026-01-11"), &items(20_000)).await;
    let mixed = json!([
        { "description": "Clean", "qty": 1, "unit_price_cents": 4_000, "tax_rate": 0.05 },
        { "description": "Tip", "qty": 1, "unit_price_cents": 700, "tax_rate": null },
    ]);
    let mixed = invoiced(&owner, &sam, day("2026-02-01"), &mixed).await;
    let dollars = json!({
        "client_id": sam, "issue_date": "2026-01-12", "items": items(50_000), "currency": "USD",
    });
    let dollars = owner.post("/v1/admin/invoices", &dollars).await;
    let dollars = dollars.ok().body["invoice_id"].as_str().unwrap().to_owned();
    // A draft is not charged.
    invoiced(&owner, &sam, day("2026-01-13"), &items(1)).await;
    for invoice in [&own, &gone, &mixed, &dollars] {
        sent(&owner, invoice).await;
    }
    let void = format!("/v1/admin/invoices/{gone}/void");
    owner.post(&void, &json!({ "reason": "twice" })).await.ok();
    let credit = json!({ "amount_cents": 1_050, "reason": "x" });
    owner.post(&format!("/v1/admin/invoices/{own}/credit-notes"), &credit).await.ok();
    app.settle().await;
    let told = async |range: &str| {
        let answer = owner.get(&format!("/v1/admin/reports/gst?{range}")).await;
        let body = answer.ok().body.clone();
        let names = ["invoice_count", "taxable_subtotal_cents", "tax_cents", "credited_tax_cents"];
        (names.map(|name| body[name].as_i64().unwrap()), body)
    };
    // What was taken back later was charged then.
    let (january, body) = told("from=2026-01-01&to=2026-01-31").await;
    assert_eq!(january, [2, 30_000, 1_500, 0]);
    assert_eq!(body["currency_code"], "CAD");
    assert_eq!(
        body["other_currencies"],
        json!([{
            "currency_code": "USD", "invoice_count": 1, "taxable_subtotal_cents": 50_000,
            "tax_cents": 2_500, "credited_tax_cents": 0,
        }])
    );
    let all = trial(&owner, "2026-01-31").await;
    let charged = |body: &Value| body["debit_cents"].clone();
    assert_eq!((charged(&all), &all["currency"]), (json!(31_500), &json!("CAD")));
    let others = all["other_currencies"].as_array().unwrap();
    assert_eq!((others.len(), charged(&others[0])), (1, json!(52_500)));
    let (february, body) = told("from=2026-02-01&to=2026-02-28").await;
    assert_eq!((february, &body["other_currencies"]), ([1, 4_000, 200, 0], &json!([])));
    let today = today(&app);
    assert_eq!(told(&format!("from={today}&to={today}")).await.0, [0, 0, 0, 1_050]);
    // Of all of it, what was taken back in full was never charged.
    assert_eq!(told(&format!("from=2026-01-01&to={today}")).await.0, [2, 14_000, 700, 50]);
}

#[tokio::test]
async fn closing_and_writing_at_once_leave_nothing_in_a_closed_month() {
    let (app, owner, _) = with_client().await;
    let fuel = category(&owner, "Fuel").await;
    for month in 1..=4 {
        let route = at(&format!("periods/2026-0{month}/close"));
        let write = |n: u32| {
            let (owner, fuel) =
                (owner.with("idempotency-key", &format!("{month}-{n}")), fuel.clone());
            async move {
                let body = json!({
                    "occurred_on": format!("2026-0{month}-10"), "category_id": fuel, "description": "x",
                    "amount_cents": 100,
                });
                owner.post(&at("expenses"), &body).await.status
            }
        };
        let nothing = json!({});
        let close = async { owner.post(&route, &nothing).await.ok().position() };
        let (before, closed, after) = futures::join!(
            futures::future::join_all((1..=3).map(write)),
            close,
            futures::future::join_all((4..=6).map(write)),
        );
        let all = [before, after].concat();
        let stored = all.iter().filter(|status| **status == 201).count();
        assert!(all.iter().all(|status| [201, 409].contains(status)), "{all:?}");
        let mut admin = app.db.admin().await;
        let late: i64 = sqlx::query_scalar(
            "select count(*) from events where org_id = $1 and position > $2 and aggregate_type = 'expense'",
        )
        .bind(app.orgs[0].id.as_uuid())
        .bind(closed)
        .fetch_one(&mut admin)
        .await
        .unwrap();
        assert_eq!(late, 0, "written behind the closing of month {month}");
        app.settle().await;
        let told = owner.get(&at(&format!("periods/2026-0{month}"))).await;
        let spent: i64 = told.ok().body["accounts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["account"] == "expense")
            .map(|one| one["debit_cents"].as_i64().unwrap())
            .sum();
        assert_eq!(spent, 100 * i64::try_from(stored).unwrap());
    }
}
