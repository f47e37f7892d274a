//! A visit on its way: confirmed, begun, done, cancelled, put out of sight.

use axum::extract::State;
use commands::{CommandError, Context};
use domain::access::Permission;
use domain::id::BookingId;
use domain::scheduling::booking::{BookingCommand, Party};
use domain::settings::feature::Feature;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::{DISPATCH, orders};
use super::{EDIT, run};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

/// Whoever sends people out, and whoever only moves visits through their states.
const STATUS: &[Permission] = &[Permission::BookingsStatus, Permission::BookingsAssign];

pub(super) fn routes() -> Routes {
    let dispatch = staff(DISPATCH).feature(Feature::Schedule);
    let edit = staff(EDIT).feature(Feature::Schedule);
    let status = staff(STATUS).feature(Feature::Schedule);
    Routes::default()
        .add(routes!(confirm_booking), dispatch.action("booking.confirm"))
        .add(routes!(start_booking), status.action("booking.start"))
        .add(routes!(complete_booking), status.action("booking.complete"))
        .add(routes!(cancel_booking), dispatch.action("booking.cancel"))
        .add(routes!(archive_booking), edit.action("booking.archive"))
        .add(routes!(unarchive_booking), edit.action("booking.unarchive"))
}

/// Promise to come
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/confirm",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 400, description = "`booking.deposit_unpaid`"),
        (status = 409, description = "`booking.illegal_state`")
    )
)]
async fn confirm_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = BookingCommand::Confirm { now: app.now() };
    change(&app, &request.context(&caller), id, command).await
}

/// Somebody is there
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/start",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 409, description = "`booking.illegal_state`")
    )
)]
async fn start_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = BookingCommand::Start { worker: None, now: app.now() };
    change(&app, &request.context(&caller), id, command).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "actual_duration_minutes": 110 })))]
struct CompleteBody {
    /// 1 to 100000.
    actual_duration_minutes: u32,
}

/// It is clean
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/complete",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body = CompleteBody,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 400, description = "`booking.already_completed`, or `booking.checklist_open` where policies ask for one"),
        (status = 409, description = "`booking.illegal_state`")
    )
)]
async fn complete_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let CompleteBody { actual_duration_minutes: actual_minutes } = request.body()?;
    let checklist_open = orders::checklist_open(&app, caller.org(), id).await?;
    let now = app.now();
    let command = BookingCommand::Complete { actual_minutes, checklist_open, now };
    change(&app, &request.context(&caller), id, command).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reason": "They are ill" })))]
struct CancelBody {
    /// 1 to 500 characters.
    reason: Option<String>,
}

/// Do not come; `settlement` says what is paid back, and what is owed
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/cancel",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    request_body = CancelBody,
    responses(
        (status = 200, description = "The booking", content_type = "application/json"),
        (status = 409, description = "`booking.illegal_state`"),
        (status = 422, description = "`booking.reason_required`")
    )
)]
async fn cancel_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let CancelBody { reason } = request.body()?;
    cancel(&app, &request.context(&caller), id, reason).await
}

/// Staff call a visit off.
pub(in super::super) async fn cancel(
    app: &App,
    context: &Context,
    id: BookingId,
    reason: Option<String>,
) -> Result<Answer, Problem> {
    let now = app.now();
    let command = BookingCommand::Cancel { by: Party::Staff, reason, now };
    let done = match run(app, context, id, command).await {
        // Nothing is written down any more about who was erased, and yet nobody comes.
        Err(CommandError::SubjectErased) => {
            let command = BookingCommand::Cancel { by: Party::System, reason: None, now };
            run(app, context, id, command).await
        }
        done => done,
    };
    Ok(Answer::done(&done?))
}

/// Put a booking out of sight
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/archive",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    responses((status = 200, description = "The booking", content_type = "application/json"))
)]
async fn archive_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = BookingCommand::SetArchived { archived: true, now: app.now() };
    change(&app, &request.context(&caller), id, command).await
}

/// Bring a booking back into sight
#[utoipa::path(
    post,
    path = "/v1/admin/bookings/{booking_id}/unarchive",
    tag = "scheduling",
    params(("booking_id" = Uuid, Path)),
    responses((status = 200, description = "The booking", content_type = "application/json"))
)]
async fn unarchive_booking(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = BookingCommand::SetArchived { archived: false, now: app.now() };
    change(&app, &request.context(&caller), id, command).await
}

async fn change(
    app: &App,
    context: &Context,
    id: BookingId,
    command: BookingCommand,
) -> Result<Answer, Problem> {
    Ok(Answer::done(&run(app, context, id, command).await?))
}
