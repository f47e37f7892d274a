//! What checklists are made of.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::Done;
use domain::id::ChecklistTemplateId;
use domain::scheduling::checklist::Phase;
use domain::scheduling::checklist::templates::{
    Draft, Item, Template, Templates, TemplatesCommand,
};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::{SETUP, scheduling};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::continued;
use crate::extract::{Parameters, Path, limit};
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

/// Templates on a page at most, and there are never more.
const PAGE: i64 = 100;

pub(super) fn routes() -> Routes {
    let setup = scheduling(SETUP);
    Routes::default()
        .add(routes!(list_templates), setup)
        .add(routes!(add_template), setup.action("checklist_template.create"))
        .add(routes!(replace_template), setup.action("checklist_template.update"))
        .add(routes!(retire_template), setup.action("checklist_template.retire"))
}

fn shown(template: &Template) -> Value {
    let mut shown = json!(template);
    for (place, item) in shown["items"].as_array_mut().into_iter().flatten().enumerate() {
        item["position"] = place.into();
    }
    shown
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PageQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<usize>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Templates in the order in which they were made
#[utoipa::path(
    get,
    path = "/v1/admin/checklists/templates",
    tag = "work",
    params(PageQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"))
)]
async fn list_templates(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<PageQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let found = app.bus.load::<Templates>(org, &org.to_string()).await?;
    let (page, next) = crate::cursor::part(&found.state.all, asked.cursor, limit);
    let lines: Vec<Value> = page.iter().map(shown).collect();
    Ok(continued(Answer::json(&lines)?.version(found.version), next.as_deref()))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    /// 1 to 255 characters.
    label: String,
    /// `BEFORE` or `AFTER`.
    #[schema(value_type = String)]
    phase: Phase,
    /// Whether the list is complete without it; `false` if left out.
    #[serde(default)]
    required: bool,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Deep clean", "service_type": "deep", "items": [{ "label": "Oven", "phase": "AFTER", "required": true }] })))]
struct TemplateBody {
    /// 1 to 120 characters.
    name: String,
    /// `standard`, `deep`, `move_out_empty` or `move_in_empty`; for all that have none of their own if left out.
    service_type: Option<String>,
    /// Whether lists are made of it; `true` if left out.
    is_active: Option<bool>,
    /// 1 to 100, in order.
    items: Vec<ItemBody>,
}

impl From<TemplateBody> for Draft {
    fn from(body: TemplateBody) -> Self {
        let item = |ItemBody { label, phase, required }| Item { label, phase, required };
        Self {
            name: body.name,
            service_type: body.service_type,
            is_active: body.is_active.unwrap_or(true),
            items: body.items.into_iter().map(item).collect(),
        }
    }
}

/// Keep a template
#[utoipa::path(
    post,
    path = "/v1/admin/checklists/templates",
    tag = "work",
    request_body = TemplateBody,
    responses(
        (status = 201, description = "The template", content_type = "application/json"),
        (status = 409, description = "`checklist_template.full`")
    )
)]
async fn add_template(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let draft: TemplateBody = request.body()?;
    // The same for a repetition, which must be told of the same template.
    let id = request.context(&caller).request.derived_id("checklist_template").into();
    let command = TemplatesCommand::Add(id, draft.into(), app.now());
    Ok(Answer::done(&run(&app, (&caller, &request), id, command).await?).created())
}

/// Put another in the place of a template; lists that are begun stay as they are
#[utoipa::path(
    put,
    path = "/v1/admin/checklists/templates/{template_id}",
    tag = "work",
    params(("template_id" = Uuid, Path)),
    request_body = TemplateBody,
    responses((status = 200, description = "The template in its next version", content_type = "application/json"))
)]
async fn replace_template(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ChecklistTemplateId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let draft: TemplateBody = request.body()?;
    let command = TemplatesCommand::Replace(id, draft.into(), app.now());
    Ok(Answer::done(&run(&app, (&caller, &request), id, command).await?))
}

/// Keep a template no more; lists that were made of it stay
#[utoipa::path(
    delete,
    path = "/v1/admin/checklists/templates/{template_id}",
    tag = "work",
    params(("template_id" = Uuid, Path)),
    responses((status = 204, description = "It is gone"))
)]
async fn retire_template(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ChecklistTemplateId>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    run(&app, (&caller, &request), id, TemplatesCommand::Retire(id, app.now())).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn run(
    app: &App,
    (caller, request): (&Caller, &CommandRequest),
    id: ChecklistTemplateId,
    command: TemplatesCommand,
) -> Result<Done, Problem> {
    let (context, org) = (request.context(caller), caller.org());
    let answer = |templates: &Templates| templates.find(id).map_or(Value::Null, shown);
    Ok(app.bus.execute(&context, &org.to_string(), command, answer).await?)
}
