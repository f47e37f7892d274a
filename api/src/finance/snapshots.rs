//! Counts of cash.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use commands::{CommandError, Context, Done};
use domain::finance::FinanceError;
use domain::finance::cash::{CashCommand, CashSnapshot, Terms};
use domain::finance::month::Month;
use domain::id::CashSnapshotId;
use projections::finance::records::FinanceRecords;
use projections::finance::snapshots::{self, PAGE, Row};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{self, kept};
use super::{manage, refused, view, while_open};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::sent::Sent;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let manage = manage();
    Routes::default()
        .add(routes!(list_cash_snapshots), view())
        .add(routes!(count_cash), manage.action("cash_snapshot.create"))
        .add(routes!(correct_cash_snapshot), manage.action("cash_snapshot.update"))
        .add(routes!(remove_cash_snapshot), manage.action("cash_snapshot.remove"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// First day.
    from: Option<NaiveDate>,
    /// Last day.
    to: Option<NaiveDate>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Counts of cash, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/finance/cash_snapshots",
    tag = "finance",
    params(ListQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "items": [{ "snapshot_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "as_of_date": "2030-01-31", "cash_cents": 120_000,
            "note": null }]
    })))
)]
async fn list_cash_snapshots(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let range = asked::maybe_days(asked.from, asked.to)?;
    let after = asked::behind::<Uuid>(asked.cursor.as_deref())?.map(|(day, _)| day);
    let reached = fresh.reach(&app, org, &[FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let rows = snapshots::page(&mut tx, org, range, after, limit).await?;
    let next = cursor::last_of_full(&rows, limit);
    let next = next.map(|row| asked::shown(row.as_of_date, row.snapshot_id));
    let body = json!({ "items": rows.iter().map(line).collect::<Vec<_>>() });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}

pub(super) fn line(row: &Row) -> Value {
    json!({
        "snapshot_id": row.snapshot_id,
        "as_of_date": row.as_of_date,
        "cash_cents": row.cash_cents,
        "note": row.note,
        "created_at": row.created_at,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "as_of_date": "2030-01-31", "cash_cents": 120_000 })))]
struct NewCashSnapshot {
    /// There is no other count of this day; not in a month whose books are closed.
    as_of_date: NaiveDate,
    /// Less than nothing is owed to the bank.
    cash_cents: i64,
    /// Up to 1000 characters that name no person.
    note: Option<String>,
}

/// Write down how much cash there was at the end of a day
#[utoipa::path(
    post,
    path = "/v1/admin/finance/cash_snapshots",
    tag = "finance",
    request_body = NewCashSnapshot,
    responses(
        (status = 201, description = "The count", content_type = "application/json"),
        (status = 409, description = "`cash_snapshot.date_taken` or `period_closed`")
    )
)]
async fn count_cash(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewCashSnapshot { as_of_date, cash_cents, note } = request.body()?;
    let mut context = request.context(&caller);
    asked::near("as_of_date", as_of_date)?;
    while_open(&app, &mut context, [Month::of(as_of_date)]).await?;
    let snapshot_id = context.request.derived_id("cash_snapshot").into();
    let terms = Terms { as_of_date, cash_cents, note };
    let command = CashCommand::Count { snapshot_id, terms, now: app.now() };
    let done = run(&app, &context, snapshot_id, command).await;
    Ok(Answer::done(&done.map_err(refused)?).created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "cash_cents": 119_900 })))]
struct CorrectedCashSnapshot {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    as_of_date: Sent<NaiveDate>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    cash_cents: Sent<i64>,
    /// `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    note: Sent<String>,
}

/// Say how much cash there was otherwise; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/finance/cash_snapshots/{snapshot_id}",
    tag = "finance",
    params(("snapshot_id" = Uuid, Path)),
    request_body = CorrectedCashSnapshot,
    responses(
        (status = 200, description = "The count", content_type = "application/json"),
        (status = 409, description = "`cash_snapshot.date_taken` or `period_closed`")
    )
)]
async fn correct_cash_snapshot(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<CashSnapshotId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let corrected: CorrectedCashSnapshot = request.body()?;
    let mut context = request.context(&caller);
    let (before, version) = known(&app, &context, id).await?;
    context.decided_on(version);
    let (day, as_of_date) =
        (before.as_of_date, kept("as_of_date", corrected.as_of_date, before.as_of_date)?);
    asked::near("as_of_date", as_of_date)?;
    while_open(&app, &mut context, [Month::of(day), Month::of(as_of_date)]).await?;
    let terms = Terms {
        as_of_date,
        cash_cents: kept("cash_cents", corrected.cash_cents, before.cash_cents)?,
        note: corrected.note.over(before.note),
    };
    let command = CashCommand::Correct { terms, now: app.now() };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

/// Say that cash was not counted on a day; not in a month whose books are closed
#[utoipa::path(
    delete,
    path = "/v1/admin/finance/cash_snapshots/{snapshot_id}",
    tag = "finance",
    params(("snapshot_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is not listed any more"),
        (status = 409, description = "`period_closed`")
    )
)]
async fn remove_cash_snapshot(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<CashSnapshotId>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    let mut context = request.context(&caller);
    // Whoever repeats the request is told again, though there is no such count any more.
    let before = known(&app, &context, id).await.ok().map(|(before, _)| before);
    let month = before.map(|before| Month::of(before.as_of_date));
    while_open(&app, &mut context, month).await?;
    run(&app, &context, id, CashCommand::Remove { now: app.now() }).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn known(app: &App, context: &Context, id: CashSnapshotId) -> Result<(Terms, i32), Problem> {
    let found = app.bus.load::<CashSnapshot>(context.org, &id.to_string()).await?;
    let terms = found.state.terms().map(|terms| (terms.clone(), found.version));
    terms.ok_or_else(|| Problem::refused(&FinanceError::NoSuchSnapshot))
}

async fn run(
    app: &App,
    context: &Context,
    id: CashSnapshotId,
    command: CashCommand,
) -> Result<Done, CommandError<FinanceError>> {
    let answer = |snapshot: &CashSnapshot| {
        snapshot.terms().map_or(Value::Null, |terms| {
            json!({
                "snapshot_id": id, "as_of_date": terms.as_of_date, "cash_cents": terms.cash_cents,
                "note": terms.note,
            })
        })
    };
    app.bus.execute(context, &id.to_string(), command, answer).await
}
