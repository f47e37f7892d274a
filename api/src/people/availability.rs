//! How full the days of a week are, worker by worker.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{Datelike, Days, NaiveDate};
use domain::people::standing::Load;
use projections::people::worker_list::{Row, WorkerList};
use projections::scheduling::booking_list::{BookingList, crew};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::files::DISPATCH;
use super::pages::{Asked, Workers};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::scheduling::instants;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(worker_availability), staff(DISPATCH))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct WeekQuery {
    /// A day of the week, on the clock of the organisation; today if left out.
    week: Option<NaiveDate>,
    /// Number or id of a team.
    team_id: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// How full each day of a week is, from Monday on, for each worker
#[utoipa::path(
    get,
    path = "/v1/admin/workers/availability",
    tag = "people",
    params(WeekQuery),
    responses((status = 200, description = "One page of workers; `load` is `free`, `light` (up to 240 minutes) or `heavy`", content_type = "application/json", example = json!({
        "from_date": "2030-03-04", "to_date": "2030-03-10", "items": [{
            "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Dana Sample", "team_id": 1,
            "days": [{ "date": "2030-03-04", "minutes": 120, "load": "light" }]
        }],
        "next_cursor": null
    })))
)]
async fn worker_availability(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<WeekQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let zone = app.settings.of(&app, org).await?.zone;
    let day = asked.week.unwrap_or_else(|| app.now().with_timezone(&zone).date_naive());
    let far = || Problem::field("week", "Input should be a near date");
    let back = Days::new(day.weekday().num_days_from_monday().into());
    let monday = day.checked_sub_days(back).ok_or_else(far)?;
    let days: Vec<NaiveDate> = monday.iter_days().take(7).collect();
    let sunday = *days.last().ok_or_else(far)?;
    let span = instants::days(monday, sunday, zone).map_err(|_| far())?;
    let page = Asked {
        team: asked.team_id.as_deref(),
        cursor: asked.cursor.as_deref(),
        limit: asked.limit,
        ..Asked::default()
    };
    let page = Workers::asked(&app, org, page).await?;
    let reached = fresh.reach(&app, org, &[WorkerList::NAME, BookingList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let (workers, next) = page.read(&mut tx, org).await?;
    let busy = crew::busy(&mut tx, org, span, zone.name()).await?;
    tx.rollback().await?;
    let minutes: HashMap<(Uuid, NaiveDate), i64> =
        busy.iter().map(|one| ((one.worker_id, one.day), one.minutes)).collect();
    let items: Vec<Value> = workers.iter().map(|row| line(row, &days, &minutes)).collect();
    let body =
        json!({ "from_date": monday, "to_date": sunday, "items": items, "next_cursor": next });
    Ok(reached.mark(Answer::json(&body)?))
}

fn line(row: &Row, days: &[NaiveDate], minutes: &HashMap<(Uuid, NaiveDate), i64>) -> Value {
    let day = |date: &NaiveDate| {
        let minutes = minutes.get(&(row.worker_id, *date)).copied().unwrap_or_default();
        json!({ "date": date, "minutes": minutes, "load": Load::of(minutes) })
    };
    let days: Vec<Value> = days.iter().map(day).collect();
    json!({ "worker_id": row.worker_id, "name": row.name, "team_id": row.team, "days": days })
}
