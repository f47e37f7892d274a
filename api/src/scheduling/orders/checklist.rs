//! The checklist of a visit: begun, gone through, completed.

use axum::extract::State;
use commands::{Context, RequestKey};
use domain::id::{BookingId, ChecklistTemplateId, OrgId, RunItemId};
use domain::sales::estimate::CleaningType;
use domain::scheduling::booking::Details;
use domain::scheduling::checklist::run::{Checklist, ChecklistCommand, ChecklistError, Run};
use domain::scheduling::checklist::templates::{Template, Templates, TemplatesError};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{VIEW, WORK, known, scheduling};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let work = scheduling(WORK);
    Routes::default()
        .add(routes!(begin_checklist), work.action("checklist.begin"))
        .add(routes!(order_checklist), scheduling(VIEW))
        .add(routes!(mark_item), work.action("checklist.mark"))
        .add(routes!(complete_checklist), work.action("checklist.complete"))
}

pub(in crate::scheduling) fn shown(run: &Run) -> Value {
    let item = |(place, one): (usize, &domain::scheduling::checklist::run::RunItem)| {
        json!({
            "run_item_id": one.run_item_id,
            "position": place,
            "label": one.label,
            "phase": one.phase,
            "required": one.required,
            "checked": one.checked_at.is_some(),
            "checked_at": one.checked_at,
            "note": one.note,
        })
    };
    let items: Vec<Value> = run.items.iter().enumerate().map(item).collect();
    let status = if run.completed_at.is_some() { "completed" } else { "in_progress" };
    let mut shown = json!({
        "order_id": run.booking,
        "template_id": run.template_id,
        "template_version": run.template_version,
        "name": run.name,
        "status": status,
        "items": items,
        "started_at": run.started_at,
        "completed_at": run.completed_at,
    });
    domain::personal::reveal(&mut shown);
    shown
}

pub(in crate::scheduling) fn answer(checklist: &Checklist) -> Value {
    checklist.run().map_or(Value::Null, shown)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
struct BeginBody {
    /// Made of what; if left out, of the newest for the service of the visit, or for all.
    #[schema(value_type = Option<String>)]
    template_id: Option<ChecklistTemplateId>,
}

/// Begin the checklist of a visit; one that is begun already is answered as it is
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/checklist/init",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    request_body = BeginBody,
    responses(
        (status = 201, description = "The checklist", content_type = "application/json"),
        (status = 404, description = "`checklist.no_template` or `checklist_template.not_found`")
    )
)]
async fn begin_checklist(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let BeginBody { template_id } = request.body()?;
    let (booking, _) = known(&app, caller.org(), id).await?;
    let template = template(&app, caller.org(), template_id, booking.requested.service).await?;
    let command = ChecklistCommand::Start { booking: id, template, now: app.now() };
    let context = request.context(&caller);
    let done = app.bus.execute(&context, &id.to_string(), command, answer).await?;
    Ok(Answer::done(&done).created())
}

/// Begins the checklist of a visit if the organisation has one to begin; one that is begun stays as it is.
pub(in crate::scheduling) async fn begin_if_any(
    app: &App,
    ctx: &Context,
    (id, booking): (BookingId, &Details),
) -> Result<(), Problem> {
    let templates = app.bus.load::<Templates>(ctx.org, &ctx.org.to_string()).await?.state;
    let service: Option<&str> = booking.requested.service.map(Into::into);
    let Some(template) = templates.choose(None, service).cloned() else { return Ok(()) };
    let context = Context {
        request: RequestKey::fresh(),
        expected_version: None,
        beside: Vec::new(),
        action: Some("checklist.begin".to_owned()),
        ..ctx.clone()
    };
    let command = ChecklistCommand::Start { booking: id, template, now: app.now() };
    app.bus.execute(&context, &id.to_string(), command, answer).await?;
    Ok(())
}

async fn template(
    app: &App,
    org: OrgId,
    named: Option<ChecklistTemplateId>,
    service: Option<CleaningType>,
) -> Result<Template, Problem> {
    let templates = app.bus.load::<Templates>(org, &org.to_string()).await?.state;
    let service: Option<&str> = service.map(Into::into);
    let chosen = templates.choose(named, service).cloned();
    chosen.ok_or_else(|| match named {
        Some(_) => Problem::refused(&TemplatesError::NotFound),
        None => Problem::refused(&ChecklistError::NoTemplate),
    })
}

/// The checklist of a visit
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/checklist",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses((status = 200, description = "The checklist; `ETag` is its version", content_type = "application/json"))
)]
async fn order_checklist(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    known(&app, caller.org(), id).await?;
    let found = app.bus.load::<Checklist>(caller.org(), &id.to_string()).await?;
    let run = found.state.run().ok_or_else(|| Problem::refused(&ChecklistError::NotFound))?;
    Ok(Answer::json(&shown(run))?.version(found.version))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "checked": true })))]
pub(in crate::scheduling) struct MarkBody {
    /// Whether it is done.
    pub(in crate::scheduling) checked: Option<bool>,
    /// What was seen, 1 to 1000 characters.
    pub(in crate::scheduling) note: Option<String>,
}

/// Check something on the list or uncheck it, and say what was seen; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/orders/{order_id}/checklist/items/{run_item_id}",
    tag = "work",
    params(("order_id" = Uuid, Path), ("run_item_id" = Uuid, Path)),
    request_body = MarkBody,
    responses(
        (status = 200, description = "The checklist", content_type = "application/json"),
        (status = 409, description = "`checklist.completed`")
    )
)]
async fn mark_item(
    State(app): State<AppState>,
    caller: Caller,
    Path((id, item)): Path<(BookingId, RunItemId)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let MarkBody { checked, note } = request.body()?;
    let (booking, _) = known(&app, caller.org(), id).await?;
    let (subject, now) = (booking.subject(), app.now());
    let command = ChecklistCommand::Mark { item, checked, note, subject, now };
    let context = request.context(&caller);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Be done with the checklist of a visit
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/checklist/complete",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The checklist", content_type = "application/json"),
        (status = 400, description = "`checklist.open`; `open` names what is left to do")
    )
)]
async fn complete_checklist(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    known(&app, caller.org(), id).await?;
    let command = ChecklistCommand::Complete { now: app.now() };
    let context = request.context(&caller);
    Ok(Answer::done(&app.bus.execute(&context, &id.to_string(), command, answer).await?))
}
