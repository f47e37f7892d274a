//! Teams, free times and visits, through the whole house.

mod bookings;
mod crew;
mod desk_lists;
mod dispatch;
mod effects;
mod fees;
mod files;
mod jobs;
mod letters;
mod own;
mod past;
mod photos;
mod policies;
mod public;
mod race;
mod subscriptions;
mod teams;
mod work;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::form_of;
use crate::harness::client::Answer;
use crate::harness::{App, Client};

/// A week from now at ten in the morning in Edmonton, on a day on which every team works.
pub(super) fn at_ten(app: &App, days: i64) -> DateTime<Utc> {
    let day = (app.now() - TimeDelta::hours(7) + TimeDelta::days(days)).date_naive();
    let zone = domain::settings::zone::DEFAULT;
    domain::scheduling::search::instant(day, "10:00:00".parse().unwrap(), zone)
}

pub(super) async fn team(owner: &Client, name: &str) -> String {
    let made = owner.post("/v1/admin/teams", &json!({ "name": name })).await;
    text(made.ok(), "team_id")
}

pub(super) async fn worker(owner: &Client, name: &str, phone: &str, team: &str) -> String {
    let body = json!({ "name": name, "phone": phone, "team_id": team });
    text(owner.post("/v1/admin/workers", &body).await.ok(), "worker_id")
}

pub(super) async fn client(owner: &Client, name: &str) -> String {
    let email = format!("{}@example.net", name.to_lowercase().replace(' ', "."));
    let made = owner.post("/v1/admin/clients", &json!({ "name": name, "email": email })).await;
    text(made.ok(), "client_id")
}

/// A visit of two hours, for a client, with whatever else is said.
pub(super) fn visit(team: &str, client: &str, starts_at: DateTime<Utc>, more: &Value) -> Value {
    let mut body = json!({
        "team_id": team, "client_id": client, "starts_at": starts_at, "duration_minutes": 120,
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

pub(super) async fn booked(owner: &Client, body: &Value) -> Answer {
    owner.post("/v1/admin/schedule/quick-create", body).await
}

/// Somebody who asked for an offer.
pub(super) async fn lead(app: &App, name: &str, number: u32) -> String {
    let mut form = form_of(name, &format!("780-555-{number}"));
    form["email"] = format!("visitor{number}@example.net").into();
    text(app.anyone().post("/v1/leads", &form).await.ok(), "lead_id")
}

pub(super) fn text(answer: &Answer, field: &str) -> String {
    answer.body[field].as_str().unwrap_or_else(|| panic!("no {field}: {}", answer.text)).to_owned()
}

pub(super) fn route(booking: &str, verb: &str) -> String {
    format!("/v1/admin/bookings/{booking}/{verb}")
}
