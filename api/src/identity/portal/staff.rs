//! What staff do about portals: see who is signed in, end it, send a client a link.

use axum::extract::State;
use axum::http::HeaderMap;
use domain::access::Permission;
use domain::customers::client::{Client, ClientError};
use domain::id::{ClientId, PortalSessionId, WorkerId};
use domain::people::worker::{Worker, WorkerError};
use serde_json::json;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::page::Page;
use super::client::portal;
use super::link::Wanted;
use super::{listed, sessions};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::{Parameters, Path};
use crate::problem::{Code, Problem};
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

/// Whoever sends workers out takes care of them.
const DISPATCH: &[Permission] = &[Permission::BookingsAssign];
const READ: &[Permission] = &[Permission::ContactsView];
const CHANGE: &[Permission] = &[Permission::ContactsEdit];

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_sessions_of_worker), staff(DISPATCH))
        .add(routes!(revoke_session_of_worker), staff(DISPATCH).action("worker.session_revoke"))
        .add(routes!(list_sessions_of_client), staff(READ))
        .add(routes!(revoke_session_of_client), staff(CHANGE).action("client.session_revoke"))
        .add(routes!(send_client_link), staff(CHANGE).action("client.link_send"))
}

/// Where a worker is signed in, and was
#[utoipa::path(
    get,
    path = "/v1/admin/workers/{worker_id}/sessions",
    tag = "people",
    params(("worker_id" = Uuid, Path), Page),
    responses((status = 200, description = "One page", content_type = "application/json"))
)]
async fn list_sessions_of_worker(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<WorkerId>,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    hired(&app, &caller, id).await?;
    listed::list(&app, (caller.org(), id.as_uuid()), &page, None).await
}

/// End one session of a worker
#[utoipa::path(
    post,
    path = "/v1/admin/workers/{worker_id}/sessions/{session_id}/revoke",
    tag = "people",
    params(("worker_id" = Uuid, Path), ("session_id" = Uuid, Path)),
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "revoked" })))
)]
async fn revoke_session_of_worker(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, session)): Path<(WorkerId, PortalSessionId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    revoke(&app, &caller, id.as_uuid(), session, &request).await
}

/// Where a client is signed in, and was, and links on their way
#[utoipa::path(
    get,
    path = "/v1/admin/clients/{client_id}/sessions",
    tag = "people",
    params(("client_id" = Uuid, Path), Page),
    responses((status = 200, description = "One page", content_type = "application/json"))
)]
async fn list_sessions_of_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    registered(&app, &caller, id).await?;
    listed::list(&app, (caller.org(), id.as_uuid()), &page, None).await
}

/// End one session of a client, or take a link back
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/sessions/{session_id}/revoke",
    tag = "people",
    params(("client_id" = Uuid, Path), ("session_id" = Uuid, Path)),
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "revoked" })))
)]
async fn revoke_session_of_client(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, session)): Path<(ClientId, PortalSessionId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    revoke(&app, &caller, id.as_uuid(), session, &request).await
}

/// Send a client a link that lets them in; nobody but their mailbox is told it
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/login-link",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses(
        (status = 201, description = "The login that it begins, by which it can be taken back", content_type = "application/json"),
        (status = 409, description = "`client.archived`, `client.blocked`, or `portal_address_unknown`: nobody knows where the link would lead")
    )
)]
async fn send_client_link(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    headers: HeaderMap,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    registered(&app, &caller, id).await?;
    let organisation = app.organisations.registered(&app.reads, caller.org()).await?;
    let portal = portal(&app, &headers, &organisation).await?;
    let portal = portal.ok_or_else(|| Problem::new(Code::PortalAddressUnknown))?;
    let context = request.context(&caller);
    let wanted = Wanted {
        // The same for a repetition, which must not be sent another.
        session: context.request.derived_id("portal link").into(),
        client: id,
        portal,
        now: app.now(),
        life: app.portal.link,
    };
    let made = app.links.issue(context, wanted).await?;
    Ok(Answer::done(&made.done).created())
}

async fn hired(app: &App, caller: &Caller, id: WorkerId) -> Result<(), Problem> {
    let found = app.bus.load::<Worker>(caller.org(), &id.to_string()).await?;
    found.state.details().map(|_| ()).ok_or_else(|| Problem::refused(&WorkerError::NotFound))
}

async fn registered(app: &App, caller: &Caller, id: ClientId) -> Result<(), Problem> {
    let found = app.bus.load::<Client>(caller.org(), &id.to_string()).await?;
    found.state.details().map(|_| ()).ok_or_else(|| Problem::refused(&ClientError::NotFound))
}

async fn revoke(
    app: &App,
    caller: &Caller,
    holder: Uuid,
    session: PortalSessionId,
    request: &CommandRequest,
) -> Result<Answer, Problem> {
    listed::exists(app, (caller.org(), holder), session).await?;
    sessions::end(app, request.context(caller), session, "revoked_by_staff").await?;
    Answer::json(&json!({ "status": "revoked" }))
}
