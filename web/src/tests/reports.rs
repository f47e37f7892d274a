//! Reports, as staff see them.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, LEAD};

pub(super) fn told(path: &str) -> Option<Value> {
    let basis = json!({ "received_cents": "payments, on the day they <came> in" });
    match path {
        "/v1/admin/reports/revenue" => Some(json!({
            "items": [
                { "period": "2030-03-01", "currency": "CAD", "invoiced_cents": 18_900, "credited_cents": 0,
                  "received_cents": 5_000, "refunded_cents": 100, "net_received_cents": 4_900 },
                { "period": "2030-03-02", "currency": "CAD", "invoiced_cents": 0, "credited_cents": 0,
                  "received_cents": 10_000, "refunded_cents": 0, "net_received_cents": 10_000 },
            ],
            "total": 2, "basis": basis,
        })),
        "/v1/admin/reports/receivables" => Some(json!({
            "items": [{ "customer_id": LEAD, "customer": "<b>Sam</b>", "invoices": 1, "current_cents": 0,
                "days_1_30_cents": 18_900, "days_31_60_cents": 0, "days_61_90_cents": 0, "days_over_90_cents": 0,
                "total_cents": 18_900 }],
            "total": 70, "basis": {},
        })),
        "/v1/admin/reports/utilisation" => Some(json!({
            "items": [{ "team": "North", "worker": "Wes", "available_minutes": 540, "booked_minutes": 120,
                "worked_minutes": 0, "visits": 1, "booked_share": 0.2222, "worked_share": 0.0 }],
            "total": 1, "basis": {},
        })),
        "/v1/admin/analytics/funnel" => Some(
            json!({ "inquiries": 4, "conversion_rates": { "inquiry_to_quote": 0.75 }, "basis": {} }),
        ),
        "/v1/admin/analytics/clients/retention" => Some(json!({
            "items": [{ "cohort": "2030-02", "customers": 4, "retained": [1.0, 0.5, null] }], "total": 1, "basis": {},
        })),
        _ => None,
    }
}

#[tokio::test]
async fn reports_show_tables_bars_and_what_counts() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/reports?from=2030-03-01&to=2030-03-31&by=week&as_of=41").await;
    for text in [
        "$189.00",
        "$49.00",
        "&#60;b&#62;Sam&#60;/b&#62;",
        "1 of 70",
        "22.2 %",
        "75.0 %",
        "100.0 % · 50.0 % · –",
        "the day they &#60;came&#62; in",
        "As of 41.",
        "<svg",
        "y=\"50\" width=\"10\" height=\"50\"",
        "/reports/revenue.csv?from=2030-03-01&#38;to=2030-03-31&#38;by=week&#38;as_of=41",
        "/reports/receivables.csv?to=2030-03-31&#38;as_of=41",
        "aria-current=\"page\">Reports",
    ] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    // A report that the API does not have here is left out.
    assert!(!page.shows("Who paid most"));
    let asked = "from=2030-03-01&to=2030-03-31&by=week&as_of=41";
    assert_eq!(api.asked(&Method::GET, &format!("/v1/admin/reports/revenue?{asked}")).len(), 1);
    let day = "day=2030-03-31&as_of=41&limit=50";
    assert_eq!(api.asked(&Method::GET, &format!("/v1/admin/reports/receivables?{day}")).len(), 1);
    let both = api.asked(
        &Method::GET,
        "/v1/admin/reports/utilisation?from=2030-03-01&to=2030-03-31&as_of=41&group=team",
    );
    assert_eq!(both.len(), 1);
}

#[tokio::test]
async fn whoever_may_read_no_report_is_not_led_to_them() {
    let mut api = FakeApi::signed_in("viewer").await;
    let page = api.browser.get("/reports").await;
    assert!(page.shows("no report that your role may read"), "{}", page.html);
    assert!(!page.shows("href=\"/reports\"{"));
    assert!(!page.shows(">Reports</a>"));
    assert_eq!(api.asked(&Method::GET, "/v1/admin/reports/revenue").len(), 0);
    let stranger = FakeApi::start().await.browser.get("/reports").await;
    assert_eq!(stranger.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_table_is_handed_on_as_the_api_gives_it() {
    let mut api = FakeApi::signed_in("owner").await;
    let table = api.browser.get("/reports/teams.csv?from=2030-03-01").await;
    assert_eq!(table.status, StatusCode::OK);
    let asked = "/v1/admin/reports/utilisation?from=2030-03-01&group=team&format=csv";
    assert_eq!(api.asked(&Method::GET, asked).len(), 1);
    for unknown in ["/reports/teams", "/reports/secrets.csv"] {
        assert_eq!(api.browser.get(unknown).await.status, StatusCode::NOT_FOUND);
    }
}
