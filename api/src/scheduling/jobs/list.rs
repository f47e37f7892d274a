//! The visits a worker goes to, day by day.

use axum::extract::State;
use chrono::{NaiveDate, TimeDelta};
use domain::scheduling::window::Window;
use projections::scheduling::booking_list::{self, ALWAYS, BookingList, Filter, Item, Order};
use projections::scheduling::team_list;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::super::instants;
use super::{at_work, me};
use crate::answer::Answer;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::identity::PortalCaller;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

/// Visits on a page at most.
const PAGE: i64 = 100;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(worker_jobs), at_work())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct JobsQuery {
    /// First day, on the clock of the organisation; today if both are left out.
    from: Option<NaiveDate>,
    /// Last day; a week later if only the first is named.
    to: Option<NaiveDate>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// The visits one goes to, the earliest first
#[utoipa::path(
    get,
    path = "/worker/jobs",
    tag = "portal",
    params(JobsQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!([
        { "job_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "status": "CONFIRMED", "starts_at": "2030-03-04T17:00:00Z",
          "ends_at": "2030-03-04T19:00:00Z", "duration_minutes": 120, "customer_name": "Sam Sample", "service_type": "standard", "leads": true }
    ])))
)]
async fn worker_jobs(
    State(app): State<AppState>,
    caller: PortalCaller,
    fresh: Freshness,
    Parameters(asked): Parameters<JobsQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org, limit(asked.limit, PAGE)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    let between = days(&app, &caller, asked.from, asked.to).await?;
    let reached = fresh.reach(&app, org, &[BookingList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let mut filter = Filter { between, ..Filter::default() };
    match (me(&caller), caller.team) {
        (Some(worker), _) => filter.worker = Some(worker.as_uuid()),
        (None, Some(number)) => {
            // A team that does not exist goes nowhere.
            let team = team_list::id_of(&mut tx, org, number).await?;
            filter.team = Some(team.unwrap_or_default());
        }
        (None, None) => filter.team = Some(uuid::Uuid::nil()),
    }
    let order = (Order::Earliest, after);
    let items = booking_list::page(&mut tx, org, &filter, order, limit).await?;
    let next = cursor::last_of_full(&items, limit)
        .map(|last| cursor::shown(last.starts_at, last.booking_id));
    let line = |item: &Item| {
        json!({
            "job_id": item.booking_id,
            "status": item.status,
            "starts_at": item.starts_at,
            "ends_at": item.ends_at,
            "duration_minutes": item.duration_minutes,
            "customer_name": item.lead_name,
            "service_type": item.service_type,
            "leads": item.assigned_worker_id.is_some()
                && item.assigned_worker_id == me(&caller).map(domain::id::WorkerId::as_uuid),
        })
    };
    let lines: Vec<Value> = items.iter().map(line).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

async fn days(
    app: &App,
    caller: &PortalCaller,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<Window, Problem> {
    let zone = app.settings.of(app, caller.org).await?.zone;
    let today = app.now().with_timezone(&zone).date_naive();
    match (from, to) {
        (None, None) => instants::days(today, today, zone),
        (Some(from), None) => {
            let week = from.checked_add_signed(TimeDelta::days(6)).unwrap_or(from);
            instants::days(from, week, zone)
        }
        (None, Some(to)) => {
            let day = instants::days(to, to, zone)?;
            Ok(Window { starts_at: ALWAYS.starts_at, ends_at: day.ends_at })
        }
        (Some(from), Some(to)) => instants::days(from, to, zone),
    }
}
