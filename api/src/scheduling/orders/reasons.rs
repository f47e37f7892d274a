//! Why a visit took longer, or cost something else.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::id::{BookingId, OrgId};
use domain::scheduling::booking::reason::ReasonCode;
use domain::scheduling::booking::{Booking, BookingCommand, Reason};
use projections::scheduling::reason_csv;
use projections::scheduling::reason_log::{self, Filter, PAGE, ReasonLog, Row};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::super::instants;
use super::{SETUP, VIEW, WORK, known, scheduling};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::continued;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};
use crate::table::{self, Pages};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(order_reasons), scheduling(VIEW))
        .add(routes!(log_reason), scheduling(WORK).action("booking.reason"))
        .add(routes!(list_reasons), scheduling(SETUP).leaves("reason.export"))
}

fn shown(order: BookingId, reason: &Reason) -> Value {
    let (kind, code) = reason.code.words();
    let mut shown = json!({
        "reason_id": reason.reason_id,
        "order_id": order,
        "kind": kind,
        "code": code,
        "note": reason.note,
        "created_by": reason.by,
        "created_at": reason.at,
    });
    domain::personal::reveal(&mut shown);
    shown
}

/// Why a visit took longer or cost something else, in order; 100 at most
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}/reasons",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    responses((status = 200, description = "All of them", content_type = "application/json"))
)]
async fn order_reasons(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
) -> Result<Answer, Problem> {
    let (booking, _) = known(&app, caller.org(), id).await?;
    let reasons: Vec<Value> = booking.reasons.iter().map(|one| shown(id, one)).collect();
    Answer::json(&reasons)
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "kind": "TIME_OVERRUN", "code": "EXTRA_DIRT", "note": "Two dogs" })))]
struct ReasonBody {
    /// `TIME_OVERRUN` or `PRICE_ADJUST`.
    kind: String,
    /// One of the words of its kind: `ACCESS_DELAY`, `EXTRA_DIRT`, `CLIENT_REQUEST`, `SUPPLIES_MISSING`, `ESTIMATE_WRONG`,
    /// `PARKING_DELAY`, `OTHER`; or `ADDON_ADDED`, `DAMAGE_RISK`, `DISCOUNT_PROMO`, `CLIENT_COMPLAINT`, `EXTRA_SERVICE`, `OTHER`.
    code: String,
    /// Up to 1000 characters.
    note: Option<String>,
}

/// Say why a visit took longer, or cost something else
#[utoipa::path(
    post,
    path = "/v1/orders/{order_id}/reasons",
    tag = "work",
    params(("order_id" = Uuid, Path)),
    request_body = ReasonBody,
    responses((status = 201, description = "The reason", content_type = "application/json"))
)]
async fn log_reason(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BookingId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let ReasonBody { kind, code, note } = request.body()?;
    let code = ReasonCode::parse(&kind, &code)
        .ok_or_else(|| Problem::field("code", "Input should be a code of its kind"))?;
    let context = request.context(&caller);
    // The same for a repetition, which must be told of the same reason.
    let reason_id = context.request.derived_id("reason");
    let by = Some(caller.id().to_string());
    let command = BookingCommand::LogReason { code, note, reason_id, by, now: app.now() };
    let answer = |booking: &Booking| {
        let reasons = booking.details().map(|booking| booking.reasons.as_slice());
        let own = reasons.unwrap_or_default().iter().find(|one| one.reason_id == Some(reason_id));
        own.map_or(Value::Null, |one| shown(id, one))
    };
    let done = app.bus.execute(&context, &id.to_string(), command, answer).await?;
    Ok(Answer::done(&done).created())
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Csv,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReasonsQuery {
    /// First day on which they were written down, on the clock of the organisation.
    from: Option<NaiveDate>,
    /// Last such day.
    to: Option<NaiveDate>,
    /// `TIME_OVERRUN` or `PRICE_ADJUST`.
    kind: Option<String>,
    /// One of the words of a kind.
    #[serde(rename = "code")]
    word: Option<String>,
    /// `json` (the default), page by page, or `csv`: all of them from the cursor on.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<i64>,
    /// 1 to 500, else 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

/// Why visits took longer or cost something else, the latest first; that they were read is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/reasons",
    tag = "work",
    params(ReasonsQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!([
        { "reason_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "order_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "kind": "TIME_OVERRUN",
          "code": "EXTRA_DIRT", "note": "Two dogs", "created_by": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2f", "created_at": "2030-03-04T18:00:00Z" }
    ])))
)]
async fn list_reasons(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ReasonsQuery>,
) -> Result<Response, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let zone = app.settings.of(&app, org).await?.zone;
    let day = |date: Option<NaiveDate>| date.map(|date| instants::days(date, date, zone));
    let (from, until) = (day(asked.from).transpose()?, day(asked.to).transpose()?);
    let filter = Filter {
        from: from.map(|day| day.starts_at),
        until: until.map(|day| day.ends_at),
        kind: asked.kind,
        code: asked.word,
    };
    let reached = fresh.reach(&app, org, &[ReasonLog::NAME]).await?;
    if let Format::Csv = asked.format.unwrap_or_default() {
        return table(app, org, filter, asked.cursor).await;
    }
    let mut tx = tenant::begin(&app.reads, org).await?;
    let page = (asked.cursor, limit);
    let rows = reason_log::page(&mut tx, &app.keys, org, &filter, page).await?;
    let full = i64::try_from(rows.len()).is_ok_and(|count| count == limit);
    let next = rows.last().filter(|_| full).map(|row| row.position.to_string());
    let line = |row: &Row| {
        json!({
            "reason_id": row.reason_id,
            "order_id": row.booking_id,
            "kind": row.kind,
            "code": row.code,
            "note": row.note,
            "created_by": row.made_by,
            "created_at": row.at,
        })
    };
    let lines: Vec<Value> = rows.iter().map(line).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())).into_response())
}

/// All that match from the one behind `before` on, as CSV.
async fn table(
    app: AppState,
    org: OrgId,
    filter: Filter,
    before: Option<i64>,
) -> Result<Response, Problem> {
    let read = move |before| {
        let (app, filter) = (AppState::clone(&app), filter.clone());
        async move { page(&app, org, &filter, before).await }
    };
    let pages = Pages { start: before, key: |last: &Row| last.position, size: PAGE };
    table::long("reasons.csv", reason_csv::header(), reason_csv::lines, pages, read).await
}

async fn page(
    app: &App,
    org: OrgId,
    filter: &Filter,
    before: Option<i64>,
) -> Result<Vec<Row>, sqlx::Error> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    reason_log::page(&mut tx, &app.keys, org, filter, (before, PAGE)).await
}
