//! Taking a visit down.

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Asked, FakeApi, LEAD, QUOTE, problem};

const CREATE: &str = "/v1/admin/schedule/quick-create";

/// What the API does about a new visit; nobody can come on Tuesday.
pub(super) fn created(asked: &Asked) -> Option<Response> {
    if asked.path != CREATE {
        return None;
    }
    if asked.body["starts_at"] == "2030-03-05T07:00" {
        let mut refusal = json!({
            "title": "Conflict", "status": 409, "detail": "conflict_with_existing_booking",
            "code": "booking.conflict", "request_id": "r-9", "errors": [],
        });
        refusal["conflicts"] = json!([
            {
                "kind": "booking", "reference": QUOTE, "starts_at": "2030-03-05T14:30:00Z",
                "ends_at": "2030-03-05T16:00:00Z", "note": "team 0197",
            },
            {
                "kind": "outside_hours", "reference": "x", "starts_at": "2030-03-05T14:00:00Z",
                "ends_at": "2030-03-05T16:00:00Z",
            },
        ]);
        return Some((StatusCode::CONFLICT, axum::Json(refusal)).into_response());
    }
    if asked.body["client"]["email"] == "nobody" {
        let errors = json!([{ "field": "email", "message": "Not an address" }]);
        return Some(problem(422, "validation_failed", "Request validation failed", &errors));
    }
    let made = json!({ "booking_id": LEAD });
    Some((StatusCode::CREATED, axum::Json(made)).into_response())
}

pub(super) fn catalogue() -> Value {
    json!({
        "service_types": [{
            "service_type_id": LEAD, "name": "Big <clean>", "default_duration_minutes": 180, "pricing_model": "flat",
            "base_price_cents": 15_000, "hourly_rate_cents": 0,
        }],
        "addons": [{ "addon_id": QUOTE, "name": "Oven", "price_cents": 3_000, "default_minutes": 30 }],
    })
}

type Typed<'a> = Vec<(&'a str, &'a str)>;

/// The hidden fields of the form as it is opened for a client.
async fn opened(api: &mut FakeApi) -> (String, String) {
    let page = api.browser.get(&format!("/bookings/new?client_id={LEAD}&date=2030-03-04")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.html);
    (page.field("csrf").to_owned(), page.field("key").to_owned())
}

#[tokio::test]
async fn a_client_is_found_and_their_addresses_are_offered() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/bookings/new").await;
    assert!(page.shows("A new client") && page.shows(r#"value="2030-03-04""#), "{}", page.html);
    let csrf = page.field("csrf").to_owned();
    let form = [("csrf", &*csrf), ("q", "sam"), ("price_cents", "12"), ("step", "find")];
    let page = api.browser.post("/bookings/new", &form).await;
    assert!(page.shows("&#60;b&#62;Sam&#60;/b&#62;, sam@example.org"), "{}", page.html);
    assert!(page.shows(r#"value="12""#), "what was typed is kept");
    let form = [("csrf", &*csrf), ("client_id", LEAD), ("step", "look")];
    let page = api.browser.post("/bookings/new", &form).await;
    assert!(page.shows("Primary: 1 &#60;Elm&#62;") && page.shows("Somebody else"), "{}", page.html);
    assert!(page.shows("Left empty, no deposit is asked for."), "{}", page.html);
    let form = [("csrf", &*csrf), ("client_id", LEAD), ("price_cents", "12"), ("step", "find")];
    let page = api.browser.post("/bookings/new", &form).await;
    assert!(page.shows("A new client") && page.shows(r#"value="12""#), "{}", page.html);
    assert!(api.asked(&Method::POST, CREATE).is_empty());
}

#[tokio::test]
async fn free_times_are_those_of_the_team_in_the_organisation_of_the_login() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get(&format!("/bookings/new?client_id={LEAD}&date=2030-03-04")).await;
    let slots = format!(
        "/v1/client/slots?from=2030-03-04&to=2030-03-05&duration_minutes=120&team_id={QUOTE}"
    );
    assert_eq!(api.asked(&Method::GET, &slots)[0].header("x-org"), "maple-id");
    assert!(page.shows(r#"value="2030-03-04T16:00:00.000000Z"> 09:00"#), "{}", page.html);
    assert!(page.shows("Big &#60;clean&#62;: $150.00, 180 minutes") && page.shows("Oven, $30.00"));
    // Of the other team nobody can be sent.
    assert!(page.shows("&#60;b&#62;Dana&#60;/b&#62;") && !page.shows("Of another team"));
}

#[tokio::test]
async fn a_visit_is_taken_down_with_its_key_and_in_cents() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api).await;
    let addon = format!("addon-{QUOTE}");
    let form: Typed<'_> = vec![
        ("csrf", &csrf),
        ("key", &key),
        ("step", "book"),
        ("client_id", LEAD),
        ("team_id", QUOTE),
        ("starts_at", "2030-03-04T16:00:00.000000Z"),
        ("price_cents", "1,250.50"),
        ("duration_minutes", "90"),
        (&addon, "on"),
        ("force_reason", ""),
    ];
    let page = api.browser.post("/bookings/new", &form).await;
    assert_eq!(page.header("location"), format!("/bookings/{LEAD}?saved=1"), "{}", page.html);
    let asked = &api.asked(&Method::POST, CREATE)[0];
    assert_eq!(asked.header("idempotency-key"), key);
    let said = json!({
        "client_id": LEAD, "team_id": QUOTE, "starts_at": "2030-03-04T16:00:00.000000Z",
        "price_cents": 125_050, "duration_minutes": 90, "addon_ids": [QUOTE],
    });
    assert_eq!(asked.body, said);
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_in_words_and_the_form_is_kept() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api).await;
    let form: Typed<'_> = vec![
        ("csrf", &csrf),
        ("key", &key),
        ("step", "book"),
        ("client_id", LEAD),
        ("other_time", "2030-03-05T07:00"),
        ("price_cents", "120"),
        ("address_text", "the <shed>"),
    ];
    let page = api.browser.post("/bookings/new", &form).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    let said = "The team is at another visit, 2030-03-05 07:30 MST to 2030-03-05 09:00 MST";
    for text in [
        said,
        &format!("/bookings/{QUOTE}"),
        "The team does not work at that time",
        r#"value="2030-03-05T07:00""#,
        r#"value="120""#,
        "the &#60;shed&#62;",
    ] {
        assert!(page.shows(text), "{text}: {}", page.html);
    }
    assert!(!page.shows("conflict_with_existing_booking"), "{}", page.html);
    assert_ne!(page.field("key"), key, "another try is another request");
}

#[tokio::test]
async fn what_is_wrong_is_told_beside_its_field_and_never_in_cents() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, key) = opened(&mut api).await;
    let form: Typed<'_> = vec![
        ("csrf", &csrf),
        ("key", &key),
        ("step", "book"),
        ("client_id", LEAD),
        ("price_cents", "a lot"),
    ];
    let page = api.browser.post("/bookings/new", &form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.shows(r#"id="price_cents-error">Write an amount such as"#), "{}", page.html);
    assert!(
        page.shows(r#"aria-describedby="starts_at-error"><legend>Free times"#),
        "{}",
        page.html
    );
    assert!(page.shows("aria-invalid=true aria-describedby=starts_at-error>"), "{}", page.html);
    assert!(page.shows("Choose one of the free times") && page.shows("<strong>Price</strong>"));
    assert!(api.asked(&Method::POST, CREATE).is_empty(), "the API is not asked");
    let stranger: Typed<'_> = vec![
        ("csrf", &csrf),
        ("key", &key),
        ("step", "book"),
        ("name", "Sam"),
        ("email", "nobody"),
        ("other_time", "2030-03-06T07:00"),
    ];
    let page = api.browser.post("/bookings/new", &stranger).await;
    assert!(page.shows(r#"id="email-error">Not an address"#), "{}", page.html);
}

#[tokio::test]
async fn rooms_and_extras_make_a_time_and_a_price() {
    let mut api = FakeApi::signed_in("owner").await;
    let (csrf, _) = opened(&mut api).await;
    let addon = format!("addon-{QUOTE}");
    let form: Typed<'_> = vec![
        ("csrf", &csrf),
        ("step", "price"),
        ("client_id", LEAD),
        ("beds", "2"),
        ("baths", "1.5"),
        (&addon, "on"),
    ];
    let page = api.browser.post("/bookings/new", &form).await;
    // 105 for the work and 30 for the oven; three hours, and half of one.
    assert!(page.shows(r#"name="price_cents" value="135.00""#), "{}", page.html);
    assert!(page.shows(r#"name="duration_minutes" value="210""#), "{}", page.html);
    let asked = &api.asked(&Method::POST, "/v1/estimate")[0];
    assert_eq!(asked.body, json!({ "beds": 2, "baths": 1.5 }));
    assert_eq!(asked.header("x-org"), "maple-id");
}

#[tokio::test]
async fn the_way_in_stands_where_visits_are_and_only_for_those_who_may() {
    let mut owner = FakeApi::signed_in("owner").await;
    let mut viewer = FakeApi::signed_in("viewer").await;
    let client = format!("/clients/{LEAD}");
    for address in ["/bookings", "/board", &client] {
        assert!(owner.browser.get(address).await.shows("/bookings/new"), "{address}");
        assert!(!viewer.browser.get(address).await.shows("/bookings/new"), "{address}");
    }
    for address in ["/bookings/new", "/workers/new", "/invoices/new"] {
        let page = viewer.browser.get(address).await;
        assert_eq!(page.status, StatusCode::FORBIDDEN, "{address}");
        assert!(page.shows("Your role does not allow this"), "{}", page.html);
    }
    let page = owner.browser.get(&client).await;
    assert!(page.shows(&format!("/bookings/new?client_id={LEAD}")), "{}", page.html);
}

#[tokio::test]
async fn the_list_begins_today_and_leads_back() {
    let mut api = FakeApi::signed_in("owner").await;
    let page = api.browser.get("/bookings").await;
    assert_eq!(api.asked(&Method::GET, "/v1/admin/schedule?from=2030-03-04").len(), 1);
    let week = "/bookings?from=2030-02-25&#38;to=2030-03-03&#38;sort=-starts_at";
    assert!(page.shows(week), "{}", page.html);
    // Whoever asks for something else is not held to today.
    api.browser.get("/bookings?q=sam").await;
    assert_eq!(api.asked(&Method::GET, "/v1/admin/schedule?q=sam").len(), 1);
    api.browser.get("/bookings?from=&to=").await;
    assert_eq!(api.asked(&Method::GET, "/v1/admin/schedule").len(), 1);
}
