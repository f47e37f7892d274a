//! Entries of other calendars, in which nobody here takes a visit. Whoever imports one writes them; so may staff.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::scheduling::time_off::{Purpose, Scope, Terms, TimeOff, TimeOffError};
use domain::settings::feature::Feature;
use projections::scheduling::time_off_list::{self, Block, Filter, PAGE, TimeOffList};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{DISPATCH, continued, instants, taking};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    let dispatch = staff(DISPATCH).feature(Feature::Schedule);
    Routes::default()
        .add(routes!(list_external), dispatch)
        .add(routes!(add_external), dispatch.action("external_block.create"))
        .add(routes!(remove_external), dispatch.action("external_block.delete"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExternalQuery {
    /// First day, on the clock of the organisation.
    from: Option<NaiveDate>,
    /// Last day; the two go together.
    to: Option<NaiveDate>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Entries of other calendars, by the beginning
#[utoipa::path(
    get,
    path = "/v1/admin/schedule/external_blocks",
    tag = "scheduling",
    params(ExternalQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"))
)]
async fn list_external(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ExternalQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    let zone = app.settings.of(&app, org).await?.zone;
    let between = match (asked.from, asked.to) {
        (None, None) => None,
        (Some(from), Some(to)) => Some(instants::days(from, to, zone)?),
        _ => return Err(Problem::field("to", "from and to go together")),
    };
    let purpose = Some(Purpose::External);
    let filter = Filter { between, purpose, ..Filter::default() };
    let reached = fresh.reach(&app, org, &[TimeOffList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = time_off_list::page(&mut tx, org, &filter, after, limit).await?;
    tx.rollback().await?;
    let next = cursor::last_of_full(&found, limit);
    let next = next.map(|last| cursor::shown(last.terms.window.starts_at, last.time_off_id));
    let line = |block: &Block| shown(block.time_off_id, &block.terms);
    let lines: Vec<Value> = found.iter().map(line).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

fn shown(id: Uuid, terms: &Terms) -> Value {
    json!({
        "external_block_id": id,
        "starts_at": terms.window.starts_at,
        "ends_at": terms.window.ends_at,
        "source": terms.reason,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "starts_at": "2030-12-25T09:00", "ends_at": "2030-12-25T12:00", "source": "office calendar" })))]
struct NewExternal {
    /// With an offset, or on the clock of the organisation.
    starts_at: String,
    /// First instant after it.
    ends_at: String,
    /// Which calendar it comes from: 1 to 255 characters that name nobody.
    source: String,
}

/// Add an entry of another calendar: nobody takes a visit then
#[utoipa::path(
    post,
    path = "/v1/admin/schedule/external_blocks",
    tag = "scheduling",
    request_body = NewExternal,
    responses((status = 201, description = "The entry; `clashes` are visits in its way", content_type = "application/json"))
)]
async fn add_external(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let block: NewExternal = request.body()?;
    if block.source.trim().is_empty() {
        return Err(Problem::field("source", "Field required"));
    }
    let context = request.context(&caller);
    let zone = app.settings.of(&app, context.org).await?.zone;
    let window = taking::window(&block.starts_at, &block.ends_at, zone)?;
    let (scope, reason) = (Scope::Org, Some(block.source));
    let terms = Terms { scope, purpose: Purpose::External, window, reason };
    taking::declare(&app, &context, terms, shown).await
}

/// Take an entry of another calendar away
#[utoipa::path(
    delete,
    path = "/v1/admin/schedule/external_blocks/{external_block_id}",
    tag = "scheduling",
    params(("external_block_id" = Uuid, Path)),
    responses((status = 204, description = "It is gone"))
)]
async fn remove_external(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    let context = request.context(&caller);
    let found = app.bus.load::<TimeOff>(context.org, &id.to_string()).await?;
    // Time off of one's own is not cancelled by this way.
    let is_own =
        matches!(&found.state, TimeOff::Taken(terms) if terms.purpose != Purpose::External);
    if is_own || matches!(found.state, TimeOff::Absent) {
        return Err(Problem::refused(&TimeOffError::NotFound));
    }
    taking::cancel(&app, &context, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
