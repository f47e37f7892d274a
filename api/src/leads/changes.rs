//! What staff change about a lead; every answer is the lead as the change left it.

use axum::extract::State;
use commands::Context;
use domain::id::LeadId;
use domain::sales::lead::{Lead, LeadCommand, Status, view};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::CHANGE;
use crate::answer::{Answer, Told};
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(update), staff(CHANGE).action("lead.update"))
        .add(routes!(change_status), staff(CHANGE).action("lead.status_change"))
        .add(routes!(add_timeline_entry), staff(CHANGE).action("lead.timeline_add"))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "status": "LOST", "loss_reason": "Found someone closer" })))]
struct StatusBody {
    /// `NEW`, `CONTACTED`, `QUOTED`, `WON`, `LOST`.
    #[schema(value_type = String)]
    status: Status,
    /// Needed for, and only for, `LOST`.
    loss_reason: Option<String>,
}

/// Move a lead to another status
#[utoipa::path(
    post,
    path = "/v1/admin/leads/{lead_id}/status",
    tag = "leads",
    params(("lead_id" = Uuid, Path)),
    request_body = StatusBody,
    responses(
        (status = 200, description = "The lead, without its timeline", content_type = "application/json"),
        (status = 400, description = "`lead.illegal_transition`, `lead.loss_reason_missing` or `lead.not_lost`")
    )
)]
async fn change_status(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<LeadId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let StatusBody { status, loss_reason } = request.body()?;
    let command = LeadCommand::ChangeStatus { status, loss_reason, now: app.now() };
    change(&app, &request.context(&caller), id, command).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "notes": "Prefers e-mail" })))]
struct UpdateBody {
    /// As for `status`.
    #[schema(value_type = Option<String>)]
    status: Option<Status>,
    /// Up to 500 characters; empty removes them.
    notes: Option<String>,
    /// Needed for, and only for, `LOST`.
    loss_reason: Option<String>,
}

/// Change status, notes or loss reason of a lead
#[utoipa::path(
    patch,
    path = "/v1/admin/leads/{lead_id}",
    tag = "leads",
    params(("lead_id" = Uuid, Path)),
    request_body = UpdateBody,
    responses(
        (status = 200, description = "The lead, without its timeline", content_type = "application/json"),
        (status = 400, description = "As for `status`, or `lead.nothing_supplied`")
    )
)]
async fn update(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<LeadId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let UpdateBody { status, notes, loss_reason } = request.body()?;
    let command = LeadCommand::Update { status, notes, loss_reason, now: app.now() };
    change(&app, &request.context(&caller), id, command).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "action": "Called", "note": "Will decide on Friday" })))]
struct TimelineBody {
    /// 1 to 200 characters.
    action: String,
    /// Up to 500 characters.
    note: Option<String>,
}

/// Write down something that happened with a lead
#[utoipa::path(
    post,
    path = "/v1/admin/leads/{lead_id}/timeline",
    tag = "leads",
    params(("lead_id" = Uuid, Path)),
    request_body = TimelineBody,
    responses((status = 200, description = "The lead, without its timeline", content_type = "application/json"))
)]
async fn add_timeline_entry(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<LeadId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let TimelineBody { action, note } = request.body()?;
    let command = LeadCommand::AddTimelineEntry { action, note, now: app.now() };
    change(&app, &request.context(&caller), id, command).await
}

async fn change(
    app: &App,
    context: &Context,
    id: LeadId,
    command: LeadCommand,
) -> Result<Answer, Problem> {
    let done = app.bus.execute_telling(context, &id.to_string(), command, shown).await?;
    Answer::told(done)
}

/// From the aggregate alone: a command asks nothing of the read side.
fn shown(lead: &Lead) -> Told {
    // Credits are granted by bookings, which this build does not have.
    Told::of(&lead.details().map(|details| view::Detail::of(details, 0)))
}
