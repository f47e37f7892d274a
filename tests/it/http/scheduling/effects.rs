//! What follows from visits by itself: mail, reminders, deadlines.

use chrono::TimeDelta;
use serde_json::json;

use super::{at_ten, booked, client, route, team, text, visit};
use crate::harness::App;
use crate::harness::smtp::Smtp;

#[tokio::test]
async fn customers_are_told_and_reminded_at_the_time_it_was_moved_to() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Quilla").await;
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &json!({}))).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    app.settle().await;
    let mails = smtp.mails();
    assert_eq!(mails.len(), 1);
    for wanted in ["quilla@example.net", "visit is confirmed", "at 10:00"] {
        assert!(mails[0].contains(wanted), "{}", mails[0]);
    }
    let ten = at_ten(&app, 9);
    owner.post(&route(&id, "reschedule"), &json!({ "starts_at": ten })).await.ok();
    app.settle().await;
    app.advance(ten - TimeDelta::hours(25) - app.now());
    app.settle().await;
    assert_eq!(smtp.mails().len(), 2, "of the new time; not at the old one, and not too early");
    app.advance(TimeDelta::hours(2));
    app.settle().await;
    assert_eq!(smtp.mails().len(), 3);
    assert!(smtp.mails()[2].contains("coming up"), "{}", smtp.mails()[2]);
    app.settle().await;
    assert_eq!(smtp.mails().len(), 3);
}

#[tokio::test]
async fn nobody_is_reminded_of_what_was_cancelled() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Quilla").await;
    let ten = at_ten(&app, 7);
    let made = booked(&owner, &visit(&north, &sam, ten, &json!({}))).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    app.settle().await;
    owner.post(&route(&id, "cancel"), &json!({ "reason": "ill" })).await.ok();
    app.settle().await;
    app.advance(ten - TimeDelta::hours(1) - app.now());
    app.settle().await;
    assert!(smtp.mails().iter().all(|mail| !mail.contains("coming up")));
}

#[tokio::test]
async fn a_deposit_that_is_not_paid_in_time_gives_the_time_back() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let ten = at_ten(&app, 7);
    let deposit = json!({ "deposit_cents": 5_000 });
    let made = booked(&owner, &visit(&north, &sam, ten, &deposit)).await;
    let unpaid = text(made.ok(), "booking_id");
    let paid = booked(&owner, &visit(&north, &sam, at_ten(&app, 8), &deposit)).await;
    let paid = text(paid.ok(), "booking_id");
    let payment = json!({ "amount_cents": 5_000, "reference": "cash" });
    owner.post(&route(&paid, "deposit"), &payment).await.ok();
    app.settle().await;
    let status = async |id: &str| {
        let shown = owner.get(&format!("/v1/admin/bookings/{id}")).await;
        (text(shown.ok(), "status"), text(&shown, "deposit_status"))
    };
    app.advance(TimeDelta::hours(47));
    app.settle().await;
    assert_eq!(status(&unpaid).await, ("PENDING".to_owned(), "pending".to_owned()));
    app.advance(TimeDelta::hours(2));
    app.settle().await;
    assert_eq!(status(&unpaid).await, ("CANCELLED".to_owned(), "expired".to_owned()));
    assert_eq!(status(&paid).await, ("CONFIRMED".to_owned(), "paid".to_owned()));
    assert_eq!(booked(&owner, &visit(&north, &sam, ten, &json!({}))).await.status, 201);
}
