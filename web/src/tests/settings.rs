//! How an organisation is set up, as owners and others see it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::FakeApi;

/// What the API tells about `path`, if it is a matter of settings.
pub(super) fn told(path: &str) -> Option<Value> {
    Some(match path {
        "/v1/admin/settings/org" => json!({
            "org_id": "o", "name": "Maple & Co", "timezone": "America/Edmonton", "currency": "CAD", "language": "en",
            "business_hours": { "monday": { "enabled": true, "start": "08:00", "end": "18:00" } }, "holidays": [],
            "legal_name": "Maple Ltd", "legal_bn": null, "branding": {}, "finance_ready": false,
            "invoice_reminders": true,
        }),
        "/v1/admin/settings/features" => json!({
            "org_id": "o", "overrides": { "leads.scoring": true },
            "defaults": { "module.leads": false, "leads.scoring": false, "module.finance": true },
            "effective": { "module.leads": false, "leads.scoring": false, "module.finance": true },
            "keys": ["module.leads", "leads.scoring", "module.finance"],
        }),
        "/v1/billing/status" => json!({
            "org_id": "o", "plan_id": "pro", "effective_plan_id": "free", "status": "active", "paused": true,
            "limits": { "workers": 3, "bookings": 20, "storage_bytes": 1_073_741_824 },
            "usage": { "workers": 4, "bookings": 7, "storage_bytes": 0 },
        }),
        _ => return None,
    })
}

#[tokio::test]
async fn the_page_tells_plan_organisation_hours_and_features() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/settings").await;
    assert_eq!(page.status, StatusCode::OK);
    for text in [
        "Maple &#38; Co",
        "the limits of the free plan count",
        "America/Edmonton",
        "Maple Ltd",
        "1 GiB",
        "off with its module",
        "Save features",
    ] {
        assert!(page.shows(text), "{text} in {}", page.html);
    }
}

#[tokio::test]
async fn who_is_no_owner_sees_it_and_can_change_nothing() {
    let mut api = FakeApi::signed_in("viewer").await;
    let page = api.browser.get("/settings").await;
    assert!(page.shows("Only owners can change these settings"));
    assert!(!page.shows("<button>Save"), "{}", page.html);
}

#[tokio::test]
async fn the_ticks_that_differ_from_the_catalogue_are_what_is_sent() {
    let mut api = FakeApi::signed_in("owner").await;
    let csrf = api.browser.get("/settings").await.field("csrf").to_owned();
    let form = [("csrf", &*csrf), ("version", "4"), ("key", "k-1"), ("module.leads", "on")];
    let page = api.browser.post("/settings/features", &form).await;
    assert_eq!(page.header("location"), "/settings?saved=1");
    let asked = &api.asked(&Method::PATCH, "/v1/admin/settings/features")[0];
    assert_eq!(asked.body["overrides"], json!({ "module.leads": true, "module.finance": false }));
    assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", "k-1"));
}

#[tokio::test]
async fn reminders_of_invoices_are_switched_on_and_off() {
    const SWITCH: &str = r#"name="invoice_reminders" checked"#;
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/settings").await;
    assert!(page.html.contains(SWITCH), "{}", page.html);
    let csrf = page.field("csrf").to_owned();
    let off = [("csrf", &*csrf), ("version", "4"), ("key", "k-1"), ("currency", "CAD")];
    let saved = api.browser.post("/settings/organisation", &off).await;
    assert_eq!(saved.header("location"), "/settings?saved=1");
    let on = [
        ("csrf", &*csrf),
        ("version", "4"),
        ("key", "k-2"),
        ("invoice_reminders", "on"),
        ("finance_ready", "on"),
    ];
    api.browser.post("/settings/organisation", &on).await;
    let asked = api.asked(&Method::PATCH, "/v1/admin/settings/org");
    for name in ["invoice_reminders", "finance_ready"] {
        let sent: Vec<&Value> = asked.iter().map(|one| &one.body[name]).collect();
        assert_eq!(sent, [&json!(false), &json!(true)], "{name}");
    }
    // What was chosen is kept when it is refused.
    let late = [("csrf", &*csrf), ("version", "3"), ("timezone", "Europe/Paris")];
    let refused = api.browser.post("/settings/organisation", &late).await;
    assert!(!refused.html.contains(SWITCH), "{}", refused.html);
}

#[tokio::test]
async fn settings_that_changed_meanwhile_are_shown_with_what_was_typed() {
    let mut api = FakeApi::signed_in("owner").await;
    let csrf = api.browser.get("/settings").await.field("csrf").to_owned();
    let form = [("csrf", &*csrf), ("version", "3"), ("timezone", "Europe/Paris")];
    let page = api.browser.post("/settings/organisation", &form).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows("Europe/Paris") && page.shows("Another version"), "{}", page.html);
}
