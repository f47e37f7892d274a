//! `GET /v1/admin/events`: the log of the organisation in order, with everything its chain covers.

use axum::extract::State;
use domain::access::Permission;
use projections::history::export::Line;
use projections::history::log;
use projections::tenant;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, limit};
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(events), staff(ADMIN).leaves("events.export"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct EventsQuery {
    /// The position behind which the page begins; 0 is the beginning.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// 1 to 500, else 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// Events in the order of the log, exactly as stored: personal values sealed, each with its link of the chain
#[utoipa::path(
    get,
    path = "/v1/admin/events",
    tag = "history",
    params(EventsQuery),
    responses((status = 200, description = "One page; `payload` and `metadata` are JSON in a string, because the chain covers their text", content_type = "application/json", example = json!({
        "org_id": "00000000-0000-0000-0000-000000000001", "head": 2, "next_after": 1,
        "items": [{
            "position": 1, "recorded_at": "2026-11-23T10:17:26.176145Z", "aggregate_type": "organisation",
            "aggregate_id": "00000000-0000-0000-0000-000000000001", "sequence": 1, "event_type": "registered",
            "event_version": "1", "payload": "{…}", "metadata": "{…}", "hash": "9f86d081…"
        }]
    })))
)]
async fn events(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<EventsQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, log::PAGE)?);
    let after = asked.after.unwrap_or(0);
    if after < 0 {
        return Err(Problem::field("after", "Input should be at least 0"));
    }
    let mut tx = tenant::begin(&app.reads, org).await?;
    let head = log::head(&mut tx, org).await?.map_or(0, |head| head.position);
    let items = log::page(&mut tx, org, after, limit).await?;
    let last = items.last().map_or(after, |last| last.position);
    let next = (last < head).then_some(last);
    let items: Vec<Line> = items.into_iter().map(Line::from).collect();
    Answer::json(&json!({ "org_id": org, "items": items, "next_after": next, "head": head }))
}
