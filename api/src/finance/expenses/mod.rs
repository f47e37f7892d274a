//! Expenses: what was spent, and what is still to be paid.

mod changes;

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use domain::finance::FinanceError;
use domain::finance::expense::{Details, Expense, Terms};
use domain::id::ExpenseId;
use projections::finance::expenses::{self, Filter, PAGE, Row};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{self, Page};
use super::view;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::continued;
use crate::extract::{Parameters, Path};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_expenses), view())
        .add(routes!(expense), view())
        .merge(changes::routes())
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
            "amount_cents": 10000, "tax_cents": 500, "payment_method": "card", "paid_on": "2030-01-31",
            "receipt_url": null, "currency": "CAD" }],
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
    let by = row.created_by.as_deref();
    told(row.expense_id, &row.terms(), (&row.currency, by, row.created_at))
}

fn shown(it: &Details) -> Value {
    let by = it.by.as_deref();
    told(it.expense_id.as_uuid(), &it.terms, (it.currency.into(), by, it.created_at))
}

fn told(
    expense_id: Uuid,
    terms: &Terms,
    (currency, by, created_at): (&str, Option<&str>, DateTime<Utc>),
) -> Value {
    json!({
        "expense_id": expense_id,
        "occurred_on": terms.occurred_on,
        "category_id": terms.category_id,
        "vendor": terms.vendor,
        "description": terms.description,
        "amount_cents": terms.amount_cents,
        "tax_cents": terms.tax_cents,
        "receipt_url": terms.receipt_url,
        "payment_method": terms.payment_method,
        "paid_on": terms.paid_day(),
        "currency": currency,
        "created_by_user_id": by,
        "created_at": created_at,
    })
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
