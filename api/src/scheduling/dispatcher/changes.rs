//! Visits changed from the board, by the same commands as everywhere else.

use axum::extract::State;
use domain::id::{BookingId, WorkerId};
use domain::scheduling::booking::BookingCommand;
use domain::scheduling::dispatch::pin::{PinCommand, VisitPin};
use domain::scheduling::dispatch::point::Point;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::bookings::{self, Placing};
use super::super::orders;
use super::desk;
use super::ways::PlaceBody;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

/// Why hours and distances are put aside, where the dispatcher says no more.
const OVERRIDDEN: &str = "Decided by the dispatcher";

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(reassign), desk().action("booking.reassign"))
        .add(routes!(reschedule), desk().action("booking.reschedule"))
        .add(routes!(set_status), desk().action("booking.status"))
        .add(routes!(pin), desk().action("booking.pin"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d" })))]
struct ReassignBody {
    /// Comes alone; `null` for nobody yet.
    #[schema(value_type = Option<String>)]
    worker_id: Option<WorkerId>,
}

/// Let another worker of the team make a visit
#[utoipa::path(
    post,
    path = "/v1/admin/dispatcher/bookings/{booking_id}/reassign",
    tag = "dispatch",
    params(("booking_id" = Uuid, Path)),
    request_body = ReassignBody,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 400, description = "`booking.worker_inactive` or `booking.worker_other_team`"),
        (status = 409, description = "`booking.conflict`; `conflicts` says what stands in the way")
    )
)]
async fn reassign(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ReassignBody { worker_id } = request.body()?;
    let wanted = Placing::by(worker_id);
    bookings::place(&app, &request.context(&caller), id, wanted, bookings::STAFF).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "starts_at": "2030-03-04T13:00:00", "ends_at": "2030-03-04T15:00:00" })))]
struct RescheduleBody {
    /// With an offset, or on the clock of the organisation.
    starts_at: String,
    /// First instant after it; without it the visit stays as long as it is.
    ends_at: Option<String>,
    /// Puts aside opening hours and the distance to other visits, and nothing else.
    #[serde(default)]
    override_conflicts: bool,
    /// Why they are put aside.
    reason: Option<String>,
}

/// Let a visit be at another time
#[utoipa::path(
    post,
    path = "/v1/admin/dispatcher/bookings/{booking_id}/reschedule",
    tag = "dispatch",
    params(("booking_id" = Uuid, Path)),
    request_body = RescheduleBody,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 409, description = "`booking.conflict`; `conflicts` says what stands in the way")
    )
)]
async fn reschedule(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: RescheduleBody = request.body()?;
    let why = body.reason.unwrap_or_else(|| OVERRIDDEN.to_owned());
    let forced = body.override_conflicts.then_some(why);
    let wanted = Placing::between(body.starts_at, body.ends_at, forced);
    bookings::place(&app, &request.context(&caller), id, wanted, bookings::STAFF).await
}

/// Where a visit can be moved to from the board.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum VisitStatus {
    /// Promised.
    Confirmed,
    /// Begun.
    InProgress,
    /// Clean.
    Done,
    /// Called off.
    Cancelled,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "status": "CANCELLED", "reason": "They are ill" })))]
struct VisitStatusBody {
    status: VisitStatus,
    /// Must be said where a visit is called off.
    reason: Option<String>,
    /// Must be said where one is done.
    actual_duration_minutes: Option<u32>,
}

/// Move a visit on, or call it off
#[utoipa::path(
    post,
    path = "/v1/admin/dispatcher/bookings/{booking_id}/status",
    tag = "dispatch",
    params(("booking_id" = Uuid, Path)),
    request_body = VisitStatusBody,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 400, description = "`booking.deposit_unpaid`, `booking.already_completed` or `booking.checklist_open`"),
        (status = 409, description = "`booking.illegal_state`"),
        (status = 422, description = "`booking.reason_required`, or no time that a visit took")
    )
)]
async fn set_status(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: VisitStatusBody = request.body()?;
    let (context, now) = (request.context(&caller), app.now());
    let command = match body.status {
        VisitStatus::Confirmed => BookingCommand::Confirm { now },
        VisitStatus::InProgress => BookingCommand::Start { worker: None, now },
        VisitStatus::Cancelled => {
            return bookings::cancel(&app, &context, id, body.reason).await;
        }
        VisitStatus::Done => {
            let actual_minutes = body.actual_duration_minutes.ok_or_else(|| {
                Problem::field("actual_duration_minutes", "Field required where a visit is done")
            })?;
            let checklist_open = orders::checklist_open(&app, context.org, id).await?;
            BookingCommand::Complete { actual_minutes, checklist_open, now }
        }
    };
    Ok(Answer::done(&bookings::run(&app, &context, id, command).await?))
}

/// Say where a visit is on the map
#[utoipa::path(
    put,
    path = "/v1/admin/dispatcher/bookings/{booking_id}/location",
    tag = "dispatch",
    params(("booking_id" = Uuid, Path)),
    request_body = PlaceBody,
    responses((status = 200, description = "Where it is", content_type = "application/json", example = json!({
        "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "lat": 53.54, "lng": -113.49
    })))
)]
async fn pin(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let place: PlaceBody = request.body()?;
    let (context, point) = (request.context(&caller), place.point("lat")?);
    let booking = bookings::known(&app, context.org, id).await?;
    let shown = |pin: &VisitPin| {
        let point = pin.point();
        json!({
            "booking_id": id,
            "lat": point.map(Point::lat),
            "lng": point.map(Point::lng),
        })
    };
    let (subject, now) = (booking.subject(), app.now());
    let command = PinCommand::Place { booking_id: id, subject, point, now };
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, shown).await?))
}
