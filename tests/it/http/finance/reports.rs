//! Profit and loss, cash flow and balance sheet, and what stands behind their figures.

use serde_json::{Value, json};

use super::super::scheduling::text;
use super::{at, category, day, invoiced, paid, sent, spent, with_client};

fn items(cents: i64) -> Value {
    json!([{ "description": "Clean", "qty": 1, "unit_price_cents": cents, "tax_rate": 0.05 }])
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one story from its beginning to its end")]
async fn reports_say_what_was_booked_and_every_figure_says_why() {
    let (app, owner, sam) = with_client().await;
    let first = invoiced(&owner, &sam, day("2026-01-10"), &items(10_000)).await;
    let second = invoiced(&owner, &sam, day("2026-01-20"), &items(20_000)).await;
    sent(&owner, &first).await;
    sent(&owner, &second).await;
    paid(&owner, &first, day("2026-01-15"), 10_500).await;
    paid(&owner, &second, day("2026-02-03"), 21_500).await;
    let fuel = category(&owner, "Fuel").await;
    spent(&owner, &fuel, day("2026-01-12"), (1_000, 50)).await;
    let owed = json!({
        "occurred_on": "2026-01-13", "category_id": fuel, "description": "x", "amount_cents": 400,
    });
    let owed = text(owner.post(&at("expenses"), &owed).await.ok(), "expense_id");
    let count = json!({ "as_of_date": "2026-01-31", "cash_cents": 9_000 });
    owner.post(&at("cash_snapshots"), &count).await.ok();
    app.settle().await;
    let month = "from=2026-01-01&to=2026-01-31";
    let cash = owner.get(&at(&format!("pnl?{month}&explain=1"))).await;
    let told = &cash.ok().body;
    assert_eq!(
        (&told["revenue_cents"], &told["expenses_cents"], &told["net_cents"]),
        (&json!(10_500), &json!(1_050), &json!(9_450))
    );
    assert_eq!(
        told["revenue"][0],
        json!({ "label": "etransfer", "total_cents": 10_500, "tax_cents": 0 })
    );
    assert_eq!(told["revenue_tax_cents"], 500);
    let behind = &told["explain"]["revenue"];
    assert_eq!((&behind["count"], &behind["debit_cents"]), (&json!(1), &json!(10_500)));
    assert_eq!(behind["items"][0]["event_type"], "payment_applied");
    let all = owner.get(behind["all"].as_str().unwrap()).await;
    assert_eq!(all.ok().body["debit_cents"], 10_500);
    let net = owner.get(&at(&format!("pnl?{month}&include_tax=false"))).await;
    assert_eq!(
        (&net.ok().body["revenue_cents"], &net.body["expenses_cents"]),
        (&json!(10_000), &json!(1_000))
    );
    let behind = &told["explain"]["expenses"];
    assert_eq!((&behind["count"], &behind["credit_cents"]), (&json!(1), &json!(1_050)));
    // Without tax the lines come to what is shown without tax, and so do those that they lead to.
    let explained = owner.get(&at(&format!("pnl?{month}&include_tax=false&explain=1"))).await;
    let sides = |told: &Value| {
        let cents = |name: &str| told[name].as_i64().unwrap();
        cents("debit_cents") - cents("credit_cents")
    };
    for (name, shown) in [("revenue", 10_000), ("expenses", -1_000)] {
        let behind = &explained.ok().body["explain"][name];
        assert_eq!((&behind["count"], sides(behind)), (&json!(2), shown), "{behind}");
        let lines = behind["items"].as_array().unwrap();
        assert_eq!(lines.iter().map(&sides).sum::<i64>(), shown, "{behind}");
        let mut all = behind["all"].as_str().unwrap().to_owned();
        let (mut seen, mut sum) = (0, 0);
        loop {
            let page = owner.get(&format!("{all}&limit=1")).await;
            assert_eq!((sides(&page.ok().body), &page.body["total"]), (shown, &json!(2)));
            let lines = page.body["items"].as_array().unwrap();
            (seen, sum) = (seen + lines.len(), sum + lines.iter().map(&sides).sum::<i64>());
            let Some(cursor) = page.header("x-next-cursor") else { break };
            all = format!("{}&cursor={cursor}", behind["all"].as_str().unwrap());
        }
        assert_eq!((seen, sum), (2, shown));
    }
    assert_eq!(owner.get(&at("ledger?without_tax=2")).await.fields(), ["without_tax"]);
    let accrual = owner.get(&at(&format!("pnl?{month}&basis=accrual"))).await;
    assert_eq!(
        (&accrual.ok().body["revenue_cents"], &accrual.body["net_cents"]),
        (&json!(30_000), &json!(28_600))
    );
    let table = owner.get(&at(&format!("pnl?{month}&format=csv"))).await;
    let lines: Vec<&str> = table.ok().text.lines().collect();
    assert_eq!(
        lines,
        [
            "section,label,total_cents,tax_cents",
            "revenue,etransfer,10500,0",
            "revenue,tax,0,500",
            "expenses,Fuel,1050,50",
            "net,,9450,0",
        ]
    );
    assert_eq!(owner.get(&at(&format!("pnl?{month}&basis=x"))).await.fields(), ["basis"]);
    assert_eq!(owner.get(&at(&format!("pnl?{month}&explain=2"))).await.fields(), ["explain"]);

    let flow = owner.get(&at(&format!("cashflow?{month}"))).await;
    let told = &flow.ok().body;
    assert_eq!(
        (&told["inflows_cents"], &told["outflows_cents"], &told["net_movement_cents"]),
        (&json!(10_500), &json!(1_050), &json!(9_450))
    );
    assert_eq!(
        (&told["opening_snapshot"], &told["closing_snapshot"]["cash_cents"]),
        (&Value::Null, &json!(9_000))
    );

    let sheet = owner.get(&at("balance_sheet?as_of=2026-01-31&explain=1")).await;
    let told = &sheet.ok().body;
    assert_eq!(
        told["assets"],
        json!({
            "cash_cents": 9_000, "cash_counted_on": "2026-01-31", "ledger_cash_cents": 9_450,
            "receivables_cents": 21_000, "open_invoices": 1, "tax_recoverable_cents": 50,
        })
    );
    assert_eq!(
        told["liabilities"],
        json!({
            "customer_deposits_cents": 0, "customer_credits_cents": 0, "tax_payable_cents": 1_500,
            "accounts_payable_cents": 400, "total_cents": 1_900,
        })
    );
    // All that was earned and not spent.
    assert_eq!(
        (&told["ledger_equity_cents"], &told["equity_cents"]),
        (&json!(28_600), &json!(28_150))
    );
    // Only the invoice that is still to be paid.
    assert_eq!(told["explain"]["receivables"]["count"], 1);
    assert_eq!(told["explain"]["receivables"]["debit_cents"], 21_000);
    assert_eq!(told["explain"]["customer_credits"]["count"], 0);
    assert_eq!(told["data_coverage_notes"], json!([]));
    // What is not known is told in words: people read it.
    let uncounted = owner.get(&at("balance_sheet?as_of=2026-01-30")).await;
    let note = "Cash was not counted up to this day; what was booked is shown.";
    assert_eq!(uncounted.ok().body["data_coverage_notes"], json!([note]));
    assert_eq!(uncounted.body["equity_cents"], Value::Null);
    let later = owner.get(&at("balance_sheet?as_of=2026-02-28&explain=1")).await;
    let credits = &later.ok().body["explain"]["customer_credits"];
    assert_eq!(credits["count"], 2);
    let all = owner.get(credits["all"].as_str().unwrap()).await;
    let net = |side: &str| all.body[side].as_i64().unwrap();
    assert_eq!(net("credit_cents") - net("debit_cents"), 500, "{}", all.text);
    assert_eq!(owner.get(&at("ledger?standing=x")).await.fields(), ["standing"]);
    assert_eq!(
        (
            &later.ok().body["assets"]["receivables_cents"],
            &later.body["liabilities"]["customer_credits_cents"]
        ),
        (&json!(0), &json!(500))
    );
    app.staff("viewer").get(&at(&format!("pnl?{month}"))).await.is(403, "forbidden");

    // A bill of a month that is closed is paid in a later one, and is an expense of that one by cash.
    owner.post(&at("periods/2026-01/close"), &json!({})).await.ok();
    let pay = at(&format!("expenses/{owed}/pay"));
    let early = json!({ "payment_method": "etransfer", "paid_on": "2026-01-31" });
    owner.post(&pay, &early).await.is(409, "period_closed");
    let before_it = json!({ "payment_method": "etransfer", "paid_on": "2025-12-31" });
    owner.post(&pay, &before_it).await.is(422, "finance.invalid");
    let later = json!({ "payment_method": "etransfer", "paid_on": "2026-02-14" });
    let paid = owner.with("idempotency-key", "pay-1").post(&pay, &later).await;
    assert_eq!(
        (&paid.ok().body["payment_method"], &paid.body["paid_on"]),
        (&json!("etransfer"), &json!("2026-02-14"))
    );
    let again = owner.with("idempotency-key", "pay-1").post(&pay, &later).await;
    assert_eq!(again.ok().body, paid.body);
    assert_eq!(owner.post(&pay, &later).await.ok().body, paid.body);
    let other = json!({ "payment_method": "cash", "paid_on": "2026-02-14" });
    owner.post(&pay, &other).await.is(409, "expense.already_paid");
    app.staff_of(1, "owner").post(&pay, &later).await.is(404, "expense.not_found");
    app.settle().await;
    let listed = owner.get(&at("expenses?from=2026-01-13&to=2026-01-13")).await;
    assert_eq!(listed.ok().body["items"][0]["paid_on"], "2026-02-14");
    let february = "from=2026-02-01&to=2026-02-28";
    for (asked, spent) in [
        (format!("pnl?{february}"), 400),
        (format!("pnl?{february}&basis=accrual"), 0),
        (format!("pnl?{month}"), 1_050),
    ] {
        let told = owner.get(&at(&asked)).await;
        assert_eq!(told.ok().body["expenses_cents"], spent, "{asked}");
    }
    // How it was paid is corrected in February, and nothing else of it: the books of January are closed.
    let bill = at(&format!("expenses/{owed}"));
    let (_, exported) = owner.download(&at(&format!("taxes/export?{month}"))).await;
    owner.patch(&bill, &json!({ "amount_cents": 399 })).await.is(409, "period_closed");
    let both = json!({ "paid_on": "2026-02-15", "vendor": "x" });
    owner.patch(&bill, &both).await.is(409, "period_closed");
    owner.patch(&bill, &json!({ "paid_on": "2026-01-31" })).await.is(409, "period_closed");
    owner.patch(&bill, &json!({ "paid_on": "2026-01-01" })).await.is(409, "period_closed");
    owner.patch(&bill, &json!({ "payment_method": null })).await.ok();
    app.settle().await;
    let told = owner.get(&at(&format!("pnl?{february}"))).await;
    assert_eq!(told.ok().body["expenses_cents"], 0);
    let other = json!({ "payment_method": "card", "paid_on": "2026-02-15" });
    let told = owner.patch(&bill, &other).await;
    assert_eq!(
        (&told.ok().body["paid_on"], &told.body["amount_cents"]),
        (&json!("2026-02-15"), &json!(400))
    );
    owner.patch(&bill, &json!({ "paid_on": "2026-02-16" })).await.ok();
    app.settle().await;
    for (asked, spent) in [(format!("pnl?{february}"), 400), (format!("pnl?{month}"), 1_050)] {
        let told = owner.get(&at(&asked)).await;
        assert_eq!(told.ok().body["expenses_cents"], spent, "{asked}");
    }
    let (_, again) = owner.download(&at(&format!("taxes/export?{month}"))).await;
    assert_eq!(again, exported, "what January was told to the tax office");
    owner.post(&at("periods/2026-02/close"), &json!({})).await.ok();
    owner.patch(&bill, &json!({ "payment_method": null })).await.is(409, "period_closed");
    owner.post(&at("periods/2026-02/reopen"), &json!({})).await.ok();
    let flow = owner.get(&at(&format!("cashflow?{february}"))).await;
    assert_eq!(flow.ok().body["outflows_cents"], 400);
    let sheet = owner.get(&at("balance_sheet?as_of=2026-02-28")).await;
    assert_eq!(sheet.ok().body["liabilities"]["accounts_payable_cents"], 0);
}
