//! The desk of the dispatcher, through the whole house.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{at_ten, booked, client, route, team, text, visit, worker};
use crate::harness::client::plain;
use crate::harness::smtp::Smtp;
use crate::harness::{App, Client};

const DESK: &str = "/v1/admin/dispatcher";

fn desk(booking: &str, verb: &str) -> String {
    format!("{DESK}/bookings/{booking}/{verb}")
}

/// The local day of an instant.
fn day(at: DateTime<Utc>) -> String {
    at.with_timezone(&domain::settings::zone::DEFAULT).date_naive().to_string()
}

async fn switch(owner: &Client, feature: &str) {
    let on = json!({ "overrides": { feature: true } });
    owner.patch("/v1/admin/settings/features", &on).await.ok();
}

/// What board and list say about the same visits of a day.
async fn both(owner: &Client, day: &str) -> (Vec<Value>, Vec<Value>) {
    let board = owner.get(&format!("{DESK}/board?date={day}")).await;
    let list = owner.get(&format!("/v1/admin/bookings?from={day}&to={day}&limit=500")).await;
    let told = |visit: &Value, worker: Value, name: &Value, minutes: &Value| {
        json!([
            visit["booking_id"],
            visit["status"],
            visit["starts_at"],
            visit["ends_at"],
            minutes,
            visit["team_id"],
            visit["crew"],
            worker,
            name,
            visit["service_type"],
        ])
    };
    let on_board = |visit: &Value| {
        let who = &visit["assigned_worker"]["worker_id"];
        told(visit, who.clone(), &visit["client"]["name"], &visit["duration_min"])
    };
    let on_list = |visit: &Value| {
        let who = visit["assigned_worker_id"].clone();
        told(visit, who, &visit["lead_name"], &visit["duration_minutes"])
    };
    let all = |body: &Value, line: &dyn Fn(&Value) -> Value| {
        body.as_array().unwrap().iter().map(line).collect::<Vec<_>>()
    };
    (all(&board.ok().body["bookings"], &on_board), all(&list.ok().body, &on_list))
}

#[tokio::test]
async fn board_and_list_say_the_same_after_every_step() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let wes = worker(&owner, "Wes", "780-555-0101", &north).await;
    let sam = client(&owner, "Quilla").await;
    let (ten, today) = (at_ten(&app, 3), day(at_ten(&app, 3)));
    let mut ids = Vec::new();
    for hours in [0, 3, 6] {
        let at = ten + TimeDelta::hours(hours);
        let made = booked(&owner, &visit(&north, &sam, at, &json!({}))).await;
        ids.push(text(made.ok(), "booking_id"));
    }
    let later = ten + TimeDelta::hours(3) + TimeDelta::minutes(30);
    let steps = [
        (route(&ids[0], "confirm"), json!({})),
        (desk(&ids[0], "reassign"), json!({ "worker_id": wes })),
        (desk(&ids[1], "reschedule"), json!({ "starts_at": later })),
        (desk(&ids[0], "status"), json!({ "status": "IN_PROGRESS" })),
        (desk(&ids[0], "status"), json!({ "status": "DONE", "actual_duration_minutes": 90 })),
        (desk(&ids[1], "status"), json!({ "status": "CANCELLED", "reason": "ill" })),
        (route(&ids[2], "archive"), json!({})),
        (desk(&ids[1], "reassign"), json!({ "worker_id": wes })),
    ];
    for (path, body) in steps {
        owner.post(&path, &body).await;
        app.settle().await;
        let (board, list) = both(&owner, &today).await;
        assert_eq!(board, list, "after {path}");
        assert!(!board.is_empty());
    }
    let stats = owner.get(&format!("{DESK}/stats?date={today}")).await;
    let stats = &stats.ok().body;
    let counts = ["done_count", "cancelled_count", "planned_count", "in_progress_count"];
    assert_eq!(counts.map(|count| stats[count].as_i64()), [Some(1), Some(1), Some(0), Some(0)]);
    assert_eq!(stats["avg_duration_hours"], 1.5);
    // The twin leaves out what is called off, unless it is asked for.
    let twin = |more: &str| format!("/v1/admin/dispatch/board?date={today}{more}");
    let count = |answer: &Value| answer["bookings"].as_array().unwrap().len();
    assert_eq!(count(&owner.get(&twin("")).await.ok().body), 1);
    let all = owner.get(&twin("&show_cancelled=true&show_archived=true")).await;
    assert_eq!(count(&all.ok().body), 3);
}

#[tokio::test]
async fn a_board_is_asked_for_by_day_clock_and_part_of_town() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Quilla").await;
    let ten = at_ten(&app, 3);
    let more = json!({ "address_text": "7 Elm Street" });
    let made = booked(&owner, &visit(&north, &sam, ten, &more)).await;
    let id = text(made.ok(), "booking_id");
    for wrong in ["date=tomorrow", "date=9999-01-01", "tz=Mars/Olympus", "zone=Nowhere"] {
        let answer = owner.get(&format!("{DESK}/board?{wrong}")).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert_eq!(answer.fields(), [wrong.split('=').next().unwrap()]);
    }
    let place = json!({ "lat": 53.54, "lng": -113.49 });
    owner.put(&desk(&id, "location"), &place).await.ok();
    owner
        .put(&desk(&id, "location"), &json!({ "lat": 91.0, "lng": 0.0 }))
        .await
        .is(422, "validation_failed");
    app.settle().await;
    let board = |zone: &str| format!("{DESK}/board?date={}{zone}", day(ten));
    let downtown = owner.get(&board("&zone=Downtown")).await;
    let address = &downtown.ok().body["bookings"][0]["address"];
    assert_eq!((&address["zone"], &address["lat"]), (&json!("Downtown"), &json!(53.54)));
    assert_eq!(address["formatted"], "7 Elm Street");
    let west = owner.get(&board("&zone=West")).await;
    assert_eq!(west.ok().body["bookings"], json!([]));
    // Zones are the organisation's own.
    let zones = json!({ "zones": [{ "name": "Everywhere", "south": 1.0, "north": 80.0, "west": -179.0, "east": 179.0 }] });
    owner.put(&format!("{DESK}/zones"), &zones).await.ok();
    let everywhere = owner.get(&board("&zone=Everywhere")).await;
    assert_eq!(everywhere.ok().body["bookings"][0]["booking_id"], id.as_str());
    let other = app.staff_of(1, "owner");
    assert_eq!(
        other.get(&format!("{DESK}/zones")).await.ok().body["zones"].as_array().unwrap().len(),
        6
    );
    other.put(&desk(&id, "location"), &place).await.is(404, "booking.not_found");
    // Somebody who is erased is nowhere on the map any more.
    let erase = format!("/v1/admin/subjects/{sam}/erase");
    app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    app.settle().await;
    let after = owner.get(&board("")).await;
    let shown = &after.ok().body["bookings"][0];
    assert_eq!(shown["client"]["name"], "[erased]");
    assert_eq!((&shown["address"]["lat"], &shown["client"]["phone"]), (&Value::Null, &Value::Null));
    assert!(!after.text.contains("Elm") && !after.text.contains("Quilla"));
}

/// A board that is watched, event by event.
struct Watched {
    response: reqwest::Response,
    buffer: String,
}

impl Watched {
    async fn start(app: &App, org: usize, last: Option<&str>) -> Self {
        let staff = app.staff_of(org, "dispatcher");
        let url = format!("{}{DESK}/board/stream", app.address);
        let http = plain().build().unwrap();
        let mut request = http.get(url).header("authorization", staff.header("authorization"));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    /// The version that the next event tells; `None` when the stream has ended.
    async fn next(&mut self) -> Option<i64> {
        loop {
            if let Some(end) = self.buffer.find("\n\n") {
                let event: String = self.buffer.drain(..end + 2).collect();
                let data = event.lines().find_map(|line| line.strip_prefix("data: "));
                let Some(data) = data else { continue };
                let data: Value = serde_json::from_str(data).unwrap();
                let id = event.lines().find_map(|line| line.strip_prefix("id: ")).unwrap();
                assert_eq!(id, data["data_version"].to_string());
                return data["data_version"].as_i64();
            }
            let chunk = self.response.chunk().await.ok()??;
            self.buffer += std::str::from_utf8(&chunk).unwrap();
        }
    }
}

#[tokio::test]
async fn whoever_watches_is_told_of_changes_of_others_and_of_nobody_elses() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Quilla").await;
    app.settle().await;
    let mut watched = Watched::start(&app, 0, None).await;
    let mut foreign = Watched::start(&app, 1, None).await;
    let begun = watched.next().await.unwrap();
    assert_eq!(foreign.next().await, Some(0));
    // What no board shows moves none.
    super::lead(&app, "Lena", 301).await;
    app.settle().await;
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 3), &json!({}))).await;
    let position = made.ok().position();
    app.settle().await;
    let moved = watched.next().await.unwrap();
    assert_eq!(moved, position, "it began at {begun}");
    let board = owner.get(&format!("{DESK}/board?date={}", day(at_ten(&app, 3)))).await;
    assert_eq!(board.ok().body["data_version"], moved);
    // Whoever comes again is not told what they know.
    let mut again = Watched::start(&app, 0, Some(&moved.to_string())).await;
    let id = text(made.ok(), "booking_id");
    let confirmed = owner.post(&route(&id, "confirm"), &json!({})).await.ok().position();
    app.settle().await;
    assert_eq!(again.next().await, Some(confirmed));
    assert_eq!(watched.next().await, Some(confirmed));
    // When the process ends, so do the streams.
    drop(app);
    assert_eq!(
        (watched.next().await, again.next().await, foreign.next().await),
        (None, None, None)
    );
}

#[tokio::test]
async fn no_more_watch_one_organisation_than_there_is_room_for() {
    let app = App::start().await;
    let mut watching = Vec::new();
    for _ in 0..64 {
        watching.push(Watched::start(&app, 0, None).await);
    }
    let path = format!("{DESK}/board/stream");
    let full = app.staff("dispatcher").get(&path).await;
    assert_eq!(full.is(503, "overloaded").header("retry-after"), Some("10"));
    // Another organisation is none the worse for it.
    Watched::start(&app, 1, None).await;
}

#[tokio::test]
async fn streams_are_for_the_desk_alone() {
    let app = App::start().await;
    let path = format!("{DESK}/board/stream");
    app.anyone().get(&path).await.is(401, "unauthenticated");
    app.staff("accountant").get(&path).await.is(403, "forbidden");
}

#[tokio::test]
async fn what_is_late_is_told_until_somebody_has_seen_it_and_again_after_that() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Quilla").await;
    let ten = at_ten(&app, 3);
    let made = booked(&owner, &visit(&north, &sam, ten, &json!({}))).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    app.advance(ten + TimeDelta::minutes(14) - app.now());
    app.settle().await;
    let alerts = async || owner.get(&format!("{DESK}/alerts")).await.ok().body["alerts"].clone();
    let kinds = |alerts: &Value| {
        let all = alerts.as_array().unwrap().iter();
        all.map(|one| one["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // Nobody works here yet: a shortage, and nothing else.
    assert_eq!(kinds(&alerts().await), ["WORKER_SHORTAGE"]);
    app.advance(TimeDelta::minutes(1));
    let late = alerts().await;
    assert_eq!(kinds(&late), ["WORKER_SHORTAGE", "LATE_WORKER"]);
    assert_eq!(late[1]["booking_ids"], json!([id]));
    let ack = format!("{DESK}/alerts/ack");
    let seen = json!({ "alert_id": late[1]["alert_id"] });
    app.staff_of(1, "owner").post(&ack, &seen).await.is(404, "dispatcher_alert.not_found");
    owner.post(&ack, &seen).await.ok();
    app.settle().await;
    assert_eq!(kinds(&alerts().await), ["WORKER_SHORTAGE"]);
    let all = owner.get(&format!("{DESK}/alerts?include_acknowledged=true")).await;
    assert_eq!(all.ok().body["alerts"][1]["acknowledged"], true);
    app.advance(TimeDelta::minutes(31));
    assert_eq!(kinds(&alerts().await), ["WORKER_SHORTAGE", "LATE_WORKER"]);
    owner.post(&desk(&id, "status"), &json!({ "status": "IN_PROGRESS" })).await.ok();
    app.settle().await;
    assert_eq!(kinds(&alerts().await), ["WORKER_SHORTAGE"]);
}

#[tokio::test]
async fn a_conflict_names_what_team_and_crew_have_at_that_time() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let wes = worker(&owner, "Wes", "780-555-0101", &north).await;
    let sam = client(&owner, "Quilla").await;
    let ten = at_ten(&app, 3);
    let crewed = json!({ "assigned_worker_id": wes });
    let first = text(booked(&owner, &visit(&north, &sam, ten, &crewed)).await.ok(), "booking_id");
    let noon = ten + TimeDelta::hours(5);
    let second = text(booked(&owner, &visit(&north, &sam, noon, &crewed)).await.ok(), "booking_id");
    let moved = owner.post(&desk(&second, "reschedule"), &json!({ "starts_at": ten })).await;
    let conflicts = moved.is(409, "booking.conflict").body["conflicts"].as_array().unwrap().clone();
    let told = |kind: &str| {
        let one = conflicts.iter().find(|one| one["kind"] == kind);
        one.unwrap_or_else(|| panic!("no {kind} in {conflicts:?}"))
    };
    for (kind, whose) in [("booking", &north), ("worker_booking", &wes)] {
        let one = told(kind);
        assert_eq!(one["reference"], first.as_str());
        assert!(one["note"].as_str().unwrap().ends_with(whose.as_str()), "{one}");
        assert_eq!(one["starts_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), ten);
        assert!(one["ends_at"].is_string());
    }
    // The dispatcher may put the distance aside, and nothing else.
    let near = ten + TimeDelta::hours(2) + TimeDelta::minutes(10);
    let wish = json!({ "starts_at": near });
    owner.post(&desk(&second, "reschedule"), &wish).await.is(409, "booking.conflict");
    let over = json!({ "starts_at": near, "override_conflicts": true });
    owner.post(&desk(&second, "reschedule"), &over).await.is(409, "booking.conflict");
    let over = json!({ "starts_at": ten + TimeDelta::minutes(30), "override_conflicts": true });
    owner.post(&desk(&second, "reschedule"), &over).await.is(409, "booking.conflict");
    let early = json!({ "starts_at": ten - TimeDelta::hours(5) });
    owner.post(&desk(&second, "reschedule"), &early).await.is(409, "booking.conflict");
    let early = json!({ "starts_at": ten - TimeDelta::hours(5), "override_conflicts": true });
    owner.post(&desk(&second, "reschedule"), &early).await.ok();
    owner
        .post(&desk(&second, "status"), &json!({ "status": "CANCELLED" }))
        .await
        .is(422, "booking.reason_required");
    let done = json!({ "status": "DONE" });
    assert_eq!(
        owner.post(&desk(&second, "status"), &done).await.fields(),
        ["actual_duration_minutes"]
    );
}

#[tokio::test]
async fn whoever_is_free_is_suggested_and_the_nearest_first() {
    let app = App::start().await;
    let owner = app.staff("owner");
    switch(&owner, "schedule.optimization").await;
    let north = team(&owner, "North").await;
    let south = team(&owner, "South").await;
    let [wes, zoe] = [("Wes", 1), ("Zoe", 2)];
    let wes = worker(&owner, wes.0, &format!("780-555-010{}", wes.1), &north).await;
    let zoe = worker(&owner, zoe.0, &format!("780-555-010{}", zoe.1), &north).await;
    worker(&owner, "Sue", "780-555-0103", &south).await;
    let sam = client(&owner, "Quilla").await;
    let ten = at_ten(&app, 3);
    // In the morning Zoe is around the corner of the visit in the afternoon.
    let morning = visit(
        &north,
        &sam,
        ten - TimeDelta::hours(1),
        &json!({ "assigned_worker_id": zoe, "duration_minutes": 60 }),
    );
    let morning = text(booked(&owner, &morning).await.ok(), "booking_id");
    let wanted = visit(&north, &sam, ten + TimeDelta::hours(3), &json!({}));
    let wanted = text(booked(&owner, &wanted).await.ok(), "booking_id");
    for (id, lng) in [(&morning, -113.50), (&wanted, -113.51)] {
        owner.put(&desk(id, "location"), &json!({ "lat": 53.40, "lng": lng })).await.ok();
    }
    app.settle().await;
    let suggest = format!("{DESK}/assign/suggest?booking_id={wanted}");
    let found = owner.get(&suggest).await.ok().body["suggestions"].clone();
    let names = |found: &Value| {
        let all = found.as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&found), ["Zoe", "Wes"]);
    assert!(found[0]["reasons"].as_array().unwrap().contains(&json!("closest")), "{found}");
    assert_eq!(found, owner.get(&suggest).await.ok().body["suggestions"]);
    app.staff_of(1, "owner").get(&suggest).await.is(404, "booking.not_found");
    // Away is not free.
    let off = json!({
        "scope_type": "worker", "scope_id": zoe, "block_type": "sick",
        "starts_at": ten + TimeDelta::hours(2), "ends_at": ten + TimeDelta::hours(4),
    });
    owner.post("/v1/admin/availability-blocks", &off).await.ok();
    app.settle().await;
    assert_eq!(names(&owner.get(&suggest).await.ok().body["suggestions"]), ["Wes"]);
    plan(&app, &owner, (&wanted, &north), (&wes, &zoe)).await;
}

/// The proposal for the visit that nobody is to make yet, and everything that keeps it from being carried out.
async fn plan(app: &App, owner: &Client, (wanted, north): (&str, &str), (wes, zoe): (&str, &str)) {
    let proposed = owner.get("/v1/admin/schedule/optimization").await;
    let line = proposed.ok().body["suggestions"][0].clone();
    assert_eq!(
        (&line["booking_id"], &line["recommended_worker_id"]),
        (&json!(wanted), &json!(wes))
    );
    let apply = "/v1/admin/schedule/optimization/apply";
    let body = |more: Value| {
        let mut body = json!({ "suggestion_id": line["suggestion_id"], "booking_id": wanted });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let code = |code: &str| format!("optimization.{code}");
    let refused = async |more: Value, why: &str| {
        owner.post(apply, &body(more)).await.is(409, &code(why));
    };
    refused(json!({ "suggestion_id": "assign-x-1" }), "suggestion_mismatch").await;
    refused(json!({ "team_id": team(owner, "East").await }), "team_mismatch").await;
    refused(json!({ "worker_id": zoe }), "worker_not_in_candidates").await;
    let another = owner.post(&desk(wanted, "reassign"), &json!({ "worker_id": wes })).await;
    another.ok();
    refused(json!({}), "booking_already_assigned").await;
    owner.post(&desk(wanted, "reassign"), &json!({ "worker_id": null })).await.ok();
    refused(json!({}), "suggestion_stale").await;
    app.settle().await;
    let again =
        owner.get("/v1/admin/schedule/optimization").await.ok().body["suggestions"][0].clone();
    let fresh = json!({ "suggestion_id": again["suggestion_id"], "team_id": north });
    let keyed = owner.with("idempotency-key", "apply-1");
    let done = keyed.post(apply, &body(fresh.clone())).await;
    assert_eq!(done.ok().body["assigned_worker_id"], wes);
    assert_eq!(
        keyed.post(apply, &body(fresh)).await.ok().header("idempotency-replayed"),
        Some("true")
    );
}

#[tokio::test]
async fn ways_are_estimated_with_what_winter_and_downtown_add() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let asked = |at: &str| {
        json!({
            "origin": { "lat": 53.0, "lng": -113.5 }, "dest": { "lat": 53.54, "lng": -113.49 },
            "depart_at": at,
        })
    };
    let path = format!("{DESK}/routes/estimate");
    let summer = owner.post(&path, &asked("2030-07-01T10:00")).await;
    let summer = summer.ok().body.clone();
    assert_eq!((&summer["provider"], &summer["distance_km"]), (&json!("heuristic"), &json!(60.0)));
    assert_eq!(summer["adjustments"], json!([{ "reason": "downtown", "minutes": 15 }]));
    let winter = owner.post(&path, &asked("2030-12-01T10:00")).await.ok().body.clone();
    let base = winter["base_duration_min"].as_i64().unwrap();
    let expected = base + ((base * 11 + 9) / 10 - base) + 10 + 15;
    assert_eq!(winter["duration_min"], expected);
    let before = app.position(0).await;
    owner
        .post(&path, &json!({ "origin": { "lat": 0, "lng": 0 }, "dest": { "lat": 0, "lng": 999 } }))
        .await
        .is(422, "validation_failed");
    assert_eq!(app.position(0).await, before, "asking changes nothing");
    let context = owner.get(&format!("{DESK}/context")).await;
    assert_eq!(context.ok().body["reason"], "no_provider");
}

#[tokio::test]
async fn what_is_told_from_the_desk_is_sent_once_and_kept_whatever_comes_of_it() {
    let smtp = Smtp::start().await;
    let app = App::start_mailing(smtp.port).await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Quilla").await;
    let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 3), &json!({}))).await;
    let id = text(made.ok(), "booking_id");
    app.settle().await;
    let tell = async |key: &str, more: Value| {
        let mut body = json!({ "booking_id": id, "target": "client", "channel": "email", "template_id": "CLIENT_DELAY_TRAFFIC" });
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let told = owner.with("idempotency-key", key).post(&format!("{DESK}/notify"), &body).await;
        let told = told.ok();
        (told.body["status"].clone(), told.body["error_code"].clone())
    };
    let late = json!({ "params": { "minutes": 25 }, "locale": "ru" });
    for _ in 0..2 {
        assert_eq!(tell("once", late.clone()).await, (json!("queued"), Value::Null));
        app.settle().await;
    }
    assert_eq!(smtp.mails().len(), 1);
    let failed = |why: &str| (json!("failed"), json!(why));
    assert_eq!(tell("a", json!({ "channel": "sms" })).await, failed("missing_phone"));
    assert_eq!(tell("b", json!({ "template_id": "HELLO" })).await, failed("unknown_template"));
    assert_eq!(tell("c", json!({ "target": "worker" })).await, failed("no_worker"));
    app.settle().await;
    assert_eq!(smtp.mails().len(), 1);
    let audit = format!("{DESK}/notify/audit?booking_id={id}");
    let kept = owner.get(&format!("{audit}&limit=3")).await;
    let codes: Vec<&Value> =
        kept.ok().body.as_array().unwrap().iter().map(|one| &one["error_code"]).collect();
    assert_eq!(codes, ["no_worker", "unknown_template", "missing_phone"]);
    let next = kept.header("x-next-cursor").unwrap();
    let rest = owner.get(&format!("{audit}&cursor={next}")).await;
    assert_eq!(rest.ok().body.as_array().unwrap().len(), 1);
    app.staff_of(1, "owner").get(&audit).await.is(404, "booking.not_found");
}

#[tokio::test]
async fn many_are_changed_at_once_and_each_tells_what_became_of_it() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    let sam = client(&owner, "Quilla").await;
    let mut ids = Vec::new();
    for days in [3, 4] {
        let made = booked(&owner, &visit(&north, &sam, at_ten(&app, days), &json!({}))).await;
        ids.push(text(made.ok(), "booking_id"));
    }
    let other = app.staff_of(1, "owner");
    let their_team = team(&other, "Theirs").await;
    let their_client = client(&other, "Vera").await;
    let theirs =
        booked(&other, &visit(&their_team, &their_client, at_ten(&app, 3), &json!({}))).await;
    let theirs = text(theirs.ok(), "booking_id");
    let before = app.position(1).await;
    let bulk = "/v1/admin/bookings/bulk";
    let all = json!({
        "booking_ids": [ids[0], theirs, ids[1]], "team_id": south, "status": "CONFIRMED", "send_reminder": true,
    });
    owner.post(bulk, &all).await.is(400, "idempotency_key_missing");
    let keyed = owner.with("idempotency-key", "bulk-1");
    let done = keyed.post(bulk, &all).await;
    let body = done.ok().body.clone();
    assert_eq!([&body["updated"], &body["failed"], &body["reminders_sent"]], [2, 1, 2]);
    let outcomes: Vec<[&Value; 4]> = body["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| [&one["booking_id"], &one["outcome"], &one["status"], &one["code"]])
        .collect();
    let null = &Value::Null;
    assert_eq!(outcomes[0], [&json!(ids[0]), &json!("done"), null, null]);
    assert_eq!(
        outcomes[1],
        [&json!(theirs), &json!("failed"), &json!(404), &json!("booking.not_found")]
    );
    assert_eq!(outcomes[2], [&json!(ids[1]), &json!("done"), null, null]);
    assert_eq!(app.position(1).await, before, "nothing of the other organisation changes");
    app.settle().await;
    for id in &ids {
        let one = owner.get(&format!("/v1/admin/bookings/{id}")).await;
        let one = &one.ok().body;
        assert_eq!((&one["status"], &one["team_id"]), (&json!("CONFIRMED"), &json!(south)));
    }
    let position = app.position(0).await;
    assert_eq!(keyed.post(bulk, &all).await.ok().body, body);
    assert_eq!(app.position(0).await, position, "nothing is done twice");
    let twice = json!({ "booking_ids": [ids[0], ids[0]], "status": "CONFIRMED" });
    keyed.with("idempotency-key", "bulk-2").post(bulk, &twice).await.is(422, "validation_failed");
}

#[tokio::test]
async fn the_desk_is_told_of_visits_for_clients_who_were_blocked_meanwhile() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let ten = at_ten(&app, 3);
    let made = booked(&owner, &visit(&north, &sam, ten, &json!({}))).await;
    let id = text(made.ok(), "booking_id");
    let date = ten.with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    let told = async || {
        app.settle().await;
        let alerts = owner.get(&format!("/v1/admin/dispatcher/alerts?date={date}")).await;
        let alerts = alerts.ok().body["alerts"].as_array().unwrap().clone();
        let of_blocked = |alert: &&Value| alert["type"] == "CLIENT_BLOCKED";
        alerts.iter().find(of_blocked).map(|alert| alert["booking_ids"].clone())
    };
    assert_eq!(told().await, None);
    let reason = json!({ "reason": "never pays" });
    owner.post(&format!("/v1/admin/clients/{sam}/block"), &reason).await.ok();
    assert_eq!(told().await, Some(json!([id])));
    owner.post(&format!("/v1/admin/clients/{sam}/unblock"), &json!({})).await.ok();
    assert_eq!(told().await, None);
}
