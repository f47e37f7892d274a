//! The goods and services tax: what is owed, and when.

use axum::extract::State;
use chrono::{Datelike, NaiveDate};
use domain::finance::calendar::{self, Quarter};
use projections::finance::expenses::{self, Filter};
use projections::finance::ledger::{self, Ledger, Summary, Taxed};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::explain::FIRST;
use super::{asked, view};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, flag};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(gst_summary), view()).add(routes!(tax_calendar), view())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    /// First day.
    from: NaiveDate,
    /// Last day.
    to: NaiveDate,
    /// `1`: also the first payments and expenses behind the figures, and where the others are.
    explain: Option<u8>,
}

/// The tax in what was paid for invoices in a time, less the tax on expenses
#[utoipa::path(
    get,
    path = "/v1/admin/finance/taxes/gst_summary",
    tag = "finance",
    params(SummaryQuery),
    responses((status = 200, description = "The same figures as in the export: in the currency of the organisation, and those of each other one in `other_currencies`", content_type = "application/json", example = json!({
        "from_date": "2030-01-01", "to_date": "2030-03-31", "tax_collected_cents": 900, "tax_paid_cents": 500,
        "tax_owed_cents": 400, "currency_code": "CAD", "other_currencies": []
    })))
)]
async fn gst_summary(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<SummaryQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let range = asked::days(asked.from, asked.to)?;
    let explain = flag("explain", asked.explain)?;
    let usual = crate::invoicing::settings(&app, org).await?.currency;
    let reached = fresh.reach(&app, org, &[Ledger::NAME, FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin_steady(&app.reads, org).await?;
    let all = ledger::tax_summary(&mut tx, org, range, usual.into()).await?;
    let summary = &all.own;
    let mut body = shown(summary);
    (body["from_date"], body["to_date"]) = (json!(range.0), json!(range.1));
    // What is in another currency cannot be added to what is owed in this one.
    body["other_currencies"] = all.others.iter().map(shown).collect();
    if explain {
        let payments =
            ledger::taxed(&mut tx, (org, Some(&summary.currency)), range, None, FIRST).await?;
        let filter = Filter {
            from: Some(range.0),
            to: Some(range.1),
            currency: Some(summary.currency.clone()),
            ..Filter::default()
        };
        let spent = expenses::oldest(&mut tx, org, &filter, None, FIRST).await?;
        let line = |one: &Taxed| {
            json!({
                "position": one.position,
                "event_id": Uuid::new_v5(&org.as_uuid(), &one.position.to_be_bytes()),
                "day": one.day, "payment_id": one.payment_id, "invoice_id": one.invoice_id,
                "amount_cents": one.amount_cents, "currency": one.currency,
                "allocated_tax_cents": one.allocated_tax_cents,
            })
        };
        let (from, to) = range;
        body["explain"] = json!({
            "tax_collected_cents": {
                "count": summary.payments, "items": payments.iter().map(line).collect::<Vec<_>>(),
                "all": format!("/v1/admin/finance/taxes/export?from={from}&to={to}"),
            },
            "tax_paid_cents": {
                "count": summary.expenses,
                "items": spent.iter().map(super::expenses::line).collect::<Vec<_>>(),
                "all": format!("/v1/admin/finance/expenses?from={from}&to={to}"),
            },
        });
    }
    Ok(reached.mark(Answer::json(&body)?))
}

fn shown(summary: &Summary) -> Value {
    json!({
        "tax_collected_cents": summary.collected_cents,
        "tax_paid_cents": summary.paid_cents,
        "tax_owed_cents": summary.owed_cents(),
        "currency_code": summary.currency,
    })
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CalendarQuery {
    /// First day on which tax is due; the first of this year, if left out.
    from: Option<NaiveDate>,
    /// Last day on which tax is due; the last of this year, if left out.
    to: Option<NaiveDate>,
}

/// When the tax of each quarter is due
#[utoipa::path(
    get,
    path = "/v1/admin/finance/taxes/calendar",
    tag = "finance",
    params(CalendarQuery),
    responses((status = 200, description = "The quarters, the earliest first; at most those of 20 years", content_type = "application/json", example = json!({
        "items": [{ "tax_type": "GST", "label": "GST Q1 2030", "period_start": "2030-01-01", "period_end": "2030-03-31",
            "due_on": "2030-04-30" }]
    })))
)]
async fn tax_calendar(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<CalendarQuery>,
) -> Result<Answer, Problem> {
    let year = app.today(caller.org()).await?.year();
    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
    let from = asked.from.unwrap_or_else(|| day(1, 1));
    let (from, to) = asked::days(from, asked.to.unwrap_or_else(|| day(12, 31)))?;
    if to.year() - from.year() > 20 {
        return Err(Problem::field("to", "Input should be within 20 years of from"));
    }
    let line = |quarter: &Quarter| {
        json!({
            "tax_type": "GST", "label": quarter.label, "period_start": quarter.first,
            "period_end": quarter.last, "due_on": quarter.due_on,
        })
    };
    let due = calendar::due_between(from, to);
    Answer::json(&json!({ "items": due.iter().map(line).collect::<Vec<_>>() }))
}
