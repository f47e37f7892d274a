//! Who is written to when a visit changes: its customer, its workers, the office.

use chrono::TimeDelta;
use serde_json::json;

use super::{at_ten, booked, client, form_of, lead, route, team, text, visit, worker};
use crate::harness::smtp::Smtp;
use crate::harness::{App, Client};

async fn mailing() -> (Smtp, App, Client) {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    owner
        .patch("/v1/admin/settings/org", &json!({ "legal_email": "office@example.com" }))
        .await
        .ok();
    (smtp, app, owner)
}

/// Mails to somebody, that say that.
fn told(smtp: &Smtp, whom: &str, said: &str) -> usize {
    smtp.mails().iter().filter(|mail| mail.contains(whom) && mail.contains(said)).count()
}

async fn worker_with_mail(owner: &Client, name: &str, phone: &str, team: &str) -> String {
    let id = worker(owner, name, phone, team).await;
    let email = json!({ "email": format!("{}@example.org", name.to_lowercase()) });
    owner.patch(&format!("/v1/admin/workers/{id}"), &email).await.ok();
    id
}

#[tokio::test]
async fn customers_and_workers_are_told_of_every_change_once() {
    let (smtp, app, owner) = mailing().await;
    let north = team(&owner, "North").await;
    let wanda = worker_with_mail(&owner, "Wanda", "780-555-7001", &north).await;
    let willem = worker_with_mail(&owner, "Willem", "780-555-7002", &north).await;
    let sam = client(&owner, "Quilla").await;
    app.settle().await;
    let crew = json!({ "assigned_worker_id": wanda });
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &crew)).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    app.settle().await;
    assert_eq!(told(&smtp, "wanda@example.org", "A new visit for you"), 1);
    assert_eq!(told(&smtp, "quilla@example.net", "is confirmed"), 1);

    let patch = json!({ "worker_id": willem });
    owner.patch(&format!("/v1/admin/bookings/{id}"), &patch).await.ok();
    app.settle().await;
    assert_eq!(told(&smtp, "wanda@example.org", "A visit less for you"), 1);
    assert_eq!(told(&smtp, "willem@example.org", "A new visit for you"), 1);

    let ten = at_ten(&app, 9);
    owner.post(&route(&id, "reschedule"), &json!({ "starts_at": ten })).await.ok();
    app.settle().await;
    assert_eq!(told(&smtp, "willem@example.org", "is at another time"), 1);
    assert_eq!(told(&smtp, "quilla@example.net", "is at another time"), 1);

    owner.post(&route(&id, "cancel"), &json!({ "reason": "flooded" })).await.ok();
    app.settle().await;
    assert_eq!(told(&smtp, "willem@example.org", "is cancelled"), 1);
    assert_eq!(told(&smtp, "quilla@example.net", "is cancelled"), 1);
    assert_eq!(told(&smtp, "", "flooded"), 0, "why is between the office and itself");
    app.settle().await;
    assert_eq!(smtp.mails().len(), 8);
}

#[tokio::test]
async fn whoever_books_by_themselves_is_told_that_it_arrived_and_later_thanked() {
    let (smtp, app, owner) = mailing().await;
    team(&owner, "North").await;
    app.settle().await;
    let lead_id = lead(&app, "Quilla Zembrowski", 1001).await;
    let ten = at_ten(&app, 7);
    let body = json!({ "starts_at": ten, "time_on_site_hours": 2, "lead_id": lead_id });
    let made = app.anyone().post("/v1/bookings", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = text(&made, "booking_id");
    app.settle().await;
    assert_eq!(told(&smtp, "visitor1001@example.net", "We have received your booking"), 1);
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    app.advance(ten - app.now());
    let done = json!({ "actual_duration_minutes": 120 });
    owner.post(&route(&id, "complete"), &done).await.ok();
    app.settle().await;
    assert_eq!(told(&smtp, "visitor1001@example.net", "Thank you for having us"), 1);

    // Unless the organisation thanks otherwise.
    let quiet = json!({ "work": { "thanks": false } });
    owner.patch("/v1/admin/booking-policies", &quiet).await.ok();
    let body = json!({ "starts_at": at_ten(&app, 3), "time_on_site_hours": 2, "lead_id": lead_id });
    let id = text(app.anyone().post("/v1/bookings", &body).await.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    owner.post(&route(&id, "complete"), &done).await.ok();
    app.settle().await;
    assert_eq!(told(&smtp, "visitor1001@example.net", "Thank you for having us"), 1);
}

#[tokio::test]
async fn the_office_is_told_of_whom_nobody_visits_and_of_nobody_else() {
    let (smtp, app, owner) = mailing().await;
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let visits = [at_ten(&app, 7), at_ten(&app, 8), at_ten(&app, 9)];
    let mut ids = Vec::new();
    for at in visits {
        let id =
            text(booked(&owner, &visit(&north, &sam, at, &json!({}))).await.ok(), "booking_id");
        owner.post(&route(&id, "confirm"), &json!({})).await.ok();
        ids.push(id);
    }
    let missing = || told(&smtp, "office@example.com", "Nobody began a visit");
    app.settle().await;
    app.advance(visits[0] + TimeDelta::minutes(29) - app.now());
    app.settle().await;
    assert_eq!(missing(), 0);
    app.advance(TimeDelta::minutes(2));
    app.settle().await;
    assert_eq!(missing(), 1);
    assert!(told(&smtp, "office@example.com", &ids[0]) == 1, "it says which");
    // Whoever began was there, and whoever is moved is looked for at the new time.
    app.advance(visits[1] - app.now());
    owner.post(&format!("/v1/orders/{}/time/start", ids[1]), &json!({})).await.ok();
    let later = json!({ "starts_at": visits[2] + TimeDelta::hours(3) });
    owner.post(&route(&ids[2], "reschedule"), &later).await.ok();
    app.settle().await;
    app.advance(visits[2] + TimeDelta::hours(1) - app.now());
    app.settle().await;
    assert_eq!(missing(), 1);
    app.advance(TimeDelta::hours(3));
    app.settle().await;
    assert_eq!(missing(), 2);
}

#[tokio::test]
async fn the_office_is_told_of_great_requests_and_of_bad_reviews() {
    let (smtp, app, owner) = mailing().await;
    let mut great = form_of("Quilla", "780-555-1002");
    great["structured_inputs"] =
        json!({ "beds": 6, "baths": 4, "cleaning_type": "move_out_empty", "heavy_grease": true });
    app.anyone().post("/v1/leads", &great).await.ok();
    lead(&app, "Kim", 1003).await;
    app.settle().await;
    assert_eq!(told(&smtp, "office@example.com", "Somebody asks for an expensive visit"), 1);

    let sam = client(&owner, "Sam").await;
    for (rating, told_so_far) in [(3, 0), (2, 1)] {
        let said = json!({ "rating": rating, "comment": "dust everywhere" });
        owner.post(&format!("/v1/admin/clients/{sam}/feedback"), &said).await.ok();
        app.settle().await;
        assert_eq!(told(&smtp, "office@example.com", "not content with a visit"), told_so_far);
    }
    assert_eq!(told(&smtp, "", "dust"), 0, "what they said stays in the house");
}

#[tokio::test]
async fn a_visit_for_somebody_else_is_told_to_them_and_not_to_whoever_had_it() {
    let (smtp, app, owner) = mailing().await;
    let north = team(&owner, "North").await;
    let (sam, kim) = (client(&owner, "Sam").await, client(&owner, "Kim").await);
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    app.settle().await;
    let path = format!("/v1/admin/bookings/{id}/client");
    owner.put(&path, &json!({})).await.is(422, "validation_failed");
    owner.put(&path, &json!({ "client_id": kim })).await.ok();
    app.settle().await;
    assert_eq!(told(&smtp, "kim@example.net", "is confirmed"), 1);
    assert_eq!(told(&smtp, "sam@example.net", "is confirmed"), 1);
}
