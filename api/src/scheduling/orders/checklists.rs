//! The checklists of all visits.

use axum::extract::State;
use domain::scheduling::checklist::run::Run;
use projections::scheduling::checklist_list::{self, ChecklistList, PAGE};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{SETUP, scheduling};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(list_checklists), scheduling(SETUP))
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Progress {
    InProgress,
    Completed,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ChecklistsQuery {
    /// `in_progress` or `completed`; both if left out.
    #[param(value_type = Option<String>)]
    status: Option<Progress>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// The checklists of all visits, the last one begun first; their items are at the visit
#[utoipa::path(
    get,
    path = "/v1/admin/checklists",
    tag = "work",
    params(ChecklistsQuery),
    responses((status = 200, description = "One page; `required_open` counts what must be checked before the list is complete", content_type = "application/json", example = json!({
        "items": [{
            "order_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "template_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "template_version": 1,
            "name": "Usual", "status": "in_progress", "items": 12, "checked": 7, "required_open": 3,
            "started_at": "2030-03-04T17:00:00Z", "completed_at": null
        }],
        "next_cursor": null
    })))
)]
async fn list_checklists(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ChecklistsQuery>,
) -> Result<Answer, Problem> {
    let (limit, after) = (limit(asked.limit, PAGE)?, cursor::asked(asked.cursor.as_deref())?);
    let completed = asked.status.map(|status| matches!(status, Progress::Completed));
    let reached = fresh.reach(&app, caller.org(), &[ChecklistList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let runs = checklist_list::page(&mut tx, caller.org(), completed, (after, limit)).await?;
    let next = cursor::last_of_full(&runs, limit)
        .map(|run| cursor::shown(run.started_at, run.booking.as_uuid()));
    let items: Vec<Value> = runs.iter().map(line).collect();
    Ok(reached.mark(Answer::json(&json!({ "items": items, "next_cursor": next }))?))
}

fn line(run: &Run) -> Value {
    let checked = run.items.iter().filter(|item| item.checked_at.is_some()).count();
    let open = run.items.iter().filter(|item| item.required && item.checked_at.is_none()).count();
    json!({
        "order_id": run.booking,
        "template_id": run.template_id,
        "template_version": run.template_version,
        "name": run.name,
        "status": if run.completed_at.is_some() { "completed" } else { "in_progress" },
        "items": run.items.len(),
        "checked": checked,
        "required_open": open,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
    })
}
