//! Categories of expenses.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::{CommandError, Context, Done};
use domain::finance::FinanceError;
use domain::finance::budget::MONTHS;
use domain::finance::category::{ExpenseCategory, ExpenseCategoryCommand, Terms};
use domain::finance::expense::{CATEGORIES, claims_of};
use domain::finance::month::Month;
use domain::finance::period::CLOSED;
use domain::id::{ExpenseCategoryId, OrgId};
use projections::finance::categories::{self, PAGE, Row};
use projections::finance::records::FinanceRecords;
use projections::history::log;
use projections::{Projection, engine, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::asked::{Page, kept};
use super::{manage, refused, view, while_open};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::{Parameters, Path};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::sent::Sent;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let manage = manage();
    Routes::default()
        .add(routes!(list_expense_categories), view())
        .add(routes!(add_expense_category), manage.action("expense_category.create"))
        .add(routes!(change_expense_category), manage.action("expense_category.update"))
        .add(routes!(remove_expense_category), manage.action("expense_category.remove"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// From 1.
    #[param(minimum = 1, maximum = 10000)]
    page: Option<i64>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    page_size: Option<i64>,
}

/// Categories of expenses, in the order in which they are offered
#[utoipa::path(
    get,
    path = "/v1/admin/finance/expense-categories",
    tag = "finance",
    params(ListQuery),
    responses((status = 200, description = "One page, and how many there are", content_type = "application/json", example = json!({
        "items": [{ "category_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Fuel", "default": false, "sort_order": 0,
            "created_at": "2030-01-01T00:00:00Z" }],
        "page": 1, "page_size": 50, "total": 1
    })))
)]
async fn list_expense_categories(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let page = Page::asked((asked.page, asked.page_size), (50, PAGE), None)?;
    let reached = fresh.reach(&app, org, &[FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let rows = categories::page(&mut tx, org, page.skipped(), page.size).await?;
    let total = categories::count(&mut tx, org).await?;
    let line = |row: &Row| {
        json!({
            "category_id": row.category_id, "name": row.name, "default": row.is_default,
            "sort_order": row.sort_order, "created_at": row.created_at,
        })
    };
    let items: Vec<Value> = rows.iter().map(line).collect();
    let body =
        json!({ "items": items, "page": page.number, "page_size": page.size, "total": total });
    Ok(reached.mark(Answer::json(&body)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Fuel" })))]
struct NewExpenseCategory {
    /// 1 to 255 characters that name nobody; no other category is called so, in any case.
    name: String,
    /// Whether it is offered first.
    #[serde(default)]
    default: bool,
    /// Its place in lists, from 0.
    #[serde(default)]
    sort_order: i32,
}

/// Make a category of expenses
#[utoipa::path(
    post,
    path = "/v1/admin/finance/expense-categories",
    tag = "finance",
    request_body = NewExpenseCategory,
    responses(
        (status = 201, description = "The category", content_type = "application/json"),
        (status = 409, description = "`expense_category.name_taken`")
    )
)]
async fn add_expense_category(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewExpenseCategory { name, default, sort_order } = request.body()?;
    let context = request.context(&caller);
    // The same for a repetition, which must be told of the same category.
    let category_id = context.request.derived_id("expense_category").into();
    let terms = Terms { name, is_default: default, sort_order };
    let command = ExpenseCategoryCommand::Add { category_id, terms, now: app.now() };
    let done = run(&app, &context, category_id, command).await;
    Ok(Answer::done(&done.map_err(refused)?).created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Gas" })))]
struct ChangedExpenseCategory {
    /// As when it was made.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Sent<String>,
    /// Whether it is offered first.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    default: Sent<bool>,
    /// Its place in lists, from 0.
    #[serde(default)]
    #[schema(value_type = Option<i32>)]
    sort_order: Sent<i32>,
}

/// Make a category of expenses another; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/finance/expense-categories/{expense_category_id}",
    tag = "finance",
    params(("expense_category_id" = Uuid, Path)),
    request_body = ChangedExpenseCategory,
    responses(
        (status = 200, description = "The category", content_type = "application/json"),
        (status = 409, description = "`expense_category.name_taken`, or `period_closed`: reports of a month whose books are closed call it as it is")
    )
)]
async fn change_expense_category(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ExpenseCategoryId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let changed: ChangedExpenseCategory = request.body()?;
    let mut context = request.context(&caller);
    let (before, version) = known(&app, &context, id).await?;
    context.decided_on(version);
    let name_before = before.name.clone();
    let terms = Terms {
        name: kept("name", changed.name, before.name)?,
        is_default: kept("default", changed.default, before.is_default)?,
        sort_order: kept("sort_order", changed.sort_order, before.sort_order)?,
    };
    if terms.name.trim() != name_before {
        keep_told(&app, &mut context, id).await?;
    }
    let command = ExpenseCategoryCommand::Change { terms, now: app.now() };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

/// Lets a category be called otherwise only while no month is closed whose reports have its name.
async fn keep_told(app: &App, context: &mut Context, id: ExpenseCategoryId) -> Result<(), Problem> {
    let org = context.org;
    // Most have closed nothing, or write nothing under it: then no report can tell.
    if app.bus.last_held(org, CLOSED, ("0", "9999-99")).await?.is_none()
        || !in_use(app, org, id).await?
    {
        return Ok(());
    }
    let mut tx = tenant::begin_steady(&app.reads, org).await?;
    let mut months = categories::months(&mut tx, org, id.as_uuid()).await?;
    // The list may be behind, and what was closed just now tells of what was written just before.
    let mut position = engine::standing(&mut tx, org, &[FinanceRecords::NAME]).await?;
    loop {
        let page = log::page(&mut tx, org, position, log::PAGE).await?;
        let Some(last) = page.last() else { break };
        position = last.position;
        months.extend(page.iter().flat_map(|event| categories::days(event, id.as_uuid())));
    }
    drop(tx);
    let months: BTreeSet<Month> = months.into_iter().map(Month::of).collect();
    while_open(app, context, months).await
}

/// Whether something is written under a category.
async fn in_use(app: &App, org: OrgId, id: ExpenseCategoryId) -> Result<bool, Problem> {
    let (from, until) = claims_of(id);
    let span = (from.as_str(), until.as_str());
    let expense = app.bus.last_held(org, CATEGORIES, span).await?;
    Ok(expense.is_some() || app.bus.last_held(org, MONTHS, span).await?.is_some())
}

/// Do without a category of expenses; not while something is written under it
#[utoipa::path(
    delete,
    path = "/v1/admin/finance/expense-categories/{expense_category_id}",
    tag = "finance",
    params(("expense_category_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is offered no more"),
        (status = 409, description = "`expense_category.in_use`")
    )
)]
async fn remove_expense_category(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ExpenseCategoryId>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    let context = request.context(&caller);
    let in_use = in_use(&app, context.org, id).await?;
    let command = ExpenseCategoryCommand::Remove { in_use, now: app.now() };
    run(&app, &context, id, command).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The category as it is now.
pub(super) async fn known(
    app: &App,
    context: &Context,
    id: ExpenseCategoryId,
) -> Result<(Terms, i32), Problem> {
    let found = app.bus.load::<ExpenseCategory>(context.org, &id.to_string()).await?;
    let terms = found.state.terms().map(|terms| (terms.clone(), found.version));
    terms.ok_or_else(|| Problem::refused(&FinanceError::NoSuchCategory))
}

/// Refuses what is written under a category that there is not.
pub(super) async fn must_exist(
    app: &App,
    context: &Context,
    id: ExpenseCategoryId,
) -> Result<(), Problem> {
    let found = app.bus.load::<ExpenseCategory>(context.org, &id.to_string()).await?;
    match found.state.terms() {
        Some(_) => Ok(()),
        None => Err(Problem::refused(&FinanceError::UnknownCategory)),
    }
}

async fn run(
    app: &App,
    context: &Context,
    id: ExpenseCategoryId,
    command: ExpenseCategoryCommand,
) -> Result<Done, CommandError<FinanceError>> {
    let answer = |category: &ExpenseCategory| {
        category.terms().map_or(Value::Null, |terms| {
            json!({
                "category_id": id, "name": terms.name, "default": terms.is_default,
                "sort_order": terms.sort_order,
            })
        })
    };
    app.bus.execute(context, &id.to_string(), command, answer).await
}
