//! Something more is cleaned than was planned, as a worker finds out on site.

use axum::extract::State;
use domain::id::{AddonId, BookingId};
use domain::scheduling::booking::addons::{AddonLine, Offered};
use domain::scheduling::booking::{Booking, BookingCommand, Details};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::bookings::addons;
use super::{at_work, job};
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(add_job_addon), at_work().action("booking.addons"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "addon_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "qty": 1 })))]
struct MoreBody {
    /// Of the catalogue.
    #[schema(value_type = String)]
    addon_id: AddonId,
    /// 1 to 1000; beside those there are.
    qty: u16,
}

/// What a worker may know of it: how many and how long, not for how much.
fn shown(booking: &Details) -> Value {
    let line = |one: &AddonLine| json!({ "addon_id": one.addon_id, "qty": one.qty, "minutes": one.minutes });
    json!({
        "job_id": booking.requested.booking_id,
        "addons": booking.addons.iter().map(line).collect::<Vec<_>>(),
        "planned_minutes": booking.planned_minutes,
    })
}

/// Clean something more; what was chosen before stays at its price
#[utoipa::path(
    post,
    path = "/worker/jobs/{job_id}/addons",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    request_body = MoreBody,
    responses(
        (status = 200, description = "All there is beside the visit", content_type = "application/json"),
        (status = 400, description = "`booking.addon_invalid`: not in the catalogue, not offered, or too many"),
        (status = 409, description = "`booking.illegal_state`")
    )
)]
async fn add_job_addon(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let MoreBody { addon_id, qty } = request.body()?;
    let (booking, version) = job(&app, &caller, id).await?;
    let mut context = caller.context(&request);
    context.decided_on(version);
    let book = &app.prices.of(&app, caller.org).await?.book;
    let more = addons::offered(book, addon_id, qty)?;
    let kept = |line: &AddonLine| Offered { line: line.clone(), is_active: true };
    let mut all: Vec<Offered> = booking.addons.iter().map(kept).collect();
    match all.iter_mut().find(|one| one.line.addon_id == addon_id.as_uuid()) {
        Some(same) => same.line.qty = same.line.qty.saturating_add(qty),
        None => all.push(more),
    }
    let command = BookingCommand::SetAddons { offered: all, now: app.now() };
    let answer = |booking: &Booking| booking.details().map_or(Value::Null, shown);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}
