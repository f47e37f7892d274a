//! Where a client is visited: added, written otherwise, put away, brought back.

use axum::extract::State;
use domain::customers::client::address::AddressInput;
use domain::customers::client::{AddressStep, Client, ClientCommand, ClientError, Details};
use domain::id::{AddressId, ClientId};
use projections::customers::client_records::{self, ClientRecords};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{address, changed};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let change = staff(super::CHANGE);
    Routes::default()
        .add(routes!(client_addresses), staff(super::READ))
        .add(routes!(add_address), change.action("client.address_add"))
        .add(routes!(change_address), change.action("client.address_update"))
        .add(routes!(archive_address), change.action("client.address_archive"))
        .add(routes!(unarchive_address), change.action("client.address_unarchive"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "address_text": "12 Sample Street, Edmonton", "label": "Home" })))]
struct AddressBody {
    /// Up to 50 characters; `Primary` for the first one, `Custom` for others if left out.
    label: Option<String>,
    /// 1 to 500 characters; needed for a new one.
    address_text: Option<String>,
    /// Up to 500 characters; empty removes them.
    notes: Option<String>,
    /// In degrees; only together with `lng`.
    lat: Option<f64>,
    /// In degrees.
    lng: Option<f64>,
}

impl AddressBody {
    fn input(self) -> AddressInput {
        let Self { label, address_text: text, notes, lat, lng } = self;
        AddressInput { label, text, notes, spot: (lat, lng) }
    }
}

/// The addresses of a client, archived ones included; `usage` counts the visits there
#[utoipa::path(
    get,
    path = "/v1/admin/clients/{client_id}/addresses",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    responses((status = 200, description = "All of them, 50 at most", content_type = "application/json", example = json!([
        { "address_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "label": "Primary", "address_text": "12 Sample Street",
          "notes": null, "lat": null, "lng": null, "is_active": true, "usage": 4 }
    ])))
)]
async fn client_addresses(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<ClientId>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let found = app.bus.load::<Client>(org, &id.to_string()).await?;
    let details = found.state.details();
    let details = details.ok_or_else(|| Problem::refused(&ClientError::NotFound))?;
    let reached = fresh.reach(&app, org, &[ClientRecords::NAME]).await?;
    let ids: Vec<_> = details.addresses.iter().map(|known| known.address_id.as_uuid()).collect();
    let mut tx = tenant::begin(&app.reads, org).await?;
    let usage = client_records::usage(&mut tx, org, &ids).await?;
    let lines = details.addresses.iter().map(|known| {
        let mut line = address(known);
        line["usage"] = usage.get(&known.address_id.as_uuid()).copied().unwrap_or(0).into();
        line
    });
    Ok(reached.mark(Answer::json(&lines.collect::<Vec<_>>())?))
}

/// Add an address to a client
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/addresses",
    tag = "people",
    params(("client_id" = Uuid, Path)),
    request_body = AddressBody,
    responses(
        (status = 201, description = "The address", content_type = "application/json"),
        (status = 409, description = "`client.too_many_addresses`")
    )
)]
async fn add_address(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ClientId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let step = AddressStep::Add(request.body::<AddressBody>()?.input());
    // The same for a repetition, which must be told of the same address.
    let address_id = request.context(&caller).request.derived_id("address").into();
    Ok(step_of(&app, &caller, &request, (id, address_id), step).await?.created())
}

/// Write an address otherwise; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/clients/{client_id}/addresses/{address_id}",
    tag = "people",
    params(("client_id" = Uuid, Path), ("address_id" = Uuid, Path)),
    request_body = AddressBody,
    responses(
        (status = 200, description = "The address", content_type = "application/json"),
        (status = 400, description = "`client.nothing_supplied`")
    )
)]
async fn change_address(
    State(app): State<AppState>,
    caller: Caller,
    Path(ids): Path<(ClientId, AddressId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let step = AddressStep::Change(request.body::<AddressBody>()?.input());
    step_of(&app, &caller, &request, ids, step).await
}

/// Send nobody to an address any more
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/addresses/{address_id}/archive",
    tag = "people",
    params(("client_id" = Uuid, Path), ("address_id" = Uuid, Path)),
    responses((status = 200, description = "The address", content_type = "application/json"))
)]
async fn archive_address(
    State(app): State<AppState>,
    caller: Caller,
    Path(ids): Path<(ClientId, AddressId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    step_of(&app, &caller, &request, ids, AddressStep::Archive).await
}

/// Bring an address back
#[utoipa::path(
    post,
    path = "/v1/admin/clients/{client_id}/addresses/{address_id}/unarchive",
    tag = "people",
    params(("client_id" = Uuid, Path), ("address_id" = Uuid, Path)),
    responses((status = 200, description = "The address", content_type = "application/json"))
)]
async fn unarchive_address(
    State(app): State<AppState>,
    caller: Caller,
    Path(ids): Path<(ClientId, AddressId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    step_of(&app, &caller, &request, ids, AddressStep::Restore).await
}

async fn step_of(
    app: &App,
    caller: &Caller,
    request: &CommandRequest,
    (id, address_id): (ClientId, AddressId),
    step: AddressStep,
) -> Result<Answer, Problem> {
    let command = ClientCommand::Address { address_id, step, now: app.now() };
    let answer = |client: &Client| told(client.details(), address_id);
    Ok(Answer::done(&changed(app, &request.context(caller), id, command, answer).await?))
}

fn told(client: Option<&Details>, id: AddressId) -> Value {
    let addresses = client.into_iter().flat_map(|client| &client.addresses);
    let known = addresses.into_iter().find(|known| known.address_id == id);
    known.map_or(json!({ "address_id": id }), address)
}
