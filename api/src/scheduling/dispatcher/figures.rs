//! How a day goes, in figures.

use axum::extract::State;
use projections::scheduling::dispatch_board::{self, SOURCES, Visit};
use projections::tenant;
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use super::day::{self, Day, MOST};
use super::desk;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(stats), desk())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StatsQuery {
    /// The day; today if left out.
    date: Option<String>,
    /// Clock of the day, as an IANA zone; that of the organisation if left out.
    tz: Option<String>,
}

/// How a day goes
#[utoipa::path(
    get,
    path = "/v1/admin/dispatcher/stats",
    tag = "dispatch",
    params(StatsQuery),
    responses((status = 200, description = "`booked_revenue_cents` is what the visits of the day that stand cost, paid or not; `avg_duration_hours` is null until one is done", content_type = "application/json", example = json!({
        "date": "2030-03-04", "planned_count": 3, "in_progress_count": 1, "done_count": 2, "cancelled_count": 0,
        "avg_duration_hours": 2.25, "booked_revenue_cents": 84_000, "data_version": 812
    })))
)]
async fn stats(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<StatsQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let day = Day::asked(&app, org, asked.date.as_deref(), asked.tz.as_deref()).await?;
    let reached = fresh.reach(&app, org, &SOURCES).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let version = day::version(&mut tx, org).await?;
    let visits = dispatch_board::day(&mut tx, &app.keys, org, (day.span, None), MOST).await?;
    tx.rollback().await?;
    let visits: Vec<Visit> =
        visits.into_iter().filter(|visit| visit.archived_at.is_none()).collect();
    let count = |statuses: &[&str]| {
        visits.iter().filter(|visit| statuses.contains(&visit.status.as_str())).count()
    };
    let done = visits.iter().filter(|visit| visit.status == "DONE");
    let took: Vec<i64> = done.filter_map(|visit| visit.actual_minutes.map(i64::from)).collect();
    let standing = visits.iter().filter(|visit| visit.status != "CANCELLED");
    let revenue: i64 = standing.filter_map(|visit| visit.total_cents).sum();
    let answer = json!({
        "date": day.date,
        "planned_count": count(&["PENDING", "CONFIRMED"]),
        "in_progress_count": count(&["IN_PROGRESS"]),
        "done_count": count(&["DONE"]),
        "cancelled_count": count(&["CANCELLED"]),
        "avg_duration_hours": hours(&took),
        "booked_revenue_cents": revenue,
        "data_version": version,
    });
    Ok(reached.mark(Answer::json(&answer)?))
}

/// On average, in hundredths of an hour; shown only.
fn hours(minutes: &[i64]) -> Option<f64> {
    let count = i64::try_from(minutes.len()).ok().filter(|count| *count > 0)?;
    let hundredths = minutes.iter().sum::<i64>() * 100 / (60 * count);
    i32::try_from(hundredths).ok().map(|hundredths| f64::from(hundredths) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::hours;

    #[test]
    fn an_average_is_in_hours_and_there_is_none_of_nothing() {
        assert_eq!(hours(&[]), None);
        assert_eq!(hours(&[120, 150]), Some(2.25));
    }
}
