//! Sixty-four at once want one time: one gets it, and the others are told what stands there.
//!
//! `RACE_ROUNDS` says how often; 25 if it is not set.

use chrono::{DateTime, TimeDelta, Utc};
use domain::billing::plan::Plan;
use futures::future::join_all;
use serde_json::{Value, json};

use super::{at_ten, booked, client, lead, route, team, text, visit, worker};
use crate::harness::client::Answer;
use crate::harness::{App, Client};

const RUNNERS: usize = 64;

#[expect(clippy::disallowed_methods, reason = "how long the race takes is the caller's choice")]
fn rounds() -> i64 {
    std::env::var("RACE_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(25)
}

/// A time of its own for each round, never twice: two visits a day, the second across midnight.
fn time(first: DateTime<Utc>, round: i64) -> DateTime<Utc> {
    first + TimeDelta::days(round)
}

/// A plan has room for five hundred visits a month.
fn turn_page(app: &App, round: i64) {
    if round > 0 && round % 400 == 0 {
        app.advance(TimeDelta::days(31));
    }
}

fn one_of(answers: &[Answer], code: &str, round: i64) {
    let won = answers.iter().filter(|one| one.status == 201 || one.status == 200).count();
    assert_eq!(won, 1, "round {round}");
    for lost in answers.iter().filter(|one| one.status >= 300) {
        lost.is(409, code);
        let kind = lost.body["conflicts"][0]["kind"].as_str().unwrap();
        assert!(["booking", "worker_booking"].contains(&kind), "{}", lost.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_visitors_one_gets_the_time() {
    let app = App::start().await;
    // More visits than a free plan allows.
    app.give_plan(0, Plan::Pro).await;
    let owner = app.staff("owner");
    team(&owner, "North").await;
    app.settle().await;
    let far = json!({ "scheduling": { "horizon_days": 3_650 } });
    owner.patch("/v1/admin/booking-policies", &far).await.ok();
    let mut leads = Vec::new();
    for number in 0..RUNNERS {
        leads.push(lead(&app, "Ana", 2000 + u32::try_from(number).unwrap()).await);
    }
    let visitors: Vec<Client> = leads.iter().map(|_| app.anyone()).collect();
    for round in 0..rounds() {
        turn_page(&app, round);
        // Shifted by an hour at most, they still cannot stand beside each other.
        let starts_at = |n: usize| {
            time(at_ten(&app, 7), round) + TimeDelta::minutes(i64::try_from(n % 5).unwrap() * 15)
        };
        let asked = leads.iter().zip(&visitors).enumerate().map(|(n, (lead, visitor))| {
            let body =
                json!({ "lead_id": lead, "starts_at": starts_at(n), "time_on_site_hours": 2 });
            async move { visitor.post("/v1/bookings", &body).await }
        });
        one_of(&join_all(asked).await, "slot_taken", round);
    }
}

/// The same time, asked for by different teams that want the same worker, or by the same team.
#[tokio::test(flavor = "multi_thread")]
async fn of_sixty_four_dispatchers_one_gets_the_team_and_the_worker() {
    let app = App::start().await;
    // More visits than a free plan allows.
    app.give_plan(0, Plan::Pro).await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let dana = worker(&owner, "Dana", "780-555-0101", &north).await;
    let sam = client(&owner, "Sam").await;
    let staff: Vec<Client> = (0..RUNNERS).map(|_| app.staff("dispatcher")).collect();
    // Late enough to end after midnight, and over the nights on which clocks change.
    let late = at_ten(&app, 7) + TimeDelta::hours(13);
    for round in 0..rounds() {
        turn_page(&app, round);
        let body = visit(
            &north,
            &sam,
            time(late, round * 8),
            &json!({
                "crew": [dana], "duration_minutes": 240, "force_reason": "race",
            }),
        );
        let asked = staff.iter().map(|one| booked(one, &body));
        one_of(&join_all(asked).await, "booking.conflict", round);
    }
}

/// Visits that are there already are moved to one time, by every route that moves them.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_that_are_moved_to_one_time_one_arrives() {
    let app = App::start().await;
    // More visits than a free plan allows.
    app.give_plan(0, Plan::Pro).await;
    let owner = app.staff("owner");
    let north = team(&owner, "North").await;
    let sam = client(&owner, "Sam").await;
    let mut visits = Vec::new();
    for day in 0..16 {
        let made = booked(&owner, &visit(&north, &sam, at_ten(&app, 10 + day), &json!({}))).await;
        visits.push(text(made.ok(), "booking_id"));
    }
    for round in 0..rounds() {
        turn_page(&app, round);
        let target: Value = json!({ "starts_at": time(at_ten(&app, 40), round) });
        let moves = visits.iter().enumerate().map(|(n, id)| {
            let path = match n % 2 {
                0 => route(id, "reschedule"),
                _ => format!("/v1/admin/schedule/{id}/move"),
            };
            let (owner, target) = (&owner, &target);
            async move { owner.post(&path, target).await }
        });
        one_of(&join_all(moves).await, "booking.conflict", round);
    }
}
