//! `POST /v1/admin/clients/{id}/merge`: two clients turn out to be one person.

use axum::extract::State;
use domain::customers::client::{Client, ClientCommand, Details, Survivor};
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
    let merge = staff(super::CHANGE).action("client.merge");
    Routes::default().add(routes!(merge_client), merge)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "into_client_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d" })))]
struct MergeBody {
    /// Who stays.
    #[schema(value_type = String)]
    into_client_id: ClientId,
}

/// Merge a client into another one, who stays; it cannot be undone
///
/// Visits stay as they are, but lists, worth and notes of whoever stays include them. Whoever was merged signs in no more;
/// their e-mail address finds whoever stays.
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/merge",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = MergeBody,
    responses(
        (status = 200, description = "The client who was merged", content_type = "application/json"),
        (status = 409, description = "`client.merged`, `client.survivor_merged` or `client.merge_blocked`"),
        (status = 422, description = "`client.merge_self`")
    )
)]
async fn merge_client(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let MergeBody { into_client_id: into } = request.body()?;
    let context = request.context(&caller);
    let found = app.bus.load::<Client>(context.org, &into.to_string()).await?;
    let details = found.state.details();
    let into = Survivor {
        client_id: into,
        is_known: details.is_some_and(Details::is_known),
        is_merged: details.is_some_and(|details| details.merged_into.is_some()),
    };
    let command = ClientCommand::Merge { into, now: app.now() };
    Ok(Answer::done(&change(&app, &context, id, command).await?))
}
