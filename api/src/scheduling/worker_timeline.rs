//! What each worker does on each day.

use std::collections::HashMap;

use axum::extract::State;
use chrono::NaiveDate;
use domain::access::Permission;
use domain::id::WorkerId;
use domain::people::worker::{Worker, WorkerError};
use domain::settings::feature::Feature;
use projections::people::worker_list::{Row, WorkerList};
use projections::scheduling::booking_list::BookingList;
use projections::scheduling::booking_list::crew::{self, Busy};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::instants;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::people::pages::{Asked, Workers};
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const VIEW: &[Permission] = &[Permission::BookingsView];

/// Most days of one answer.
const MOST_DAYS: i64 = 31;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(worker_timeline), staff(VIEW).feature(Feature::Schedule))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TimelineQuery {
    /// First day, on the clock of the organisation; today if left out.
    from: Option<NaiveDate>,
    /// Last day, at most 31 days on; the first one if left out.
    to: Option<NaiveDate>,
    /// Of this worker only, archived or not.
    #[param(value_type = Option<String>)]
    worker_id: Option<WorkerId>,
    /// Number or id of a team.
    team_id: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// What each worker does on each day
#[utoipa::path(
    get,
    path = "/v1/admin/schedule/worker_timeline",
    tag = "scheduling",
    params(TimelineQuery),
    responses((status = 200, description = "One page of workers, each with its days; what a visit costs counts in full for everybody who goes", content_type = "application/json", example = json!({
        "from_date": "2030-03-04", "to_date": "2030-03-04", "workers": [{
            "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Dana Sample", "team_id": 1, "days": [{
                "date": "2030-03-04", "bookings": 1, "booking_ids": ["0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e"], "minutes": 120,
                "revenue_cents": 18_000
            }]
        }],
        "next_cursor": null
    })))
)]
async fn worker_timeline(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<TimelineQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let zone = app.settings.of(&app, org).await?.zone;
    let from = asked.from.unwrap_or_else(|| app.now().with_timezone(&zone).date_naive());
    let to = asked.to.unwrap_or(from);
    let span = instants::days(from, to, zone)?;
    if (to - from).num_days() >= MOST_DAYS {
        return Err(Problem::field("to", "Input should be at most 31 days after from"));
    }
    if let Some(worker) = asked.worker_id {
        let found = app.bus.load::<Worker>(org, &worker.to_string()).await?;
        found.state.details().ok_or_else(|| Problem::refused(&WorkerError::NotFound))?;
    }
    let page = Asked {
        team: asked.team_id.as_deref(),
        worker: asked.worker_id,
        cursor: asked.cursor.as_deref(),
        limit: asked.limit,
    };
    let page = Workers::asked(&app, org, page).await?;
    let reached = fresh.reach(&app, org, &[WorkerList::NAME, BookingList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let (workers, next) = page.read(&mut tx, org).await?;
    let busy = crew::busy(&mut tx, org, span, zone.name()).await?;
    tx.rollback().await?;
    let busy: HashMap<(Uuid, NaiveDate), &Busy> =
        busy.iter().map(|one| ((one.worker_id, one.day), one)).collect();
    let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
    let workers: Vec<Value> = workers.iter().map(|row| line(row, &days, &busy)).collect();
    let body = json!({ "from_date": from, "to_date": to, "workers": workers, "next_cursor": next });
    Ok(reached.mark(Answer::json(&body)?))
}

fn line(row: &Row, days: &[NaiveDate], busy: &HashMap<(Uuid, NaiveDate), &Busy>) -> Value {
    let day = |date: &NaiveDate| {
        let one = busy.get(&(row.worker_id, *date));
        let ids = one.map_or(&[][..], |one| one.booking_ids.as_slice());
        json!({
            "date": date,
            "bookings": ids.len(),
            "booking_ids": ids,
            "minutes": one.map_or(0, |one| one.minutes),
            "revenue_cents": one.map_or(0, |one| one.revenue_cents),
        })
    };
    let days: Vec<Value> = days.iter().map(day).collect();
    json!({ "worker_id": row.worker_id, "name": row.name, "team_id": row.team, "days": days })
}
