//! Clients: registered, changed, blocked, archived.

use axum::extract::State;
use domain::customers::client::{Changes, ClientCommand, Contact};
use domain::id::ClientId;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::change;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    let change = staff(super::CHANGE);
    Routes::default()
        .add(routes!(register_client), change.action("client.create"))
        .add(routes!(change_client), change.action("client.update"))
        .add(routes!(block_client), change.action("client.block"))
        .add(routes!(unblock_client), change.action("client.unblock"))
        .add(routes!(archive_client), change.action("client.archive"))
        .add(routes!(unarchive_client), change.action("client.unarchive"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Sam Sample", "email": "sam@example.org" })))]
struct NewClient {
    /// 1 to 120 characters.
    name: String,
    /// What they sign in with; nobody else's in the organisation.
    email: String,
    phone: Option<String>,
}

/// Register a client
#[utoipa::path(
    post,
    path = "/v1/admin/clients",
    tag = "people",
    request_body = NewClient,
    responses(
        (status = 201, description = "The client", content_type = "application/json"),
        (status = 409, description = "`client.email_taken`")
    )
)]
async fn register_client(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewClient { name, email, phone } = request.body()?;
    let contact = Contact::parse(&name, &email, phone.as_deref())?;
    let context = request.context(&caller);
    // The same for a repetition, which must be told of the same client.
    let client_id = ClientId::from(context.request.derived_id("client"));
    let command = ClientCommand::Register { client_id, contact, now: app.now() };
    let done = change(&app, &context, client_id, command).await?;
    Ok(Answer::done(&done).created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "phone": "780-555-0199" })))]
struct ChangedClient {
    name: Option<String>,
    /// Another address voids the links that were sent to the old one.
    email: Option<String>,
    /// Empty removes it.
    phone: Option<String>,
}

/// Change how a client is reached; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/clients/{client_id}",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = ChangedClient,
    responses(
        (status = 200, description = "The client", content_type = "application/json"),
        (status = 400, description = "`client.nothing_supplied`"),
        (status = 409, description = "`client.email_taken`")
    )
)]
async fn change_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ChangedClient { name, email, phone } = request.body()?;
    let changes = Changes::parse(name.as_deref(), email.as_deref(), phone.as_deref())?;
    let command = ClientCommand::ChangeContact { changes, now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reason": "Never at home" })))]
struct BlockBody {
    /// 1 to 500 characters.
    reason: String,
}

/// Take no more bookings of a client
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/block",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = BlockBody,
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn block_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let BlockBody { reason } = request.body()?;
    let command = ClientCommand::Block { reason, now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Take the bookings of a client again
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/unblock",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn unblock_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = ClientCommand::Unblock { now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Leave a client out of lists and of the portal, and end every session of theirs
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/archive",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn archive_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = ClientCommand::Archive { now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}

/// Bring a client back
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/unarchive",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "The client", content_type = "application/json"))
)]
async fn unarchive_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = ClientCommand::Restore { now: app.now() };
    Ok(Answer::done(&change(&app, &request.context(&caller), id, command).await?))
}
