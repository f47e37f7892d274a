//! What clients see and do about their own visits, at their portal.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{at_ten, booked, team, text, visit};
use crate::harness::App;
use crate::http::id_in;
use crate::http::portal::client_in;

const OWN: &str = "/v1/client/portal/bookings";

#[tokio::test]
async fn clients_see_put_off_and_call_off_their_own_visits_and_no_others() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, at_portal) = client_in(&app, 0, "sam@example.org").await;
    let (_, stranger) = client_in(&app, 0, "eve@example.org").await;
    let (_, elsewhere) = client_in(&app, 1, "sam@example.org").await;
    let ten = at_ten(&app, 9);
    let more = json!({ "price_cents": 12_000, "address_text": "12 Elm Street" });
    let made = booked(&owner, &visit(&north, id_in(&sam), ten, &more)).await;
    let id = text(made.ok(), "booking_id");
    app.settle().await;

    let list = at_portal.get(OWN).await;
    assert_eq!(
        list.ok().body,
        json!([{ "order_id": id, "status": "PENDING", "starts_at": ten, "duration_minutes": 120 }])
    );
    assert_eq!(stranger.get(OWN).await.ok().body, json!([]));
    let own = format!("{OWN}/{id}");
    let shown = at_portal.get(&own).await;
    assert_eq!(
        (&shown.ok().body["address_text"], &shown.body["total_cents"], &shown.body["pay_link"]),
        (&json!("12 Elm Street"), &json!(12_000), &Value::Null)
    );
    assert!(shown.body.get("risk_score").is_none() && shown.body.get("team_id").is_none());

    let (put_off, call_off) = (change(&id, "reschedule"), change(&id, "cancel"));
    let later = json!({ "starts_at": ten + TimeDelta::days(1) });
    for other in [&stranger, &elsewhere] {
        other.get(&own).await.is(404, "booking.not_found");
        other.post(&put_off, &later).await.is(404, "booking.not_found");
        other.post(&call_off, &json!({})).await.is(404, "booking.not_found");
    }
    owner.post(&put_off, &later).await.is(401, "unauthenticated");
    app.anyone().get(OWN).await.is(401, "unauthenticated");

    let night = json!({ "starts_at": ten + TimeDelta::hours(36) });
    at_portal.post(&put_off, &night).await.is(409, "booking.conflict");
    let past = json!({ "starts_at": app.now() - TimeDelta::hours(1) });
    assert_eq!(at_portal.post(&put_off, &past).await.status, 422);
    let moved = at_portal.post(&put_off, &later).await;
    assert_eq!(moved.ok().body["starts_at"], json!(ten + TimeDelta::days(1)));
    let again = json!({ "starts_at": ten + TimeDelta::days(2) });
    at_portal.post(&put_off, &again).await.is(409, "booking.reschedule_limit");
    let gone = at_portal.post(&call_off, &json!({ "reason": "moved away" })).await;
    assert_eq!(gone.ok().body["status"], "CANCELLED");
    app.settle().await;
    let seen = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    assert_eq!(seen.ok().body["timeline"][0]["event_type"], "cancelled");
    let by = &seen.body["timeline"][0]["actor"];
    assert_eq!((&by["type"], &by["id"]), (&json!("client"), &json!(id_in(&sam))), "{by}");
}

fn change(id: &str, what: &str) -> String {
    format!("/v1/client/bookings/{id}/{what}")
}
