//! Months of the books: closed, so that nothing is written into them any more, and opened again by an owner.

use axum::extract::State;
use commands::{Context, Done};
use domain::finance::month::Month;
use domain::finance::period::{AccountingPeriod, PeriodCommand};
use projections::finance::ledger::{self, Balance, Ledger};
use projections::{Projection, tenant};
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{asked, manage, view};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, owner};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    use domain::settings::feature::Feature;
    let owner = owner().feature(Feature::Finance);
    Routes::default()
        .add(routes!(accounting_period), view())
        .add(routes!(close_period), manage().action("accounting_period.close"))
        .add(routes!(reopen_period), owner.action("accounting_period.reopen"))
}

/// A month: whether it is closed, and what moved on every account
#[utoipa::path(
    get,
    path = "/v1/admin/finance/periods/{month}",
    tag = "finance",
    params(("month" = String, Path, description = "Like `2030-01`")),
    responses((status = 200, description = "Once the month is closed, its figures do not change any more", content_type = "application/json", example = json!({
        "month": "2030-01", "status": "closed", "closed_at": "2030-02-03T16:00:00Z",
        "accounts": [{ "account": "revenue", "currency": "CAD", "debit_cents": 0, "credit_cents": 18000 }]
    })))
)]
async fn accounting_period(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(month): Path<String>,
) -> Result<Answer, Problem> {
    let (org, month) = (caller.org(), asked::month("month", &month)?);
    let found = app.bus.load::<AccountingPeriod>(org, &month.to_string()).await?;
    let reached = fresh.reach(&app, org, &[Ledger::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let moved = ledger::balances(&mut tx, org, (Some(month.first()), month.last())).await?;
    let line = |one: &Balance| {
        json!({
            "account": one.account, "currency": one.currency, "debit_cents": one.debit_cents,
            "credit_cents": one.credit_cents,
        })
    };
    let mut body = shown(month, &found.state);
    body["accounts"] = json!(moved.iter().map(line).collect::<Vec<_>>());
    Ok(reached.mark(Answer::json(&body)?.version(found.version)))
}

/// Let nothing be written into a month any more; not before it is over
#[utoipa::path(
    post,
    path = "/v1/admin/finance/periods/{month}/close",
    tag = "finance",
    params(("month" = String, Path, description = "Like `2030-01`")),
    responses(
        (status = 200, description = "It is closed", content_type = "application/json"),
        (status = 409, description = "`period.not_over`")
    )
)]
async fn close_period(
    State(app): State<AppState>,
    caller: Caller,
    Path(month): Path<String>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let month = asked::month("month", &month)?;
    let context = request.context(&caller);
    let today = app.today(context.org).await?;
    let command = PeriodCommand::Close { month, today, now: app.now() };
    run(&app, &context, month, command).await
}

/// Let a month be written into again
#[utoipa::path(
    post,
    path = "/v1/admin/finance/periods/{month}/reopen",
    tag = "finance",
    params(("month" = String, Path, description = "Like `2030-01`")),
    responses((status = 200, description = "It is open", content_type = "application/json"))
)]
async fn reopen_period(
    State(app): State<AppState>,
    caller: Caller,
    Path(month): Path<String>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let month = asked::month("month", &month)?;
    let command = PeriodCommand::Reopen { month, now: app.now() };
    run(&app, &request.context(&caller), month, command).await
}

fn shown(month: Month, period: &AccountingPeriod) -> Value {
    let closed_at = period.closed_at();
    let status = if closed_at.is_some() { "closed" } else { "open" };
    json!({ "month": month, "status": status, "closed_at": closed_at })
}

async fn run(
    app: &App,
    context: &Context,
    month: Month,
    command: PeriodCommand,
) -> Result<Answer, Problem> {
    let answer = |period: &AccountingPeriod| shown(month, period);
    let done: Done = app.bus.execute(context, &month.to_string(), command, answer).await?;
    Ok(Answer::done(&done))
}
