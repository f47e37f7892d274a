//! What staff find, count and compare: search, figures of the day, teams beside each other, queues, other calendars.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{at_ten, booked, client, lead, route, team, text, visit, worker};
use crate::harness::{App, Client};

fn ids(answer: &Value) -> Vec<(String, i64)> {
    let items = answer["items"].as_array().unwrap().iter();
    let one =
        |item: &Value| (item["id"].as_str().unwrap().to_owned(), item["score"].as_i64().unwrap());
    items.map(one).collect()
}

async fn search(who: &Client, query: &str) -> Vec<(String, i64)> {
    ids(&who.get(&format!("/v1/admin/search?q={query}")).await.ok().body)
}

#[tokio::test]
async fn the_best_match_comes_first_and_only_what_one_may_read_is_found() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let quill = client(&owner, "Quill").await;
    let quilla = lead(&app, "Quilla", 401).await;
    let wes = worker(&owner, "Tranquill", "780-555-0101", &north).await;
    let made = booked(&owner, &visit(&north, &quill, at_ten(&app, 3), &json!({}))).await;
    let booking = text(made.ok(), "booking_id");
    let theirs = client(&app.staff_of(1, "owner"), "Quill").await;
    app.settle().await;
    let found = search(&owner, "QUILL").await;
    let of = |id: &str| found.iter().find(|(found, _)| found == id).map(|(_, score)| *score);
    assert_eq!((of(&quill), of(&booking)), (Some(100), Some(100)));
    assert_eq!((of(&quilla), of(&wes), of(&theirs)), (Some(50), Some(10), None));
    assert!(found.is_sorted_by(|a, b| a.1 >= b.1), "{found:?}");
    assert_eq!(search(&owner, &booking).await, [(booking.clone(), 100)]);
    assert_eq!(search(&owner, &theirs).await, []);
    assert_eq!(search(&owner, "%25%25").await.len(), 0, "signs of patterns are signs");
    // An accountant reads visits but no contacts: found by id, without a name, and by no name.
    let books = app.staff("accountant");
    assert_eq!(search(&books, "quill").await, []);
    let one = books.get(&format!("/v1/admin/search?q={booking}")).await;
    assert_eq!(ids(&one.ok().body), [(booking.clone(), 100)]);
    assert!(!one.text.contains("Quill"));
    for bad in ["q=x", "q=", "q=ab&limit=51", ""] {
        assert_eq!(owner.get(&format!("/v1/admin/search?{bad}")).await.status, 422, "{bad}");
    }
    // Whoever is erased is not found any more, by whatever.
    for subject in [&quill, &quilla, &wes] {
        let erase = format!("/v1/admin/subjects/{subject}/erase");
        app.following(owner.post(&erase, &json!({ "reason": "asked" }))).await.ok();
    }
    app.settle().await;
    for query in ["quill", "erased", &quill, &quilla, &wes] {
        assert_eq!(search(&owner, query).await, [], "{query}");
    }
}

#[tokio::test]
async fn the_start_page_counts_what_is_booked_on_the_clock_of_the_organisation() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let goal = json!({ "branding": { "weekly_revenue_goal_cents": 50_000 } });
    owner.patch("/v1/admin/settings/org", &goal).await.ok();
    let north = team(&owner, "North").await;
    let wes = worker(&owner, "Wes", "780-555-0101", &north).await;
    worker(&owner, "Zoe", "780-555-0102", &north).await;
    let sam = client(&owner, "Quilla").await;
    let ten = at_ten(&app, 3);
    let crewed = json!({ "assigned_worker_id": wes, "price_cents": 20_000 });
    let first = text(booked(&owner, &visit(&north, &sam, ten, &crewed)).await.ok(), "booking_id");
    let alone = json!({ "price_cents": 10_000 });
    let noon = ten + TimeDelta::hours(3);
    let second = text(booked(&owner, &visit(&north, &sam, noon, &alone)).await.ok(), "booking_id");
    let late = ten + TimeDelta::hours(6);
    let third = text(booked(&owner, &visit(&north, &sam, late, &alone)).await.ok(), "booking_id");
    owner.post(&route(&third, "cancel"), &json!({ "reason": "ill" })).await.ok();
    owner.post(&route(&first, "confirm"), &json!({})).await.ok();
    owner.post(&route(&first, "start"), &json!({})).await.ok();
    app.advance(ten + TimeDelta::minutes(5) - app.now());
    app.settle().await;
    let page = owner.get("/v1/admin/dashboard/ops").await;
    let body = &page.ok().body;
    let hero = &body["hero_metrics"];
    assert_eq!([&hero["bookings_today"], &hero["booked_revenue_today_cents"]], [3, 30_000]);
    assert_eq!([&hero["workers_available"], &hero["workers_total"]], [1, 2]);
    let today = &body["booking_status_today"];
    let totals = ["total", "pending", "confirmed", "done", "cancelled"];
    assert_eq!(totals.map(|name| today["totals"][name].as_i64().unwrap()), [3, 1, 1, 0, 1]);
    assert_eq!((&today["bands"][1]["total"], &today["bands"][2]["total"]), (&json!(1), &json!(1)));
    let week = &body["revenue_week"];
    assert_eq!(week["days"].as_array().unwrap().len(), 7);
    assert_eq!(week["total_booked_revenue_cents"], 30_000);
    assert_eq!(week["goal"], json!({ "goal_cents": 50_000, "remaining_cents": 20_000 }));
    assert_eq!(body["upcoming_events"][0]["entity_ref"]["id"], second.as_str());
    let best = &body["top_performers"];
    assert_eq!(
        (&best["workers"][0]["name"], &best["workers"][0]["share_of_revenue"]),
        (&json!("Wes"), &json!(0.6667))
    );
    assert_eq!(best["clients"][0]["name"], "Quilla");
    // Whoever may not read contacts is shown no names of customers.
    let books = app.staff("accountant").get("/v1/admin/dashboard/ops").await;
    assert!(!books.ok().text.contains("Quilla"));
    assert!(books.body.get("quality_today").is_some_and(Value::is_null));
    let activity = owner.get("/v1/admin/activity?limit=2").await;
    let activity = &activity.ok().body;
    assert_eq!(activity["items"][0]["action"], "booking.start");
    assert_eq!(activity["items"][0]["entity_ref"]["id"], first.as_str());
    let next = activity["next_cursor"].as_str().unwrap();
    let more = owner.get(&format!("/v1/admin/activity?cursor={next}&limit=1")).await;
    assert_eq!(more.ok().body["items"][0]["action"], "booking.cancel");
}

#[tokio::test]
async fn teams_are_compared_by_what_was_booked_and_done() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    let wes = worker(&owner, "Wes", "780-555-0101", &north).await;
    let lead = json!({ "lead_worker_id": wes });
    owner.patch(&format!("/v1/admin/teams/{north}"), &lead).await.ok();
    let sam = client(&owner, "Quilla").await;
    let mut made = Vec::new();
    for (n, hours) in [0, 3, 6].iter().enumerate() {
        let at = at_ten(&app, 3) + TimeDelta::hours(*hours);
        let priced = json!({ "price_cents": 10_000 * (n + 1) });
        let one = booked(&owner, &visit(&north, &sam, at, &priced)).await;
        made.push(text(one.ok(), "booking_id"));
    }
    owner.post(&route(&made[0], "confirm"), &json!({})).await.ok();
    let took = json!({ "actual_duration_minutes": 60 });
    owner.post(&route(&made[0], "complete"), &took).await.ok();
    owner.post(&route(&made[2], "cancel"), &json!({ "reason": "ill" })).await.ok();
    app.settle().await;
    let day = at_ten(&app, 3).with_timezone(&domain::settings::zone::DEFAULT).date_naive();
    let span = format!("from={day}&to={day}");
    let compared = owner.get(&format!("/v1/admin/teams/compare?{span}")).await;
    let teams = compared.ok().body["teams"].clone();
    assert_eq!((&teams[0]["team_id"], &teams[1]["team_id"]), (&json!(north), &json!(south)));
    let names = ["bookings_count", "completed_count", "cancelled_count", "booked_revenue_cents"];
    let figures = |line: &Value| names.map(|name| line[name].as_i64().unwrap());
    assert_eq!(figures(&teams[0]), [3, 1, 1, 30_000]);
    assert_eq!(
        (&teams[0]["completion_rate"], &teams[0]["average_booking_cents"]),
        (&json!(0.3333), &json!(15_000))
    );
    assert_eq!(
        (figures(&teams[1]), &teams[1]["average_booking_cents"]),
        ([0, 0, 0, 0], &Value::Null)
    );
    let metrics = owner.get(&format!("/v1/admin/teams/{north}/metrics?{span}")).await;
    assert_eq!(figures(&metrics.ok().body), [3, 1, 1, 30_000]);
    let recent = owner.get(&format!("/v1/admin/teams/{north}/recent_bookings?limit=2")).await;
    let shown: Vec<&str> = recent
        .ok()
        .body
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["booking_id"].as_str().unwrap())
        .collect();
    assert_eq!(shown, [&made[2], &made[1]]);
    let foreign = app.staff_of(1, "owner");
    for path in ["metrics", "recent_bookings"] {
        foreign.get(&format!("/v1/admin/teams/{north}/{path}")).await.is(404, "team.not_found");
    }
    let list = owner.get("/v1/admin/teams").await;
    let line = &list.ok().body[0];
    assert_eq!((&line["lead"]["name"], &line["worker_count"]), (&json!("Wes"), &json!(1)));
    assert!(line["monthly_bookings"].is_i64() && line["monthly_booked_revenue_cents"].is_i64());
}

#[tokio::test]
async fn visits_without_anybody_wait_in_a_queue_with_what_can_be_done() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let wes = worker(&owner, "Wes", "780-555-0101", &north).await;
    let sam = client(&owner, "Quilla").await;
    let mut made = Vec::new();
    for days in [3, 4, 30] {
        let one = booked(&owner, &visit(&north, &sam, at_ten(&app, days), &json!({}))).await;
        made.push(text(one.ok(), "booking_id"));
    }
    app.advance(at_ten(&app, 2) - app.now());
    app.settle().await;
    let queue = "/v1/admin/queue/assignments";
    let first = owner.get(&format!("{queue}?limit=1")).await;
    let body = &first.ok().body;
    assert_eq!([&body["total"], &body["urgent_count"]], [2, 0]);
    let item = &body["items"][0];
    assert_eq!((&item["booking_id"], &item["urgent"]), (&json!(made[0]), &json!(false)));
    let next = body["next_cursor"].as_str().unwrap();
    let second = owner.get(&format!("{queue}?limit=1&cursor={next}")).await;
    assert_eq!(second.ok().body["items"][0]["booking_id"], made[1].as_str());
    app.advance(TimeDelta::hours(1));
    assert_eq!(owner.get(queue).await.ok().body["urgent_count"], 1);
    // What an item offers works.
    let offered = item["quick_actions"].as_array().unwrap();
    let target = |label: &str| {
        let one = offered.iter().find(|action| action["label"] == label).unwrap();
        one["target"].as_str().unwrap().to_owned()
    };
    let suggested = owner.get(&target("Suggest")).await;
    assert_eq!(suggested.ok().body["suggestions"][0]["worker_id"], wes.as_str());
    owner.post(&target("Assign"), &json!({ "worker_id": wes })).await.ok();
    app.settle().await;
    assert_eq!(owner.get(queue).await.ok().body["total"], 1);
}

#[tokio::test]
async fn an_entry_of_another_calendar_keeps_everybody_from_visits() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    worker(&owner, "Wes", "780-555-0101", &north).await;
    let sam = client(&owner, "Quilla").await;
    let ten = at_ten(&app, 3);
    let free = format!(
        "/v1/admin/schedule/suggestions?duration_min=60&starts_at={}",
        ten.format("%Y-%m-%dT%H:%M:%SZ")
    );
    app.settle().await;
    let found = owner.get(&free).await.ok().body.clone();
    assert_eq!(
        (&found["teams"][0]["team_id"], &found["workers"][0]["name"]),
        (&json!(north), &json!("Wes"))
    );
    assert_eq!(
        owner.get(&format!("{free}&skill_tags=windows")).await.ok().body["workers"],
        json!([])
    );
    let blocks = "/v1/admin/schedule/external_blocks";
    let entry =
        json!({ "starts_at": ten, "ends_at": ten + TimeDelta::hours(1), "source": "office" });
    let made = owner.post(blocks, &entry).await;
    assert_eq!(made.ok().status, 201);
    let id = text(&made, "external_block_id");
    app.settle().await;
    assert_eq!(owner.get(blocks).await.ok().body[0]["source"], "office");
    let refused = booked(&owner, &visit(&north, &sam, ten, &json!({}))).await;
    let conflicts = &refused.is(409, "booking.conflict").body["conflicts"];
    assert_eq!(
        (&conflicts[0]["kind"], &conflicts[0]["reference"], &conflicts[0]["note"]),
        (&json!("external_block"), &json!(id), &json!("office"))
    );
    assert_eq!(owner.get(&free).await.ok().body["workers"], json!([]));
    let one = format!("{blocks}/{id}");
    app.staff_of(1, "owner")
        .send(reqwest::Method::DELETE, &one, None)
        .await
        .is(404, "time_off.not_found");
    assert_eq!(owner.send(reqwest::Method::DELETE, &one, None).await.status, 204);
    app.settle().await;
    booked(&owner, &visit(&north, &sam, ten, &json!({}))).await.ok();
    // Time off of one's own is not an entry of another calendar.
    let own = json!({ "starts_at": ten, "ends_at": ten + TimeDelta::hours(1) });
    let own = text(owner.post("/v1/admin/blackouts", &own).await.ok(), "block_id");
    owner
        .send(reqwest::Method::DELETE, &format!("{blocks}/{own}"), None)
        .await
        .is(404, "time_off.not_found");
}
