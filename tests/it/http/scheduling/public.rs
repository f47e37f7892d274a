//! What anybody may do: choose a time, and find it taken.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{at_ten, lead, team, text};
use crate::harness::App;

fn choice(lead: &str, starts_at: &Value) -> Value {
    json!({ "starts_at": starts_at, "time_on_site_hours": 2, "lead_id": lead })
}

#[tokio::test]
async fn a_visitor_chooses_a_time_and_becomes_a_client() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    app.settle().await;
    let lead_id = lead(&app, "Quilla Zembrowski", 1001).await;
    let ten = at_ten(&app, 7);
    let local = ten.with_timezone(&domain::settings::zone::DEFAULT).format("%Y-%m-%dT%H:%M:%S");
    let anyone = app.anyone().with("idempotency-key", "once");
    let body = choice(&lead_id, &json!(local.to_string()));
    let made = anyone.post("/v1/bookings", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!((&made.body["status"], &made.body["starts_at"]), (&json!("PENDING"), &json!(ten)));
    assert_eq!(made.body["policy_snapshot"]["first_time_client"], true);
    assert_eq!(made.body["policy_snapshot"]["deposit"]["downgraded_reason"], "stripe_unavailable");
    assert!(made.body["checkout_url"].is_null());
    // The same request again is the same visit.
    let again = anyone.post("/v1/bookings", &body).await;
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.body, made.body);
    let other = choice(&lead_id, &json!(ten + TimeDelta::days(1)));
    anyone.post("/v1/bookings", &other).await.is(409, "idempotency_key_reused");

    app.settle().await;
    let booking = text(&made, "booking_id");
    let shown = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
    let shown = &shown.ok().body;
    assert_eq!((&shown["lead_id"], &shown["origin"]), (&json!(lead_id), &json!("public")));
    assert_eq!(shown["price_book"], "economy/v1");
    assert_eq!(shown["address_text"], "77 Xylophone Crescent");
    let clients = owner.get("/v1/admin/clients?q=quilla").await;
    let client = &clients.ok().body["items"][0];
    assert_eq!(shown["client_id"], client["client_id"]);
    // Their next visit is theirs too.
    let next = app.anyone().post("/v1/bookings", &other).await;
    assert_eq!(next.status, 201, "{}", next.text);
    app.settle().await;
    let theirs = client["client_id"].as_str().unwrap();
    let list = owner.get(&format!("/v1/admin/bookings?client_id={theirs}")).await;
    assert_eq!(list.ok().body.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_taken_past_closed_or_blocked_is_refused() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    app.settle().await;
    let (first, second) = (lead(&app, "Ana", 1001).await, lead(&app, "Ben", 1002).await);
    let ten = at_ten(&app, 7);
    let anyone = app.anyone();
    let made = anyone.post("/v1/bookings", &choice(&first, &json!(ten))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    // Half an hour is kept free before and after.
    for minutes in [-149, -60, 0, 60, 149] {
        let near = ten + TimeDelta::minutes(minutes);
        let taken = anyone.post("/v1/bookings", &choice(&second, &json!(near))).await;
        let conflicts = taken.is(409, "slot_taken").body["conflicts"].as_array().unwrap();
        let visit = conflicts.iter().any(|one| one["kind"] == "booking");
        assert!(visit, "{minutes}: {}", taken.text);
        assert!(!taken.text.contains(&text(&made, "booking_id")));
    }
    let after = choice(&second, &json!(ten + TimeDelta::minutes(150)));
    assert_eq!(anyone.post("/v1/bookings", &after).await.status, 201);
    let night = choice(&second, &json!(ten + TimeDelta::hours(12)));
    let closed = anyone.post("/v1/bookings", &night).await;
    assert_eq!(closed.is(409, "slot_taken").body["conflicts"][0]["kind"], "outside_hours");
    let past = choice(&second, &json!(app.now() - TimeDelta::hours(1)));
    anyone.post("/v1/bookings", &past).await.is(422, "booking.start_in_past");
    let nobody = choice("0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", &json!(ten));
    anyone.post("/v1/bookings", &nobody).await.is(404, "lead.not_found");
    for (field, value) in [("starts_at", json!("soon")), ("time_on_site_hours", json!(0))] {
        let mut body = choice(&second, &json!(ten));
        body[field] = value;
        let refused = anyone.post("/v1/bookings", &body).await;
        assert_eq!(refused.is(422, "validation_failed").fields(), [field]);
    }
    app.settle().await;
    let clients = owner.get("/v1/admin/clients?q=ben").await;
    let ben = clients.ok().body["items"][0]["client_id"].as_str().unwrap().to_owned();
    let block = json!({ "reason": "never at home" });
    owner.post(&format!("/v1/admin/clients/{ben}/block"), &block).await.ok();
    let blocked = choice(&second, &json!(at_ten(&app, 9)));
    anyone.post("/v1/bookings", &blocked).await.is(403, "booking.client_blocked");
}

#[tokio::test]
async fn another_team_comes_if_the_first_cannot() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    app.settle().await;
    let ten = at_ten(&app, 7);
    let mut teams = Vec::new();
    for number in 0..3 {
        let lead = lead(&app, "Ana", 1001 + number).await;
        let made = app.anyone().post("/v1/bookings", &choice(&lead, &json!(ten))).await;
        if number == 2 {
            made.is(409, "slot_taken");
            continue;
        }
        app.settle().await;
        let shown =
            owner.get(&format!("/v1/admin/bookings/{}", text(made.ok(), "booking_id"))).await;
        teams.push(text(shown.ok(), "team_id"));
    }
    assert_eq!(teams, [north, south]);
}
