//! What is cleaned beside a visit, and whether photos may be taken.

use axum::extract::State;
use domain::id::{AddonId, BookingId};
use domain::scheduling::booking::{Booking, BookingCommand, Details};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::bookings::addons;
use super::{VIEW, WORK, known, scheduling};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    let work = scheduling(WORK);
    Routes::default()
        .add(routes!(order_addons), scheduling(VIEW))
        .add(routes!(set_order_addons), work.action("booking.addons"))
        .add(routes!(set_photo_consent), work.action("booking.photo_consent"))
}

/// Prices and minutes are those of the moment at which they were chosen.
fn shown(booking: &Details) -> Value {
    let cents = booking.addons.iter().map(|one| one.unit_price_cents * i64::from(one.qty));
    json!({
        "order_id": booking.requested.booking_id,
        "addons": booking.addons,
        "total_cents": cents.sum::<i64>(),
        "planned_minutes": booking.planned_minutes,
    })
}

/// What is cleaned beside a visit
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/addons",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses((status = 200, description = "All of it; `ETag` is the version of the booking", content_type = "application/json", example = json!({
        "order_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "total_cents": 5000, "planned_minutes": 165,
        "addons": [{ "addon_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "qty": 1, "unit_price_cents": 5000, "minutes": 45 }]
    })))
)]
async fn order_addons(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    let (booking, version) = known(&app, caller.org(), id).await?;
    Ok(Answer::json(&shown(&booking))?.version(version))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Chosen {
    /// Of the catalogue.
    #[schema(value_type = String)]
    addon_id: AddonId,
    /// 1 to 1000.
    qty: u16,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "addons": [{ "addon_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "qty": 1 }] })))]
struct AddonsBody {
    /// All of them, up to 100; none for none.
    addons: Vec<Chosen>,
}

/// Choose anew what is cleaned beside a visit
#[utoipa::path(
    patch,
    path = "/v1/orders/{order_id}/addons",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    request_body = AddonsBody,
    responses(
        (status = 200, description = "All of it", content_type = "application/json"),
        (status = 400, description = "`booking.addon_invalid`: not in the catalogue, not offered, or named twice"),
        (status = 409, description = "`booking.illegal_state`")
    )
)]
async fn set_order_addons(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let AddonsBody { addons } = request.body()?;
    if addons.len() > 100 {
        return Err(Problem::field("addons", "At most 100"));
    }
    known(&app, caller.org(), id).await?;
    let book = &app.prices.of(&app, caller.org()).await?.book;
    let offered = addons.iter().map(|one| addons::offered(book, one.addon_id, one.qty));
    let offered = offered.collect::<Result<Vec<_>, _>>()?;
    let command = BookingCommand::SetAddons { offered, now: app.now() };
    let answer = |booking: &Booking| booking.details().map_or(Value::Null, shown);
    let context = request.context(&caller);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "consent_photos": true })))]
struct ConsentBody {
    /// Whether they may.
    consent_photos: bool,
}

/// Note whether photos may be taken
#[utoipa::path(
    patch,
    path = "/v1/orders/{order_id}/consent_photos",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    request_body = ConsentBody,
    responses((status = 200, description = "As after it", content_type = "application/json", example = json!({
        "order_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "consent_photos": true
    })))
)]
async fn set_photo_consent(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ConsentBody { consent_photos: consent } = request.body()?;
    let command = BookingCommand::SetPhotoConsent { consent, now: app.now() };
    let answer = |booking: &Booking| {
        let consent = booking.details().is_some_and(|booking| booking.photo_consent);
        json!({ "order_id": id, "consent_photos": consent })
    };
    let context = request.context(&caller);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}
