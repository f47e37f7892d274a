//! What goes on around the visits of the day. Nobody who knows about weather or traffic is connected, and the answer says so.

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde_json::json;
use utoipa_axum::routes;

use super::desk;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(context), desk())
}

/// Weather and traffic of the day, as far as they are known
#[utoipa::path(
    get,
    path = "/v1/admin/dispatcher/context",
    tag = "dispatch",
    responses((status = 200, description = "Null where nothing is known; `reason` says why", content_type = "application/json", example = json!({
        "as_of": "2030-03-04T17:00:00Z", "weather_now": null, "next_6h": null, "flags": [], "traffic_risk": null, "reason": "no_provider"
    })))
)]
async fn context(State(app): State<AppState>, _: Caller) -> Result<Answer, Problem> {
    let as_of: DateTime<Utc> = app.now();
    Answer::json(&json!({
        "as_of": as_of,
        "weather_now": null,
        "next_6h": null,
        "flags": [],
        "traffic_risk": null,
        "reason": "no_provider",
    }))
}
