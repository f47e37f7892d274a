//! The checklist of a visit, as whoever is there goes through it.

use axum::extract::State;
use domain::id::{BookingId, RunItemId};
use domain::scheduling::checklist::run::{Checklist, ChecklistCommand, ChecklistError};
use serde::Deserialize;
use utoipa_axum::routes;

use super::super::orders::checklist::{MarkBody, answer, shown};
use super::{at_work, job};
use crate::answer::Answer;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(job_checklist), at_work())
        .add(routes!(mark_job_item), at_work().action("checklist.mark"))
        .add(routes!(complete_job_checklist), at_work().action("checklist.complete"))
}

/// The checklist of a visit that one goes to
#[utoipa::path(
    get,
    path = "/worker/jobs/{job_id}/checklist",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    responses((status = 200, description = "The checklist; `ETag` is its version", content_type = "application/json"))
)]
async fn job_checklist(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    job(&app, &caller, id).await?;
    let found = app.bus.load::<Checklist>(caller.org, &id.to_string()).await?;
    let run = found.state.run().ok_or_else(|| Problem::refused(&ChecklistError::NotFound))?;
    Ok(Answer::json(&shown(run))?.version(found.version))
}

/// Check something on the list or uncheck it, and say what was seen; what is left out stays
#[utoipa::path(
    patch,
    path = "/worker/jobs/{job_id}/checklist/items/{run_item_id}",
    tag = "portal",
    params(("job_id" = Uuid, Path), ("run_item_id" = Uuid, Path)),
    request_body = MarkBody,
    responses(
        (status = 200, description = "The checklist", content_type = "application/json"),
        (status = 409, description = "`checklist.completed`")
    )
)]
async fn mark_job_item(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path((id, item)): Path<(BookingId, RunItemId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let MarkBody { checked, note } = request.body()?;
    let (booking, _) = job(&app, &caller, id).await?;
    let (subject, now) = (booking.subject(), app.now());
    let command = ChecklistCommand::Mark { item, checked, note, subject, now };
    let context = caller.context(&request);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Be done with the checklist of a visit
#[utoipa::path(
    post,
    path = "/worker/jobs/{job_id}/checklist/complete",
    tag = "portal",
    params(("job_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The checklist", content_type = "application/json"),
        (status = 400, description = "`checklist.open`; `open` names what is left to do")
    )
)]
async fn complete_job_checklist(
    State(app): State<AppState>,
    caller: PortalCaller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    job(&app, &caller, id).await?;
    let command = ChecklistCommand::Complete { now: app.now() };
    let context = caller.context(&request);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}
