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
#[expect(clippy::too_many_lines, reason = "one story from its beginning to its end")]
async fn instalments_and_names_that_a_closed_month_tells_of_stay_as_it_tells_them() {
    let (app, owner, _) = with_client().await;
    let route = at("taxes/instalments");
    let plan = async |due: &str, paid: Option<&str>| {
        let body =
            json!({ "tax_type": "GST", "due_on": due, "amount_cents": 900, "paid_on": paid });
        let made = owner.post(&route, &body).await;
        format!("{route}/{}", made.ok().body["instalment_id"].as_str().unwrap())
    };
    let due = plan("2026-01-31", None).await;
    let paid = plan("2026-04-30", Some("2026-01-15")).await;
    let other = plan("2026-04-30", None).await;
    let (fuel, soap) = (category(&owner, "Fuel").await, category(&owner, "Soap").await);
    let [fuel_at, soap_at] = [&fuel, &soap].map(|id| at(&format!("expense-categories/{id}")));
    spent(&owner, &fuel, day("2026-01-12"), (1_000, 50)).await;
    spent(&owner, &soap, day("2026-02-12"), (1_000, 50)).await;
    owner.patch(&fuel_at, &json!({ "name": "Petrol" })).await.ok();
    app.settle().await;
    let january = "from=2026-01-01&to=2026-01-31";
    let told = async || {
        app.settle().await;
        let (_, tax) = owner.download(&at(&format!("taxes/export?{january}"))).await;
        let mut told = vec![format!("{tax:?}")];
        for report in ["pnl", "pnl?basis=accrual", "expenses/summary", "cashflow"] {
            let by = if report.contains('?') { '&' } else { '?' };
            told.push(owner.get(&at(&format!("{report}{by}{january}"))).await.ok().text.clone());
        }
        told
    };
    owner.post(&at("periods/2026-01/close"), &json!({})).await.ok();
    let before = told().await;
    // Nothing of it may be otherwise, but it may be paid when it is.
    for (one, change) in [
        (&due, json!({ "amount_cents": 1 })),
        (&due, json!({ "note": "late" })),
        (&due, json!({ "due_on": "2026-02-28" })),
        (&other, json!({ "due_on": "2026-01-30" })),
        (&due, json!({ "paid_on": "2026-01-31" })),
        (&paid, json!({ "note": "x" })),
        (&paid, json!({ "paid_on": null })),
        (&paid, json!({ "paid_on": "2026-02-01" })),
    ] {
        let refused = owner.patch(one, &change).await;
        assert_eq!(refused.is(409, "period_closed").body["month"], "2026-01", "{change}");
    }
    for one in [&due, &paid] {
        owner.post(&format!("{one}/cancel"), &json!({})).await.is(409, "period_closed");
    }
    let keyed = owner.with("idempotency-key", "cancel");
    keyed.post(&format!("{due}/cancel"), &json!({})).await.is(409, "period_closed");
    let late = json!({ "tax_type": "GST", "due_on": "2026-01-31", "amount_cents": 1 });
    owner.post(&route, &late).await.is(409, "period_closed");
    owner.patch(&due, &json!({ "paid_on": "2026-02-03" })).await.ok();
    assert_eq!(told().await, before, "it was not paid at the end of January");
    owner.patch(&due, &json!({ "paid_on": null })).await.ok();
    owner.patch(&other, &json!({ "amount_cents": 1 })).await.ok();
    owner.post(&format!("{other}/cancel"), &json!({})).await.ok();

    let gas = json!({ "name": "Gas" });
    owner.patch(&fuel_at, &gas).await.is(409, "period_closed");
    owner.with("idempotency-key", "gas").patch(&fuel_at, &gas).await.is(409, "period_closed");
    owner.patch(&fuel_at, &json!({ "name": "Petrol", "sort_order": 7 })).await.ok();
    owner.patch(&soap_at, &json!({ "name": "Suds" })).await.ok();
    assert_eq!(told().await, before);
    owner.post(&at("periods/2026-01/reopen"), &json!({})).await.ok();
    owner.patch(&fuel_at, &gas).await.ok();
    owner.patch(&paid, &json!({ "paid_on": null })).await.ok();
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
