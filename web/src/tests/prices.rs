//! The price book, as those who set prices see it.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, LEAD, QUOTE};

fn services() -> Value {
    json!([{
        "service_type_id": LEAD, "name": "Big <clean>", "active": true, "default_duration_minutes": 180,
        "pricing_model": "hourly", "base_price_cents": 1_000, "hourly_rate_cents": 4_500, "currency": "CAD",
        "addons": [{ "service_addon_id": QUOTE, "name": "Ladder", "price_cents": 1_500, "active": false }],
    }])
}

fn addons() -> Value {
    json!([{
        "addon_id": QUOTE, "code": "oven", "name": "Oven <b>", "price_cents": 3_000, "default_minutes": 30,
        "is_active": true,
    }])
}

fn settings() -> Value {
    json!({
        "gst_rate": 0.05, "rates": {
            "currency": "CAD", "hourly_rate_cents": 3_500, "minimum_milli_hours": 2_500,
            "discount_permille": { "one_time": 0, "weekly": 100, "biweekly": 75, "monthly": 50 },
        },
    })
}

pub(super) fn told(path: &str) -> Option<Value> {
    let policies = json!({
        "deposit": { "percent": 0.25, "minimum_cents": 5_000 },
        "reschedule": { "allowed": true, "notice_hours": 24, "fee_cents": 0, "max_reschedules": 1 },
        "ways": {
            "winter_months": [1, 12], "winter_multiplier": 1.1, "winter_minutes": 10, "downtown_minutes": 15,
        },
        // So that the answer carries a version.
        "client_id": LEAD,
    });
    Some(match path {
        "/v1/admin/price-book" => json!({
            "version": 2, "published_at": "2030-01-05T17:00:00Z", "has_draft": true, "differs": true,
            // So that the answer carries a version.
            "client_id": LEAD,
        }),
        "/v1/admin/price-book/versions" => {
            json!([{ "version": 2, "published_at": "2030-01-05T17:00:00Z" }])
        }
        "/v1/admin/price-book/versions/2" => json!({
            "version": 2, "published_at": "2030-01-05T17:00:00Z", "settings": settings(), "addons": addons(),
            "service_types": services(), "booking_policies": policies,
        }),
        "/v1/admin/service-types" => services(),
        "/v1/admin/addons" => addons(),
        "/v1/admin/pricing-settings" => settings(),
        "/v1/admin/booking-policies" => policies,
        _ => return None,
    })
}

#[tokio::test]
async fn prices_terms_and_versions_are_on_one_page() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/prices").await;
    for text in [
        "Big &#60;clean&#62;",
        "$10.00 and $45.00 an hour",
        "Oven &#60;b&#62;",
        "A draft is open",
        "Publish the draft",
        "25 %",
        "$50.00",
        r#"name="name" value="Big &#60;clean&#62;""#,
        r#"name="base_price_cents" value="10.00""#,
        r#"name="hourly_rate_cents" value="45.00""#,
        r#"name="name" value="Oven &#60;b&#62;""#,
        r#"name="gst_rate" value="5""#,
        r#"name="rates.minimum_milli_hours" value="2.5""#,
        r#"name="discount_biweekly" value="7.5""#,
        "/prices/versions/2",
    ] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let version = api.browser.get("/prices/versions/2").await;
    assert!(
        version.shows("2030-01-05 10:00 MST") && version.shows("Ladder, $15.00"),
        "{}",
        version.html
    );
    assert_eq!(api.browser.get("/prices/versions/x").await.status, StatusCode::NOT_FOUND);
    let viewer = FakeApi::signed_in("viewer").await.browser.get("/prices").await;
    assert!(viewer.shows("$30.00") && !viewer.shows("Publish the draft"), "{}", viewer.html);
}

/// A form, how and where it is sent, what is typed in it, and what becomes of it.
type Sent = (String, Method, String, Vec<(&'static str, &'static str)>, Value);

fn sent() -> Vec<Sent> {
    let to = |what: &str| format!("/v1/admin/{what}");
    let service = vec![
        ("name", "Deep"),
        ("pricing_model", "flat"),
        ("base_price_cents", "1,200"),
        ("default_duration_minutes", "240"),
        ("active", "on"),
    ];
    let deep = json!({
        "name": "Deep", "pricing_model": "flat", "base_price_cents": 120_000, "default_duration_minutes": 240,
        "active": true,
    });
    let off = vec![("name", "Oven"), ("price_cents", "35.5"), ("default_minutes", "")];
    let garage =
        vec![("code", "garage"), ("name", "Garage"), ("price_cents", "50"), ("is_active", "on")];
    vec![
        ("services".to_owned(), Method::POST, to("service-types"), service.clone(), deep.clone()),
        (
            format!("services/{LEAD}"),
            Method::PATCH,
            to(&format!("service-types/{LEAD}")),
            service,
            deep,
        ),
        (
            format!("addons/{QUOTE}"),
            Method::PATCH,
            to(&format!("addons/{QUOTE}")),
            off,
            json!({ "name": "Oven", "price_cents": 3_550, "is_active": false }),
        ),
        (
            "addons".to_owned(),
            Method::POST,
            to("addons"),
            garage,
            json!({ "code": "garage", "name": "Garage", "price_cents": 5_000, "is_active": true }),
        ),
        (
            format!("services/{LEAD}/extras"),
            Method::POST,
            to(&format!("service-types/{LEAD}/addons")),
            vec![("name", "Ladder"), ("price_cents", "15"), ("active", "on")],
            json!({ "name": "Ladder", "price_cents": 1_500, "active": true }),
        ),
        (
            format!("extras/{QUOTE}"),
            Method::PATCH,
            to(&format!("service-addons/{QUOTE}")),
            vec![("name", "Ladder"), ("price_cents", "16")],
            json!({ "name": "Ladder", "price_cents": 1_600, "active": false }),
        ),
        ("publish".to_owned(), Method::POST, to("price-book/publish"), vec![], json!({})),
        ("draft".to_owned(), Method::POST, to("price-book/draft"), vec![], json!({})),
        ("draft/discard".to_owned(), Method::DELETE, to("price-book/draft"), vec![], json!({})),
    ]
}

#[tokio::test]
async fn every_change_carries_the_version_of_the_book_and_its_key() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/prices").await;
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    assert_eq!(page.field("version"), "4");
    let own = [("csrf", &*csrf), ("key", &key), ("version", "4")];
    for (form, method, path, typed, body) in sent() {
        let fields = [&own[..], &typed].concat();
        let page = api.browser.post(&format!("/prices/{form}"), &fields).await;
        assert_eq!(page.header("location"), "/prices?saved=1", "{form}: {}", page.html);
        let asked = api.asked(&method, &path).pop().unwrap();
        assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", &*key));
        assert_eq!(asked.body, body, "{form}");
    }
    let old =
        [("csrf", &*csrf), ("key", &key), ("version", "3"), ("name", "Lost"), ("price_cents", "1")];
    let page = api.browser.post(&format!("/prices/addons/{QUOTE}"), &old).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows(r#"value="Lost""#), "what was typed is kept: {}", page.html);
    let wrong = [("csrf", &*csrf), ("key", &key), ("version", "4"), ("gst_rate", "five")];
    let page = api.browser.post("/prices/rates", &wrong).await;
    assert!(page.shows(r#"id="gst_rate-error">Write a share"#), "{}", page.html);
    assert!(api.asked(&Method::PATCH, "/v1/admin/pricing-settings").is_empty());
}

#[tokio::test]
async fn terms_are_changed_a_section_at_a_time_and_what_is_wrong_is_told_beside_its_field() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/prices/terms").await;
    for text in [
        "A draft is open",
        r#"name="deposit.percent" value="25""#,
        r#"name="deposit.minimum_cents" value="50.00""#,
        r#"name="reschedule.allowed" checked"#,
        r#"name="ways.winter_multiplier" value="1.1""#,
        r#"name="ways.winter_months.12" checked"#,
        r#"name="ways.winter_months.7"> July"#,
    ] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let (csrf, key) = (page.field("csrf").to_owned(), page.field("key").to_owned());
    let own = [("csrf", &*csrf), ("key", &key), ("version", "4")];
    let moving = [
        ("reschedule.notice_hours", "12"),
        ("reschedule.fee_cents", "7.5"),
        ("reschedule.max_reschedules", "2"),
    ];
    let page = api.browser.post("/prices/terms/reschedule", &[&own[..], &moving].concat()).await;
    assert_eq!(page.header("location"), "/prices/terms?saved=reschedule#reschedule");
    let asked = api.asked(&Method::PATCH, "/v1/admin/booking-policies").pop().unwrap();
    assert_eq!((asked.header("if-match"), asked.header("idempotency-key")), ("\"4\"", &*key));
    let said = json!({ "reschedule": {
        "allowed": false, "notice_hours": 12, "fee_cents": 750, "max_reschedules": 2,
        "reevaluate_deposit": false,
    }});
    assert_eq!(asked.body, said);
    let wrong = [&own[..], &moving[..1], &[("reschedule.fee_cents", "much")]].concat();
    let page = api.browser.post("/prices/terms/reschedule", &wrong).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for text in [
        r#"name="reschedule.notice_hours" value="12""#,
        r#"id="reschedule.fee_cents-error">Write an amount"#,
        r#"id="reschedule.max_reschedules-error">Write a number"#,
        "<strong>How often</strong>",
        r#"name="deposit.percent" value="25""#,
    ] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    let old = [&[("csrf", &*csrf), ("key", &key), ("version", "3")][..], &moving].concat();
    let page = api.browser.post("/prices/terms/reschedule", &old).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.shows(r#"name="reschedule.fee_cents" value="7.5""#), "{}", page.html);
    let lost = api.browser.post("/prices/terms/manners", &own).await;
    assert_eq!(lost.status, StatusCode::NOT_FOUND);
    let viewer = FakeApi::signed_in("viewer").await.browser.get("/prices/terms").await;
    assert!(viewer.shows("disabled") && !viewer.shows("<button>Save"), "{}", viewer.html);
}
