//! Visitors show that they are persons before anything is written, where the installation asks for it.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::scheduling::{at_ten, lead, team};
use crate::harness::App;
use crate::harness::turnstile::FakeTurnstile;

fn request(token: Option<&str>) -> Value {
    let mut body = json!({
        "name": "Sam Sample", "phone": "780-555-0142", "address": "12 Sample Street",
        "preferred_dates": ["Tuesday"], "structured_inputs": { "beds": 2, "baths": 1 },
        "estimate_snapshot": {},
    });
    if let Some(token) = token {
        body["captcha_token"] = token.into();
    }
    body
}

#[tokio::test]
async fn whoever_asks_for_an_offer_shows_once_that_they_are_a_person() {
    let turnstile = FakeTurnstile::start().await;
    let app = App::start_asking(&turnstile.base).await;
    let anyone = app.anyone();
    let ask = async |token| anyone.post("/v1/leads", &request(token)).await;
    let before = app.position(0).await;
    for token in [None, Some(""), Some("  ")] {
        let refused = ask(token).await;
        assert_eq!(refused.is(422, "captcha_required").fields(), ["captcha_token"]);
    }
    ask(Some("robot")).await.is(422, "captcha_failed");
    let robots = anyone.post("/api/leads", &request(None)).await;
    robots.is(422, "captcha_required");
    assert_eq!(app.position(0).await, before, "nothing was written");
    // What cannot be read is told before the answer is used up.
    let mut odd = request(Some("person-1"));
    odd["phone"] = "".into();
    assert_eq!(
        anyone.post("/v1/leads", &odd).await.is(422, "validation_failed").fields(),
        ["phone"]
    );
    let taken = ask(Some("person-1")).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    ask(Some("person-1")).await.is(422, "captcha_failed");
    let asked = turnstile.asked();
    let last = &asked[asked.len() - 1];
    assert_eq!((&*last["secret"], &*last["response"]), ("turnstile_test_1", "person-1"));
    assert_eq!(last["remoteip"], "127.0.0.1");
    assert!(!last.contains_key("idempotency_key"));
    // Neither the log nor the answer keep it.
    let shown = app.staff("owner").get("/v1/admin/events").await;
    assert!(!shown.ok().text.contains("person-1") && !taken.text.contains("person-1"));
}

#[tokio::test]
async fn a_repetition_gets_its_first_answer_and_asks_nobody() {
    let turnstile = FakeTurnstile::start().await;
    let app = App::start_asking(&turnstile.base).await;
    let keyed = app.anyone().with("idempotency-key", "a-key");
    let first = keyed.post("/v1/leads", &request(Some("person-1"))).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let asked = turnstile.asked().len();
    assert!(turnstile.asked()[0].contains_key("idempotency_key"));
    turnstile.is_down(true);
    // A page that is sent again may bring another answer of the widget, or none.
    for token in [Some("person-1"), Some("person-2"), None] {
        let again = keyed.post("/v1/leads", &request(token)).await;
        assert_eq!((again.status, &again.body), (201, &first.body), "{token:?}");
    }
    turnstile.is_down(false);
    assert_eq!(turnstile.asked().len(), asked);
    let mut other = request(Some("person-3"));
    other["name"] = "Kim Sample".into();
    keyed.post("/v1/leads", &other).await.is(409, "idempotency_key_reused");
    assert_eq!(app.position(0).await, first.position());
}

#[tokio::test]
async fn a_time_is_booked_by_persons_and_by_those_we_know() {
    let turnstile = FakeTurnstile::start().await;
    let app = App::start_asking(&turnstile.base).await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    let asking = anyone_asks(&app, "person-lead").await;
    app.settle().await;
    let ten = at_ten(&app, 7);
    let visit = |token: Option<&str>| {
        let mut body = json!({ "starts_at": ten, "time_on_site_hours": 2, "lead_id": asking });
        body["captcha_token"] = json!(token);
        body
    };
    let before = app.position(0).await;
    app.anyone().post("/v1/bookings", &visit(None)).await.is(422, "captcha_required");
    app.anyone().post("/v1/bookings", &visit(Some("robot"))).await.is(422, "captcha_failed");
    turnstile.is_down(true);
    let unheard = app.anyone().post("/v1/bookings", &visit(Some("person-1"))).await;
    unheard.is(503, "captcha_unavailable");
    assert!(unheard.header("retry-after").is_some());
    assert_eq!(app.position(0).await, before, "nothing was written");
    // A program of the organisation is no robot that comes by; one of another organisation is.
    let with = json!({ "name": "Website", "permissions": ["core.view"] });
    let made = owner.post("/v1/iam/api-tokens", &with).await;
    let token = made.ok().body["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let elsewhere = app.anyone().with("x-org", &app.orgs[1].slug);
    elsewhere
        .with("authorization", &bearer)
        .post("/v1/leads", &request(None))
        .await
        .is(422, "captcha_required");
    app.anyone()
        .with("authorization", "Bearer nonsense")
        .post("/v1/bookings", &visit(None))
        .await
        .is(422, "captcha_required");
    let known = app.anyone().with("authorization", &bearer);
    let booked = known.post("/v1/bookings", &visit(None)).await;
    assert_eq!(booked.status, 201, "{}", booked.text);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_left_alone_for_a_while() {
    let turnstile = FakeTurnstile::start().await;
    let app = App::start_asking(&turnstile.base).await;
    turnstile.is_down(true);
    for _ in 0..5 {
        let unheard = app.anyone().post("/v1/leads", &request(Some("person-1"))).await;
        unheard.is(503, "captcha_unavailable");
    }
    turnstile.is_down(false);
    let unheard = app.anyone().post("/v1/leads", &request(Some("person-1"))).await;
    unheard.is(503, "captcha_unavailable");
    assert_eq!(turnstile.asked(), [], "it is left alone");
    app.advance(TimeDelta::seconds(31));
    let taken = app.anyone().post("/v1/leads", &request(Some("person-1"))).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
}

#[tokio::test]
async fn where_nobody_asks_a_token_means_nothing() {
    let app = App::start().await;
    let taken = app.anyone().post("/v1/leads", &request(Some("robot"))).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    lead(&app, "Kim", 3001).await;
}

/// A request for an offer; its id.
async fn anyone_asks(app: &App, token: &str) -> String {
    let answer = app.anyone().post("/v1/leads", &request(Some(token))).await;
    answer.ok().body["lead_id"].as_str().unwrap().to_owned()
}
