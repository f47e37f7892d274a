//! Writing an expense down, correcting it, paying it, and taking it back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use commands::{CommandError, Context, Done};
use domain::finance::FinanceError;
use domain::finance::expense::{Expense, ExpenseCommand, Terms};
use domain::finance::month::Month;
use domain::id::{ExpenseCategoryId, ExpenseId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::shown;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::finance::asked::{self, kept};
use crate::finance::{categories, manage, refused, while_open};
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::sent::Sent;
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let manage = manage();
    Routes::default()
        .add(routes!(record_expense), manage.action("expense.create"))
        .add(routes!(correct_expense), manage.action("expense.update"))
        .add(routes!(pay_expense), manage.action("expense.pay"))
        .add(routes!(void_expense), manage.action("expense.void"))
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
    /// If that was on a later day; not in a month whose books are closed.
    paid_on: Option<NaiveDate>,
}

impl NewExpense {
    /// All days on which it stands in the books.
    fn days(&self) -> Vec<(&'static str, NaiveDate)> {
        let paid_on = self.paid_on.map(|day| ("paid_on", day));
        [("occurred_on", self.occurred_on)].into_iter().chain(paid_on).collect()
    }
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
    for day in new.days() {
        asked::happened(&app, context.org, day).await?;
    }
    categories::must_exist(&app, &context, new.category_id).await?;
    let months: Vec<Month> = new.days().iter().map(|(_, day)| Month::of(*day)).collect();
    while_open(&app, &mut context, months).await?;
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
            paid_on: new.paid_on,
        },
        currency: crate::invoicing::settings(&app, context.org).await?.currency,
        by: Some(caller.actor().id),
        now: app.now(),
    };
    let done = run(&app, &context, expense_id, command).await;
    Ok(Answer::done(&done.map_err(refused)?).created())
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
    /// `null`: on the day of the expense, if it was paid.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    paid_on: Sent<NaiveDate>,
}

impl CorrectedExpense {
    fn over(self, before: Terms) -> Result<Terms, Problem> {
        let payment_method = self.payment_method.over(before.payment_method);
        // What is not paid was not paid on any day.
        let paid_before = before.paid_on.filter(|_| payment_method.is_some());
        Ok(Terms {
            occurred_on: kept("occurred_on", self.occurred_on, before.occurred_on)?,
            category_id: kept("category_id", self.category_id, before.category_id)?,
            vendor: self.vendor.over(before.vendor),
            description: kept("description", self.description, before.description)?,
            amount_cents: kept("amount_cents", self.amount_cents, before.amount_cents)?,
            tax_cents: kept("tax_cents", self.tax_cents, before.tax_cents)?,
            receipt_url: self.receipt_url.over(before.receipt_url),
            payment_method,
            paid_on: self.paid_on.over(paid_before),
        })
    }
}

/// Whether only how and when it was paid differs.
fn is_about_payment(terms: &Terms, before: &Terms) -> bool {
    let Terms { payment_method, paid_on, .. } = before.clone();
    Terms { payment_method, paid_on, ..terms.clone() } == *before
}

/// Say how an expense was otherwise; what is left out stays. How and when it was paid may be said while the books of the month in
/// which that was are open, though those of the month of the expense are closed
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
    let (before, version) = known(&app, &context, id).await?;
    context.decided_on(version);
    let terms = corrected.over(before.clone())?;
    let (day, paid_on, category) = (before.occurred_on, before.paid_on, before.category_id);
    if terms.occurred_on != day {
        asked::happened(&app, context.org, ("occurred_on", terms.occurred_on)).await?;
    }
    if let Some(day) = terms.paid_on.filter(|_| terms.paid_on != paid_on) {
        asked::happened(&app, context.org, ("paid_on", day)).await?;
    }
    if terms.category_id != category {
        categories::must_exist(&app, &context, terms.category_id).await?;
    }
    if terms.paid_on.is_some() && terms.payment_method.is_none() {
        return Err(Problem::field("paid_on", "Input should come with payment_method"));
    }
    let paid = [before.paid_day(), terms.paid_day()].into_iter().flatten();
    let now = app.now();
    let command = if is_about_payment(&terms, &before) && terms != before {
        while_open(&app, &mut context, paid.map(Month::of)).await?;
        let paid = terms.payment_method.clone().zip(terms.paid_day());
        ExpenseCommand::CorrectPayment { paid, now }
    } else {
        let days = [day, terms.occurred_on].into_iter().chain(paid);
        while_open(&app, &mut context, days.map(Month::of)).await?;
        ExpenseCommand::Correct { terms, now }
    };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "payment_method": "etransfer", "paid_on": "2030-02-14" })))]
struct PaidExpense {
    /// 1 to 50 characters.
    payment_method: String,
    /// Today, if left out; not in a month whose books are closed.
    paid_on: Option<NaiveDate>,
}

/// Pay what was still to be paid; the expense stays on its own day, whether or not the books of that month are closed
#[utoipa::path(
    post,
    path = "/v1/admin/finance/expenses/{expense_id}/pay",
    tag = "finance",
    params(("expense_id" = Uuid, Path)),
    request_body = PaidExpense,
    responses(
        (status = 200, description = "The expense", content_type = "application/json"),
        (status = 409, description = "`expense.already_paid`, or `period_closed`")
    )
)]
async fn pay_expense(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<ExpenseId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let PaidExpense { payment_method, paid_on } = request.body()?;
    let mut context = request.context(&caller);
    let on = match paid_on {
        Some(day) => asked::happened(&app, context.org, ("paid_on", day)).await?,
        None => app.today(context.org).await?,
    };
    while_open(&app, &mut context, [Month::of(on)]).await?;
    let command = ExpenseCommand::Pay { method: payment_method, on, now: app.now() };
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
    let days =
        before.into_iter().flat_map(|(before, _)| [Some(before.occurred_on), before.paid_on]);
    while_open(&app, &mut context, days.flatten().map(Month::of)).await?;
    run(&app, &context, id, ExpenseCommand::Void { now: app.now() }).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn known(app: &App, context: &Context, id: ExpenseId) -> Result<(Terms, i32), Problem> {
    let found = app.bus.load::<Expense>(context.org, &id.to_string()).await?;
    let terms = found.state.details().map(|it| (it.terms.clone(), found.version));
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
