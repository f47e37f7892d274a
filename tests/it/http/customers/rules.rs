//! What follows by itself: blocks pause subscriptions, confirmed visits win their leads.

use serde_json::{Value, json};

use super::client;
use crate::harness::{App, Client};
use crate::http::scheduling::{at_ten, booked, lead, route as of_booking, team, text, visit};

fn weekly(app: &App, client: &str) -> Value {
    json!({
        "client_id": client, "frequency": "WEEKLY", "start_date": at_ten(app, 20).date_naive(),
        "structured_inputs": { "beds": 2, "baths": 1 },
    })
}

async fn status(owner: &Client, subscription: &str) -> Value {
    let route = format!("/v1/admin/subscriptions/{subscription}");
    owner.get(&route).await.ok().body["status"].clone()
}

#[tokio::test]
async fn a_block_pauses_subscriptions_and_keeps_everybody_from_booking_but_staff_with_a_reason() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, route) = client(&owner, "Sam").await;
    let (_, double) = client(&owner, "Samuel").await;
    let double_id = double.rsplit('/').next().unwrap().to_owned();
    let mut all = Vec::new();
    for client in [&sam, &double_id] {
        let made = owner.post("/v1/admin/subscriptions", &weekly(&app, client)).await;
        all.push(text(made.ok(), "subscription_id"));
    }
    owner.post(&format!("{double}/merge"), &json!({ "into_client_id": sam })).await.ok();
    app.settle().await;
    owner.post(&format!("{route}/block"), &json!({ "reason": "never pays" })).await.ok();
    app.settle().await;
    for subscription in &all {
        assert_eq!(status(&owner, subscription).await, "PAUSED");
        let resume = json!({ "status": "ACTIVE" });
        let refused =
            owner.patch(&format!("/v1/admin/subscriptions/{subscription}"), &resume).await;
        refused.is(403, "booking.client_blocked");
    }
    let begun = owner.post("/v1/admin/subscriptions", &weekly(&app, &sam)).await;
    begun.is(403, "booking.client_blocked");
    let wanted = visit(&north, &double_id, at_ten(&app, 9), &json!({}));
    booked(&owner, &wanted).await.is(403, "booking.client_blocked");
    let why = visit(&north, &sam, at_ten(&app, 9), &json!({ "override_reason": "paid in cash" }));
    booked(&owner, &why).await.ok();
    owner.post(&format!("{route}/unblock"), &json!({})).await.ok();
    app.settle().await;
    assert_eq!(status(&owner, &all[0]).await, "PAUSED", "staff say when somebody comes again");
    let on = json!({ "status": "ACTIVE" });
    owner.patch(&format!("/v1/admin/subscriptions/{}", all[0]), &on).await.ok();
}

#[tokio::test]
async fn a_lead_is_won_once_when_its_visit_is_confirmed() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let lead = lead(&app, "Ana", 4101).await;
    let route = format!("/v1/admin/leads/{lead}");
    // Whoever asked for an offer is whom the visit is for.
    let mut bookings = Vec::new();
    for day in [9, 10] {
        let wanted = json!({
            "team_id": north, "lead_id": lead, "starts_at": at_ten(&app, day), "duration_minutes": 120,
        });
        let made = booked(&owner, &wanted).await;
        assert!(made.ok().body["client_id"].is_string(), "{}", made.text);
        bookings.push(made.body.clone());
    }
    assert_eq!(bookings[0]["client_id"], bookings[1]["client_id"]);
    for booking in &bookings {
        let id = booking["booking_id"].as_str().unwrap();
        owner.post(&of_booking(id, "confirm"), &json!({})).await.ok();
        app.settle().await;
    }
    let shown = owner.get(&route).await;
    assert_eq!(shown.ok().body["status"], "WON");
    let history = owner.get(&format!("/v1/admin/history/lead/{lead}")).await;
    let all = history.ok().body["items"].as_array().unwrap();
    let won: Vec<&Value> = all.iter().filter(|one| one["event_type"] == "won").collect();
    assert_eq!(won.len(), 1);
    assert_eq!(won[0]["payload"]["cause"], "booking_confirmed");
    assert!(won[0]["causation_id"].is_string(), "{}", won[0]);
}

#[tokio::test]
async fn who_was_lost_stays_lost_and_a_visit_without_a_lead_wins_none() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let lead = lead(&app, "Ana", 4102).await;
    let route = format!("/v1/admin/leads/{lead}");
    let lost = json!({ "status": "LOST", "loss_reason": "too far" });
    owner.post(&format!("{route}/status"), &lost).await.ok();
    let (sam, _) = client(&owner, "Sam").await;
    for (day, more) in [(9, json!({ "lead_id": lead })), (10, json!({}))] {
        let made = booked(&owner, &visit(&north, &sam, at_ten(&app, day), &more)).await;
        let id = text(made.ok(), "booking_id");
        owner.post(&of_booking(&id, "confirm"), &json!({})).await.ok();
    }
    app.settle().await;
    assert_eq!(owner.get(&route).await.ok().body["status"], "LOST");
}

#[tokio::test]
async fn nobody_begins_in_the_past_or_in_another_life() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (sam, _) = client(&owner, "Sam").await;
    for (date, code) in
        [("2000-01-03", "subscription.date_in_past"), ("9026-01-05", "subscription.date_too_far")]
    {
        let mut body = weekly(&app, &sam);
        body["start_date"] = date.into();
        owner.post("/v1/admin/subscriptions", &body).await.is(422, code);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn run_by_many_at_once_each_day_is_counted_once() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    for number in 0..4 {
        let (id, _) = client(&owner, &format!("Sam{number}")).await;
        let mut body = weekly(&app, &id);
        body["start_date"] = json!(at_ten(&app, 2 + number).date_naive());
        owner.post("/v1/admin/subscriptions", &body).await.ok();
    }
    // Only the read models: the timers would book by themselves.
    let staff: Vec<_> = (0..6).map(|_| app.staff("owner")).collect();
    let nothing = json!({});
    let all = staff.iter().map(|one| one.post("/v1/admin/subscriptions/run", &nothing));
    let position = app.position(0).await.to_string();
    let fresh = owner.with("x-min-position", &position);
    for list in ["/v1/admin/subscriptions", "/v1/admin/teams", "/v1/admin/bookings"] {
        app.following(fresh.get(list)).await.ok();
    }
    let answers = futures::future::join_all(all).await;
    let sum = |field: &str| -> i64 {
        answers.iter().map(|one| one.ok().body[field].as_i64().unwrap()).sum()
    };
    assert_eq!((sum("created_orders"), sum("processed")), (4, 4));
}
