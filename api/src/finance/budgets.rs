//! Budgets: set, set otherwise, cleared.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::{CommandError, Context, Done};
use domain::finance::FinanceError;
use domain::finance::budget::{Budget, BudgetCommand, Terms};
use domain::finance::month::Month;
use domain::id::{BudgetId, ExpenseCategoryId};
use projections::finance::budgets::{self, PAGE, Row};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{self, kept};
use super::{categories, manage, refused, view, while_open};
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
        .add(routes!(list_budgets), view())
        .add(routes!(set_budget), manage.action("budget.create"))
        .add(routes!(change_budget), manage.action("budget.update"))
        .add(routes!(clear_budget), manage.action("budget.remove"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Like `2030-01`.
    month: Option<String>,
    category_id: Option<Uuid>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Budgets, the latest month first
#[utoipa::path(
    get,
    path = "/v1/admin/finance/budgets",
    tag = "finance",
    params(ListQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "items": [{ "budget_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "month_yyyymm": "2030-01",
            "category_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "amount_cents": 40000 }]
    })))
)]
async fn list_budgets(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let month = asked.month.as_deref().map(|text| asked::month("month", text)).transpose()?;
    let after = asked::behind(asked.cursor.as_deref())?;
    let reached = fresh.reach(&app, org, &[FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let wanted = (month.map(Month::first), asked.category_id);
    let rows = budgets::page(&mut tx, org, wanted, after, limit).await?;
    let next = cursor::last_of_full(&rows, limit);
    let next = next.map(|row| asked::shown(row.month, row.budget_id));
    let line = |row: &Row| {
        json!({
            "budget_id": row.budget_id, "month_yyyymm": Month::of(row.month),
            "category_id": row.category_id, "amount_cents": row.amount_cents,
            "created_at": row.created_at,
        })
    };
    let body = json!({ "items": rows.iter().map(line).collect::<Vec<_>>() });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "month_yyyymm": "2030-01", "category_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "amount_cents": 40000
})))]
struct NewBudget {
    /// Like `2030-01`.
    month_yyyymm: String,
    #[schema(value_type = String)]
    category_id: ExpenseCategoryId,
    /// Without tax.
    amount_cents: i64,
}

/// Say what may be spent on a category in a month
#[utoipa::path(
    post,
    path = "/v1/admin/finance/budgets",
    tag = "finance",
    request_body = NewBudget,
    responses(
        (status = 201, description = "The budget", content_type = "application/json"),
        (status = 400, description = "`expense.unknown_category`"),
        (status = 409, description = "`budget.already_set`, or `period_closed`")
    )
)]
async fn set_budget(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let new: NewBudget = request.body()?;
    let mut context = request.context(&caller);
    let month = asked::month("month_yyyymm", &new.month_yyyymm)?;
    categories::must_exist(&app, &context, new.category_id).await?;
    while_open(&app, &mut context, [month]).await?;
    let budget_id = context.request.derived_id("budget").into();
    let terms = Terms { month, category_id: new.category_id, amount_cents: new.amount_cents };
    let command = BudgetCommand::Set { budget_id, terms, now: app.now() };
    let done = run(&app, &context, budget_id, command).await;
    Ok(Answer::done(&done.map_err(refused)?).created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "amount_cents": 50000 })))]
struct ChangedBudget {
    /// Like `2030-01`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    month_yyyymm: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    category_id: Sent<ExpenseCategoryId>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    amount_cents: Sent<i64>,
}

/// Say otherwise what may be spent; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/finance/budgets/{budget_id}",
    tag = "finance",
    params(("budget_id" = Uuid, Path)),
    request_body = ChangedBudget,
    responses(
        (status = 200, description = "The budget", content_type = "application/json"),
        (status = 400, description = "`expense.unknown_category`"),
        (status = 409, description = "`budget.already_set`, or `period_closed`")
    )
)]
async fn change_budget(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BudgetId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let changed: ChangedBudget = request.body()?;
    let mut context = request.context(&caller);
    let found = app.bus.load::<Budget>(context.org, &id.to_string()).await?;
    let before = found.state.terms().cloned();
    let before = before.ok_or_else(|| Problem::refused(&FinanceError::NoSuchBudget))?;
    context.decided_on(found.version);
    let month = kept("month_yyyymm", changed.month_yyyymm, before.month.to_string())?;
    let terms = Terms {
        month: asked::month("month_yyyymm", &month)?,
        category_id: kept("category_id", changed.category_id, before.category_id)?,
        amount_cents: kept("amount_cents", changed.amount_cents, before.amount_cents)?,
    };
    if terms.category_id != before.category_id {
        categories::must_exist(&app, &context, terms.category_id).await?;
    }
    while_open(&app, &mut context, [before.month, terms.month]).await?;
    let command = BudgetCommand::Change { terms, now: app.now() };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

/// Do without a budget
#[utoipa::path(
    delete,
    path = "/v1/admin/finance/budgets/{budget_id}",
    tag = "finance",
    params(("budget_id" = Uuid, Path)),
    responses(
        (status = 204, description = "There is none any more"),
        (status = 409, description = "`period_closed`")
    )
)]
async fn clear_budget(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<BudgetId>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    let mut context = request.context(&caller);
    let found = app.bus.load::<Budget>(context.org, &id.to_string()).await?;
    // Whoever repeats the request is told again, though there is no such budget any more.
    while_open(&app, &mut context, found.state.terms().map(|terms| terms.month)).await?;
    run(&app, &context, id, BudgetCommand::Clear { now: app.now() }).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn run(
    app: &App,
    context: &Context,
    id: BudgetId,
    command: BudgetCommand,
) -> Result<Done, CommandError<FinanceError>> {
    let answer = |budget: &Budget| {
        budget.terms().map_or(Value::Null, |terms| {
            json!({
                "budget_id": id, "month_yyyymm": terms.month, "category_id": terms.category_id,
                "amount_cents": terms.amount_cents,
            })
        })
    };
    app.bus.execute(context, &id.to_string(), command, answer).await
}
