//! The prices and terms of an organisation decide about what is asked of it, and stand in what was decided.

use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};

use super::{at_ten, booked, client, lead, route, team, text, visit, worker};
use crate::harness::{App, Client};

const POLICIES: &str = "/v1/admin/booking-policies";
const SETTINGS: &str = "/v1/admin/pricing-settings";

async fn policies(owner: &Client, change: Value) {
    owner.patch(POLICIES, &change).await.ok();
}

#[tokio::test]
async fn estimates_leads_and_offers_are_made_with_the_prices_of_their_organisation() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    let asked = json!({ "beds": 2, "baths": 1, "add_ons": { "oven": true } });
    let before = anyone.post("/v1/estimate", &asked).await;
    assert_eq!(before.ok().body["total_before_tax"], 135.0);
    owner.patch(SETTINGS, &json!({ "rates": { "hourly_rate_cents": 4_000 } })).await.ok();
    let after = anyone.post("/v1/estimate", &asked).await;
    assert_eq!(
        (&after.ok().body["total_before_tax"], &after.body["pricing_config_version"]),
        (&json!(150.0), &json!("v1"))
    );
    assert_ne!(after.body["config_hash"], before.body["config_hash"]);
    let other = anyone.with("x-org", &app.orgs[1].slug).post("/v1/estimate", &asked).await;
    assert_eq!(other.ok().text, before.text);

    let asking = lead(&app, "Kim", 3001).await;
    let lead = format!("/v1/admin/leads/{asking}");
    app.settle().await;
    let shown = owner.get(&lead).await;
    assert_eq!(shown.ok().body["estimate_snapshot"]["pricing_config_id"], "price-book");
    let quote = owner.post(&format!("{lead}/quotes"), &json!({ "amount": 12_000 })).await;
    assert_eq!(
        (&quote.ok().body["price_book"], &quote.body["currency"]),
        (&json!("price-book/v1"), &json!("CAD"))
    );

    let addons = owner.get("/v1/admin/addons").await;
    let oven = addons.ok().body[0]["addon_id"].as_str().unwrap().to_owned();
    owner.patch(&format!("/v1/admin/addons/{oven}"), &json!({ "is_active": false })).await.ok();
    let refused = anyone.post("/v1/estimate", &asked).await;
    assert_eq!((refused.status, refused.fields()), (422, vec!["add_ons.oven"]));
}

#[tokio::test]
async fn deposits_and_cancelling_follow_the_terms_that_held_when_the_visit_was_asked_for() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    policies(
        &owner,
        json!({
            "cancellation": { "free_hours": 24, "window_hours": 12, "refund_percent": 10, "fee_cents": 2_500 },
        }),
    )
    .await;
    let ten = at_ten(&app, 7);
    let more = json!({ "price_cents": 20_000, "deposit_cents": 5_000 });
    let made = booked(&owner, &visit(&north, &sam, ten, &more)).await;
    let id = text(made.ok(), "booking_id");
    let snapshot = &made.body["policy_snapshot"];
    assert_eq!(snapshot["price_book"], "price-book/v1");
    let late = &snapshot["cancellation"]["windows"][2];
    assert_eq!((&late["end_hours_before"], &late["refund_percent"]), (&json!(12.0), &json!(10)));
    let paid = json!({ "amount_cents": 5_000, "reference": "ET-1" });
    owner.post(&route(&id, "deposit"), &paid).await.ok();
    // Whatever is decided later is about later visits.
    policies(&owner, json!({ "cancellation": { "refund_percent": 0, "fee_cents": 0 } })).await;
    app.advance(ten - TimeDelta::hours(3) - app.now());
    let cancelled = owner.post(&route(&id, "cancel"), &json!({ "reason": "ill" })).await;
    assert_eq!(
        cancelled.ok().body["settlement"],
        json!({ "notice": "late", "refund_percent": 10, "refund_cents": 500, "fee_cents": 2_500 })
    );
}

#[tokio::test]
async fn a_team_takes_no_more_visits_on_a_day_than_it_may_however_many_ask_at_once() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    policies(&owner, json!({ "scheduling": { "max_bookings_per_day": 2, "buffer_minutes": 0 } }))
        .await;
    let nine = at_ten(&app, 7) - TimeDelta::hours(1);
    let visits = (0..4).map(|number| {
        let starts_at = nine + TimeDelta::hours(2 * number);
        let body = visit(&north, &sam, starts_at, &json!({}));
        let owner = &owner;
        async move { booked(owner, &body).await }
    });
    let answers = join_all(visits).await;
    let taken: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    assert_eq!(taken.len(), 2);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.is(409, "booking.day_full");
    }

    app.settle().await;
    let day = nine.with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    let slots = anyone.get(&format!("/v1/slots?date={day}&time_on_site_hours=2")).await;
    assert_eq!(slots.ok().body["slots"], json!([]));
    let asking = lead(&app, "Kim", 3002).await;
    // A time at which nobody is anywhere.
    let free = answers.iter().position(|answer| answer.status != 201).unwrap();
    let at = nine + TimeDelta::hours(2 * i64::try_from(free).unwrap());
    let wanted = json!({ "lead_id": asking, "starts_at": at, "time_on_site_hours": 1 });
    anyone.post("/v1/bookings", &wanted).await.is(409, "slot_taken");
    // Another day has room, and nobody is moved to this one.
    let next = booked(&owner, &visit(&north, &sam, nine + TimeDelta::days(1), &json!({}))).await;
    let next = text(next.ok(), "booking_id");
    let moved = json!({ "starts_at": at });
    owner.post(&route(&next, "reschedule"), &moved).await.is(409, "booking.day_full");
    let forced = json!({ "starts_at": at, "force_reason": "They insisted" });
    owner.post(&route(&next, "reschedule"), &forced).await.ok();
    // What is given up makes room again.
    for one in [&next, &text(taken[0], "booking_id")] {
        owner.post(&route(one, "cancel"), &json!({ "reason": "r" })).await.ok();
    }
    anyone.post("/v1/bookings", &wanted).await.ok();
}

#[tokio::test]
async fn nobody_comes_sooner_than_the_organisation_can() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    team(&owner, "North").await;
    app.settle().await;
    let next = at_ten(&app, 2);
    let hours = (next - app.now()).num_hours() + 2;
    policies(&owner, json!({ "scheduling": { "lead_time_hours": hours } })).await;
    let asking = lead(&app, "Kim", 3003).await;
    let wanted = json!({ "lead_id": asking, "starts_at": next, "time_on_site_hours": 1 });
    anyone.post("/v1/bookings", &wanted).await.is(422, "booking.too_soon");
    let day = next.with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    let slots = anyone.get(&format!("/v1/slots?date={day}&time_on_site_hours=1")).await;
    let first = slots.ok().body["slots"][0].as_str().unwrap();
    assert!(
        first.parse::<chrono::DateTime<chrono::Utc>>().unwrap() >= next + TimeDelta::hours(1),
        "{first}"
    );
}

#[tokio::test]
async fn customers_book_no_further_ahead_than_the_organisation_plans() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    team(&owner, "North").await;
    app.settle().await;
    let asking = lead(&app, "Kim", 3004).await;
    let wanted = |days| json!({ "lead_id": asking, "starts_at": at_ten(&app, days), "time_on_site_hours": 1 });
    anyone.post("/v1/bookings", &wanted(366)).await.is(422, "booking.too_far");
    policies(&owner, json!({ "scheduling": { "horizon_days": 10 } })).await;
    anyone.post("/v1/bookings", &wanted(11)).await.is(422, "booking.too_far");
    let offered = async |days| {
        let day = at_ten(&app, days).with_timezone(&domain::settings::zone::DEFAULT).date_naive();
        let slots = anyone.get(&format!("/v1/slots?date={day}&time_on_site_hours=1")).await;
        slots.ok().body["slots"].as_array().unwrap().len()
    };
    assert_eq!((offered(11).await, offered(8).await), (0, 3));
    anyone.post("/v1/bookings", &wanted(9)).await.ok();
    let none = json!({ "scheduling": { "horizon_days": 0 } });
    let refused = owner.patch("/v1/admin/booking-policies", &none).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
}

#[tokio::test]
async fn the_catalogue_says_what_a_visit_costs_and_how_long_it_takes() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let deep = json!({
        "name": "Deep clean", "pricing_model": "hourly", "base_price_cents": 2_000, "hourly_rate_cents": 4_000,
        "default_duration_minutes": 180,
    });
    let deep = text(owner.post("/v1/admin/service-types", &deep).await.ok(), "service_type_id");
    let garage =
        json!({ "code": "garage", "name": "Garage", "price_cents": 5_000, "default_minutes": 45 });
    let garage = text(owner.post("/v1/admin/addons", &garage).await.ok(), "addon_id");
    let asked = json!({
        "team_id": north, "client_id": sam, "starts_at": at_ten(&app, 7), "service_type_id": deep, "addon_ids": [garage],
    });
    let made = booked(&owner, &asked).await;
    let body = &made.ok().body;
    assert_eq!((&body["total_cents"], &body["duration_minutes"]), (&json!(19_000), &json!(180)));
    assert_eq!(
        (&body["planned_minutes"], &body["price_book"]),
        (&json!(225), &json!("price-book/v2"))
    );
    assert_eq!(body["addons"][0]["unit_price_cents"], 5_000);
    // On its invoice the extra is a line of its own, and is not charged twice.
    assert_eq!(body["base_price_cents"], 14_000);
    let write = format!("/v1/admin/orders/{}/invoice", text(&made, "booking_id"));
    let lines = |cents: i64| json!({ "items": [{ "description": "Deep clean", "qty": 1, "unit_price_cents": cents, "tax_rate": null }] });
    let dear = owner.post(&write, &lines(19_000)).await;
    dear.is(400, "invoice.price_adjust_reason_required");
    let invoice = owner.post(&write, &lines(14_000)).await;
    assert_eq!(invoice.ok().body["subtotal_cents"], 19_000);
    owner.patch(&format!("/v1/admin/addons/{garage}"), &json!({ "is_active": false })).await.ok();
    booked(&owner, &asked).await.is(400, "booking.addon_invalid");
    owner.patch(&format!("/v1/admin/service-types/{deep}"), &json!({ "active": false })).await.ok();
    booked(&owner, &asked).await.is(404, "service_type.not_found");
}

#[tokio::test]
async fn a_month_has_no_more_bookings_than_the_plan_allows() {
    let app = App::start().await;
    let (owner, anyone) = (app.staff("owner"), app.anyone());
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let visits = (0..22).map(|number| {
        let body = visit(&north, &sam, at_ten(&app, 7 + number), &json!({}));
        let owner = &owner;
        async move { booked(owner, &body).await }
    });
    let answers = join_all(visits).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status != 201).collect();
    assert_eq!(refused.len(), 2);
    assert_eq!(refused[0].is(402, "plan.booking_limit").body["title"], "Payment Required");
    let status = owner.get("/v1/billing/status").await;
    assert_eq!(status.ok().body["usage"]["bookings"], 20);
    app.settle().await;
    let asking = lead(&app, "Kim", 3004).await;
    let wanted =
        json!({ "lead_id": asking, "starts_at": at_ten(&app, 40), "time_on_site_hours": 1 });
    anyone.post("/v1/bookings", &wanted).await.is(402, "plan.booking_limit");
    // Moving one makes none.
    let one = text(answers.iter().find(|answer| answer.status == 201).unwrap(), "booking_id");
    let moved = json!({ "starts_at": at_ten(&app, 60) });
    owner.post(&route(&one, "reschedule"), &moved).await.ok();
    app.give_plan(0, domain::billing::plan::Plan::Pro).await;
    anyone.post("/v1/bookings", &wanted).await.ok();
}

#[tokio::test]
async fn what_an_hour_costs_whom_to_look_at_and_how_long_ways_take_is_up_to_the_organisation() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let dana = worker(&owner, "Dana", "780-555-0111", &north).await;
    app.settle().await;
    app.advance(TimeDelta::days(8));
    let rates = async || {
        let list = owner.get("/v1/admin/workers").await.ok().body["items"][0].clone();
        let file = owner.get(&format!("/v1/admin/workers/{dana}/file")).await;
        [list["hourly_rate_cents"].clone(), file.ok().body["hourly_rate_cents"].clone()]
    };
    let alerts = async || owner.get("/v1/admin/workers/alerts").await.ok().body["items"].clone();
    let way = async |month: u32| {
        let asked = json!({
            "origin": { "lat": 53.0, "lng": -113.5 }, "dest": { "lat": 53.54, "lng": -113.49 },
            "depart_at": format!("2030-{month:02}-01T10:00"),
        });
        let told = owner.post("/v1/admin/dispatcher/routes/estimate", &asked).await;
        told.ok().body["adjustments"].clone()
    };
    assert_eq!(rates().await, [2_500, 2_500]);
    assert_eq!(alerts().await, json!([]));
    assert_eq!(way(7).await, json!([{ "reason": "downtown", "minutes": 15 }]));
    let decided = json!({
        "workers": { "hourly_rate_cents": 2_700, "idle_days": 7 },
        "ways": { "winter_months": [7], "winter_multiplier": 1, "winter_minutes": 4, "downtown_minutes": 0 },
    });
    policies(&owner, decided).await;
    assert_eq!(rates().await, [2_700, 2_700]);
    assert_eq!(
        (&alerts().await[0]["kind"], &alerts().await[0]["days"]),
        (&json!("no_job"), &json!(8))
    );
    assert_eq!(way(7).await, json!([{ "reason": "winter", "minutes": 4 }]));
    assert_eq!(way(12).await, json!([]));
    let own = json!({ "hourly_rate_cents": 2_500 });
    owner.post(&format!("/v1/admin/workers/{dana}/rates"), &own).await.ok();
    app.settle().await;
    assert_eq!(rates().await, [2_500, 2_500], "what was decided about somebody stays");
    let told = app.anyone().get("/v1/settings/booking-policies").await;
    assert!(told.ok().body.get("workers").is_none() && told.body.get("ways").is_none());
    let odd = json!({
        "workers": { "long_idle_days": 6, "required_certificates": { "Deep clean": ["X"] } },
        "ways": { "winter_multiplier": 0.5 },
    });
    let refused = owner.patch(POLICIES, &odd).await;
    assert_eq!(
        (refused.status, refused.fields()),
        (
            422,
            vec![
                "workers.long_idle_days",
                "workers.required_certificates",
                "ways.winter_multiplier"
            ]
        )
    );
}
