//! Visits that come again and again.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{at_ten, booked, client, team, text, visit};
use crate::harness::client::Answer;
use crate::harness::{App, Client};

const SUBSCRIPTIONS: &str = "/v1/admin/subscriptions";

/// A day, on the clock of the organisation.
fn day(app: &App, days: i64) -> NaiveDate {
    at_ten(app, days).with_timezone(&domain::settings::zone::DEFAULT).date_naive()
}

fn weekly(client: &str, start: NaiveDate) -> Value {
    json!({
        "client_id": client, "frequency": "WEEKLY", "start_date": start, "structured_inputs": { "beds": 2, "baths": 1 },
    })
}

async fn begun(owner: &Client, body: &Value) -> String {
    let made = owner.post(SUBSCRIPTIONS, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    text(&made, "subscription_id")
}

async fn visits(owner: &Client, id: &str) -> Vec<Value> {
    let listed = owner.get(&format!("{SUBSCRIPTIONS}/{id}/visits")).await;
    listed.ok().body.as_array().unwrap().clone()
}

/// Books now what is due, everything that was just said included.
async fn run(app: &App, owner: &Client) -> Answer {
    let owner = owner.with("x-min-position", &app.position(0).await.to_string());
    app.following(owner.post(&format!("{SUBSCRIPTIONS}/run"), &json!({}))).await
}

async fn change(owner: &Client, id: &str, body: &Value) -> Answer {
    owner.patch(&format!("{SUBSCRIPTIONS}/{id}"), body).await
}

#[tokio::test]
async fn a_week_ahead_each_visit_becomes_a_booking_of_its_own_and_the_customer_is_told() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    app.settle().await;
    let first = day(&app, 10);
    let id = begun(&owner, &weekly(&sam, first)).await;
    app.settle().await;
    assert_eq!(visits(&owner, &id).await, Vec::<Value>::new());
    let shown = owner.get(&format!("{SUBSCRIPTIONS}/{id}")).await;
    // Three hours at the weekly discount, by the built-in book.
    assert_eq!(
        (&shown.ok().body["base_price"], &shown.body["price_book"]),
        (&json!(9_450), &json!("economy/v1"))
    );
    assert_eq!(shown.body["next_run"], json!(first));
    assert_eq!(shown.body["client_name"], "Sam");

    app.advance(TimeDelta::days(4));
    app.settle().await;
    let told = visits(&owner, &id).await;
    assert_eq!((told.len(), &told[0]["outcome"]), (1, &json!("booked")), "{told:?}");
    let booking = told[0]["booking_id"].as_str().unwrap();
    let booking = owner.get(&format!("/v1/admin/bookings/{booking}")).await;
    let booking = &booking.ok().body;
    assert_eq!(
        (&booking["origin"], &booking["status"]),
        (&json!("subscription"), &json!("PENDING"))
    );
    assert_eq!((&booking["subscription_id"], &booking["total_cents"]), (&json!(id), &json!(9_450)));
    let starts: DateTime<Utc> = booking["starts_at"].as_str().unwrap().parse().unwrap();
    let starts = starts.with_timezone(&domain::settings::zone::DEFAULT);
    assert_eq!(
        (starts.date_naive(), starts.format("%H:%M").to_string()),
        (first, "09:00".to_owned())
    );
    let effects = owner.get("/v1/admin/effects").await;
    let effects = effects.ok().body["items"].as_array().unwrap().clone();
    let planned = effects.iter().filter(|one| one["kind"] == "email.visit_planned").count();
    assert_eq!(planned, 1, "{effects:?}");
    // Booking what is booked books nothing.
    let run = run(&app, &owner).await;
    assert_eq!((&run.ok().body["processed"], &run.body["created_orders"]), (&json!(0), &json!(0)));
    // Far in the future it goes on by itself, a week at a time.
    app.advance(TimeDelta::days(14));
    app.settle().await;
    assert!(visits(&owner, &id).await.len() >= 2);
}

#[tokio::test]
async fn a_day_on_which_nobody_can_come_is_skipped_and_says_why_and_the_others_are_booked() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, kim) = (client(&owner, "Sam").await, client(&owner, "Kim").await);
    app.settle().await;
    let (taken, free) = (day(&app, 3), day(&app, 4));
    booked(&owner, &visit(&north, &kim, at_ten(&app, 3), &json!({}))).await.ok();
    let one = begun(&owner, &weekly(&sam, taken)).await;
    let other = begun(&owner, &weekly(&kim, free)).await;
    let run = run(&app, &owner).await;
    assert_eq!((&run.ok().body["processed"], &run.body["created_orders"]), (&json!(2), &json!(1)));
    let days = run.body["days"].as_array().unwrap();
    assert_eq!(
        (&days[0]["subscription_id"], &days[0]["reason"]),
        (&json!(one), &json!("slot_taken"))
    );
    assert_eq!(
        (&days[1]["subscription_id"], &days[1]["outcome"]),
        (&json!(other), &json!("booked"))
    );
    app.settle().await;
    let listed = owner.get(SUBSCRIPTIONS).await;
    let listed = listed.ok().body.as_array().unwrap().clone();
    let skipped = listed.iter().find(|line| line["subscription_id"] == json!(one)).unwrap();
    assert_eq!(skipped["last_visit"]["reason"], "slot_taken");
    assert_eq!(skipped["client_name"], "Sam");
    assert_eq!(skipped["next_run"], json!(taken + TimeDelta::days(7)));

    // The desk is told of it, today and on that day.
    for date in [day(&app, 0), taken] {
        let alerts = owner.get(&format!("/v1/admin/dispatcher/alerts?date={date}")).await;
        let alerts = alerts.ok().body["alerts"].as_array().unwrap().clone();
        let kinds: Vec<&Value> = alerts.iter().map(|alert| &alert["type"]).collect();
        assert_eq!(alerts.iter().filter(|alert| alert["subscription_id"] == json!(one)).count(), 1);
        assert!(kinds.contains(&&json!("VISIT_SKIPPED")), "{date}: {kinds:?}");
    }
    // Until somebody books them by hand.
    let afternoon = at_ten(&app, 3) + TimeDelta::hours(4);
    booked(&owner, &visit(&north, &sam, afternoon, &json!({}))).await.ok();
    app.settle().await;
    for date in [day(&app, 0), taken] {
        let alerts = owner.get(&format!("/v1/admin/dispatcher/alerts?date={date}")).await;
        let alerts = alerts.ok().body["alerts"].as_array().unwrap().clone();
        assert!(alerts.iter().all(|alert| alert["subscription_id"] != json!(one)), "{alerts:?}");
    }

    // Who is blocked is not visited, and days on which nobody looked are not made up for.
    let reason = json!({ "reason": "never pays" });
    owner.post(&format!("/v1/admin/clients/{sam}/block"), &reason).await.ok();
    app.advance(TimeDelta::days(5));
    app.settle().await;
    let listed = owner.get(SUBSCRIPTIONS).await.ok().body.clone();
    let rests =
        listed.as_array().unwrap().iter().find(|line| line["subscription_id"] == json!(one));
    assert_eq!(rests.unwrap()["status"], "PAUSED");
    assert_eq!(visits(&owner, &one).await[0]["reason"], "slot_taken");
    app.advance(TimeDelta::days(40));
    app.settle().await;
    let told = visits(&owner, &other).await;
    assert!(told.iter().any(|one| one["reason"] == "missed"), "{told:?}");
    let last: NaiveDate = told[0]["date"].as_str().unwrap().parse().unwrap();
    assert!(last >= day(&app, 0), "{told:?}");
}

#[tokio::test]
async fn a_subscription_rests_goes_on_comes_at_other_times_and_ends() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    app.settle().await;
    let id = begun(&owner, &weekly(&sam, day(&app, 20))).await;
    let paused = change(&owner, &id, &json!({ "status": "PAUSED", "status_reason": "Away" })).await;
    assert_eq!(
        (&paused.ok().body["status"], &paused.body["status_reason"]),
        (&json!("PAUSED"), &json!("Away"))
    );
    app.advance(TimeDelta::days(30));
    app.settle().await;
    assert_eq!(visits(&owner, &id).await, Vec::<Value>::new());
    let resumed = change(&owner, &id, &json!({ "status": "ACTIVE" })).await;
    let next: NaiveDate = resumed.ok().body["next_run"].as_str().unwrap().parse().unwrap();
    assert!(next >= day(&app, 0));
    let monthly = json!({ "frequency": "MONTHLY", "preferred_day_of_month": 15 });
    let changed = change(&owner, &id, &monthly).await;
    let next: NaiveDate = changed.ok().body["next_run"].as_str().unwrap().parse().unwrap();
    assert_eq!((next.day(), &changed.body["preferred_weekday"]), (15, &Value::Null));
    let moved = change(&owner, &id, &json!({ "next_run": next + TimeDelta::days(2) })).await;
    assert_eq!(moved.ok().body["next_run"], json!(next + TimeDelta::days(2)));
    let past = json!({ "next_run": day(&app, -3) });
    change(&owner, &id, &past).await.is(422, "subscription.date_in_past");
    for both in [
        json!({}),
        json!({ "status": "PAUSED", "next_run": next }),
        json!({ "status_reason": "x", "frequency": "WEEKLY" }),
    ] {
        assert_eq!(change(&owner, &id, &both).await.status, 422);
    }
    change(&owner, &id, &json!({ "status": "TRIAL" })).await.is(422, "validation_failed");
    change(&owner, &id, &json!({ "status": "CANCELED", "status_reason": "Sam moved" })).await.ok();
    change(&owner, &id, &json!({ "status": "ACTIVE" }))
        .await
        .is(409, "subscription.illegal_transition");
    app.settle().await;
    let listed = owner.get(&format!("{SUBSCRIPTIONS}?status=CANCELED&client_id={sam}")).await;
    assert_eq!(listed.ok().body[0]["next_run"], Value::Null);
    // Words go with whom they are about.
    let erase = format!("/v1/admin/subjects/{sam}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    let shown = owner.get(&format!("{SUBSCRIPTIONS}/{id}")).await;
    assert!(!shown.ok().text.contains("moved"), "{}", shown.text);
    assert_eq!(owner.get(&format!("{SUBSCRIPTIONS}?status=DONE")).await.status, 400);
    app.staff_of(1, "owner")
        .get(&format!("{SUBSCRIPTIONS}/{id}"))
        .await
        .is(404, "subscription.not_found");
}

#[tokio::test]
async fn what_a_visit_costs_comes_from_the_catalogue_or_an_accepted_offer_and_is_never_sent() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let service = json!({ "name": "Deep clean", "base_price_cents": 18_000, "default_duration_minutes": 180 });
    let service =
        text(owner.post("/v1/admin/service-types", &service).await.ok(), "service_type_id");
    let mut body = weekly(&sam, day(&app, 20));
    body.as_object_mut().unwrap().remove("structured_inputs");
    let missing = owner.post(SUBSCRIPTIONS, &body).await;
    assert_eq!(missing.is(422, "validation_failed").fields(), ["service_type_id"]);
    body["service_type_id"] = json!(service);
    let made = owner.post(SUBSCRIPTIONS, &body).await;
    assert_eq!(
        (&made.ok().body["base_price"], &made.body["base_service_type"]),
        (&json!(18_000), &json!("Deep clean"))
    );
    body["base_price"] = json!(1);
    assert_eq!(owner.post(SUBSCRIPTIONS, &body).await.fields(), ["base_price"]);

    let lead = super::lead(&app, "Kim", 3101).await;
    let quotes = format!("/v1/admin/leads/{lead}/quotes");
    let quote = owner.post(&quotes, &json!({ "amount": 11_000 })).await;
    let quote = text(quote.ok(), "quote_id");
    let mut body = weekly(&sam, day(&app, 20));
    body.as_object_mut().unwrap().remove("structured_inputs");
    body["offer"] = json!({ "lead_id": lead, "quote_id": quote });
    owner.post(SUBSCRIPTIONS, &body).await.is(409, "lead.quote_not_accepted");
    for verb in ["send", "accept"] {
        owner.post(&format!("{quotes}/{quote}/{verb}"), &json!({})).await.ok();
    }
    assert_eq!(owner.post(SUBSCRIPTIONS, &body).await.ok().body["base_price"], 11_000);
    app.staff("viewer").post(SUBSCRIPTIONS, &body).await.is(403, "forbidden");
}

#[tokio::test]
async fn subscriptions_are_listed_page_by_page() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let sam = client(&owner, "Sam").await;
    let mut ids = Vec::new();
    for number in 0..3 {
        ids.insert(0, begun(&owner, &weekly(&sam, day(&app, 20 + number))).await);
        app.advance(TimeDelta::seconds(1));
    }
    app.settle().await;
    let first = owner.get(&format!("{SUBSCRIPTIONS}?limit=2")).await;
    let seen = |answer: &Answer| {
        let all = answer.ok().body.as_array().unwrap().clone();
        all.iter()
            .map(|one| one["subscription_id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(seen(&first), ids[..2]);
    let cursor = first.header("x-next-cursor").unwrap().to_owned();
    let rest = owner.get(&format!("{SUBSCRIPTIONS}?limit=2&cursor={cursor}")).await;
    assert_eq!(seen(&rest), ids[2..]);
    assert_eq!(rest.header("x-next-cursor"), None);
}

#[tokio::test]
async fn on_a_holiday_nobody_comes_because_it_is_closed_and_what_is_over_is_no_concern() {
    let app = App::start().await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    app.settle().await;
    let date = day(&app, 3);
    let holiday = json!({
        "scope_type": "org", "block_type": "holiday",
        "starts_at": at_ten(&app, 3) - TimeDelta::hours(10), "ends_at": at_ten(&app, 3) + TimeDelta::hours(14),
    });
    owner.post("/v1/admin/availability-blocks", &holiday).await.ok();
    app.settle().await;
    let one = begun(&owner, &weekly(&sam, date)).await;
    let run = run(&app, &owner).await;
    assert_eq!(run.ok().body["days"][0]["reason"], "closed", "{}", run.text);
    let told = async || {
        app.settle().await;
        let alerts = owner.get(&format!("/v1/admin/dispatcher/alerts?date={date}")).await;
        let alerts = alerts.ok().body["alerts"].as_array().unwrap().clone();
        alerts.iter().any(|alert| alert["subscription_id"] == json!(one))
    };
    assert!(told().await);
    let over = json!({ "status": "CANCELED" });
    owner.patch(&format!("/v1/admin/subscriptions/{one}"), &over).await.ok();
    assert!(!told().await);
}
