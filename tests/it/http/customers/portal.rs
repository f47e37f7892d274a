//! What clients do at their portal: ask for times and visits, repeat and review them, let them come again and again.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};

use super::each;
use crate::harness::App;
use crate::http::id_in;
use crate::http::portal::client_in;
use crate::http::scheduling::{at_ten, booked, lead, team, text, visit};

const BOOK: &str = "/v1/client/bookings";
const SUBSCRIPTIONS: &str = "/client/subscriptions";

#[tokio::test]
async fn a_client_chooses_a_time_and_nobody_else_gets_it() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, at_portal) = client_in(&app, 0, "sam@example.org").await;
    let (_, other) = client_in(&app, 0, "eve@example.org").await;
    let home = json!({ "address_text": "12 Elm" });
    let home = owner.post(&format!("{sam}/addresses"), &home).await;
    app.settle().await;
    let ten = at_ten(&app, 7);
    let day = (ten - TimeDelta::hours(7)).date_naive();
    let next = day.succ_opt().unwrap();
    let slots = app.anyone().get(&format!("/v1/client/slots?from={day}&to={next}")).await;
    let all = slots.ok().body["slots"].as_array().unwrap();
    assert_eq!((&slots.body["duration_minutes"], all.len()), (&json!(120), 15));
    assert!(all.contains(&json!(ten)), "{}", slots.text);
    for bad in
        [format!("from={day}&to={day}"), format!("from={next}&to={day}"), "from=x&to=y".to_owned()]
    {
        app.anyone().get(&format!("/v1/client/slots?{bad}")).await.is(422, "validation_failed");
    }
    let half = format!(
        "from={}&to={next}&duration_minutes=60&team_id={north}",
        ten.to_rfc3339().replace('+', "%2B")
    );
    let later = app.anyone().get(&format!("/v1/client/slots?{half}")).await;
    assert_eq!(later.ok().body["slots"][0], json!(ten));

    let wanted = json!({ "starts_at": ten, "service_type": "standard" });
    let made = at_portal.post(BOOK, &wanted).await;
    assert_eq!(
        (made.ok().status, &made.body["status"], &made.body["duration_minutes"]),
        (201, &json!("PENDING"), &json!(120))
    );
    let id = text(&made, "booking_id");
    let clash = other.post(BOOK, &json!({ "starts_at": ten + TimeDelta::minutes(30) })).await;
    assert_eq!(clash.is(409, "slot_taken").body["conflicts"][0]["reference"], "");
    let slots = app.anyone().get(&format!("/v1/client/slots?from={day}&to={next}")).await;
    assert!(!slots.ok().body["slots"].as_array().unwrap().contains(&json!(ten)));
    app.settle().await;
    let order = at_portal.get(&format!("/client/orders/{id}")).await;
    assert_eq!(
        (&order.ok().body["address_text"], &order.body["order_id"]),
        (&json!("12 Elm"), &json!(id))
    );
    other.get(&format!("/client/orders/{id}")).await.is(404, "booking.not_found");
    let staff = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    assert_eq!(
        (&staff.ok().body["origin"], &staff.body["client_id"]),
        (&json!("client"), &json!(id_in(&sam)))
    );
    assert_eq!(staff.body["address_id"], home.body["address_id"]);
    for door in [app.anyone(), owner] {
        door.post(BOOK, &wanted).await.is(401, "unauthenticated");
        door.get("/client/orders").await.is(401, "unauthenticated");
    }
    let past = json!({ "starts_at": app.now() - TimeDelta::hours(1) });
    at_portal.post(BOOK, &past).await.is(422, "booking.start_in_past");
}

#[tokio::test]
async fn only_a_request_of_ones_own_says_what_a_visit_costs() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    app.settle().await;
    let theirs = lead(&app, "Ana", 4201).await;
    let (_, ana) = client_in(&app, 0, "visitor4201@example.net").await;
    let (_, eve) = client_in(&app, 0, "eve@example.org").await;
    let wanted = json!({ "starts_at": at_ten(&app, 7), "lead_id": theirs });
    eve.post(BOOK, &wanted).await.is(404, "lead.not_found");
    let keyed = ana.with("idempotency-key", "k-1");
    let (made, again) = (keyed.post(BOOK, &wanted).await, keyed.post(BOOK, &wanted).await);
    assert_eq!(made.ok().body, again.ok().body, "asked for once");
    assert!(made.body["policy_snapshot"]["total_amount_cents"].as_i64().unwrap() > 0);
    let priced = json!({ "starts_at": at_ten(&app, 8), "total_cents": 1 });
    assert_eq!(
        eve.post(BOOK, &priced).await.is(422, "validation_failed").fields(),
        ["total_cents"]
    );
}

#[tokio::test]
async fn a_visit_is_repeated_a_week_later_under_the_terms_of_today() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, at_portal) = client_in(&app, 0, "sam@example.org").await;
    let (_, other) = client_in(&app, 0, "eve@example.org").await;
    let more = json!({ "price_cents": 12_000, "service_type": "deep", "address_text": "12 Elm" });
    let first = booked(&owner, &visit(&north, id_in(&sam), at_ten(&app, 5), &more)).await;
    let repeat = format!("/client/orders/{}/repeat", text(first.ok(), "booking_id"));
    app.settle().await;
    other.post(&repeat, &json!({})).await.is(404, "booking.not_found");
    let strict = json!({ "deposit": { "minimum_cents": 7_000 } });
    owner.patch("/v1/admin/booking-policies", &strict).await.ok();
    let made = at_portal.post(&repeat, &json!({})).await;
    assert_eq!((made.ok().status, &made.body["starts_at"]), (201, &json!(at_ten(&app, 12))));
    assert_eq!(
        (&made.body["status"], &made.body["service_type"]),
        (&json!("PENDING"), &json!("deep"))
    );
    let snapshot = &made.body["policy_snapshot"];
    assert_eq!(snapshot["total_amount_cents"], 12_000);
    assert_ne!(snapshot["price_book"], first.body["policy_snapshot"]["price_book"]);
    at_portal.post(&repeat, &json!({})).await.is(409, "slot_taken");
    app.settle().await;
    let again = at_portal.get(&format!("/client/orders/{}", text(&made, "booking_id"))).await;
    assert_eq!(again.ok().body["address_text"], "12 Elm");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_reviewed_once_however_often_at_once() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, at_portal) = client_in(&app, 0, "sam@example.org").await;
    let (_, other) = client_in(&app, 0, "eve@example.org").await;
    let made = booked(&owner, &visit(&north, id_in(&sam), at_ten(&app, 5), &json!({}))).await;
    let review = format!("/client/orders/{}/review", text(made.ok(), "booking_id"));
    app.settle().await;
    let said = json!({ "rating": 2, "comment": "dusty" });
    at_portal.post(&review, &said).await.is(409, "booking.illegal_state");
    let visit = format!("/v1/admin/bookings/{}", text(&made, "booking_id"));
    owner.post(&format!("{visit}/confirm"), &json!({})).await.ok();
    let took = json!({ "actual_duration_minutes": 60 });
    owner.post(&format!("{visit}/complete"), &took).await.ok();
    other.post(&review, &said).await.is(404, "booking.not_found");
    app.anyone().post(&review, &said).await.is(401, "unauthenticated");
    let odd = at_portal.post(&review, &json!({ "rating": 9 })).await;
    assert_eq!(odd.is(422, "client.invalid").fields(), ["rating"]);
    let (one, two) = tokio::join!(at_portal.post(&review, &said), at_portal.post(&review, &said));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", one.text, two.text);
    at_portal.post(&review, &said).await.is(409, "client.feedback_exists");
    app.settle().await;
    let list = owner.get(&format!("{sam}/feedback")).await;
    assert_eq!(each(&list, "comment"), [&json!("dusty")]);
    assert_eq!(list.body[0]["source"], "client");
}

#[tokio::test]
async fn a_client_subscribes_pauses_and_ends_at_the_price_of_the_catalogue() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (sam, at_portal) = client_in(&app, 0, "sam@example.org").await;
    let (_, other) = client_in(&app, 0, "eve@example.org").await;
    let service =
        json!({ "name": "Big clean", "base_price_cents": 15_000, "default_duration_minutes": 120 });
    let service = owner.post("/v1/admin/service-types", &service).await;
    app.settle().await;
    let start = at_ten(&app, 20).date_naive();
    let wanted =
        json!({ "frequency": "WEEKLY", "start_date": start, "base_service_type": " big CLEAN " });
    let made = at_portal.post(SUBSCRIPTIONS, &wanted).await;
    assert_eq!((made.ok().status, &made.body["base_service_type"]), (201, &json!("Big clean")));
    let by_id = json!({ "frequency": "WEEKLY", "start_date": start, "service_type_id": service.ok().body["service_type_id"] });
    let by_id = at_portal.post(SUBSCRIPTIONS, &by_id).await;
    assert_eq!(by_id.ok().body["base_price"], made.body["base_price"]);
    assert!(made.body["base_price"].as_i64().unwrap() > 0);
    for bad in ["price_book", "client_id", "status_reason"] {
        assert_eq!(made.body.get(bad), None);
    }
    let mut cheap = wanted.clone();
    cheap["base_price"] = json!(1);
    assert_eq!(
        at_portal.post(SUBSCRIPTIONS, &cheap).await.is(422, "validation_failed").fields(),
        ["base_price"]
    );
    let mut odd = wanted.clone();
    odd["base_service_type"] = "Nothing".into();
    assert_eq!(at_portal.post(SUBSCRIPTIONS, &odd).await.status, 404);
    app.anyone().post(SUBSCRIPTIONS, &wanted).await.is(401, "unauthenticated");

    let own = format!("{SUBSCRIPTIONS}/{}", text(&made, "subscription_id"));
    let to = |status: &str| json!({ "status": status });
    other.patch(&own, &to("CANCELED")).await.is(404, "subscription.not_found");
    assert_eq!(at_portal.patch(&own, &to("PAUSED")).await.ok().body["status"], "PAUSED");
    assert_eq!(at_portal.patch(&own, &to("ACTIVE")).await.ok().body["status"], "ACTIVE");
    assert_eq!(at_portal.patch(&own, &to("TRIAL")).await.status, 422);
    assert_eq!(at_portal.patch(&own, &to("CANCELED")).await.ok().body["next_run"], Value::Null);
    at_portal.patch(&own, &to("ACTIVE")).await.is(409, "subscription.illegal_transition");
    app.settle().await;
    assert_eq!(at_portal.get(SUBSCRIPTIONS).await.ok().body.as_array().unwrap().len(), 2);
    assert_eq!(other.get(SUBSCRIPTIONS).await.ok().body, json!([]));
    let listed = owner.get(&format!("/v1/admin/subscriptions?client_id={}", id_in(&sam))).await;
    assert_eq!(each(&listed, "client_name"), [&json!("Sam Quill"); 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_clients_who_want_one_time_one_gets_it() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    app.settle().await;
    let mut clients = Vec::new();
    for number in 0..8 {
        clients.push(client_in(&app, 0, &format!("c{number}@example.org")).await.1);
    }
    let wanted = json!({ "starts_at": at_ten(&app, 7) });
    let answers = join_all(clients.iter().map(|one| one.post(BOOK, &wanted))).await;
    assert_eq!(answers.iter().filter(|one| one.status == 201).count(), 1);
    for lost in answers.iter().filter(|one| one.status != 201) {
        lost.is(409, "slot_taken");
    }
}
