//! `GET /v1/admin/jobs/status`: when each job was heard of last.

use axum::extract::State;
use domain::access::Permission;
use projections::heartbeats;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const VIEW: &[Permission] = &[Permission::CoreView];

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(status), staff(VIEW))
}

/// The jobs of the installation and their last signs of life, by name
#[utoipa::path(
    get,
    path = "/v1/admin/jobs/status",
    tag = "operations",
    responses((status = 200, description = "All of them; `jobs-runner` stands for the process", content_type = "application/json", example = json!([{
        "name": "outbox-delivery", "last_heartbeat": "2026-02-01T15:00:00Z", "runner_id": "jobs-1",
        "last_success_at": "2026-02-01T15:00:00Z", "last_error": null, "last_error_at": null, "consecutive_failures": 0
    }])))
)]
async fn status(State(app): State<AppState>, _: Caller) -> Result<Answer, Problem> {
    Answer::json(&heartbeats::all(&app.reads).await?)
}
