//! The invoices of months that are over, as they were written down for an accountant when they were.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::finance::FinanceError;
use domain::finance::accounting_export::KIND;
use domain::finance::month::Month;
use domain::id::OrgId;
use projections::finance::accounting_months::{self, PAGE, Written};
use projections::tenant;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::{asked, view};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::{self, continued, last_of_full};
use crate::extract::{Parameters, Path, limit};
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;
use crate::table;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_accounting_months), view())
        .add(routes!(accounting_month), view().leaves("accounting_month.export"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Months that were written down for an accountant, the latest first
#[utoipa::path(
    get,
    path = "/v1/admin/finance/accounting-exports",
    tag = "finance",
    params(ListQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins. `sha256` is the digest of the table, which the event in the log has too", content_type = "application/json", example = json!({
        "items": [{ "month": "2030-01", "range_start": "2030-01-01", "range_end": "2030-01-31",
            "generated_at": "2030-02-01T07:03:00Z", "row_count": 12, "sha256": "9f86…" }]
    })))
)]
async fn list_accounting_months(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let after = asked.cursor.as_deref().map(read).transpose()?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let months = accounting_months::page(&mut tx, org, after.map(Month::first), limit).await?;
    let next = last_of_full(&months, limit);
    let next = next.map(|last| cursor::sealed(&Month::of(last.month).to_string()));
    let body = json!({ "items": months.iter().map(line).collect::<Vec<_>>() });
    Ok(continued(Answer::json(&body)?, next.as_deref()))
}

/// The month behind which a page begins.
fn read(text: &str) -> Result<Month, Problem> {
    cursor::opened(text).and_then(|month| month.parse().ok()).ok_or_else(cursor::unknown)
}

fn line(one: &Written) -> Value {
    let month = Month::of(one.month);
    json!({
        "month": month, "range_start": month.first(), "range_end": month.last(),
        "generated_at": one.generated_at, "row_count": one.row_count, "sha256": one.sha256,
    })
}

/// What is handed out. Source: the jobs of the business, 11.6.
#[derive(Serialize)]
struct Envelope<'a> {
    kind: &'static str,
    org_id: OrgId,
    range_start: chrono::NaiveDate,
    range_end: chrono::NaiveDate,
    generated_at: DateTime<Utc>,
    row_count: i64,
    csv: &'a str,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MonthQuery {
    /// `csv` for the table alone; else it stands in JSON with what is known about it.
    format: Option<String>,
}

/// A month as it was written down for an accountant; that it was taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/finance/accounting-exports/{month}",
    tag = "finance",
    params(("month" = String, Path, description = "Like `2030-01`"), MonthQuery),
    responses(
        (status = 200, description = "The same for ever, whatever happened to its invoices since; `csv` has the columns of `exports/accounting.csv`", content_type = "application/json", example = json!({
            "kind": "accounting_export_v1", "org_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "range_start": "2030-01-01",
            "range_end": "2030-01-31", "generated_at": "2030-02-01T07:03:00Z", "row_count": 0, "csv": "invoice_number,…\r\n"
        })),
        (status = 404, description = "`accounting_export.not_found`: that month is not over, or was not written yet")
    )
)]
async fn accounting_month(
    State(app): State<AppState>,
    caller: Caller,
    Path(month): Path<String>,
    Parameters(asked): Parameters<MonthQuery>,
) -> Result<Response, Problem> {
    let (org, month) = (caller.org(), asked::month("month", &month)?);
    let is_table = match asked.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Problem::field("format", "Input should be json or csv")),
    };
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = accounting_months::find(&mut tx, org, month.first()).await?;
    let not_found = || Problem::refused(&FinanceError::NoSuchExport);
    let (written, csv) = found.ok_or_else(not_found)?;
    if is_table {
        return Ok(table::file(&format!("accounting-{month}.csv"), csv));
    }
    let envelope = Envelope {
        kind: KIND,
        org_id: org,
        range_start: month.first(),
        range_end: month.last(),
        generated_at: written.generated_at,
        row_count: written.row_count,
        csv: &csv,
    };
    Ok(Answer::json(&envelope)?.into_response())
}
