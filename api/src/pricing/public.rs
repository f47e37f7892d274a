//! What everybody may know before asking for an offer.

use axum::extract::State;
use domain::pricing::catalogue::ServiceType;
use domain::scheduling::terms::policies_wire;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{addons, services, settings};
use crate::answer::Answer;
use crate::organisation::Public;
use crate::problem::Problem;
use crate::route::{Routes, public};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(service_catalog), public())
        .add(routes!(pricing), public())
        .add(routes!(booking_policies), public())
}

/// What can be had
#[utoipa::path(
    get,
    path = "/v1/settings/service-catalog",
    tag = "pricing",
    responses((status = 200, description = "Whatever can be chosen", content_type = "application/json", example = json!({
        "org_id": "00000000-0000-0000-0000-000000000001",
        "service_types": [{ "service_type_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Standard clean",
            "active": true, "default_duration_minutes": 120, "pricing_model": "flat", "base_price_cents": 12_000,
            "hourly_rate_cents": 0, "currency": "CAD", "addons": [] }],
        "addons": [{ "addon_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "code": "oven", "name": "Inside of the oven",
            "price_cents": 3000, "default_minutes": 0, "is_active": true }]
    })))
)]
async fn service_catalog(
    State(app): State<AppState>,
    Public(org): Public,
) -> Result<Answer, Problem> {
    let holds = app.prices.of(&app, org.id).await?;
    let services = holds.book.services.iter().filter(|one| one.active);
    let offered = |service: &ServiceType| {
        let mut service = service.clone();
        service.addons.retain(|addon| addon.active);
        services::shown(&service)
    };
    let services: Vec<Value> = services.map(offered).collect();
    let addons = holds.book.addons.iter().filter(|one| one.is_active);
    let addons: Vec<Value> = addons.map(addons::shown).collect();
    Answer::json(&json!({ "org_id": org.id, "service_types": services, "addons": addons }))
}

/// What it costs
#[utoipa::path(
    get,
    path = "/v1/settings/pricing",
    tag = "pricing",
    responses((status = 200, description = "`gst_rate` comes on top; estimates are made with `rates`", content_type = "application/json"))
)]
async fn pricing(State(app): State<AppState>, Public(org): Public) -> Result<Answer, Problem> {
    let holds = app.prices.of(&app, org.id).await?;
    let mut body = settings::shown(&holds.book);
    body["org_id"] = json!(org.id);
    body["price_book"] = json!(holds.prices.name());
    body["config_hash"] = json!(holds.prices.hash());
    Answer::json(&body)
}

/// Deposits, cancelling and moving
#[utoipa::path(
    get,
    path = "/v1/settings/booking-policies",
    tag = "pricing",
    responses((status = 200, description = "What is said about every visit that is asked for now", content_type = "application/json"))
)]
async fn booking_policies(
    State(app): State<AppState>,
    Public(org): Public,
) -> Result<Answer, Problem> {
    let holds = app.prices.of(&app, org.id).await?;
    let mut body = policies_wire::published(&holds.book.policies);
    body["org_id"] = json!(org.id);
    Answer::json(&body)
}
