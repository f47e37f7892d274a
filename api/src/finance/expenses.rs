//! Expenses: written down, corrected, and taken back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use commands::{CommandError, Context, Done};
use domain::finance::FinanceError;
use domain::finance::expense::{Details, Expense, ExpenseCommand, Terms};
use domain::finance::month::Month;
use domain::id::{ExpenseCategoryId, ExpenseId};
use projections::finance::expenses::{self, Filter, PAGE, Row};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{self, Page, kept};
use super::{categories, manage, refused, view, while_open};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor::continued;
use crate::extract::{Parameters, Path};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::sent::Sent;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let manage = manage();
    Routes::default()
        .add(routes!(list_expenses), view())
        .add(routes!(record_expense), manage.action("expense.create"))
        .add(routes!(expense), view())
        .add(routes!(correct_expense), manage.action("expense.update"))
        .add(routes!(void_expense), manage.action("expense.void"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// First day.
    from: Option<NaiveDate>,
    /// Last day.
    to: Option<NaiveDate>,
    category_id: Option<Uuid>,
    /// Part of vendor or description, in any case.
    query: Option<String>,
    /// From 1; or give a `cursor`.
    #[param(minimum = 1, maximum = 10000)]
    page: Option<i64>,
    /// 1 to 100, else 25.
    #[param(minimum = 1, maximum = 100)]
    page_size: Option<i64>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
}

impl ListQuery {
    fn filter(&self) -> Result<Filter, Problem> {
        let (from, to) = asked::maybe_days(self.from, self.to)?;
        let query = self.query.as_deref().map(str::trim).filter(|text| !text.is_empty());
        Ok(Filter {
            from,
            to,
            category: self.category_id,
            query: query.map(str::to_owned),
            currency: None,
        })
    }
}

/// Expenses, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/finance/expenses",
    tag = "finance",
    params(ListQuery),
    responses((status = 200, description = "One page, how many there are, and what they come to; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!({
        "items": [{ "expense_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "occurred_on": "2030-01-31",
            "category_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "vendor": "Soap & Co", "description": "Soap",
            "amount_cents": 10000, "tax_cents": 500, "payment_method": "card", "receipt_url": null, "currency": "CAD" }],
        "page": 1, "page_size": 25, "total": 1, "total_cents": 10000, "total_tax_cents": 500
    })))
)]
async fn list_expenses(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (org, filter) = (caller.org(), asked.filter()?);
    let cursor = asked.cursor.as_deref();
    let page = Page::asked((asked.page, asked.page_size), (25, PAGE), cursor)?;
    let after = asked::behind(cursor)?;
    let reached = fresh.reach(&app, org, &[FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let rows = expenses::page(&mut tx, org, &filter, (after, page.skipped()), page.size).await?;
    let (total, cents, tax) = expenses::total(&mut tx, org, &filter).await?;
    let next = page.last(&rows).map(|row| asked::shown(row.occurred_on, row.expense_id));
    let items: Vec<Value> = rows.iter().map(line).collect();
    let body = json!({
        "items": items, "page": page.number, "page_size": page.size, "total": total,
        "total_cents": cents, "total_tax_cents": tax,
    });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}

pub(super) fn line(row: &Row) -> Value {
    json!({
        "expense_id": row.expense_id,
        "occurred_on": row.occurred_on,
        "category_id": row.category_id,
        "vendor": row.vendor,
        "description": row.description,
        "amount_cents": row.amount_cents,
        "tax_cents": row.tax_cents,
        "receipt_url": row.receipt_url,
        "payment_method": row.payment_method,
        "currency": row.currency,
        "created_by_user_id": row.created_by,
        "created_at": row.created_at,
    })
}

fn shown(it: &Details) -> Value {
    json!({
        "expense_id": it.expense_id,
        "occurred_on": it.terms.occurred_on,
        "category_id": it.terms.category_id,
        "vendor": it.terms.vendor,
        "description": it.terms.description,
        "amount_cents": it.terms.amount_cents,
        "tax_cents": it.terms.tax_cents,
        "receipt_url": it.terms.receipt_url,
        "payment_method": it.terms.payment_method,
        "currency": it.currency,
        "created_by_user_id": it.by,
        "created_at": it.created_at,
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({
    "occurred_on": "2030-01-31", "category_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "vendor": "Soap & Co",
    "description": "Soap", "amount_cents": 10000, "tax_cents": 500, "payment_method": "card"
})))]
struct NewExpense {
    /// Not in a month whose books are closed.
    occurred_on: NaiveDate,
    #[schema(value_type = String)]
    category_id: ExpenseCategoryId,
    /// Who sold it, up to 255 characters that name no person.
    vendor: Option<String>,
    /// What it was, 1 to 1000 characters that name no person.
    description: String,
    /// Without tax.
    amount_cents: i64,
    /// The tax that can be claimed back; nothing, if left out.
    #[serde(default)]
    tax_cents: i64,
    /// Up to 2048 characters.
    receipt_url: Option<String>,
    /// Up to 50 characters; without it the expense is still to be paid.
    payment_method: Option<String>,
}

/// Write down an expense
#[utoipa::path(
    post,
    path = "/v1/admin/finance/expenses",
    tag = "finance",
    request_body = NewExpense,
    responses(
        (status = 201, description = "The expense", content_type = "application/json"),
        (status = 400, description = "`expense.unknown_category`"),
        (status = 409, description = "`period_closed`")
    )
)]
async fn record_expense(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let new: NewExpense = request.body()?;
    let mut context = request.context(&caller);
    asked::happened(&app, context.org, ("occurred_on", new.occurred_on)).await?;
    categories::must_exist(&app, &context, new.category_id).await?;
    while_open(&app, &mut context, [Month::of(new.occurred_on)]).await?;
    let expense_id = context.request.derived_id("expense").into();
    let command = ExpenseCommand::Record {
        expense_id,
        terms: Terms {
            occurred_on: new.occurred_on,
            category_id: new.category_id,
            vendor: new.vendor,
            description: new.description,
            amount_cents: new.amount_cents,
            tax_cents: new.tax_cents,
            receipt_url: new.receipt_url,
            payment_method: new.payment_method,
        },
        currency: crate::invoicing::settings(&app, context.org).await?.currency,
        by: Some(caller.actor().id),
        now: app.now(),
    };
    let done = run(&app, &context, expense_id, command).await;
    Ok(Answer::done(&done.map_err(refused)?).created())
}

/// One expense
#[utoipa::path(
    get,
    path = "/v1/admin/finance/expenses/{expense_id}",
    tag = "finance",
    params(("expense_id" = Uuid, Path)),
    responses((status = 200, description = "The expense; `ETag` is its version", content_type = "application/json"))
)]
async fn expense(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ExpenseId>,
) -> Result<Answer, Problem> {
    let found = app.bus.load::<Expense>(caller.org(), &id.to_string()).await?;
    let it = found.state.details();
    let it = it.ok_or_else(|| Problem::refused(&FinanceError::NoSuchExpense))?;
    Ok(Answer::json(&shown(it))?.version(found.version))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "amount_cents": 9000, "tax_cents": 450 })))]
struct CorrectedExpense {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    occurred_on: Sent<NaiveDate>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    category_id: Sent<ExpenseCategoryId>,
    /// `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    vendor: Sent<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Sent<String>,
    /// Without tax.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    amount_cents: Sent<i64>,
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    tax_cents: Sent<i64>,
    /// `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    receipt_url: Sent<String>,
    /// `null`: it is still to be paid.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    payment_method: Sent<String>,
}

impl CorrectedExpense {
    fn over(self, before: Terms) -> Result<Terms, Problem> {
        Ok(Terms {
            occurred_on: kept("occurred_on", self.occurred_on, before.occurred_on)?,
            category_id: kept("category_id", self.category_id, before.category_id)?,
            vendor: self.vendor.over(before.vendor),
            description: kept("description", self.description, before.description)?,
            amount_cents: kept("amount_cents", self.amount_cents, before.amount_cents)?,
            tax_cents: kept("tax_cents", self.tax_cents, before.tax_cents)?,
            receipt_url: self.receipt_url.over(before.receipt_url),
            payment_method: self.payment_method.over(before.payment_method),
        })
    }
}

/// Say how an expense was otherwise; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/finance/expenses/{expense_id}",
    tag = "finance",
    params(("expense_id" = Uuid, Path)),
    request_body = CorrectedExpense,
    responses(
        (status = 200, description = "The expense", content_type = "application/json"),
        (status = 400, description = "`expense.unknown_category`"),
        (status = 409, description = "`period_closed`: it stood in, or would stand in, a month whose books are closed")
    )
)]
async fn correct_expense(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ExpenseId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let corrected: CorrectedExpense = request.body()?;
    let mut context = request.context(&caller);
    let before = known(&app, &context, id).await?;
    let (day, category) = (before.occurred_on, before.category_id);
    let terms = corrected.over(before)?;
    if terms.occurred_on != day {
        asked::happened(&app, context.org, ("occurred_on", terms.occurred_on)).await?;
    }
    if terms.category_id != category {
        categories::must_exist(&app, &context, terms.category_id).await?;
    }
    while_open(&app, &mut context, [Month::of(day), Month::of(terms.occurred_on)]).await?;
    let command = ExpenseCommand::Correct { terms, now: app.now() };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

/// Say that an expense was none; not in a month whose books are closed
#[utoipa::path(
    delete,
    path = "/v1/admin/finance/expenses/{expense_id}",
    tag = "finance",
    params(("expense_id" = Uuid, Path)),
    responses(
        (status = 204, description = "It is not listed any more"),
        (status = 409, description = "`period_closed`")
    )
)]
async fn void_expense(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ExpenseId>,
    request: CommandRequest,
) -> Result<Response, Problem> {
    let mut context = request.context(&caller);
    // Whoever repeats the request is told again, though there is no such expense any more.
    let before = known(&app, &context, id).await.ok();
    let month = before.map(|before| Month::of(before.occurred_on));
    while_open(&app, &mut context, month).await?;
    run(&app, &context, id, ExpenseCommand::Void { now: app.now() }).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn known(app: &App, context: &Context, id: ExpenseId) -> Result<Terms, Problem> {
    let found = app.bus.load::<Expense>(context.org, &id.to_string()).await?;
    let terms = found.state.details().map(|it| it.terms.clone());
    terms.ok_or_else(|| Problem::refused(&FinanceError::NoSuchExpense))
}

async fn run(
    app: &App,
    context: &Context,
    id: ExpenseId,
    command: ExpenseCommand,
) -> Result<Done, CommandError<FinanceError>> {
    let answer = |expense: &Expense| expense.details().map_or(Value::Null, shown);
    app.bus.execute(context, &id.to_string(), command, answer).await
}
