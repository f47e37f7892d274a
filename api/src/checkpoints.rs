//! `/v1/admin/history/checkpoints`: heads of the chain, signed with a key that is not in the database.

use axum::extract::State;
use domain::access::Permission;
use projections::history::checkpoint;
use projections::tenant;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor;
use crate::extract::{Parameters, limit};
use crate::problem::{Code, Problem};
use crate::route::{Key, Routes, staff};
use crate::state::AppState;

const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .add(routes!(checkpoints), staff(ADMIN))
        .add(routes!(sign), staff(ADMIN).action("history.checkpoint").key(Key::Ignored))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CheckpointsQuery {
    /// `next_cursor` of the page before: a position.
    cursor: Option<i64>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Signed heads of the chain, newest first
#[utoipa::path(
    get,
    path = "/v1/admin/history/checkpoints",
    tag = "history",
    params(CheckpointsQuery),
    responses((status = 200, description = "One page", content_type = "application/json"))
)]
async fn checkpoints(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<CheckpointsQuery>,
) -> Result<Answer, Problem> {
    let limit = limit(asked.limit, checkpoint::PAGE)?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let items = checkpoint::list(&mut tx, caller.org(), asked.cursor, limit).await?;
    let next = cursor::last_of_full(&items, limit).map(|last| last.position);
    Answer::json(&json!({ "items": items, "next_cursor": next }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Sign the head of the chain as it is now; the same head is signed once
#[utoipa::path(
    post,
    path = "/v1/admin/history/checkpoints",
    tag = "history",
    responses(
        (status = 200, description = "The checkpoint", content_type = "application/json"),
        (status = 503, description = "`signing_disabled`: this installation has no signing key")
    ),
)]
async fn sign(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let key = app.signing.as_ref().ok_or_else(|| Problem::new(Code::SigningDisabled))?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let signed = checkpoint::sign_head(&mut tx, caller.org(), key, app.now()).await?;
    tx.commit().await?;
    Answer::json(&signed.ok_or_else(|| Problem::new(Code::NotFound))?)
}
