//! What staff do with visits.

use chrono::TimeDelta;
use serde_json::json;

use super::{at_ten, booked, client, route, team, text, visit, worker};
use crate::harness::App;

#[tokio::test]
async fn staff_take_a_visit_down_confirm_it_and_finish_it() {
    let app = App::start().await;
    let (owner, dispatcher) = (app.staff("owner"), app.staff("dispatcher"));
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam Sample").await;
    let ten = at_ten(&app, 7);
    let more =
        json!({ "price_cents": 12_000, "address_text": "12 Elm Street", "service_type": "deep" });
    let made = booked(&dispatcher, &visit(&north, &sam, ten, &more)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let id = text(&made, "booking_id");
    assert_eq!(
        (&made.body["address_text"], &made.body["team_id"]),
        (&json!("12 Elm Street"), &json!(north))
    );
    dispatcher
        .post(&route(&id, "complete"), &json!({ "actual_duration_minutes": 90 }))
        .await
        .is(409, "booking.illegal_state");
    let confirmed = dispatcher.post(&route(&id, "confirm"), &json!({})).await;
    assert_eq!(confirmed.ok().body["status"], "CONFIRMED");
    dispatcher.post(&route(&id, "confirm"), &json!({})).await.ok();
    let stale = dispatcher.with("if-match", "\"1\"").post(&route(&id, "start"), &json!({})).await;
    stale.is(412, "version_mismatch");
    dispatcher.post(&route(&id, "start"), &json!({})).await.ok();
    let nothing =
        dispatcher.post(&route(&id, "complete"), &json!({ "actual_duration_minutes": 0 })).await;
    nothing.is(422, "booking.invalid");
    let done =
        dispatcher.post(&route(&id, "complete"), &json!({ "actual_duration_minutes": 110 })).await;
    assert_eq!(
        (&done.ok().body["status"], &done.body["actual_duration_minutes"]),
        (&json!("DONE"), &json!(110))
    );
    dispatcher
        .post(&route(&id, "complete"), &json!({ "actual_duration_minutes": 110 }))
        .await
        .is(400, "booking.already_completed");
    app.settle().await;
    let shown = owner.get(&format!("/v1/admin/bookings/{id}")).await;
    let shown = &shown.ok().body;
    assert_eq!(
        shown["customer"],
        json!({ "name": "Sam Sample", "email": "sam.sample@example.net" })
    );
    assert_eq!(shown["timeline"][0]["event_type"], "completed");
    assert_eq!(shown["policy_snapshot"]["cancellation"]["rules"][0], "heavy_service");
    app.staff("viewer").post(&route(&id, "archive"), &json!({})).await.is(403, "forbidden");
    app.staff_of(1, "owner")
        .get(&format!("/v1/admin/bookings/{id}"))
        .await
        .is(404, "booking.not_found");
}

#[tokio::test]
async fn cancelling_pays_back_what_was_promised() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let ten = at_ten(&app, 7);
    let more = json!({ "price_cents": 20_000, "deposit_cents": 5_000 });
    let made = booked(&owner, &visit(&north, &sam, ten, &more)).await;
    let id = text(made.ok(), "booking_id");
    assert_eq!(
        (&made.body["deposit_status"], &made.body["deposit_cents"]),
        (&json!("pending"), &json!(5_000))
    );
    owner.post(&route(&id, "confirm"), &json!({})).await.is(400, "booking.deposit_unpaid");
    let named = json!({ "amount_cents": 5_000, "reference": "from Sam, sam@example.org" });
    let named = owner.post(&route(&id, "deposit"), &named).await;
    assert_eq!(named.is(422, "validation_failed").fields(), ["reference"]);
    let paid = json!({ "amount_cents": 5_000, "reference": "ET-77" });
    let confirmed = owner.post(&route(&id, "deposit"), &paid).await;
    assert_eq!(
        (&confirmed.ok().body["status"], &confirmed.body["paid_cents"]),
        (&json!("CONFIRMED"), &json!(5_000))
    );
    // The same payment twice is one payment.
    assert_eq!(owner.post(&route(&id, "deposit"), &paid).await.ok().body["paid_cents"], 5_000);
    owner.post(&route(&id, "cancel"), &json!({})).await.is(422, "booking.reason_required");
    // Thirty hours ahead a part is paid back; for somebody new 40 percent.
    app.advance(ten - TimeDelta::hours(30) - app.now());
    let cancelled = owner.post(&route(&id, "cancel"), &json!({ "reason": "They moved" })).await;
    let settlement = &cancelled.ok().body["settlement"];
    assert_eq!(
        *settlement,
        json!({ "notice": "partial", "refund_percent": 40, "refund_cents": 2_000, "fee_cents": 0 })
    );
    // Its time is free again.
    assert_eq!(booked(&owner, &visit(&north, &sam, ten, &json!({}))).await.status, 201);
    let exception =
        json!({ "what": "cancellation_exception", "granted": true, "reason": "Our mistake" });
    owner.post(&route(&id, "overrides"), &exception).await.ok();
    app.staff("dispatcher").post(&route(&id, "overrides"), &exception).await.is(403, "forbidden");
}

#[tokio::test]
async fn a_visit_is_moved_given_to_others_and_kept_apart() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    let dana = worker(&owner, "Dana", "780-555-0101", &north).await;
    let eli = worker(&owner, "Eli", "780-555-0102", &north).await;
    let far = worker(&owner, "Far", "780-555-0103", &south).await;
    let sam = client(&owner, "Sam").await;
    let ten = at_ten(&app, 7);
    let first = booked(
        &owner,
        &visit(&north, &sam, ten, &json!({ "assigned_worker_id": dana, "crew": [eli] })),
    )
    .await;
    let first = text(first.ok(), "booking_id");
    let one = format!("/v1/admin/bookings/{first}");
    let wrong = json!({ "worker_id": far });
    owner.patch(&one, &wrong).await.is(400, "booking.worker_other_team");
    owner.patch(&one, &json!({})).await.is(422, "booking.nothing_supplied");
    owner
        .patch(&one, &json!({ "team_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d" }))
        .await
        .is(404, "team.not_found");

    // The crew is taken as well as the team: with another team they cannot come at the same time.
    let moved = json!({ "team_id": 2 });
    owner.patch(&format!("/v1/admin/workers/{eli}"), &moved).await.ok();
    let other = booked(&owner, &visit(&south, &sam, ten, &json!({ "crew": [eli] }))).await;
    let conflict = &other.is(409, "booking.conflict").body["conflicts"][0];
    assert_eq!(
        (&conflict["kind"], &conflict["reference"]),
        (&json!("worker_booking"), &json!(first))
    );
    owner.patch(&one, &json!({ "worker_id": null })).await.ok();
    let second = booked(&owner, &visit(&south, &sam, ten, &json!({ "crew": [eli] }))).await;
    let second = text(second.ok(), "booking_id");

    // To another team that is busy then, or an hour into what stands there.
    let refused = owner.patch(&one, &json!({ "team_id": south })).await;
    assert_eq!(
        refused.is(409, "booking.conflict").body["conflicts"][0]["reference"],
        json!(second)
    );
    let reschedule = |hours: i64| json!({ "starts_at": ten + TimeDelta::hours(hours) });
    let moved = owner.post(&route(&first, "reschedule"), &reschedule(3)).await;
    assert_eq!(moved.ok().body["starts_at"], json!(ten + TimeDelta::hours(3)));
    let late = owner.post(&route(&first, "reschedule"), &reschedule(11)).await;
    assert_eq!(late.is(409, "booking.conflict").body["conflicts"][0]["kind"], "outside_hours");
    let forced =
        json!({ "starts_at": ten + TimeDelta::hours(11), "force_reason": "They work days" });
    owner.post(&format!("/v1/admin/schedule/{first}/move"), &forced).await.ok();
    let third = booked(&owner, &visit(&north, &sam, ten, &json!({}))).await;
    third.ok();
    let query = format!(
        "starts_at={}&ends_at={}&team_id={north}",
        plain(ten),
        plain(ten + TimeDelta::hours(1))
    );
    let found = owner.get(&format!("/v1/admin/schedule/conflicts?{query}")).await;
    assert_eq!(found.ok().body["conflicts"][0]["reference"], third.body["booking_id"]);
    let own = third.body["booking_id"].as_str().unwrap();
    let none = owner.get(&format!("/v1/admin/schedule/conflicts?{query}&booking_id={own}")).await;
    assert_eq!(none.ok().body["has_conflict"], false);
    app.staff("viewer").patch(&one, &json!({ "worker_id": null })).await.is(403, "forbidden");
}

fn plain(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[tokio::test]
async fn the_list_is_filtered_sorted_paged_and_exported() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    let (sam, kim) = (client(&owner, "Sam Sample").await, client(&owner, "=Kim").await);
    let mut ids = Vec::new();
    for day in 7..12 {
        let (team, who) = if day % 2 == 0 { (&north, &sam) } else { (&south, &kim) };
        let made = booked(&owner, &visit(team, who, at_ten(&app, day), &json!({}))).await;
        ids.push(text(made.ok(), "booking_id"));
    }
    owner.post(&route(&ids[0], "cancel"), &json!({ "reason": "ill" })).await.ok();
    owner.post(&route(&ids[4], "archive"), &json!({})).await.ok();
    app.settle().await;
    let list = async |query: &str| {
        let found = owner.get(&format!("/v1/admin/bookings?{query}")).await;
        let found = found.ok().body.as_array().unwrap().clone();
        let ids = found.iter().map(|one| one["booking_id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    assert_eq!(list("").await, ids[..4]);
    assert_eq!(list("include_archived=true&sort=-starts_at").await[0], ids[4]);
    assert_eq!(list("status=CANCELLED").await, ids[..1]);
    assert_eq!(list("include_cancelled=false").await, ids[1..4]);
    assert_eq!(list(&format!("team_id={north}")).await, [ids[1].clone(), ids[3].clone()]);
    assert_eq!(list("q=KIM&status=PENDING,CANCELLED").await, [ids[0].clone(), ids[2].clone()]);
    let day = at_ten(&app, 8).with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    assert_eq!(list(&format!("from={day}&to={day}")).await, ids[1..2]);
    let first = owner.get("/v1/admin/bookings?limit=3").await;
    let cursor = first.header("x-next-cursor").unwrap().to_owned();
    assert_eq!(list(&format!("limit=3&cursor={cursor}")).await, ids[3..4]);
    let schedule = owner.get("/v1/admin/schedule?limit=1").await;
    assert_eq!(
        (&schedule.ok().body["total"], schedule.body["bookings"].as_array().unwrap().len()),
        (&json!(4), 1)
    );

    let table = owner.get("/v1/admin/bookings/export.csv?include_archived=true").await;
    let lines: Vec<&str> = table.ok().text.lines().collect();
    assert_eq!(lines.len(), 6);
    assert!(lines[1].contains("'=Kim"), "{}", lines[1]);
    owner.get("/v1/admin/bookings?status=SOLD").await.is(400, "invalid_status");
    for (query, field) in [
        ("sort=name", "sort"),
        ("limit=501", "limit"),
        ("cursor=zz", "cursor"),
        ("colour=green", "colour"),
    ] {
        let refused = owner.get(&format!("/v1/admin/bookings?{query}")).await;
        assert_eq!(refused.is(422, "validation_failed").fields(), [field]);
    }
}

#[tokio::test]
async fn erasing_a_client_erases_the_words_about_their_visits() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Quilla").await;
    let more = json!({ "address_text": "77 Zembrowski Lane" });
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 7), &more)).await;
    let id = text(made.ok(), "booking_id");
    let other = booked(&owner, &visit(&north, &sam, at_ten(&app, 8), &more)).await;
    let other = text(other.ok(), "booking_id");
    owner.post(&route(&id, "cancel"), &json!({ "reason": "Quilla is ill" })).await.ok();
    app.settle().await;
    let pages = [
        format!("/v1/admin/bookings/{id}"),
        format!("/v1/admin/bookings/{id}?as_of={}", app.position(0).await),
        format!("/v1/admin/history/booking/{id}"),
        "/v1/admin/bookings".to_owned(),
        "/v1/admin/schedule?q=quilla".to_owned(),
    ];
    let erase = format!("/v1/admin/subjects/{sam}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    app.settle().await;
    for page in &pages {
        let shown = owner.get(page).await;
        for secret in ["Quilla", "Zembrowski"] {
            assert!(!shown.ok().text.contains(secret), "{page} shows {secret}: {}", shown.text);
        }
    }
    // Nor do commands, though the visit was in memory before.
    let confirmed = owner.post(&route(&other, "confirm"), &json!({})).await;
    assert!(confirmed.ok().text.contains("[erased]"), "{}", confirmed.text);
    assert!(!confirmed.text.contains("Zembrowski"), "{}", confirmed.text);
    // Nobody is left to be visited: it can still be cancelled.
    let cancelled = owner.post(&route(&other, "cancel"), &json!({ "reason": "erased" })).await;
    assert_eq!(cancelled.ok().body["status"], "CANCELLED");
}

#[tokio::test]
async fn a_visit_is_for_somebody_else_and_at_their_home_wherever_it_is_told() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, kim) = (client(&owner, "Sam").await, client(&owner, "Kim").await);
    let lives = async |who: &str, place: &str| {
        let path = format!("/v1/admin/clients/{who}/addresses");
        let home = owner.post(&path, &json!({ "address_text": place })).await;
        text(home.ok(), "address_id")
    };
    let (old, new) = (lives(&sam, "1 Oldstreet").await, lives(&kim, "2 Newstreet").await);
    let second = lives(&sam, "3 Lakeside").await;
    let at_home = json!({ "address_id": old, "address_text": null });
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 3), &at_home)).await;
    let id = text(made.ok(), "booking_id");
    let consent = json!({ "consent_photos": true });
    owner.patch(&format!("/v1/orders/{id}/consent_photos"), &consent).await.ok();
    let pin = json!({ "lat": 53.5, "lng": -113.5 });
    let pinned = format!("/v1/admin/dispatcher/bookings/{id}/location");
    owner.put(&pinned, &pin).await.ok();
    let path = route(&id, "client");
    let day = at_ten(&app, 3).with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    let board = async || {
        app.settle().await;
        let board = owner.get(&format!("/v1/admin/dispatcher/board?date={day}")).await;
        board.ok().text.clone()
    };
    assert!(board().await.contains("1 Oldstreet"));
    let moved = owner.put(&path, &json!({ "address_id": second })).await;
    assert_eq!(moved.ok().body["address_text"], "3 Lakeside");
    let told = board().await;
    assert!(told.contains("3 Lakeside") && !told.contains("1 Oldstreet"), "{told}");
    assert!(!told.contains("-113.5"), "the pin stood at another place: {told}");

    owner
        .put(&path, &json!({ "client_id": kim, "address_id": old }))
        .await
        .is(404, "client.address_not_found");
    let changed = owner.put(&path, &json!({ "client_id": kim })).await;
    assert_eq!(
        (
            &changed.ok().body["client_id"],
            &changed.body["address_id"],
            &changed.body["address_text"]
        ),
        (&json!(kim), &json!(new), &json!("2 Newstreet"))
    );
    assert_eq!(changed.body["consent_photos"], false);
    let told = board().await;
    assert!(told.contains("2 Newstreet") && !told.contains("3 Lakeside"), "{told}");
    let foreign = app.staff_of(1, "owner").put(&path, &json!({ "client_id": kim })).await;
    foreign.is(404, "booking.not_found");
    owner.post(&format!("/v1/admin/clients/{sam}/block"), &json!({ "reason": "x" })).await.ok();
    owner.put(&path, &json!({ "client_id": sam })).await.is(403, "booking.client_blocked");
    owner.post(&route(&id, "cancel"), &json!({ "reason": "rain" })).await.ok();
    owner.put(&path, &json!({ "address_id": new })).await.is(409, "booking.illegal_state");
}

/// One says that it is for another client, the other that it is at another home of the first.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_visited_at_the_home_of_somebody_else() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let (sam, kim) = (client(&owner, "Sam").await, client(&owner, "Kim").await);
    let path = format!("/v1/admin/clients/{sam}/addresses");
    let cabin = owner.post(&path, &json!({ "address_text": "3 Lakeside" })).await;
    let cabin = text(cabin.ok(), "address_id");
    for round in 0..12 {
        let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 3 + round), &json!({}))).await;
        let path = route(&text(made.ok(), "booking_id"), "client");
        let (other, elsewhere) = (json!({ "client_id": kim }), json!({ "address_id": cabin }));
        let both = futures::join!(owner.put(&path, &other), owner.put(&path, &elsewhere));
        for answer in [&both.0, &both.1] {
            assert!([200, 404, 409, 412].contains(&answer.status), "{}", answer.text);
            let is_kims = answer.body["client_id"] == json!(kim);
            assert!(!(is_kims && answer.text.contains("3 Lakeside")), "{}", answer.text);
        }
    }
}
