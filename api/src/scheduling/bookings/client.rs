//! For whom a visit is, and where.

use axum::extract::State;
use domain::id::{AddressId, BookingId, ClientId};
use domain::scheduling::booking::{BookingCommand, BookingError};
use domain::settings::feature::Feature;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{EDIT, known_at, portal, run};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::customers::survivor;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    let edit = staff(EDIT).feature(Feature::Schedule);
    Routes::default().add(routes!(change_client_of_visit), edit.action("booking.change_client"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "client_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d" })))]
struct ClientOfVisit {
    /// The same client, if left out.
    #[schema(value_type = Option<String>)]
    client_id: Option<ClientId>,
    /// One of the addresses of the client; the first, if left out.
    #[schema(value_type = Option<String>)]
    address_id: Option<AddressId>,
}

/// Say for whom a visit is, or at which of their addresses; what was agreed about it stays
#[utoipa::path(
    put,
    path = "/v1/admin/bookings/{booking_id}/client",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body = ClientOfVisit,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 403, description = "`booking.client_blocked`"),
        (status = 404, description = "`client.not_found` or `client.address_not_found`"),
        (status = 409, description = "`booking.illegal_state`")
    )
)]
async fn change_client_of_visit(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let asked: ClientOfVisit = request.body()?;
    let mut context = request.context(&caller);
    let (visit, version) = known_at(&app, context.org, id).await?;
    // The home of one client is never written down for another.
    context.decided_on(version);
    let before = visit.client;
    let named = asked.client_id.or(before);
    let named = named.ok_or_else(|| Problem::field("client_id", "Field required"))?;
    let client = survivor::known(&app, context.org, named).await?;
    let is_other = before != Some(named);
    if is_other && client.blocked.is_some() {
        return Err(Problem::refused(&BookingError::ClientBlocked));
    }
    // Said anew for the same client, a visit is somewhere else only where somebody says so.
    if !is_other && asked.address_id.is_none() {
        return Err(Problem::field("address_id", "Field required"));
    }
    let (address, place) = portal::place(&client, asked.address_id)?;
    let now = app.now();
    let command = match address {
        Some(address) if !is_other => BookingCommand::ChangeAddress { address, place, now },
        None if !is_other => return Err(Problem::field("address_id", "Field required")),
        _ => {
            let client = client.client_id;
            BookingCommand::ChangeClient { client, address, place, now }
        }
    };
    Ok(Answer::done(&run(&app, &context, id, command).await?))
}
