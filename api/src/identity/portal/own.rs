//! One's own sessions at a portal: where one is signed in, and leaving.

use axum::extract::State;
use domain::id::PortalSessionId;
use serde_json::json;
use utoipa_axum::routes;

use super::super::page::Page;
use super::caller::PortalCaller;
use super::{listed, sessions};
use crate::answer::Answer;
use crate::caller::Means;
use crate::command::CommandRequest;
use crate::extract::{Parameters, Path};
use crate::problem::Problem;
use crate::route::{Key, Routes, client, worker};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(worker_logout), worker().action("portal.logout").key(Key::Ignored).ungated())
        .add(routes!(list_worker_sessions), worker())
        .add(routes!(revoke_worker_session), worker().action("portal.session_revoke"))
        .add(routes!(client_logout), client().action("portal.logout").key(Key::Ignored))
        .add(routes!(list_client_sessions), client())
        .add(routes!(revoke_client_session), client().action("portal.session_revoke"))
}

/// End this session of a worker
#[utoipa::path(
    post,
    path = "/worker/logout",
    tag = "portal",
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "ok" })))
)]
async fn worker_logout(
    State(app): State<AppState>,
    caller: PortalCaller,
    means: Means,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    leave(&app, &caller, means, &request).await
}

/// End this session of a client
#[utoipa::path(
    post,
    path = "/client/logout",
    tag = "portal",
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "ok" })))
)]
async fn client_logout(
    State(app): State<AppState>,
    caller: PortalCaller,
    means: Means,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    leave(&app, &caller, means, &request).await
}

/// Where a worker is signed in, and was
#[utoipa::path(
    get,
    path = "/worker/sessions",
    tag = "portal",
    params(Page),
    responses((status = 200, description = "One page", content_type = "application/json"))
)]
async fn list_worker_sessions(
    State(app): State<AppState>,
    caller: PortalCaller,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    listed::list(&app, (caller.org, caller.holder), &page, Some(caller.session)).await
}

/// Where a client is signed in, and was, and links on their way
#[utoipa::path(
    get,
    path = "/client/sessions",
    tag = "portal",
    params(Page),
    responses((status = 200, description = "One page", content_type = "application/json"))
)]
async fn list_client_sessions(
    State(app): State<AppState>,
    caller: PortalCaller,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    listed::list(&app, (caller.org, caller.holder), &page, Some(caller.session)).await
}

/// End one of one's own sessions as a worker
#[utoipa::path(
    post,
    path = "/worker/sessions/{session_id}/revoke",
    tag = "portal",
    params(("session_id" = Uuid, Path)),
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "revoked" })))
)]
async fn revoke_worker_session(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(session): Path<PortalSessionId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    revoke(&app, &caller, session, &request).await
}

/// End one of one's own sessions as a client, or take a link back
#[utoipa::path(
    post,
    path = "/client/sessions/{session_id}/revoke",
    tag = "portal",
    params(("session_id" = Uuid, Path)),
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "revoked" })))
)]
async fn revoke_client_session(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(session): Path<PortalSessionId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    revoke(&app, &caller, session, &request).await
}

async fn leave(
    app: &App,
    caller: &PortalCaller,
    means: Means,
    request: &CommandRequest,
) -> Result<Answer, Problem> {
    sessions::end(app, caller.context(request), caller.session, "logout").await?;
    let done = Answer::json(&json!({ "status": "ok" }))?;
    Ok(if means == Means::Cookie { sessions::forget(done, app, caller.portal) } else { done })
}

async fn revoke(
    app: &App,
    caller: &PortalCaller,
    session: PortalSessionId,
    request: &CommandRequest,
) -> Result<Answer, Problem> {
    listed::exists(app, (caller.org, caller.holder), session).await?;
    sessions::end(app, caller.context(request), session, "revoked_by_owner").await?;
    Answer::json(&json!({ "status": "revoked" }))
}
