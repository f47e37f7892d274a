//! Teams, who is in them, when they work and when they do not.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{at_ten, booked, client, route, team, text, visit, worker};
use crate::harness::App;

#[tokio::test]
async fn a_team_is_made_renamed_set_up_and_archived() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    owner.post("/v1/admin/teams", &json!({ "name": "north" })).await.is(409, "team.name_taken");
    owner.post("/v1/admin/teams", &json!({ "name": " " })).await.is(400, "team.bad_name");
    let south = team(&owner, "South").await;
    let route = format!("/v1/admin/teams/{north}");
    owner.patch(&route, &json!({ "name": "SOUTH" })).await.is(409, "team.name_taken");
    let renamed = owner.patch(&route, &json!({ "name": "Far north" })).await;
    assert_eq!(
        (&renamed.ok().body["name"], &renamed.body["number"]),
        (&json!("Far north"), &json!(1))
    );
    let dana = worker(&owner, "Dana", "780-555-0101", &north).await;
    let lead =
        json!({ "lead_worker_id": dana, "calendar_color": "#3366CC", "zones": ["Downtown"] });
    assert_eq!(owner.patch(&route, &lead).await.ok().body["lead_worker_id"], json!(dana));
    let foreign =
        owner.patch(&format!("/v1/admin/teams/{south}"), &json!({ "lead_worker_id": dana })).await;
    foreign.is(400, "team.lead_not_member");
    owner.patch(&route, &json!({ "calendar_color": "blue" })).await.is(400, "team.bad_colour");
    app.settle().await;
    let members = owner.get(&format!("{route}/members")).await;
    let first = &members.ok().body[0];
    assert_eq!(first["worker_id"], json!(dana));
    assert_eq!((&first["rating_avg"], &first["rating_count"]), (&Value::Null, &json!(0)));
    let list = owner.get("/v1/admin/teams?limit=1").await;
    assert_eq!(
        (&list.ok().body[0]["name"], list.header("x-next-cursor")),
        (&json!("Far north"), Some("1"))
    );
    let next = owner.get("/v1/admin/teams?limit=1&cursor=1").await;
    assert_eq!(next.ok().body[0]["name"], "South");

    let sam = client(&owner, "Sam").await;
    let made = booked(&owner, &visit(&south, &sam, at_ten(&app, 7), &json!({}))).await;
    let booking = text(made.ok(), "booking_id");
    app.settle().await;
    let archive = format!("/v1/admin/teams/{south}/archive");
    let refused = owner.post(&archive, &json!({})).await;
    assert_eq!(refused.is(409, "team.has_future_bookings").body["bookings"], json!([booking]));
    let reason = json!({ "reason": "no team any more" });
    owner.post(&super::route(&booking, "cancel"), &reason).await.ok();
    app.settle().await;
    owner.post(&archive, &json!({})).await.ok();
    booked(&owner, &visit(&south, &sam, at_ten(&app, 8), &json!({})))
        .await
        .is(404, "team.not_found");
    app.staff("viewer").post("/v1/admin/teams", &json!({ "name": "x" })).await.is(403, "forbidden");
    let theirs = app.staff_of(1, "owner").with("x-org", "second");
    theirs.get(&route).await.is(404, "team.not_found");
}

#[tokio::test]
async fn hours_and_time_off_decide_what_is_offered() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    app.settle().await;
    let ten = at_ten(&app, 7);
    let local = ten.with_timezone(&domain::settings::zone::DEFAULT);
    let day = local.date_naive();
    let slots = async || {
        let path = format!("/v1/slots?date={day}&time_on_site_hours=2");
        app.anyone().get(&path).await.ok().body.clone()
    };
    let offered = slots().await;
    assert_eq!(offered["slots"].as_array().unwrap().len(), 3);
    assert_eq!(offered["slots"][0], json!(ten - TimeDelta::hours(1)));

    let weekday = chrono::Datelike::weekday(&day).num_days_from_monday();
    let hours = |from: &str, to: &str| json!({ "team_id": north, "day_of_week": weekday, "start_time": from, "end_time": to });
    owner.post("/v1/admin/working-hours", &hours("10:00", "12:00")).await.ok();
    let bad = owner.post("/v1/admin/working-hours", &hours("12:00", "10:00")).await;
    assert_eq!(bad.is(422, "validation_failed").fields(), ["end_time"]);
    app.settle().await;
    assert_eq!(slots().await["slots"], json!([ten]));
    let week = owner.get(&format!("/v1/admin/working-hours?team_id={north}")).await;
    assert_eq!(week.ok().body.as_array().unwrap().len(), 7);

    let block = json!({ "team_id": north, "starts_at": ten, "ends_at": ten + TimeDelta::hours(1), "reason": "van" });
    let made = owner.post("/v1/admin/blackouts", &block).await;
    assert_eq!(made.ok().body["id"], made.body["block_id"]);
    let block = text(&made, "block_id");
    app.settle().await;
    let none = slots().await;
    assert_eq!(none["slots"], json!([]));
    assert!(none["clarifier"].is_string());
    // Visits are refused for the same reason, and the reason is named.
    let sam = client(&owner, "Sam").await;
    let refused = booked(&owner, &visit(&north, &sam, ten, &json!({}))).await;
    assert_eq!(refused.is(409, "booking.conflict").body["conflicts"][0]["kind"], "blackout");
    assert_eq!(refused.body["conflicts"][0]["reference"], json!(block));
    let gone = format!("/v1/admin/blackouts/{block}");
    let gone = owner.send(reqwest::Method::DELETE, &gone, None).await;
    assert_eq!(gone.status, 204);
    app.settle().await;
    assert_eq!(slots().await["slots"], json!([ten]));
    assert_eq!(owner.get("/v1/admin/availability-blocks").await.ok().body, json!([]));

    for (query, field) in [
        ("time_on_site_hours=0", "time_on_site_hours"),
        ("time_on_site_hours=2&window_start_hour=9", "window_end_hour"),
        ("time_on_site_hours=2&window_start_hour=12&window_end_hour=9", "window_end_hour"),
        ("time_on_site_hours=2&colour=green", "colour"),
    ] {
        let refused = app.anyone().get(&format!("/v1/slots?date={day}&{query}")).await;
        assert_eq!(refused.is(422, "validation_failed").fields(), [field]);
    }
}

#[tokio::test]
async fn time_off_is_checked_and_changed() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let route = "/v1/admin/availability-blocks";
    let (from, to) = (at_ten(&app, 7), at_ten(&app, 8));
    let block = |sort: &str, id: Option<&str>, kind: &str| json!({ "scope_type": sort, "scope_id": id, "block_type": kind, "starts_at": from, "ends_at": to });
    let scoped = owner.post(route, &block("org", Some(&north), "holiday")).await;
    assert_eq!(scoped.is(422, "validation_failed").fields(), ["scope_id"]);
    let nobody = owner.post(route, &block("worker", None, "sick")).await;
    assert_eq!(nobody.is(422, "validation_failed").fields(), ["scope_id"]);
    owner.post(route, &block("worker", Some(&north), "sick")).await.is(404, "worker.not_found");
    let holiday = owner.post(route, &block("team", Some(&north), "holiday")).await;
    holiday.is(422, "time_off.holiday_requires_org_scope");
    let made = owner.post(route, &block("org", None, "holiday")).await;
    let one = format!("{route}/{}", text(made.ok(), "block_id"));
    owner.patch(&one, &json!({ "ends_at": from })).await.is(422, "time_off.invalid_window");
    let later =
        owner.patch(&one, &json!({ "ends_at": at_ten(&app, 9), "reason": "Long weekend" })).await;
    assert_eq!(later.ok().body["reason"], "Long weekend");
    app.settle().await;
    let day = from.with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    let list = owner.get(&format!("{route}?from={day}&to={day}&scope=org")).await;
    assert_eq!(list.ok().body.as_array().unwrap().len(), 1);
    app.staff("viewer").post(route, &block("org", None, "holiday")).await.is(403, "forbidden");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one day off from its beginning to its end")]
async fn time_off_tells_which_visits_are_in_its_way() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    let dana = worker(&owner, "Dana", "780-555-0111", &north).await;
    let sam = client(&owner, "Sam").await;
    let ten = at_ten(&app, 7);
    let crew = json!({ "crew": [dana] });
    let first = text(booked(&owner, &visit(&north, &sam, ten, &crew)).await.ok(), "booking_id");
    let later = ten + TimeDelta::hours(4);
    let second = booked(&owner, &visit(&north, &sam, later, &json!({}))).await;
    let second = text(second.ok(), "booking_id");
    let third = booked(&owner, &visit(&south, &sam, later, &json!({}))).await;
    let third = text(third.ok(), "booking_id");
    let gone = booked(&owner, &visit(&south, &sam, ten, &json!({}))).await;
    let gone = text(gone.ok(), "booking_id");
    owner.post(&route(&gone, "cancel"), &json!({ "reason": "ill" })).await.ok();
    let blocks = "/v1/admin/availability-blocks";
    let told = |block: &Value| {
        let all = block["clashes"].as_array().unwrap_or_else(|| panic!("{block}"));
        assert_eq!(block["clashes_total"], json!(all.len()), "{block}");
        let ids = all.iter().map(|one| one["booking_id"].as_str().unwrap().to_owned());
        ids.collect::<BTreeSet<String>>()
    };
    let set = |ids: &[&String]| ids.iter().map(|id| (*id).clone()).collect::<BTreeSet<String>>();
    let day = |sort: &str, id: Option<&str>| {
        json!({
            "scope_type": sort, "scope_id": id, "block_type": "training",
            "starts_at": ten - TimeDelta::hours(1), "ends_at": ten + TimeDelta::hours(8),
        })
    };
    let dispatcher = app.staff("dispatcher");
    // Nobody waits for the list: what was booked a moment ago is told all the same.
    let all = owner.post(blocks, &day("org", None)).await;
    assert_eq!(told(&all.ok().body), set(&[&first, &second, &third]));
    let one = all.body["clashes"].as_array().unwrap();
    let one = one.iter().find(|one| one["booking_id"] == json!(first)).unwrap();
    assert_eq!(
        [&one["starts_at"], &one["team_id"], &one["crew"], &one["status"]],
        [&json!(ten), &json!(north), &json!([dana]), &json!("PENDING")]
    );
    let own = owner.post(blocks, &day("team", Some(&north))).await;
    assert_eq!(told(&own.ok().body), set(&[&first, &second]));
    let hers = owner.post(blocks, &day("worker", Some(&dana))).await;
    assert_eq!(told(&hers.ok().body), set(&[&first]));
    let shorter = json!({ "starts_at": ten + TimeDelta::hours(2) });
    let changed = format!("{blocks}/{}", text(&own, "block_id"));
    let changed = owner.patch(&changed, &shorter).await;
    assert_eq!(told(&changed.ok().body), set(&[&second]));
    app.settle().await;
    let listed = dispatcher.get(&format!("{blocks}?team_id={north}&clashes=true")).await;
    let lines = listed.ok().body.as_array().unwrap();
    assert_eq!((lines.len(), told(&lines[0])), (1, set(&[&second])));
    assert_eq!(lines[0]["block_id"], own.body["block_id"]);
    let plain = dispatcher.get(&format!("{blocks}?team_id={south}")).await;
    assert_eq!(plain.ok().body, json!([]));
    let plain = dispatcher.get(blocks).await;
    assert!(plain.ok().body[0].get("clashes").is_none());
    // Who moves them is not told any more.
    owner.post(&route(&second, "cancel"), &json!({ "reason": "moved" })).await.ok();
    app.settle().await;
    let listed = dispatcher.get(&format!("{blocks}?team_id={north}&clashes=true")).await;
    assert_eq!(told(&listed.ok().body[0]), set(&[]));
    let black = owner.get(&format!("/v1/admin/blackouts?team_id={north}")).await;
    assert_eq!(black.ok().body, json!([]), "training is no blackout");
    let odd = owner.get(&format!("{blocks}?team_id=north")).await;
    assert_eq!((odd.status, odd.fields()), (422, vec!["team_id"]));
}
