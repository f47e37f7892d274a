//! Bookings, teams and calendars as they were, and as a rebuild makes them.

use serde_json::json;

use super::{at_ten, booked, client, route, team, text, visit};
use crate::harness::App;

#[tokio::test]
async fn the_past_is_shown_as_it_was() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let ten = at_ten(&app, 7);
    let made = booked(&owner, &visit(&north, &sam, ten, &json!({}))).await;
    let (id, moment) = (text(made.ok(), "booking_id"), made.position());
    let later = json!({ "starts_at": ten + chrono::TimeDelta::days(1) });
    owner.post(&route(&id, "reschedule"), &later).await.ok();
    owner.patch(&format!("/v1/admin/teams/{north}"), &json!({ "name": "Pole" })).await.ok();
    app.settle().await;
    let at = |path: &str| format!("{path}as_of={moment}");
    let one = owner.get(&at(&format!("/v1/admin/bookings/{id}?"))).await;
    assert_eq!(one.ok().body["starts_at"], json!(ten));
    let list = owner.get(&at("/v1/admin/bookings?")).await;
    assert_eq!((&list.ok().body[0]["starts_at"], list.position()), (&json!(ten), moment));
    assert_eq!(owner.get("/v1/admin/bookings").await.ok().body[0]["starts_at"], later["starts_at"]);
    assert_eq!(owner.get(&at("/v1/admin/teams?")).await.ok().body[0]["name"], "North");
    assert_eq!(owner.get("/v1/admin/teams").await.ok().body[0]["name"], "Pole");
    let day = ten.with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    let calendar = format!("/v1/admin/schedule/team_calendar?from={day}&to={day}");
    let before = owner.get(&at(&format!("{calendar}&"))).await;
    let before = &before.ok().body["teams"][0];
    assert_eq!((&before["name"], &before["days"][0]["minutes"]), (&json!("North"), &json!(120)));
    let now = owner.get(&calendar).await;
    let now = &now.ok().body["teams"][0];
    assert_eq!((&now["name"], &now["days"][0]["minutes"]), (&json!("Pole"), &json!(0)));
    owner.get(&format!("/v1/admin/bookings?as_of={}", 1_000_000)).await;
}
