//! How long somebody worked at a visit: begun, interrupted, ended.

use std::str::FromStr;

use axum::extract::State;
use chrono::{DateTime, Utc};
use commands::{CommandError, Context, Done};
use domain::id::{BookingId, WorkerId};
use domain::refusal::Refusal;
use domain::scheduling::booking::reason::{Overrun, ReasonCode};
use domain::scheduling::booking::{BookingCommand, BookingError, Details, Status};
use domain::scheduling::work_session::{State as Stands, WorkCommand, WorkSession};
use projections::scheduling::work_times::{self, PAGE, WorkTimes};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{SETUP, VIEW, WORK, checklist_open, follow, known, scheduling};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::{Code, Problem};
use crate::route::Routes;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let work = scheduling(WORK);
    Routes::default()
        .add(routes!(start_work), work.action("work.start"))
        .add(routes!(pause_work), work.action("work.pause"))
        .add(routes!(resume_work), work.action("work.resume"))
        .add(routes!(finish_work), work.action("work.finish"))
        .add(routes!(order_time), scheduling(VIEW))
        .add(routes!(list_times), scheduling(SETUP))
}

/// A session as clients read it, at `now`.
pub(in crate::scheduling) fn summary(
    booking: Uuid,
    session: &WorkSession,
    planned: Option<u32>,
    now: DateTime<Utc>,
) -> Value {
    let seconds = session.seconds(now);
    let first = session.segments.first().map(|part| part.start);
    let last = session.segments.last().and_then(|part| part.end);
    let planned_minutes = session.planned_minutes.or(planned);
    let planned = planned_minutes.map(|minutes| i64::from(minutes) * 60);
    let finished = last.filter(|_| session.state == Stands::Finished);
    json!({
        "booking_id": booking,
        "entry_id": booking,
        "state": session.state,
        "worker_id": session.worker,
        "started_at": first,
        "paused_at": last.filter(|_| session.state == Stands::Paused),
        "finished_at": finished,
        "check_in_at": first,
        "check_out_at": finished,
        "planned_minutes": planned_minutes,
        "planned_seconds": planned,
        "total_seconds": seconds,
        "effective_seconds": seconds,
        "delta_seconds": planned.map(|planned| seconds - planned),
        // A fifth more than planned; what needs a reason is for the policies to say.
        "leak_flag": planned.is_some_and(|planned| seconds * 10 > planned * 12),
        "planned_vs_actual_ratio": planned.and_then(|planned| ratio(seconds, planned)),
        "overrun_reason": session.overrun,
        "segments": session.segments,
    })
}

/// To four decimals, shown only: nothing is ever computed with it.
fn ratio(seconds: i64, planned: i64) -> Option<f64> {
    let exact = (seconds * 10_000 + planned / 2).checked_div(planned)?;
    i32::try_from(exact).ok().map(|exact| f64::from(exact) / 10_000.0)
}

/// Carries out a command on a session; the answer is its time.
pub(in crate::scheduling) async fn act(
    app: &App,
    context: &Context,
    id: BookingId,
    command: WorkCommand,
) -> Result<Done, Problem> {
    let now = app.now();
    let answer = |session: &WorkSession| summary(id.as_uuid(), session, None, now);
    Ok(app.bus.execute(context, &id.to_string(), command, answer).await?)
}

/// Begins to work at a visit.
pub(in crate::scheduling) async fn begin(
    app: &App,
    context: &Context,
    (id, booking): (BookingId, &Details),
    worker: Option<WorkerId>,
) -> Result<Done, Problem> {
    let now = app.now();
    // The visit says first whether anybody may begin; repeated, it says the same.
    follow(app, context, id, BookingCommand::Start { worker, now }).await?;
    let worker = worker.or(booking.placement.lead_worker);
    let planned_minutes = booking.planned_minutes;
    let command = WorkCommand::Start { booking: id, worker, planned_minutes, now };
    act(app, context, id, command).await
}

/// Ends the work at a visit, and by the policies of the organisation the visit with it.
pub(in crate::scheduling) async fn finish(
    app: &App,
    context: &Context,
    (id, booking): (BookingId, &Details),
    overrun: Option<Overrun>,
) -> Result<Done, Problem> {
    let (org, now) = (context.org, app.now());
    let policy = app.prices.of(app, org).await?.book.policies.work.clone();
    let command = WorkCommand::Finish {
        planned_minutes: booking.planned_minutes,
        threshold_permille: policy.overrun_permille,
        overrun: overrun.or_else(|| logged(booking)),
        now,
    };
    let mut done = act(app, context, id, command).await?;
    let mut refused = None;
    if policy.finish_completes && booking.status != Status::Done {
        let seconds = done.answer["total_seconds"].as_i64().unwrap_or_default();
        let actual_minutes = u32::try_from(((seconds + 59) / 60).max(1)).unwrap_or(u32::MAX);
        let checklist_open = checklist_open(app, org, id).await?;
        let complete = BookingCommand::Complete { actual_minutes, checklist_open, now };
        match follow(app, context, id, complete).await {
            Ok(()) | Err(CommandError::Refused(BookingError::AlreadyCompleted)) => {}
            Err(CommandError::Refused(why)) => refused = Some(why.code()),
            Err(error) => return Err(error.into()),
        }
    }
    let (after, _) = known(app, org, id).await?;
    done.answer["booking_status"] = json!(after.status);
    done.answer["completion_refused"] = json!(refused);
    Ok(done)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// Begin to work; the visit is `IN_PROGRESS` from then on
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/time/start",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The session", content_type = "application/json"),
        (status = 409, description = "`booking.illegal_state` unless somebody was to come, `work.illegal_state` if it rests or is over")
    )
)]
async fn start_work(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    let (booking, _) = known(&app, caller.org(), id).await?;
    let context = request.context(&caller);
    Ok(Answer::done(&begin(&app, &context, (id, &booking), None).await?))
}

/// Interrupt the work
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/time/pause",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The session", content_type = "application/json"),
        (status = 409, description = "`work.illegal_state`")
    )
)]
async fn pause_work(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    known(&app, caller.org(), id).await?;
    let command = WorkCommand::Pause { now: app.now() };
    Ok(Answer::done(&act(&app, &request.context(&caller), id, command).await?))
}

/// Go on with the work
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/time/resume",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The session", content_type = "application/json"),
        (status = 409, description = "`work.illegal_state`")
    )
)]
async fn resume_work(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Nothing {} = request.body()?;
    known(&app, caller.org(), id).await?;
    let command = WorkCommand::Resume { now: app.now() };
    Ok(Answer::done(&act(&app, &request.context(&caller), id, command).await?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "overrun_reason": "EXTRA_DIRT" })))]
struct FinishBody {
    /// Why it took longer than planned by more than the policies allow; if left out, the reason that was logged last.
    #[schema(value_type = Option<String>)]
    overrun_reason: Option<Overrun>,
}

/// End the work; by the policies of the organisation that completes the visit
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/time/finish",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    request_body = FinishBody,
    responses(
        (status = 200, description = "The session; `booking_status` says whether the visit is done, `completion_refused` why not", content_type = "application/json"),
        (status = 400, description = "`work.not_started` or `work.overrun_reason_required`")
    )
)]
async fn finish_work(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let FinishBody { overrun_reason } = request.body()?;
    let (booking, _) = known(&app, caller.org(), id).await?;
    let context = request.context(&caller);
    Ok(Answer::done(&finish(&app, &context, (id, &booking), overrun_reason).await?))
}

/// The reason that was logged last for taking longer.
fn logged(booking: &Details) -> Option<Overrun> {
    booking.reasons.iter().rev().find_map(|one| match one.code {
        ReasonCode::TimeOverrun(why) => Some(why),
        ReasonCode::PriceAdjust(_) => None,
    })
}

/// How long somebody worked at a visit, or works already
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/time",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses((status = 200, description = "The session, `NOT_STARTED` if nobody began; `ETag` is its version", content_type = "application/json"))
)]
async fn order_time(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    let (booking, _) = known(&app, caller.org(), id).await?;
    let found = app.bus.load::<WorkSession>(caller.org(), &id.to_string()).await?;
    let planned = Some(booking.planned_minutes);
    let body = summary(id.as_uuid(), &found.state, planned, app.now());
    Ok(Answer::json(&body)?.version(found.version))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TimesQuery {
    /// `RUNNING`, `PAUSED` or `FINISHED`.
    status: Option<String>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// How long people worked at visits, whoever began last first
#[utoipa::path(
    get,
    path = "/v1/admin/orders/time",
    tag = "work",
    params(TimesQuery),
    responses(
        (status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"),
        (status = 400, description = "Unknown status")
    )
)]
async fn list_times(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<TimesQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let state = asked.status.as_deref().map(Stands::from_str).transpose();
    let state = state.map_err(|_| Problem::new(Code::InvalidStatus))?;
    let after = cursor::asked(asked.cursor.as_deref())?;
    let reached = fresh.reach(&app, org, &[WorkTimes::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let rows = work_times::page(&mut tx, org, state, after, limit).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows
        .last()
        .filter(|_| full)
        .and_then(|(id, session)| Some(cursor::shown(session.segments.first()?.start, *id)));
    let now = app.now();
    let line = |(id, session): &(Uuid, WorkSession)| summary(*id, session, None, now);
    let lines: Vec<Value> = rows.iter().map(line).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}
