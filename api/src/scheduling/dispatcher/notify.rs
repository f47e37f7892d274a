//! Somebody is told something about a visit, and what was told.

use axum::extract::State;
use domain::id::{BookingId, OrgId, WorkerId};
use domain::people::worker::Worker;
use domain::scheduling::dispatch::notice::{
    Channel, DispatchNotice, Notice, NoticeCommand, Outcome, Reach, Target,
};
use domain::settings::org::Language;
use projections::scheduling::booking_list::{self, BookingList};
use projections::scheduling::dispatch_board::{self, DispatchBoard, NOTICES};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::bookings;
use super::{desk, suggest};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

/// Longest name of a text.
const LONGEST_NAME: usize = 64;

/// Nobody is later than that.
const LATEST_MINUTES: u32 = 600;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(notify), desk().action("dispatch.notify"))
        .add(routes!(notify_audit), desk())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "target": "client", "channel": "email", "template_id": "CLIENT_DELAY_TRAFFIC", "params": { "minutes": 20 } })))]
struct NotifyBody {
    #[schema(value_type = String)]
    booking_id: BookingId,
    /// `client`, or `worker` for whoever leads.
    #[schema(value_type = String)]
    target: Target,
    /// `sms`, `call` or `email`; only mail is sent by this build.
    #[schema(value_type = String)]
    channel: Channel,
    /// `WORKER_EN_ROUTE_15MIN`, `CLIENT_DELAY_TRAFFIC` or `CLIENT_DONE`.
    template_id: String,
    #[serde(default)]
    params: NoticeParams,
    /// `en` (the default) or `ru`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    locale: Language,
}

/// What a text is filled with.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NoticeParams {
    /// How late somebody will be, 1 to 600.
    minutes: Option<u32>,
}

/// Tell somebody something about a visit; whatever comes of it is kept
#[utoipa::path(
    post,
    path = "/v1/admin/dispatcher/notify",
    tag = "dispatch",
    request_body = NotifyBody,
    responses((status = 200, description = "`queued` where it is on its way, `failed` with `error_code` where it could not be sent: `unknown_template`, `missing_phone`, `missing_email`, `no_worker` or `channel_unavailable`", content_type = "application/json"))
)]
async fn notify(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let body: NotifyBody = request.body()?;
    let letter = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_name = (1..=LONGEST_NAME).contains(&body.template_id.len());
    if !is_name || !body.template_id.bytes().all(letter) {
        return Err(Problem::field("template_id", "Input should be a name like CLIENT_DONE"));
    }
    if body.params.minutes.is_some_and(|minutes| !(1..=LATEST_MINUTES).contains(&minutes)) {
        return Err(Problem::field("params.minutes", "Input should be from 1 to 600"));
    }
    let context = request.context(&caller);
    let booking = bookings::known(&app, context.org, body.booking_id).await?;
    let worker = booking.placement.lead_worker.or(booking.placement.crew.first().copied());
    let worker = worker.filter(|_| body.target == Target::Worker);
    let reach = match body.target {
        Target::Client => client(&app, context.org, body.booking_id).await?,
        Target::Worker => reach_worker(&app, context.org, worker).await?,
    };
    // The same for a repetition, which must be told of the same notice.
    let notice_id = context.request.derived_id("notice");
    let notice = Notice {
        notice_id,
        booking_id: body.booking_id,
        target: body.target,
        worker,
        channel: body.channel,
        template: body.template_id,
        locale: body.locale,
        minutes: body.params.minutes,
        outcome: Outcome::Queued,
        error_code: None,
        by: caller.id().to_string(),
        at: app.now(),
    };
    let command = NoticeCommand::Tell { notice: Box::new(notice), reach };
    let answer = |told: &DispatchNotice| told.notice().map_or(Value::Null, shown);
    let done = app.bus.execute(&context, &notice_id.to_string(), command, answer).await;
    Ok(Answer::done(&done?))
}

/// How the customer is reached. Whoever was erased is not.
async fn client(app: &App, org: OrgId, booking: BookingId) -> Result<Reach, Problem> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    let addressee = booking_list::addressee(&mut tx, org, booking).await?;
    drop(tx);
    let visit = suggest::visit(app, org, booking).await.ok();
    let has_phone = visit.and_then(|visit| visit.phone).is_some();
    let has_email = addressee.and_then(|one| one.email).is_some();
    let mail_is_on = app.installation.email.is_on();
    Ok(Reach { is_there: true, has_phone, has_email, mail_is_on })
}

async fn reach_worker(app: &App, org: OrgId, worker: Option<WorkerId>) -> Result<Reach, Problem> {
    let Some(worker) = worker else {
        let (is_there, has_phone, has_email, mail_is_on) = (false, false, false, false);
        return Ok(Reach { is_there, has_phone, has_email, mail_is_on });
    };
    let found = app.bus.load::<Worker>(org, &worker.to_string()).await?;
    let profile = found.state.details().and_then(|details| details.profile.open().cloned());
    let has_phone = profile.is_some();
    let has_email = profile.and_then(|profile| profile.email).is_some();
    let mail_is_on = app.installation.email.is_on();
    Ok(Reach { is_there: true, has_phone, has_email, mail_is_on })
}

fn shown(notice: &Notice) -> Value {
    json!({
        "notice_id": notice.notice_id,
        "booking_id": notice.booking_id,
        "target": notice.target,
        "worker_id": notice.worker,
        "channel": notice.channel,
        "template_id": notice.template,
        "locale": notice.locale,
        "params": { "minutes": notice.minutes },
        "status": notice.outcome,
        "error_code": notice.error_code,
        "sent_by": notice.by,
        "created_at": notice.at,
    })
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// About this visit only.
    #[param(value_type = Option<String>)]
    booking_id: Option<BookingId>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<i64>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// What was told from the desk, the last first
#[utoipa::path(
    get,
    path = "/v1/admin/dispatcher/notify/audit",
    tag = "dispatch",
    params(AuditQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"))
)]
async fn notify_audit(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<AuditQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, NOTICES)?);
    let reached = fresh.reach(&app, org, &[DispatchBoard::NAME, BookingList::NAME]).await?;
    if let Some(booking) = asked.booking_id {
        bookings::known(&app, org, booking).await?;
    }
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found =
        dispatch_board::notices(&mut tx, org, asked.booking_id, asked.cursor, limit).await?;
    tx.rollback().await?;
    let next = cursor::last_of_full(&found, limit).map(|(_, position)| position.to_string());
    let lines: Vec<Value> = found.iter().map(|(notice, _)| shown(notice)).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}
