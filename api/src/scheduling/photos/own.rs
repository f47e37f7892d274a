//! Photos of a client's own visits, at their portal.

use axum::extract::State;
use domain::id::{BookingId, PhotoId};
use domain::scheduling::booking::BookingError;
use utoipa_axum::routes;

use super::known;
use super::links::link;
use crate::answer::Answer;
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::request::{RequestInfo, This};
use crate::route::{Routes, client};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(own_photo_link), client())
        .add(routes!(own_photo_link_of_order), client())
}

/// A link to a photo of one's own visit, for the browser that asks
#[utoipa::path(
    get,
    path = "/v1/client/portal/bookings/{order_id}/photos/{photo_id}/signed-url",
    tag = "portal",
    params(("order_id" = Uuid, Path), ("photo_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The link, and how long it works", content_type = "application/json"),
        (status = 403, description = "`photo.consent_required`")
    )
)]
async fn own_photo_link(
    State(app): State<AppState>,
    This(info): This,
    caller: PortalCaller,
    Path((order, photo)): Path<(BookingId, PhotoId)>,
) -> Result<Answer, Problem> {
    own(&app, &info, &caller, (order, photo)).await
}

/// A link to a photo of one's own visit, for the browser that asks
#[utoipa::path(
    get,
    path = "/client/orders/{order_id}/photos/{photo_id}/signed_url",
    tag = "portal",
    params(("order_id" = Uuid, Path), ("photo_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The link, and how long it works", content_type = "application/json"),
        (status = 403, description = "`photo.consent_required`")
    )
)]
async fn own_photo_link_of_order(
    State(app): State<AppState>,
    This(info): This,
    caller: PortalCaller,
    Path((order, photo)): Path<(BookingId, PhotoId)>,
) -> Result<Answer, Problem> {
    own(&app, &info, &caller, (order, photo)).await
}

/// A visit of somebody else is answered as one that does not exist.
async fn own(
    app: &App,
    info: &RequestInfo,
    caller: &PortalCaller,
    (order, photo): (BookingId, PhotoId),
) -> Result<Answer, Problem> {
    let booking = known(app, caller.org, order).await?;
    if booking.client.is_none_or(|whose| whose.as_uuid() != caller.holder) {
        return Err(Problem::refused(&BookingError::NotFound));
    }
    link(app, info, (caller.org, order, photo), true).await
}
