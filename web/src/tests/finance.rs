//! The books, as those who keep them see them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, LEAD, QUOTE};

pub(super) fn told(path: &str) -> Option<Value> {
    let base = path.strip_prefix("/v1/admin/finance/")?;
    Some(match base {
        "balance_sheet" => json!({
            "as_of": "2030-03-04",
            "assets": { "cash_cents": null, "ledger_cash_cents": 9_450, "receivables_cents": 21_000, "open_invoices": 1,
                "tax_recoverable_cents": 50 },
            "liabilities": { "customer_deposits_cents": 0, "customer_credits_cents": 0, "tax_payable_cents": 1_500,
                "accounts_payable_cents": 400, "total_cents": 1_900 },
            "ledger_equity_cents": 28_600, "data_coverage_notes": ["Cash was not counted up to this day; what was booked is shown."],
        }),
        "pnl" => json!({
            "revenue_cents": 10_500, "revenue": [{ "label": "etransfer", "total_cents": 10_500 }],
            "expenses_cents": 1_450, "expenses": [{ "label": "<b>Fuel</b>", "total_cents": 1_450 }], "net_cents": 9_050,
        }),
        "cashflow" => json!({
            "inflows_cents": 10_500, "outflows_cents": 1_050, "taxes_paid_cents": 0, "net_movement_cents": 9_450,
        }),
        "taxes/gst_summary" => json!({
            "tax_collected_cents": 500, "tax_paid_cents": 50, "tax_owed_cents": 450, "currency_code": "CAD",
            "other_currencies": [{
                "tax_collected_cents": 700, "tax_paid_cents": 0, "tax_owed_cents": 700, "currency_code": "USD",
            }],
        }),
        "periods/2030-02" | "periods/2030-03" => json!({ "status": "open" }),
        "taxes/calendar" => json!({ "items": [
            { "label": "GST Q4 2029", "period_start": "2029-10-01", "period_end": "2029-12-31", "due_on": "2030-01-31" },
            { "label": "GST Q1 2030", "period_start": "2030-01-01", "period_end": "2030-03-31", "due_on": "2030-04-30" },
        ] }),
        "cash_snapshots" => json!({ "items": [{
            "snapshot_id": QUOTE, "as_of_date": "2030-02-28", "cash_cents": -1_250, "note": "<i>till</i>",
        }] }),
        "budgets" => {
            json!({ "items": [{ "budget_id": LEAD, "category_id": QUOTE, "amount_cents": 40_000 }] })
        }
        "taxes/instalments" => json!({ "items": [{
            "instalment_id": LEAD, "tax_type": "GST", "due_on": "2030-04-30", "amount_cents": 900, "paid_on": null, "note": "<i>",
        }] }),
        "taxes/export" => json!({ "a": "zip" }),
        "accounting-exports" => json!({ "items": [{
            "month": "2030-02", "generated_at": "2030-03-01T07:03:00Z", "row_count": 12, "sha256": "9f86d081",
        }] }),
        "accounting-exports/2030-02" => json!({ "a": "table" }),
        "expense-categories" => json!({ "items": [{ "category_id": QUOTE, "name": "Fuel" }] }),
        "expenses" => json!({ "total": 1, "total_cents": 1_000, "items": [{
            "expense_id": LEAD, "occurred_on": "2030-03-01", "category_id": QUOTE, "vendor": "<b>Pump</b>",
            "description": "Petrol", "amount_cents": 1_000, "tax_cents": 50, "payment_method": null,
        }, {
            "expense_id": QUOTE, "occurred_on": "2030-02-01", "category_id": QUOTE, "vendor": null,
            "description": "Rent", "amount_cents": 90_000, "tax_cents": 0, "payment_method": "card", "paid_on": "2030-03-01",
        }] }),
        "ledger" => json!({ "total": 1, "debit_cents": 10_500, "credit_cents": 0, "items": [{
            "position": 12, "day": "2030-03-01", "account": "receivable", "debit_cents": 10_500, "credit_cents": 0,
            "source_type": "invoice", "event_type": "issued", "invoice_id": LEAD,
        }] }),
        _ => return None,
    })
}

#[tokio::test]
async fn months_for_the_accountant_are_listed_and_handed_out() {
    let mut api = FakeApi::signed_in("owner").await;
    assert!(api.browser.get("/finance").await.shows("/finance/months"));
    let page = api.browser.get("/finance/months").await;
    assert!(page.shows("2030-02 (CSV)") && page.shows("9f86d081"), "{}", page.html);
    let table = api.browser.get("/finance/months/2030-02.csv").await;
    assert_eq!((table.status, table.html.as_str()), (StatusCode::OK, r#"{"a":"table"}"#));
    let asked = "/v1/admin/finance/accounting-exports/2030-02?format=csv";
    assert_eq!(api.asked(&Method::GET, asked).len(), 1);
    assert_eq!(api.browser.get("/finance/months/2030-02.zip").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_month_is_on_one_page_and_every_figure_leads_to_its_lines() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/finance").await;
    for text in [
        "Books of 2030-03",
        "$90.50",
        "&#60;b&#62;Fuel&#60;/b&#62;",
        "Cash was not counted up to this day",
    ] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    assert!(page.shows("/finance/ledger?account=receivable&#38;to=2030-03-04"), "{}", page.html);
    // A month that goes on is not closed.
    assert!(!page.shows("Close the books of this month"), "{}", page.html);
    let past = api.browser.get("/finance?month=2030-02").await;
    assert!(past.shows("Close the books of this month"), "{}", past.html);
    let asked = &api.asked(&Method::GET, "/v1/admin/finance/pnl?from=2030-02-01&to=2030-02-28")[0];
    assert!(asked.header("authorization").starts_with("Basic "));
    let (csrf, key) = (past.field("csrf").to_owned(), past.field("key").to_owned());
    let form = [("csrf", &*csrf), ("key", &key)];
    let closed = api.browser.post("/finance/periods/2030-02/close", &form).await;
    assert_eq!(closed.header("location"), "/finance?month=2030-02");
    assert_eq!(api.asked(&Method::POST, "/v1/admin/finance/periods/2030-02/close").len(), 1);
    assert_eq!(api.browser.get("/finance?month=x").await.status, StatusCode::NOT_FOUND);
    let lines = api.browser.get("/finance/ledger?account=receivable").await;
    assert!(lines.shows("/events?after=11") && lines.shows("105.00"), "{}", lines.html);
}

#[tokio::test]
async fn expenses_are_written_down_in_dollars_and_taken_back() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/finance/expenses?query=petrol").await;
    for text in ["&#60;b&#62;Pump&#60;/b&#62;", "Fuel", "to be paid", "$10.00"] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = [
        ("csrf", &*csrf),
        ("key", &key),
        ("occurred_on", "2030-03-02"),
        ("category_id", QUOTE),
        ("description", "Soap"),
        ("amount_cents", "12.50"),
        ("tax_cents", "0.63"),
    ];
    let done = api.browser.post("/finance/expenses", &form).await;
    assert_eq!(done.header("location"), "/finance/expenses?saved=1");
    let asked = &api.asked(&Method::POST, "/v1/admin/finance/expenses")[0];
    assert_eq!(
        asked.body,
        json!({
            "occurred_on": "2030-03-02", "category_id": QUOTE, "description": "Soap", "amount_cents": 1_250,
            "tax_cents": 63,
        })
    );
    assert_eq!(asked.header("idempotency-key"), key);
    let pay = format!("/finance/expenses/{LEAD}/pay");
    let form = [("csrf", &*csrf), ("payment_method", "card"), ("paid_on", "2030-04-01")];
    let done = api.browser.post(&pay, &form).await;
    assert_eq!(done.header("location"), "/finance/expenses?saved=1");
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{pay}"))[0];
    assert_eq!(asked.body, json!({ "payment_method": "card", "paid_on": "2030-04-01" }));
    let form = [("csrf", &*csrf), ("payment_method", "shells"), ("paid_on", "2030-04-02")];
    let page = api.browser.post(&pay, &form).await;
    assert!(page.shows(&format!(r#"id="method-{LEAD}-error">No such money"#)), "{}", page.html);
    assert!(page.shows(r#"value="shells""#) && page.shows(r#"value="2030-04-02""#), "is kept");
    assert!(page.shows("How Petrol was paid") && !page.shows(r#"<th scope="col"></th>"#));
    // What was paid can be said to have been paid otherwise, or not at all.
    let paid = format!("/finance/expenses/{QUOTE}");
    let form = [("csrf", &*csrf), ("payment_method", "cash"), ("paid_on", "")];
    let done = api.browser.post(&format!("{paid}/paid"), &form).await;
    assert_eq!(done.header("location"), "/finance/expenses?saved=1");
    api.browser.post(&format!("{paid}/unpaid"), &[("csrf", &*csrf)]).await;
    let asked = api.asked(&Method::PATCH, &format!("/v1/admin{paid}"));
    assert_eq!(asked[0].body, json!({ "payment_method": "cash" }));
    assert_eq!(asked[1].body, json!({ "payment_method": null }));
    let forged = api.browser.post(&format!("/finance/expenses/{LEAD}/void"), &[]).await;
    assert_eq!(forged.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn taxes_show_what_is_owed_and_hand_on_the_tables() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/finance/taxes").await;
    for text in ["$4.50 CAD", "$7.00 USD", "GST Q4 2029", "&#60;i&#62;", "from=2029-10-01"] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    // The quarter of today, on the clock of the organisation.
    let summary = "/v1/admin/finance/taxes/gst_summary?from=2030-01-01&to=2030-03-31";
    assert_eq!(api.asked(&Method::GET, summary).len(), 1);
    let file = api.browser.get("/finance/taxes/export?from=2029-10-01&to=2029-12-31").await;
    assert!(file.shows("zip"), "{}", file.html);
    // Who may not see the books is not led there.
    let mut other = FakeApi::signed_in("viewer").await;
    assert!(!other.browser.get("/disputes").await.shows("/finance"));
    assert!(page.shows("href=\"/finance\""), "{}", page.html);
}

/// The hidden fields of a page of the books.
async fn opened(api: &mut FakeApi, address: &str) -> (String, String) {
    let page = api.browser.get(address).await;
    (page.field("csrf").to_owned(), page.field("key").to_owned())
}

#[tokio::test]
async fn an_amount_that_cannot_be_read_is_told_in_words_and_not_sent() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api, "/finance/expenses").await;
    let form = [("csrf", &*csrf), ("key", &key), ("description", "Soap"), ("amount_cents", "ten")];
    let page = api.browser.post("/finance/expenses", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows(r#"id="amount_cents-error">Write an amount such as 185"#), "{}", page.html);
    assert!(page.shows(r#"value="ten""#) && page.shows("<strong>Amount</strong>"), "{}", page.html);
    assert!(api.asked(&Method::POST, "/v1/admin/finance/expenses").is_empty());
}

#[tokio::test]
async fn cash_is_counted_corrected_and_taken_back() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/finance/cash").await;
    assert!(page.shows("-$12.50") && page.shows("&#60;i&#62;till&#60;/i&#62;"), "{}", page.html);
    let (csrf, key) = opened(&mut api, "/finance/cash").await;
    let own = [("csrf", &*csrf), ("key", &*key)];
    let new = [("as_of_date", "2030-03-01"), ("cash_cents", "-1,020.5"), ("note", "")];
    let page = api.browser.post("/finance/cash", &[&own[..], &new].concat()).await;
    assert_eq!(page.header("location"), "/finance/cash?saved=1", "{}", page.html);
    let asked = &api.asked(&Method::POST, "/v1/admin/finance/cash_snapshots")[0];
    let said = json!({ "as_of_date": "2030-03-01", "cash_cents": -102_050, "note": null });
    assert_eq!((asked.header("idempotency-key"), &asked.body), (&*key, &said));
    let one = format!("/finance/cash/{QUOTE}");
    api.browser.post(&one, &[&own[..], &[("cash_cents", "5")]].concat()).await;
    api.browser.post(&format!("{one}/remove"), &own).await;
    let path = format!("/v1/admin/finance/cash_snapshots/{QUOTE}");
    let asked = &api.asked(&Method::PATCH, &path)[0];
    assert_eq!(asked.body, json!({ "cash_cents": 500, "note": null }));
    assert_eq!(api.asked(&Method::DELETE, &path).len(), 1);
}

#[tokio::test]
async fn budgets_are_those_of_a_month() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/finance/budgets").await;
    assert!(page.shows("Budgets of 2030-03") && page.shows("Fuel"), "{}", page.html);
    assert!(page.shows("$400.00") && page.shows("Every category has one"), "{}", page.html);
    let (csrf, key) = opened(&mut api, "/finance/budgets").await;
    let own = [("csrf", &*csrf), ("key", &*key), ("month", "2030-03")];
    let new = [("category_id", LEAD), ("amount_cents", "1,000")];
    let page = api.browser.post("/finance/budgets", &[&own[..], &new].concat()).await;
    assert_eq!(page.header("location"), "/finance/budgets?month=2030-03&saved=1", "{}", page.html);
    let asked = &api.asked(&Method::POST, "/v1/admin/finance/budgets")[0];
    let said = json!({ "month_yyyymm": "2030-03", "category_id": LEAD, "amount_cents": 100_000 });
    assert_eq!(asked.body, said);
    let one = format!("/finance/budgets/{LEAD}");
    let page = api.browser.post(&one, &[&own[..], &[("amount_cents", "x")]].concat()).await;
    assert!(page.shows("Write an amount such as"), "{}", page.html);
    api.browser.post(&format!("{one}/clear"), &own).await;
    let path = format!("/v1/admin/finance/budgets/{LEAD}");
    assert_eq!(api.asked(&Method::DELETE, &path).len(), 1);
}

#[tokio::test]
async fn instalments_are_planned_paid_and_dropped() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api, "/finance/taxes").await;
    let own = [("csrf", &*csrf), ("key", &*key)];
    let all = "/finance/taxes/instalments";
    let new =
        [("tax_type", "GST"), ("due_on", "2030-07-31"), ("amount_cents", "500"), ("note", "")];
    let page = api.browser.post(all, &[&own[..], &new].concat()).await;
    assert_eq!(page.header("location"), "/finance/taxes?saved=1", "{}", page.html);
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{all}"))[0];
    let said = json!({ "tax_type": "GST", "due_on": "2030-07-31", "amount_cents": 50_000 });
    assert_eq!((asked.header("idempotency-key"), &asked.body), (&*key, &said));
    let one = format!("{all}/{LEAD}");
    api.browser
        .post(&format!("{one}/paid"), &[&own[..], &[("paid_on", "2030-04-28")]].concat())
        .await;
    api.browser.post(&format!("{one}/unpaid"), &own).await;
    api.browser.post(&format!("{one}/cancel"), &own).await;
    let asked = api.asked(&Method::PATCH, &format!("/v1/admin{one}"));
    assert_eq!(asked[0].body, json!({ "paid_on": "2030-04-28" }));
    assert_eq!(asked[1].body, json!({ "paid_on": null }));
    assert_eq!(api.asked(&Method::POST, &format!("/v1/admin{one}/cancel")).len(), 1);
}
