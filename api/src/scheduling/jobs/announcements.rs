//! What the office has told a worker.

use axum::extract::State;
use domain::people::worker::Worker;
use domain::people::worker::file::Announcement;
use domain::personal;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::me;
use crate::answer::Answer;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::{Routes, worker};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(announcements), worker())
}

/// What the office has told one, the latest first; the last 20
#[utoipa::path(
    get,
    path = "/worker/announcements",
    tag = "portal",
    responses((status = 200, description = "None for the login that a team shares", content_type = "application/json", example = json!([
        { "announcement_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "text": "No work on Monday", "at": "2030-03-04T17:00:00Z" }
    ])))
)]
async fn announcements(
    State(app): State<AppState>,
    caller: PortalCaller,
) -> Result<Answer, Problem> {
    let Some(id) = me(&caller) else { return Answer::json(&Vec::<Value>::new()) };
    let found = app.bus.load::<Worker>(caller.org, &id.to_string()).await?.state;
    let line = |one: &Announcement| {
        let mut line = json!({ "announcement_id": one.note_id, "text": one.text, "at": one.at });
        personal::reveal(&mut line);
        line
    };
    let all = found.details().map(|worker| worker.file.announcements.as_slice());
    let lines: Vec<Value> = all.unwrap_or_default().iter().rev().map(line).collect();
    Answer::json(&lines)
}
