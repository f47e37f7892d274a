//! How much of the time of workers and teams was booked and worked.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, TimeDelta};
use domain::settings::holiday::Holiday;
use serde_json::{Value, json};
use strum::VariantArray;

use super::super::scheduling::{at_ten, booked, client, route, team, text, visit, worker};
use super::{day, done, facts, is_still, items, sum};
use crate::harness::App;
use crate::harness::client::Answer;

fn of(answer: &Answer, field: &str, id: &str) -> [i64; 4] {
    let rows = items(answer);
    let row = rows.iter().find(|row| row[field] == id).unwrap_or_else(|| panic!("no {id}"));
    ["available_minutes", "booked_minutes", "worked_minutes", "visits"]
        .map(|name| row[name].as_i64().unwrap())
}

/// Days of a range that are no holiday; minute by minute a day of work has nine hours.
fn working_days(from: NaiveDate, to: NaiveDate) -> i64 {
    let kept: BTreeSet<NaiveDate> = [from.year(), to.year()]
        .iter()
        .flat_map(|year| Holiday::VARIANTS.iter().filter_map(|one| one.in_year(*year)))
        .collect();
    let days = from.iter_days().take_while(|day| *day <= to);
    i64::try_from(days.filter(|day| !kept.contains(day)).count()).unwrap()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one week, looked at from every side")]
async fn time_is_open_booked_and_worked() {
    let app = App::start().await;
    let owner = app.staff("owner");
    let (north, south) = (team(&owner, "North").await, team(&owner, "South").await);
    let wes = worker(&owner, "Wes", "780-555-0101", &north).await;
    let zoe = worker(&owner, "Zoe", "780-555-0102", &north).await;
    let kim = worker(&owner, "Kim", "780-555-0103", &south).await;
    let sam = client(&owner, "Sam").await;
    let first = at_ten(&app, 20);
    let (from, to) = (day(first), day(first) + Days::new(6));
    let both = json!({ "assigned_worker_id": wes, "crew": [zoe] });
    let two = booked(&owner, &visit(&north, &sam, first, &both)).await;
    let two = text(two.ok(), "booking_id");
    let alone = json!({ "assigned_worker_id": wes });
    let next = first + TimeDelta::days(1);
    let called_off = booked(&owner, &visit(&north, &sam, next, &alone)).await;
    let called_off = text(called_off.ok(), "booking_id");
    owner.post(&route(&called_off, "cancel"), &json!({ "reason": "ill" })).await.ok();
    let other = json!({ "assigned_worker_id": kim });
    done(&owner, &visit(&south, &sam, next, &other), 95).await;
    // The team rests for a morning, one of it for the same morning and more, all for an evening nobody works at.
    let off = |scope: &str, id: &str, days: i64, hours: (i64, i64)| {
        let at = |hour: i64| first + TimeDelta::days(days) + TimeDelta::hours(hour - 10);
        json!({
            "scope_type": scope, "scope_id": id, "block_type": "training", "starts_at": at(hours.0),
            "ends_at": at(hours.1),
        })
    };
    for block in [
        off("team", &north, 2, (9, 12)),
        off("worker", &zoe, 2, (11, 14)),
        off("worker", &kim, 3, (19, 23)),
    ] {
        owner.post("/v1/admin/availability-blocks", &block).await.ok();
    }
    app.settle().await;
    let open = working_days(from, to) * 540;
    let rests = |days: u64, minutes: i64| {
        if working_days(from + Days::new(days), from + Days::new(days)) == 1 { minutes } else { 0 }
    };
    let path = format!("/v1/admin/reports/utilisation?from={from}&to={to}");
    let viewer = app.staff("viewer");
    let workers = viewer.get(&path).await;
    assert_eq!(of(&workers, "worker_id", &wes), [open - rests(2, 180), 120, 0, 1]);
    assert_eq!(of(&workers, "worker_id", &zoe), [open - rests(2, 300), 120, 0, 1]);
    assert_eq!(of(&workers, "worker_id", &kim), [open, 120, 0, 1]);
    let teams = viewer.get(&format!("{path}&group=team")).await;
    assert_eq!(of(&teams, "team_id", &north), [open - rests(2, 180), 120, 0, 1]);
    assert_eq!(of(&teams, "team_id", &south), [open, 120, 0, 1]);
    let share = 120.0 / f64::from(i32::try_from(open).unwrap());
    let told =
        items(&teams).iter().find(|row| row["team_id"] == *south).unwrap()["booked_share"].as_f64();
    assert!((told.unwrap() - share).abs() < 0.000_06, "{told:?}");
    // What was done counts on the day it was completed, which is today.
    let today = super::today(&app);
    let done_today =
        viewer.get(&format!("/v1/admin/reports/utilisation?from={today}&to={today}")).await;
    assert_eq!(of(&done_today, "worker_id", &kim)[1..], [0, 95, 0]);
    let facts = facts(&viewer, &path).await;
    assert_eq!(sum(&facts, "booked_minutes", &json!({ "worker_id": zoe })), 120);
    assert_eq!(sum(&facts, "booked_minutes", &json!({})), 360);
    let csv = viewer.get(&format!("{path}&group=team&format=csv")).await;
    assert!(csv.ok().text.starts_with("team_id,team,available_minutes,booked_minutes"));
    // A visit that moves takes its minutes along; then it was where it was.
    let moved = json!({ "starts_at": first + TimeDelta::days(30) });
    owner.post(&route(&two, "reschedule"), &moved).await.ok();
    let hours = json!({ "team_id": south, "day_of_week": from.weekday().num_days_from_monday(), "start_time": "09:00", "end_time": "12:00" });
    owner.post("/v1/admin/working-hours", &hours).await.ok();
    owner.patch(&format!("/v1/admin/teams/{south}"), &json!({ "name": "Pole" })).await.ok();
    app.settle().await;
    let later = viewer.get(&format!("{path}&group=team")).await;
    assert_eq!(of(&later, "team_id", &north)[1..], [0, 0, 0]);
    assert_eq!(of(&later, "team_id", &south)[0], open - rests(0, 360));
    is_still(&viewer, &path, &workers).await;
    is_still(&viewer, &format!("{path}&group=team"), &teams).await;
    let none = viewer.get("/v1/admin/reports/utilisation?from=2001-01-01&to=2001-01-31").await;
    assert_eq!(
        (items(&none), &none.body["totals"]["booked_share"]),
        (Vec::<Value>::new(), &json!(0.0))
    );
}
