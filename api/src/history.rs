//! `GET /v1/admin/history/{type}/{id}`: everything that happened to one thing.

use axum::extract::State;
use domain::access::Permission;
use projections::history::{entity, log};
use projections::tenant;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::{Parameters, Path, limit};
use crate::problem::{Code, Problem};
use crate::route::{Routes, staff};
use crate::state::AppState;

const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(history), staff(ADMIN).leaves("history.export"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HistoryQuery {
    /// `next_after` of the page before: the number of an event in its stream.
    after: Option<i32>,
    /// 1 to 500, else 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// Every event of one thing: who, what, why, in which request, before and after
///
/// Read from the log itself, so it needs no read model and is never stale. Who was erased shows as `[erased]`.
#[utoipa::path(
    get,
    path = "/v1/admin/history/{type}/{id}",
    tag = "history",
    params(
        ("type" = String, Path, description = "The kind of thing, as events call it: `aggregate_type`", example = "lead"),
        ("id" = String, Path),
        HistoryQuery
    ),
    responses((status = 200, description = "One page, oldest first", content_type = "application/json"))
)]
async fn history(
    State(app): State<AppState>,
    caller: Caller,
    Path((kind, id)): Path<(String, String)>,
    Parameters(asked): Parameters<HistoryQuery>,
) -> Result<Answer, Problem> {
    let limit = limit(asked.limit, log::PAGE)?;
    let entity = entity::entity(&kind).ok_or_else(|| Problem::new(Code::NotFound))?;
    let (org, after) = (caller.org(), asked.after.unwrap_or(0));
    let mut tx = tenant::begin(&app.reads, org).await?;
    let items = entity::history(&mut tx, &app.keys, org, (entity, &id), after, limit).await?;
    // Behind the last event there is an empty page; of what never was, there is no page at all.
    if items.is_empty() && after == 0 {
        return Err(Problem::new(Code::NotFound));
    }
    let next = cursor::last_of_full(&items, limit).map(|last| last.sequence);
    Answer::json(&json!({ "type": kind, "id": id, "items": items, "next_after": next }))
}
