//! Invoices as staff write and mend them.

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Asked, FakeApi, LEAD, QUOTE, problem};

fn draft() -> Value {
    json!({
        "invoice_id": QUOTE, "invoice_number": "INV-2030-000007", "status": "DRAFT", "order_id": null,
        "issue_date": "2030-03-04", "due_date": null, "currency": "CAD", "notes": "<thanks>", "is_overdue": false,
        "subtotal_cents": 2_500, "tax_cents": 125, "total_cents": 2_625, "credited_cents": 0, "paid_cents": 0,
        "balance_due_cents": 2_625, "overpaid_cents": 0, "payments": [],
        "items": [{
            "description": "Lost <key>", "qty": 1, "unit_price_cents": 2_500, "line_total_cents": 2_500,
            "tax_rate": 0.05, "tax_cents": 125,
        }],
    })
}

fn paid() -> Value {
    let mut paid = draft();
    (paid["invoice_id"], paid["status"]) = (LEAD.into(), "PAID".into());
    let payment = |id: &str, refunded: i64| {
        json!({
            "payment_id": id, "provider": "manual", "method": "cash", "reference": null, "amount_cents": 2_625,
            "received_at": "2030-03-04T17:00:00Z", "refunded_cents": refunded,
        })
    };
    paid["payments"] = json!([payment("pay-1", 0), payment("pay-2", 2_625)]);
    paid
}

/// Two invoices, and a visit that has one already and whose price nobody has explained yet.
pub(super) fn answer(asked: &Asked, has_reason: bool) -> Option<Response> {
    let rest = asked.path.strip_prefix("/v1/admin/")?;
    let one = rest.strip_prefix("invoices/");
    let tagged = |body: Value| ([(header::ETAG, "\"4\"")], axum::Json(body)).into_response();
    if asked.method == Method::GET {
        return match one? {
            id if id == QUOTE => Some(tagged(draft())),
            id if id == LEAD => Some(tagged(paid())),
            _ => None,
        };
    }
    if rest == format!("orders/{LEAD}/invoice") && asked.body["allow_additional"] == false {
        let detail =
            "there is an invoice for this visit already; say allow_additional to write another";
        return Some(problem(409, "invoice.already_invoiced", detail, &json!([])));
    }
    if rest == format!("orders/{LEAD}/invoice") && !has_reason {
        let (code, detail) = ("invoice.price_adjust_reason_required", "say why");
        return Some(problem(400, code, detail, &json!([])));
    }
    if asked.body["items"][1]["qty"] == 20_000 {
        let errors =
            json!([{ "field": "items.1.qty", "message": "Input should be from 1 to 10000" }]);
        return Some(problem(422, "invoice.invalid", "the invoice has unusable values", &errors));
    }
    if asked.body["amount_cents"] == 9_900 {
        let errors =
            json!([{ "field": "amount_cents", "message": "Input should be from 1 to 2625" }]);
        return Some(problem(
            422,
            "invoice.amount_invalid",
            "this amount is not possible",
            &errors,
        ));
    }
    let is_written = rest == "invoices" || rest.starts_with("orders/");
    is_written.then(|| axum::Json(json!({ "invoice_id": QUOTE })).into_response())
}

type Typed<'a> = Vec<(&'a str, &'a str)>;

async fn opened(api: &mut FakeApi, address: &str) -> (String, String) {
    let page = api.browser.get(address).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    (page.field("csrf").to_owned(), page.field("key").to_owned())
}

#[tokio::test]
async fn an_invoice_is_written_by_hand_for_a_client() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api, &format!("/invoices/new?client_id={LEAD}")).await;
    let form: Typed<'_> = vec![
        ("csrf", &csrf),
        ("key", &key),
        ("client_id", LEAD),
        ("step", "write"),
        ("rows", "3"),
        ("due_date", "2030-03-18"),
        ("items.0.description", ""),
        ("items.1.description", "Lost key"),
        ("items.1.qty", "2"),
        ("items.1.unit_price_cents", "1,025.50"),
        ("items.2.description", "Soap"),
        ("items.2.unit_price_cents", "4"),
        ("items.2.tax_rate", "0"),
    ];
    let page = api.browser.post("/invoices/new", &form).await;
    assert_eq!(page.header("location"), format!("/invoices/{QUOTE}?saved=1"), "{}", page.html);
    let asked = &api.asked(&Method::POST, "/v1/admin/invoices")[0];
    assert_eq!(asked.header("idempotency-key"), key);
    let said = json!({ "client_id": LEAD, "due_date": "2030-03-18", "items": [
        { "description": "Lost key", "qty": 2, "unit_price_cents": 102_550 },
        { "description": "Soap", "qty": 1, "unit_price_cents": 400, "tax_rate": null },
    ] });
    assert_eq!(asked.body, said);
}

#[tokio::test]
async fn whoever_may_not_know_clients_is_told_how_to_begin() {
    // A client's name is not for everybody who keeps the books.
    let mut api = FakeApi::signed_in("bookkeeper").await;
    let page = api.browser.get(&format!("/invoices/new?client_id={LEAD}&q=sam")).await;
    assert!(
        page.shows("Begin on the page of a visit") && !page.shows("sam@example.org"),
        "{}",
        page.html
    );
    assert!(api.asked(&Method::GET, "/v1/admin/clients?q=sam&limit=20").is_empty());
    let visit = format!("/bookings/{LEAD}");
    assert!(!api.browser.get(&visit).await.shows("their page"));
    assert!(FakeApi::signed_in("owner").await.browser.get(&visit).await.shows("their page"));
}

#[tokio::test]
async fn what_is_wrong_with_a_line_stands_at_its_row() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api, &format!("/invoices/new?client_id={LEAD}")).await;
    let mut form: Typed<'_> = vec![
        ("csrf", &csrf),
        ("key", &key),
        ("client_id", LEAD),
        ("step", "write"),
        ("items.0.description", "Key"),
        ("items.0.unit_price_cents", "5"),
        ("items.2.description", "Soap"),
        ("items.2.qty", "20000"),
        ("items.2.unit_price_cents", "4"),
    ];
    let page = api.browser.post("/invoices/new", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        page.shows(r#"id="items.2.qty-error">Input should be from 1 to 10000"#),
        "{}",
        page.html
    );
    assert!(page.shows(r#"value="Soap""#));
    assert!(
        page.shows("<legend>Line 3</legend>") && page.shows("<strong>Line 3, how many</strong>")
    );
    assert!(page.shows(r#"formaction="/invoices/new#lines""#), "the reader stays there");
    form.retain(|(name, _)| *name != "client_id");
    let page = api.browser.post("/invoices/new", &form).await;
    assert!(page.shows("Look for the client who is to pay"), "{}", page.html);
    form.retain(|(name, _)| *name != "step");
    form.push(("step", "more"));
    let page = api.browser.post("/invoices/new", &form).await;
    assert!(page.shows("items.5.description") && page.shows(r#"value="Soap""#), "{}", page.html);
}

#[tokio::test]
async fn a_visit_is_invoiced_as_was_promised_or_with_a_reason() {
    let mut api = FakeApi::signed_in("owner").await;
    let visit = api.browser.get(&format!("/bookings/{LEAD}")).await;
    let address = format!("/invoices/new?order_id={LEAD}");
    assert!(visit.shows(&address), "{}", visit.html);
    let page = api.browser.get(&address).await;
    assert!(page.shows(r#"value="Cleaning, 2030-03-04""#), "{}", page.html);
    assert!(page.shows(r#"name="items.0.unit_price_cents" value="120.00""#), "{}", page.html);
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let mut form: Typed<'_> = vec![
        ("csrf", &csrf),
        ("key", &key),
        ("order_id", LEAD),
        ("step", "write"),
        ("items.0.description", "Cleaning"),
        ("items.0.unit_price_cents", "100"),
        ("reason_code", "DISCOUNT_PROMO"),
    ];
    let page = api.browser.post("/invoices/new", &form).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("Tick") && !page.shows("allow_additional to write"), "{}", page.html);
    form.push(("allow_additional", "on"));
    let page = api.browser.post("/invoices/new", &form).await;
    assert_eq!(page.header("location"), format!("/invoices/{QUOTE}?saved=1"), "{}", page.html);
    // Sent once more, it asks for nothing new.
    let again = api.browser.post("/invoices/new", &form).await;
    assert_eq!(again.header("location"), format!("/invoices/{QUOTE}?saved=1"), "{}", again.html);
    let reasons = api.asked(&Method::POST, &format!("/v1/orders/{LEAD}/reasons"));
    let told: Vec<&Value> = reasons.iter().map(|why| &why.body["code"]).collect();
    assert_eq!(told, ["DISCOUNT_PROMO"], "an order keeps every reason it was given");
    assert_eq!(reasons[0].body["kind"], "PRICE_ADJUST");
    let asked = api.asked(&Method::POST, &format!("/v1/admin/orders/{LEAD}/invoice"));
    assert_eq!(asked.len(), 4, "taken already, without a reason, with it, and sent again");
    assert_eq!(asked[2].body["items"][0]["unit_price_cents"], 10_000);
    assert_eq!(asked[2].header("idempotency-key"), asked[3].header("idempotency-key"));
}

#[tokio::test]
async fn a_draft_is_written_anew_with_its_version() {
    let mut api = FakeApi::signed_in("owner").await;
    let record = format!("/invoices/{QUOTE}");
    assert!(api.browser.get(&record).await.shows(&format!("{record}/edit")));
    let page = api.browser.get(&format!("{record}/edit")).await;
    assert!(
        page.shows(r#"value="Lost &#60;key&#62;""#) && page.shows(r#"value="25.00""#),
        "{}",
        page.html
    );
    assert!(page.shows("&#60;thanks&#62;") && page.field("version") == "4", "{}", page.html);
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let mut form: Typed<'_> = vec![
        ("csrf", &csrf),
        ("key", &key),
        ("version", "4"),
        ("step", "write"),
        ("issue_date", "2030-03-05"),
        ("items.0.description", "Key"),
        ("items.0.unit_price_cents", "30"),
        ("items.0.tax_rate", "5"),
    ];
    let page = api.browser.post(&format!("{record}/edit"), &form).await;
    assert_eq!(page.header("location"), format!("{record}?saved=1"), "{}", page.html);
    let asked = &api.asked(&Method::PATCH, &format!("/v1/admin{record}"))[0];
    assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", &*key));
    let said = json!({ "issue_date": "2030-03-05", "notes": "", "items": [
        { "description": "Key", "qty": 1, "unit_price_cents": 3_000, "tax_rate": 0.05 },
    ] });
    assert_eq!(asked.body, said);
    form[2] = ("version", "3");
    let page = api.browser.post(&format!("{record}/edit"), &form).await;
    assert!(
        page.status == StatusCode::CONFLICT && page.shows("What you had entered"),
        "{}",
        page.html
    );
}

#[tokio::test]
async fn money_goes_back_from_the_payment_it_came_with() {
    let mut api = FakeApi::signed_in("owner").await;
    let record = format!("/invoices/{LEAD}");
    let page = api.browser.get(&record).await;
    assert!(
        page.shows("/payments/pay-1/refund") && !page.shows("/payments/pay-2/refund"),
        "{}",
        page.html
    );
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let form = |amount: &'static str| {
        vec![
            ("csrf", csrf.clone()),
            ("key", key.clone()),
            ("version", "4".to_owned()),
            ("payment", "pay-1".to_owned()),
            ("amount_cents", amount.to_owned()),
        ]
    };
    let address = format!("{record}/payments/pay-1/refund");
    let sent = form("10.50");
    let sent: Typed<'_> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = api.browser.post(&address, &sent).await;
    assert_eq!(page.header("location"), format!("{record}?saved=1"), "{}", page.html);
    let asked = &api.asked(&Method::POST, &format!("/v1/admin{address}"))[0];
    assert_eq!(
        (&asked.body, asked.header("if-match")),
        (&json!({ "amount_cents": 1_050 }), "\"4\"")
    );
    // The API counts in cents, the page in dollars.
    let sent = form("99");
    let sent: Typed<'_> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = api.browser.post(&address, &sent).await;
    assert!(page.shows("Input should be from $0.01 to $26.25"), "{}", page.html);
    assert!(!page.shows("2625"), "{}", page.html);
    // What is no id of a payment names nothing of the API.
    let sent = form("1");
    let sent: Typed<'_> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let page = api.browser.post(&format!("{record}/payments/%2E%2E/refund"), &sent).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    let viewer = FakeApi::signed_in("viewer").await.browser.get(&record).await;
    assert!(!viewer.shows("went back"), "{}", viewer.html);
}
