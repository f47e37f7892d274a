//! Time off: when the organisation, a team or a worker takes no visits. A blackout of a team is one of them.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use commands::Context;
use domain::access::Permission;
use domain::id::TeamId;
use domain::scheduling::time_off::{Purpose, Terms, TimeOff, TimeOffCommand, TimeOffError};
use domain::scheduling::window::Window;
use domain::settings::feature::Feature;
use projections::scheduling::booking_list::BookingList;
use projections::scheduling::time_off_list::{self, Block, Filter, PAGE, TimeOffList};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::taking::{cancel, declare, run, scope, shown, window};
use super::{clashes, continued, instants};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

const VIEW: &[Permission] = &[Permission::BookingsView];
const MANAGE: &[Permission] = &[Permission::SettingsManage, Permission::ScheduleBlockingManage];

pub(super) fn routes() -> Routes {
    let (view, manage) = (staff(VIEW), staff(MANAGE));
    let (view, manage) = (view.feature(Feature::Schedule), manage.feature(Feature::Schedule));
    let dispatch = staff(super::DISPATCH).feature(Feature::Schedule);
    Routes::default()
        .add(routes!(list_blocks), view)
        .add(routes!(declare_block), manage.action("time_off.create"))
        .add(routes!(change_block), manage.action("time_off.update"))
        .add(routes!(cancel_block), manage.action("time_off.cancel"))
        .add(routes!(list_blackouts), manage)
        .add(routes!(declare_blackout), manage.action("time_off.create"))
        .add(routes!(cancel_blackout), manage.action("time_off.cancel"))
        .add(routes!(block_schedule), dispatch.action("time_off.create"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// First day, on the clock of the organisation.
    from: Option<NaiveDate>,
    /// Last day.
    to: Option<NaiveDate>,
    /// `org`, `team` or `worker`.
    scope: Option<String>,
    /// Of this team alone.
    #[param(value_type = Option<Uuid>)]
    team_id: Option<TeamId>,
    /// Whether each is told with visits that clash with it.
    clashes: Option<bool>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// When the organisation, a team or a worker takes no visits, by the beginning
#[utoipa::path(
    get,
    path = "/v1/admin/availability-blocks",
    tag = "scheduling",
    params(ListQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins. `clashes` are the first 20 visits that are to be made then, `clashes_total` says how many there are", content_type = "application/json"))
)]
async fn list_blocks(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    list(&app, &caller, fresh, (asked, None)).await
}

/// Blackouts, by the beginning
#[utoipa::path(
    get,
    path = "/v1/admin/blackouts",
    tag = "scheduling",
    params(ListQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins. `clashes` are the first 20 visits that are to be made then, `clashes_total` says how many there are", content_type = "application/json"))
)]
async fn list_blackouts(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    list(&app, &caller, fresh, (asked, Some(Purpose::Blackout))).await
}

async fn list(
    app: &App,
    caller: &Caller,
    fresh: Freshness,
    (asked, purpose): (ListQuery, Option<Purpose>),
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    let zone = app.settings.of(app, org).await?.zone;
    let between = match (asked.from, asked.to) {
        (None, None) => None,
        (Some(from), Some(to)) => Some(instants::days(from, to, zone)?),
        _ => return Err(Problem::field("to", "from and to go together")),
    };
    let team = asked.team_id.map(TeamId::as_uuid);
    let filter = Filter { between, scope: asked.scope, purpose, team };
    let tells = asked.clashes == Some(true);
    let sources = [TimeOffList::NAME, BookingList::NAME];
    let reached = fresh.reach(app, org, if tells { &sources } else { &sources[..1] }).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let blocks = time_off_list::page(&mut tx, org, &filter, after, limit).await?;
    tx.rollback().await?;
    let next = cursor::last_of_full(&blocks, limit);
    let next = next.map(|last| cursor::shown(last.terms.window.starts_at, last.time_off_id));
    let mut lines: Vec<Value> = blocks.iter().map(line).collect();
    if tells {
        let blocks: Vec<_> = blocks.iter().map(|one| (one.time_off_id, &one.terms)).collect();
        clashes::beside(app, org, &blocks, &mut lines).await?;
    }
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

fn line(block: &Block) -> Value {
    shown(block.time_off_id, &block.terms)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "scope_type": "org", "block_type": "holiday", "starts_at": "2030-12-25T00:00", "ends_at": "2030-12-26T00:00" })))]
struct NewBlock {
    /// `org`, `team` or `worker`.
    scope_type: String,
    /// Which team or worker; nothing for the organisation.
    #[schema(value_type = Option<String>)]
    scope_id: Option<Uuid>,
    /// `vacation`, `sick`, `training`, `holiday` or `blackout`.
    #[schema(value_type = String)]
    block_type: Purpose,
    /// With an offset, or on the clock of the organisation.
    starts_at: String,
    /// First instant after it.
    ends_at: String,
    /// Up to 255 characters that name nobody; none where one worker is away.
    reason: Option<String>,
}

/// Take time off
#[utoipa::path(
    post,
    path = "/v1/admin/availability-blocks",
    tag = "scheduling",
    request_body = NewBlock,
    responses((status = 201, description = "The block; `clashes` are the first 20 visits that are to be made then, `clashes_total` says how many there are", content_type = "application/json", example = json!({
        "block_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "scope_type": "org", "scope_id": null, "team_id": null, "block_type": "holiday",
        "starts_at": "2030-12-25T07:00:00Z", "ends_at": "2030-12-26T07:00:00Z", "reason": null,
        "clashes": [{ "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "starts_at": "2030-12-25T17:00:00Z",
            "ends_at": "2030-12-25T19:00:00Z", "status": "CONFIRMED", "team_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2f", "crew": [] }],
        "clashes_total": 1
    })))
)]
async fn declare_block(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let block: NewBlock = request.body()?;
    let context = request.context(&caller);
    let zone = app.settings.of(&app, context.org).await?.zone;
    let window = window(&block.starts_at, &block.ends_at, zone)?;
    let scope = scope(&app, context.org, &block.scope_type, block.scope_id).await?;
    let terms = Terms { scope, purpose: block.block_type, window, reason: block.reason };
    declare(&app, &context, terms, shown).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "ends_at": "2030-12-27T00:00" })))]
struct ChangedBlock {
    /// `vacation`, `sick`, `training`, `holiday` or `blackout`.
    #[schema(value_type = Option<String>)]
    block_type: Option<Purpose>,
    starts_at: Option<String>,
    ends_at: Option<String>,
    /// Empty removes it.
    reason: Option<String>,
}

/// Take time off otherwise; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/availability-blocks/{block_id}",
    tag = "scheduling",
    params(("block_id" = Uuid, Path)),
    request_body = ChangedBlock,
    responses((status = 200, description = "The block with what clashes with it, as when it was taken", content_type = "application/json"))
)]
async fn change_block(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let changed: ChangedBlock = request.body()?;
    let mut context = request.context(&caller);
    let zone = app.settings.of(&app, context.org).await?.zone;
    let found = app.bus.load::<TimeOff>(context.org, &id.to_string()).await?;
    let TimeOff::Taken(before) = found.state else {
        return Err(Problem::refused(&TimeOffError::NotFound));
    };
    context.decided_on(found.version);
    let at = |field, text: Option<&str>, before: DateTime<Utc>| {
        text.map_or(Ok(before), |text| instants::read(field, text, zone))
    };
    let terms = Terms {
        scope: before.scope,
        purpose: changed.block_type.unwrap_or(before.purpose),
        window: Window {
            starts_at: at("starts_at", changed.starts_at.as_deref(), before.window.starts_at)?,
            ends_at: at("ends_at", changed.ends_at.as_deref(), before.window.ends_at)?,
        },
        reason: changed.reason.or(before.reason),
    };
    let command = TimeOffCommand::Change { terms, now: app.now() };
    run(&app, &context, (id, shown), command).await
}

/// Take it after all
#[utoipa::path(
    delete,
    path = "/v1/admin/availability-blocks/{block_id}",
    tag = "scheduling",
    params(("block_id" = Uuid, Path)),
    responses((status = 204, description = "It is not taken"))
)]
async fn cancel_block(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    cancel(&app, &request.context(&caller), id).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "team_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "starts_at": "2030-12-25T00:00", "ends_at": "2030-12-26T00:00" })))]
struct NewBlackout {
    /// Everybody's if left out.
    #[schema(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// With an offset, or on the clock of the organisation.
    starts_at: String,
    /// First instant after it.
    ends_at: String,
    /// Up to 255 characters that name nobody.
    reason: Option<String>,
}

/// Let a team, or everybody, take no visits for a while
#[utoipa::path(
    post,
    path = "/v1/admin/blackouts",
    tag = "scheduling",
    request_body = NewBlackout,
    responses((status = 201, description = "The block", content_type = "application/json"))
)]
async fn declare_blackout(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    blackout(&app, &request.context(&caller), request.body()?).await
}

/// Let a team, or everybody, take no visits for a while, from the schedule
#[utoipa::path(
    post,
    path = "/v1/admin/schedule/block",
    tag = "scheduling",
    request_body = NewBlackout,
    responses((status = 201, description = "The block", content_type = "application/json"))
)]
async fn block_schedule(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    blackout(&app, &request.context(&caller), request.body()?).await
}

/// Take visits after all
#[utoipa::path(
    delete,
    path = "/v1/admin/blackouts/{block_id}",
    tag = "scheduling",
    params(("block_id" = Uuid, Path)),
    responses((status = 204, description = "It is not taken"))
)]
async fn cancel_blackout(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<Uuid>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    cancel(&app, &request.context(&caller), id).await
}

async fn blackout(app: &App, context: &Context, block: NewBlackout) -> Result<Answer, Problem> {
    let zone = app.settings.of(app, context.org).await?.zone;
    let window = window(&block.starts_at, &block.ends_at, zone)?;
    let sort = if block.team_id.is_some() { "team" } else { "org" };
    let team = block.team_id.map(TeamId::as_uuid);
    let scope = scope(app, context.org, sort, team).await?;
    let terms = Terms { scope, purpose: Purpose::Blackout, window, reason: block.reason };
    declare(app, context, terms, shown).await
}
