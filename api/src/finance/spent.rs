//! What was spent, by category, beside what was planned.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::NaiveDate;
use domain::finance::month::Month;
use domain::invoicing::invoice::lines::share;
use projections::finance::budgets::{self, Planned};
use projections::finance::categories::{self, Counted, Spent};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked;
use super::view;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(expenses_summary), view())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RangeQuery {
    /// First day.
    pub(super) from: NaiveDate,
    /// Last day.
    pub(super) to: NaiveDate,
}

/// What was spent and what was planned, of one category.
#[derive(Default)]
struct Side {
    name: String,
    total: i64,
    tax: i64,
    count: i64,
    budget: Option<i64>,
    prorated: Option<i64>,
}

/// What was spent by category; a budget counts in full for each month of which a day is asked for, and beside that in proportion
/// to its days
#[utoipa::path(
    get,
    path = "/v1/admin/finance/expenses/summary",
    tag = "finance",
    params(RangeQuery),
    responses((status = 200, description = "Every category on which something was spent or for which something was planned", content_type = "application/json", example = json!({
        "range_start": "2030-01-01", "range_end": "2030-01-15", "total_cents": 10000, "total_tax_cents": 500,
        "categories": [{ "category_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "name": "Fuel", "count": 1, "total_cents": 10000,
            "tax_cents": 500, "budget_cents": 40000, "budget_prorated_cents": 19355, "percent_of_budget": 0.25 }]
    })))
)]
async fn expenses_summary(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<RangeQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let range = asked::days(asked.from, asked.to)?;
    let reached = fresh.reach(&app, org, &[FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let spent = categories::spent(&mut tx, org, range, Counted::Spent).await?;
    let planned = budgets::planned(&mut tx, org, range).await?;
    drop(tx);
    let (total, tax) = (
        spent.iter().map(|one| one.total_cents).sum::<i64>(),
        spent.iter().map(|one| one.tax_cents).sum::<i64>(),
    );
    let mut lines: Vec<Value> =
        sides(spent, planned, range).iter().map(|(id, side)| line(*id, side)).collect();
    lines.sort_by(|a, b| a["name"].as_str().cmp(&b["name"].as_str()));
    let body = json!({
        "range_start": range.0, "range_end": range.1, "total_cents": total, "total_tax_cents": tax,
        "categories": lines,
    });
    Ok(reached.mark(Answer::json(&body)?))
}

fn sides(
    spent: Vec<Spent>,
    planned: Vec<Planned>,
    range: (NaiveDate, NaiveDate),
) -> BTreeMap<Uuid, Side> {
    let mut sides: BTreeMap<Uuid, Side> = BTreeMap::new();
    for Spent { category_id, name, total_cents, tax_cents, count } in spent {
        let side = Side { name, total: total_cents, tax: tax_cents, count, ..Side::default() };
        sides.insert(category_id, side);
    }
    for Planned { category_id, name, month, amount_cents } in planned {
        let side = sides.entry(category_id).or_default();
        side.name = name;
        side.budget = Some(side.budget.unwrap_or(0).saturating_add(amount_cents));
        let part = prorated(Month::of(month), amount_cents, range);
        side.prorated = Some(side.prorated.unwrap_or(0).saturating_add(part));
    }
    sides
}

/// What of the budget of a month falls into the days asked for, to the nearest cent.
fn prorated(month: Month, cents: i64, (from, to): (NaiveDate, NaiveDate)) -> i64 {
    let (first, last) = (from.max(month.first()), to.min(month.last()));
    share(cents, ((last - first).num_days() + 1).max(0), month.days())
}

fn line(category_id: Uuid, side: &Side) -> Value {
    // In parts of ten thousand; nothing of nothing is no part.
    let part = side.budget.filter(|budget| *budget > 0);
    let part = part.map(|budget| ten_thousandths(share(side.total, 10_000, budget)));
    json!({
        "category_id": category_id,
        "name": side.name,
        "count": side.count,
        "total_cents": side.total,
        "tax_cents": side.tax,
        "budget_cents": side.budget,
        "budget_prorated_cents": side.prorated,
        "percent_of_budget": part,
    })
}

/// A rate with 4 decimals.
#[expect(clippy::cast_precision_loss, reason = "no rate is that exact")]
fn ten_thousandths(parts: i64) -> f64 {
    parts as f64 / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_falls_evenly_on_the_days_of_its_month() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let january: Month = "2030-01".parse().unwrap();
        let whole = (day("2029-12-01"), day("2030-02-28"));
        assert_eq!(prorated(january, 3_101, whole), 3_101);
        assert_eq!(prorated(january, 3_100, (day("2030-01-31"), day("2030-02-28"))), 100);
        assert_eq!(prorated(january, 100, (day("2030-01-01"), day("2030-01-15"))), 48);
    }

    #[test]
    fn parts_are_of_the_whole_budget_and_nothing_is_part_of_none() {
        let budget = |budget| Side { total: 10_000, budget, ..Side::default() };
        let of = |side: Side| line(Uuid::nil(), &side)["percent_of_budget"].clone();
        assert_eq!(of(budget(Some(40_000))), 0.25);
        assert_eq!(of(budget(Some(0))), Value::Null);
        assert_eq!(of(budget(None)), Value::Null);
    }
}
