//! How much of what plans count there is.

use axum::extract::State;
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use domain::billing::plan::Counted;
use domain::id::OrgId;
use projections::plan_usage::{self, Used};
use projections::tenant;
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;
use utoipa_axum::routes;

use super::account::FINANCE;
use super::limits;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(usage_report), staff(FINANCE))
}

/// Each thing that plans count, by name.
pub(super) fn shown(used: &Used) -> Value {
    let line = |counted: &Counted| (<&str>::from(*counted).to_owned(), used.of(*counted).into());
    Counted::VARIANTS.iter().map(line).collect::<serde_json::Map<_, _>>().into()
}

/// The first day of the month of `at`, UTC.
pub(super) fn month(at: DateTime<Utc>) -> NaiveDate {
    let day = at.date_naive();
    day.with_day(1).unwrap_or(day)
}

/// What is used: bookings of `month`, workers and photos of now.
pub(super) async fn used(app: &App, org: OrgId, month: NaiveDate) -> Result<Used, Problem> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    Ok(plan_usage::of(&mut tx, org, month).await?)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Month {
    /// `YYYY-MM`, UTC; this month by default.
    month: Option<String>,
}

/// How much of the plan a month used
#[utoipa::path(
    get,
    path = "/v1/billing/usage/report",
    tag = "billing",
    params(Month),
    responses((status = 200, description = "One line for each thing that plans count; workers and photos as of now", content_type = "application/json", example = json!({
        "month": "2026-11",
        "items": [{ "metric": "workers", "value": 8, "limit": 50, "over_limit": false }]
    })))
)]
async fn usage_report(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<Month>,
) -> Result<Answer, Problem> {
    let month = match asked.month.as_deref() {
        None => month(app.now()),
        Some(text) => NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
            .ok()
            .filter(|day| (1900..2200).contains(&day.year()) && text.len() == 7)
            .ok_or_else(|| Problem::field("month", "Input should be a month like 2026-11"))?,
    };
    let (used, limits) =
        (used(&app, caller.org(), month).await?, limits(&app.bus, caller.org()).await?);
    let line = |counted: &Counted| {
        let (metric, value, limit): (&str, _, _) =
            ((*counted).into(), used.of(*counted), limits.of(*counted));
        json!({ "metric": metric, "value": value, "limit": limit, "over_limit": value > limit })
    };
    let items: Vec<_> = Counted::VARIANTS.iter().map(line).collect();
    Answer::json(&json!({ "month": month.format("%Y-%m").to_string(), "items": items }))
}
