//! The work of a worker at a visit: begun, interrupted, ended.

use axum::extract::State;
use domain::id::BookingId;
use domain::refusal::{Kind, Refusal};
use domain::scheduling::booking::reason::{Adjustment, Overrun, ReasonCode};
use domain::scheduling::booking::{BookingCommand, Details};
use domain::scheduling::work_session::WorkCommand;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::orders::{self, follow, time};
use super::{at_work, job, me};
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(start_job), at_work().action("work.start"))
        .add(routes!(pause_job), at_work().action("work.pause"))
        .add(routes!(resume_job), at_work().action("work.resume"))
        .add(routes!(finish_job), at_work().action("work.finish"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Begin to work; the visit is `IN_PROGRESS` from then on, and its checklist is begun if there is one to begin
#[utoipa::path(
    post,
    path = "/worker/jobs/{job_id}/start",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The time of the work", content_type = "application/json"),
        (status = 409, description = "`booking.illegal_state` unless somebody was to come, `booking.not_yet` more than 12 hours before, `work.illegal_state` if it rests or is over")
    )
)]
async fn start_job(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let (booking, _) = job(&app, &caller, id).await?;
    let context = caller.context(&request);
    let done = time::begin(&app, &context, (id, &booking), me(&caller)).await?;
    orders::checklist::begin_if_any(&app, &context, (id, &booking)).await?;
    Ok(Answer::done(&done))
}

/// Interrupt the work
#[utoipa::path(
    post,
    path = "/worker/jobs/{job_id}/pause",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The time of the work", content_type = "application/json"),
        (status = 409, description = "`work.illegal_state`")
    )
)]
async fn pause_job(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    job(&app, &caller, id).await?;
    let command = WorkCommand::Pause { now: app.now() };
    Ok(Answer::done(&time::act(&app, &caller.context(&request), id, command).await?))
}

/// Go on with the work
#[utoipa::path(
    post,
    path = "/worker/jobs/{job_id}/resume",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The time of the work", content_type = "application/json"),
        (status = 409, description = "`work.illegal_state`")
    )
)]
async fn resume_job(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    job(&app, &caller, id).await?;
    let command = WorkCommand::Resume { now: app.now() };
    Ok(Answer::done(&time::act(&app, &caller.context(&request), id, command).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "delay_reason": "PARKING_DELAY", "delay_note": "No place for the van" })))]
struct FinishJob {
    /// Why it took longer than planned by more than the policies allow.
    #[schema(value_type = Option<String>)]
    delay_reason: Option<Overrun>,
    /// The same in words, up to 1000 characters.
    delay_note: Option<String>,
    /// Why it should cost something else.
    #[schema(value_type = Option<String>)]
    price_adjust_reason: Option<Adjustment>,
    /// The same in words, up to 1000 characters; needed with a reason.
    price_adjust_note: Option<String>,
}

/// Why the end of the work is not taken down.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum FinishError {
    #[error("whoever wants another price says why in words")]
    NoteRequired,
}

impl Refusal for FinishError {
    fn kind(&self) -> Kind {
        Kind::Rule
    }

    fn code(&self) -> &'static str {
        "work.price_note_required"
    }
}

/// End the work; by the policies of the organisation that completes the visit
#[utoipa::path(
    post,
    path = "/worker/jobs/{job_id}/finish",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    request_body = FinishJob,
    responses(
        (status = 200, description = "The time of the work; `booking_status` says whether the visit is done, `completion_refused` why not", content_type = "application/json"),
        (status = 400, description = "`work.not_started`, `work.overrun_reason_required` or `work.price_note_required`")
    )
)]
async fn finish_job(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: FinishJob = request.body()?;
    let (booking, _) = job(&app, &caller, id).await?;
    let said = |note: &Option<String>| note.as_deref().is_some_and(|note| !note.trim().is_empty());
    if body.price_adjust_reason.is_some() && !said(&body.price_adjust_note) {
        return Err(Problem::refused(&FinishError::NoteRequired));
    }
    let context = caller.context(&request);
    let done = time::finish(&app, &context, (id, &booking), body.delay_reason).await?;
    // After the end of the work, so that nothing is noted about an end that was refused; under ids of the request, so that a
    // repetition notes nothing twice.
    let delay = body.delay_reason.map(ReasonCode::TimeOverrun);
    let price = body.price_adjust_reason.map(ReasonCode::PriceAdjust);
    let reasons = [("delay", delay, body.delay_note), ("price", price, body.price_adjust_note)];
    for (what, code, note) in reasons {
        if let Some(code) = code {
            let reason_id = context.request.derived_id(what);
            note_once(&app, &context, (id, &booking), (reason_id, code, note)).await?;
        }
    }
    Ok(Answer::done(&done))
}

async fn note_once(
    app: &App,
    context: &commands::Context,
    (id, booking): (BookingId, &Details),
    (reason_id, code, note): (uuid::Uuid, ReasonCode, Option<String>),
) -> Result<(), Problem> {
    if booking.reasons.iter().any(|one| one.reason_id == Some(reason_id)) {
        return Ok(());
    }
    let by = Some(context.actor.id.clone());
    let command = BookingCommand::LogReason { code, note, reason_id, by, now: app.now() };
    Ok(follow(app, context, id, command).await?)
}
