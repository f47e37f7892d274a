//! Who does how much, who has nothing to do, and how well it is done: what the office reads about workers.

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use serde_json::{Value, json};

use super::{at_ten, booked, client, route, team, text, visit, worker};
use crate::harness::{App, Client};

const WORKERS: &str = "/v1/admin/workers";

/// A visit that is promised, with that crew, that many days from now.
async fn promised(
    app: &App,
    owner: &Client,
    whose: (&str, &str),
    crew: &[&str],
    days: i64,
) -> String {
    let more = json!({ "crew": crew, "price_cents": 20_000 });
    let made = booked(owner, &visit(whose.0, whose.1, at_ten(app, days), &more)).await;
    let id = text(made.ok(), "booking_id");
    owner.post(&route(&id, "confirm"), &json!({})).await.ok();
    id
}

async fn done(owner: &Client, id: &str) {
    owner.post(&route(id, "complete"), &json!({ "actual_duration_minutes": 90 })).await.ok();
}

fn local(app: &App, days: i64) -> NaiveDate {
    (at_ten(app, days) - TimeDelta::hours(7)).date_naive()
}

fn ids(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|one| one["worker_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_timeline_and_a_week_show_what_each_does_on_each_day() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let dana = worker(&owner, "Dana", "780-555-0111", &north).await;
    app.advance(TimeDelta::seconds(1));
    let eli = worker(&owner, "Eli", "780-555-0122", &north).await;
    let sam = client(&owner, "Sam").await;
    let whose = (north.as_str(), sam.as_str());
    let both = promised(&app, &owner, whose, &[&dana, &eli], 7).await;
    let more = json!({ "crew": [dana], "price_cents": 10_000, "duration_minutes": 180 });
    let later = at_ten(&app, 7) + TimeDelta::hours(3);
    let second = booked(&owner, &visit(&north, &sam, later, &more)).await;
    let second = text(second.ok(), "booking_id");
    let off = promised(&app, &owner, whose, &[&eli], 8).await;
    owner.post(&route(&off, "cancel"), &json!({ "reason": "ill" })).await.ok();
    app.settle().await;

    let (from, to) = (local(&app, 7), local(&app, 8));
    let timeline = format!("/v1/admin/schedule/worker_timeline?from={from}&to={to}");
    let all = app.staff("dispatcher").get(&timeline).await;
    let workers = &all.ok().body["workers"];
    assert_eq!(ids(workers), [&eli, &dana]);
    let day = &workers[1]["days"][0];
    assert_eq!([&day["bookings"], &day["minutes"], &day["revenue_cents"]], [2, 300, 30_000]);
    assert_eq!(day["booking_ids"], json!([both, second]));
    assert_eq!((&day["date"], &workers[0]["days"][0]["bookings"]), (&json!(from), &json!(1)));
    assert_eq!(workers[0]["days"][1]["bookings"], 0, "what was called off is no work");
    let one = owner.get(&format!("{timeline}&worker_id={eli}")).await;
    assert_eq!(ids(&one.ok().body["workers"]), [&eli]);
    let first = owner.get(&format!("{timeline}&limit=1")).await;
    let cursor = text(first.ok(), "next_cursor");
    let rest = owner.get(&format!("{timeline}&limit=1&cursor={cursor}")).await;
    assert_eq!(ids(&rest.ok().body["workers"]), [&dana]);
    let nobody = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";
    owner.get(&format!("{timeline}&worker_id={nobody}")).await.is(404, "worker.not_found");
    let long =
        format!("/v1/admin/schedule/worker_timeline?from={from}&to={}", from + Days::new(31));
    assert_eq!(owner.get(&long).await.fields(), ["to"]);

    let week = owner.get(&format!("{WORKERS}/availability?week={from}")).await;
    let body = &week.ok().body;
    let monday = from - Days::new(from.weekday().num_days_from_monday().into());
    assert_eq!(body["from_date"], json!(monday));
    let place = usize::try_from(from.weekday().num_days_from_monday()).unwrap();
    let load = |worker: usize, day: usize| body["items"][worker]["days"][day]["load"].clone();
    assert_eq!((load(1, place), load(0, place)), (json!("heavy"), json!("light")));
    let free = body["items"][0]["days"].as_array().unwrap().iter();
    assert_eq!(free.filter(|day| day["load"] == "free").count(), 6);
    assert_eq!(
        owner.get(&format!("{WORKERS}/availability?week=0001-01-01")).await.fields(),
        ["week"]
    );
}

#[tokio::test]
async fn the_list_tells_who_works_is_off_or_can_be_sent_and_selected_ones_are_exported() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let dana = worker(&owner, "Dana", "780-555-0111", &north).await;
    let eli = worker(&owner, "Eli", "780-555-0122", &north).await;
    let fay = worker(&owner, "Fay", "780-555-0133", &north).await;
    let sam = client(&owner, "Sam").await;
    promised(&app, &owner, (&north, &sam), &[&dana], 7).await;
    let ten = at_ten(&app, 7);
    let ill = json!({
        "scope_type": "worker", "scope_id": eli, "block_type": "sick", "starts_at": ten,
        "ends_at": ten + TimeDelta::hours(8),
    });
    owner.post("/v1/admin/availability-blocks", &ill).await.ok();
    app.advance(ten + TimeDelta::minutes(30) - app.now());
    app.settle().await;
    for (status, who) in [("working", &dana), ("off", &eli), ("available", &fay)] {
        let found = owner.get(&format!("{WORKERS}?status={status}")).await;
        assert_eq!(ids(&found.ok().body["items"]), [who], "{status}");
    }
    owner.get(&format!("{WORKERS}?status=asleep")).await.is(422, "validation_failed");
    owner.post(&format!("{WORKERS}/{fay}/archive"), &json!({})).await.ok();
    app.settle().await;
    let chosen = format!("{WORKERS}/export.json?worker_ids={dana},{fay}");
    let chosen = owner.get(&chosen).await;
    let mut found = ids(&chosen.ok().body);
    found.sort_unstable();
    let mut wanted = [dana.as_str(), fay.as_str()];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    let table = owner.get(&format!("{WORKERS}/export.csv?worker_ids={eli}")).await;
    assert_eq!(table.ok().text.lines().count(), 2);
    assert_eq!(
        owner.get(&format!("{WORKERS}/export.csv?worker_ids=x")).await.fields(),
        ["worker_ids"]
    );
    let busy = owner.get(&format!("{WORKERS}?worker_ids={eli}&status=working")).await;
    assert_eq!(busy.ok().body["items"], json!([]));
}

#[tokio::test]
async fn customers_and_staff_rate_workers_together_and_a_drop_is_told() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let dana = worker(&owner, "Dana", "780-555-0111", &north).await;
    let sam = client(&owner, "Sam").await;
    let feedback = format!("/v1/admin/clients/{sam}/feedback");
    let mut visits = Vec::new();
    for (days, stars) in [(7, 5), (8, 4), (9, 3), (10, 3)] {
        let id = promised(&app, &owner, (&north, &sam), &[&dana], days).await;
        done(&owner, &id).await;
        app.advance(TimeDelta::minutes(1));
        owner.post(&feedback, &json!({ "rating": stars, "booking_id": id })).await.ok();
        visits.push(id);
    }
    // What is said of no visit is said of nobody who cleans.
    owner.post(&feedback, &json!({ "rating": 1 })).await.ok();
    app.settle().await;
    let file = format!("{WORKERS}/{dana}/file");
    let shown = owner.get(&file).await;
    assert_eq!(
        (&shown.ok().body["rating_avg"], &shown.body["rating_count"]),
        (&json!(3.75), &json!(4))
    );
    let alerts = owner.get(&format!("{WORKERS}/alerts")).await;
    let drop = &alerts.ok().body["items"][0];
    assert_eq!((&drop["kind"], &drop["worker_id"]), (&json!("rating_drop"), &json!(dana)));
    assert_eq!((&drop["latest_avg"], &drop["before_avg"]), (&json!(3.33), &json!(5.0)));
    let review = json!({ "booking_id": visits[0], "rating": 5 });
    app.advance(TimeDelta::minutes(1));
    let given = owner.post(&format!("{WORKERS}/{dana}/reviews"), &review).await;
    assert_eq!(
        (&given.ok().body["rating_avg"], &given.body["rating_count"]),
        (&json!(4.0), &json!(5))
    );
    app.settle().await;
    let list = owner.get(&format!("{WORKERS}?rating_min=4&rating_max=4")).await;
    let line = &list.ok().body["items"][0];
    assert_eq!((&line["rating_avg"], &line["rating_count"]), (&json!(4.0), &json!(5)));
    let none = owner.get(&format!("{WORKERS}?rating_min=4.01")).await;
    assert_eq!(none.ok().body["items"], json!([]));
    let table = owner.get(&format!("{WORKERS}/export.csv")).await;
    assert!(table.ok().text.contains(",4.00,5,"), "{}", table.text);
    let typed = json!({ "rating_avg": 5 });
    owner.patch(&file, &typed).await.is(422, "validation_failed");
}

#[tokio::test]
async fn the_dashboard_names_the_best_and_whoever_should_be_looked_at() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let dana = worker(&owner, "Dana", "780-555-0111", &north).await;
    let eli = worker(&owner, "Eli", "780-555-0122", &north).await;
    let sam = client(&owner, "Sam").await;
    let whose = (north.as_str(), sam.as_str());
    for days in [20, 21] {
        let id = promised(&app, &owner, whose, &[&dana], days).await;
        done(&owner, &id).await;
    }
    for days in [22, 23] {
        let id = promised(&app, &owner, whose, &[&eli], days).await;
        owner.post(&route(&id, "cancel"), &json!({ "reason": "ill" })).await.ok();
    }
    let last = promised(&app, &owner, whose, &[&eli], 24).await;
    done(&owner, &last).await;
    app.advance(at_ten(&app, 25) - app.now());
    let fay = worker(&owner, "Fay", "780-555-0133", &north).await;
    app.settle().await;
    let page = owner.get(&format!("{WORKERS}/dashboard")).await;
    let body = &page.ok().body;
    assert_eq!([&body["workers"], &body["jobs"], &body["done"], &body["cancelled"]], [3, 5, 3, 2]);
    assert_eq!(ids(&body["top"]), [&dana, &eli]);
    assert_eq!(ids(&body["flagged"]), [&eli, &fay]);
    assert_eq!(body["flagged"][0]["flags"], json!(["cancellations"]));
    assert_eq!(body["flagged"][1]["flags"], json!(["newcomer"]));
    app.advance(TimeDelta::days(14));
    let later = owner.get(&format!("{WORKERS}/dashboard?range=last7")).await;
    assert_eq!((&later.ok().body["jobs"], &later.body["top"]), (&json!(0), &json!([])));
    let month = owner.get(&format!("{WORKERS}/dashboard?range=last30")).await;
    assert_eq!(month.ok().body["jobs"], 5);
    owner.get(&format!("{WORKERS}/dashboard?range=last8")).await.is(422, "validation_failed");
    app.staff("viewer").get(&format!("{WORKERS}/dashboard")).await.is(403, "forbidden");

    // Dana's last visit was 18 days ago by now.
    let alerts = format!("{WORKERS}/alerts");
    assert_eq!(owner.get(&alerts).await.ok().body["items"], json!([]));
    app.advance(TimeDelta::days(13));
    let quiet = owner.get(&alerts).await;
    let one = &quiet.ok().body["items"][0];
    assert_eq!(
        (ids(&quiet.body["items"]), &one["severity"]),
        (vec![dana.as_str()], &json!("medium"))
    );
    assert_eq!(one["days"], 31);
    app.advance(TimeDelta::days(60));
    let quiet = owner.get(&format!("{alerts}?limit=1")).await;
    let one = &quiet.ok().body["items"][0];
    assert_eq!((&one["worker_id"], &one["severity"]), (&json!(fay), &json!("high")));
    assert_eq!(one["last_done_at"], Value::Null);
    assert!(quiet.body["next_cursor"].is_string());
}

#[tokio::test]
async fn somebody_is_hired_with_what_they_can_do_and_what_an_hour_costs() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let dana = json!({
        "name": "Dana", "phone": "780-555-0111", "role": "lead", "skills": ["Deep clean", "ironing"],
        "hourly_rate_cents": 2_900,
    });
    let made = owner.post(WORKERS, &dana).await;
    assert_eq!((made.status, &made.body["role"]), (201, &json!("lead")), "{}", made.text);
    let id = text(made.ok(), "worker_id");
    let file = owner.get(&format!("{WORKERS}/{id}/file")).await;
    assert_eq!(
        [&file.ok().body["role"], &file.body["skills"], &file.body["hourly_rate_cents"]],
        [&json!("lead"), &json!(["deep_clean", "ironing"]), &json!(2_900)]
    );
    assert_eq!(file.body["rates"][0]["effective"], json!(local(&app, 0)));
    app.settle().await;
    let list = owner.get(&format!("{WORKERS}?skills=ironing")).await;
    assert_eq!(list.ok().body["items"][0]["hourly_rate_cents"], 2_900);
    let before = app.position(0).await;
    let odd = json!({
        "name": "Eli", "phone": "780-555-0122", "skills": ["ironing", "a/b"], "hourly_rate_cents": -1,
    });
    let refused = owner.post(WORKERS, &odd).await;
    assert_eq!((refused.status, refused.fields()), (422, vec!["skills.1", "hourly_rate_cents"]));
    let odd = json!({ "name": "Eli", "phone": "780-555-0122", "skills": ["ironing", 7] });
    assert_eq!(owner.post(WORKERS, &odd).await.fields(), ["skills.1"]);
    assert_eq!(app.position(0).await, before);
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_list_and_organisation() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    for (name, phone) in [("Dana", "780-555-0111"), ("Eli", "780-555-0122")] {
        worker(&owner, name, phone, &north).await;
    }
    app.settle().await;
    let first = owner.get(&format!("{WORKERS}?limit=1")).await;
    let cursor = text(first.ok(), "next_cursor");
    let rest = owner.get(&format!("{WORKERS}?limit=1&cursor={cursor}")).await;
    assert_eq!(rest.ok().body["items"].as_array().unwrap().len(), 1);
    let other = app.staff_of(1, "owner");
    let members = format!("/v1/admin/teams/{north}/members");
    for (who, list) in [(&other, WORKERS), (&owner, "/v1/admin/clients"), (&owner, &members)] {
        let refused = who.get(&format!("{list}?cursor={cursor}")).await;
        assert_eq!(refused.is(422, "validation_failed").fields(), ["cursor"], "{list}");
    }
    let (row, _) = cursor.rsplit_once('_').unwrap();
    let bare = owner.get(&format!("{WORKERS}?cursor={row}")).await;
    assert_eq!(bare.is(422, "validation_failed").fields(), ["cursor"]);
}
