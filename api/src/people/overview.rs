//! Whom the office should look at: who did how much, who has had nothing to do, whose ratings fell.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{DateTime, Days, TimeDelta, Utc};
use domain::people::compliance::Gap;
use domain::people::standing::{Flag, Record, Trend, quiet};
use domain::scheduling::terms::policies::WorkerPolicy;
use domain::scheduling::window::Window;
use domain::settings::zone as clocks;
use projections::customers::client_records::ClientRecords;
use projections::customers::ratings;
use projections::people::worker_history::WorkerHistory;
use projections::people::worker_list::{self, Filter, Row, WorkerList};
use projections::scheduling::booking_list::BookingList;
use projections::scheduling::booking_list::crew::{self, Went};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::compliance;
use super::files::{DISPATCH, average};
use super::pages::{Asked, Workers};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// More than any organisation sends out.
const MOST: i64 = 10_000;

/// The best of them that are shown.
const TOP: usize = 10;

/// Those to look at that are shown.
const FLAGGED: usize = 50;

/// So far back it is looked for the last visit of somebody.
const YEAR: TimeDelta = TimeDelta::days(365);

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(worker_dashboard), staff(DISPATCH))
        .add(routes!(worker_alerts), staff(DISPATCH))
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Range {
    #[default]
    Last7,
    Last30,
}

impl Range {
    const fn days(self) -> u64 {
        match self {
            Self::Last7 => 7,
            Self::Last30 => 30,
        }
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DashboardQuery {
    /// `last7` (the default) or `last30`: days up to today, on the clock of the organisation.
    #[param(value_type = Option<String>)]
    range: Option<Range>,
}

/// Who did how much lately, the best and those to look at
#[utoipa::path(
    get,
    path = "/v1/admin/workers/dashboard",
    tag = "people",
    params(DashboardQuery),
    responses((status = 200, description = "Visits that have begun or should have; ten of the best and 50 to look at, at most. `flags` are `cancellations` (of three visits or more, 30 of a hundred called off, or two) and `newcomer` (hired within 14 days, one visit done at most)", content_type = "application/json", example = json!({
        "from_date": "2030-03-04", "to_date": "2030-03-10", "workers": 1, "jobs": 3, "done": 2, "cancelled": 1, "top": [{
            "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Dana Sample", "team_id": 1, "jobs": 3, "done": 2,
            "cancelled": 1, "rating_avg": 4.5, "rating_count": 2, "flags": ["cancellations"]
        }],
        "flagged_total": 1, "flagged": []
    })))
)]
async fn worker_dashboard(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<DashboardQuery>,
) -> Result<Answer, Problem> {
    let (org, now) = (caller.org(), app.now());
    let zone = app.settings.of(&app, org).await?.zone;
    let today = now.with_timezone(&zone).date_naive();
    let back = Days::new(asked.range.unwrap_or_default().days() - 1);
    let from = today.checked_sub_days(back).unwrap_or(today);
    let sources = [WorkerList::NAME, BookingList::NAME, ClientRecords::NAME];
    let reached = fresh.reach(&app, org, &sources).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let active = Filter { archived: Some(false), said: true, ..Filter::default() };
    let workers = worker_list::page(&mut tx, org, &active, None, MOST).await?;
    let span = Window { starts_at: clocks::start_of(from, zone), ends_at: now };
    let went = by_worker(crew::went(&mut tx, org, span).await?);
    // All that anybody did who was hired within the last two weeks.
    let lately = Window { starts_at: now - TimeDelta::days(15), ends_at: now };
    let lately = by_worker(crew::went(&mut tx, org, lately).await?);
    tx.rollback().await?;
    let done_lately = |row: &Row| lately.get(&row.worker_id).map_or(0, |went| went.done);
    let mut all: Vec<Line> = workers
        .iter()
        .map(|row| Line::of(row, went.get(&row.worker_id), (done_lately(row), now)))
        .collect();
    let sum = |of: fn(&Line) -> i64| all.iter().map(of).sum::<i64>();
    let (jobs, done, cancelled) =
        (sum(|one| one.jobs), sum(|one| one.done), sum(|one| one.cancelled));
    all.sort_by_key(|one| {
        let stars = one.row.rating_avg().unwrap_or_default();
        (-one.done, -stars, one.row.worker_id)
    });
    let top: Vec<Value> =
        all.iter().filter(|one| one.done > 0).take(TOP).map(Line::shown).collect();
    all.retain(|one| !one.flags.is_empty());
    all.sort_by_key(|one| (-one.cancelled, one.row.worker_id));
    let flagged: Vec<Value> = all.iter().take(FLAGGED).map(Line::shown).collect();
    let body = json!({
        "from_date": from, "to_date": today, "workers": workers.len(), "jobs": jobs, "done": done,
        "cancelled": cancelled, "top": top, "flagged_total": all.len(), "flagged": flagged,
    });
    Ok(reached.mark(Answer::json(&body)?))
}

fn by_worker(went: Vec<Went>) -> HashMap<Uuid, Went> {
    went.into_iter().map(|one| (one.worker_id, one)).collect()
}

struct Line<'a> {
    row: &'a Row,
    jobs: i64,
    done: i64,
    cancelled: i64,
    flags: Vec<Flag>,
}

impl<'a> Line<'a> {
    fn of(row: &'a Row, went: Option<&Went>, (lately, now): (i64, DateTime<Utc>)) -> Self {
        let (jobs, done, cancelled) =
            went.map_or((0, 0, 0), |went| (went.jobs, went.done, went.cancelled));
        let record = Record { jobs, done: done.max(lately), cancelled, hired_at: row.hired_at };
        Self { row, jobs, done, cancelled, flags: record.flags(now) }
    }

    fn shown(&self) -> Value {
        let row = self.row;
        json!({
            "worker_id": row.worker_id, "name": row.name, "team_id": row.team, "jobs": self.jobs, "done": self.done,
            "cancelled": self.cancelled, "rating_avg": average(row.rating_sum, row.rating_count.into()),
            "rating_count": row.rating_count, "flags": self.flags,
        })
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AlertsQuery {
    /// Number or id of a team.
    team_id: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Workers that are looked at for one page: 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Workers who had no visit for long, whose latest ratings are worse than those before, or who lack a certificate, as far as
/// the policies care
#[utoipa::path(
    get,
    path = "/v1/admin/workers/alerts",
    tag = "people",
    params(AlertsQuery),
    responses((status = 200, description = "Alerts about one page of workers: there may be none, and still a page behind it. `last_done_at` is null if that was never, or over a year ago; then it is counted from the day of hiring", content_type = "application/json", example = json!({
        "items": [
            { "kind": "no_job", "severity": "medium", "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Dana Sample", "team_id": 1,
              "last_done_at": "2030-02-01T17:00:00Z", "days": 31 },
            { "kind": "rating_drop", "severity": "medium", "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Dana Sample",
              "team_id": 1, "latest_avg": 3.67, "before_avg": 4.5 },
            { "kind": "certificate", "severity": "medium", "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "name": "Dana Sample",
              "team_id": 1, "skill": "window_cleaning", "certificate": "Ladder Safety", "state": "expired" }
        ],
        "next_cursor": null
    })))
)]
async fn worker_alerts(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<AlertsQuery>,
) -> Result<Answer, Problem> {
    let (org, now) = (caller.org(), app.now());
    let page = Asked {
        team: asked.team_id.as_deref(),
        cursor: asked.cursor.as_deref(),
        limit: asked.limit,
        ..Asked::default()
    };
    let page = Workers::asked(&app, org, page).await?;
    let holds = app.prices.of(&app, org).await?;
    let policy = &holds.book.policies.workers;
    let sources = [WorkerList::NAME, WorkerHistory::NAME, BookingList::NAME, ClientRecords::NAME];
    let reached = fresh.reach(&app, org, &sources).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let (workers, next) = page.read(&mut tx, org).await?;
    let year = Window { starts_at: now - YEAR, ends_at: now };
    let went = by_worker(crew::went(&mut tx, org, year).await?);
    let ids: Vec<Uuid> = workers.iter().map(|row| row.worker_id).collect();
    let trends = ratings::trends(&mut tx, org, &ids, policy.latest_ratings.into()).await?;
    tx.rollback().await?;
    let trends: HashMap<Uuid, Trend> = trends.into_iter().collect();
    let gaps = compliance::of_rows(&app, org, &workers.iter().collect::<Vec<_>>()).await?;
    let mut items = Vec::new();
    for row in &workers {
        let last = went.get(&row.worker_id).and_then(|went| went.last_done_at);
        let drop = trends.get(&row.worker_id).filter(|trend| trend.drops(policy));
        items.extend(no_job(policy, (row, last), now));
        items.extend(drop.map(|trend| rating_drop(row, *trend)));
        let gaps = gaps.get(&row.worker_id).into_iter().flatten();
        items.extend(gaps.map(|gap| uncertified(row, gap)));
    }
    Ok(reached.mark(Answer::json(&json!({ "items": items, "next_cursor": next }))?))
}

fn no_job(
    policy: &WorkerPolicy,
    (row, last): (&Row, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> Option<Value> {
    let since = last.unwrap_or(row.hired_at);
    let severity = quiet(policy, since, now)?;
    Some(json!({
        "kind": "no_job", "severity": severity, "worker_id": row.worker_id, "name": row.name, "team_id": row.team,
        "last_done_at": last, "days": (now - since).num_days(),
    }))
}

fn rating_drop(row: &Row, trend: Trend) -> Value {
    json!({
        "kind": "rating_drop", "severity": "medium", "worker_id": row.worker_id, "name": row.name, "team_id": row.team,
        "latest_avg": average(trend.latest.0, trend.latest.1), "before_avg": average(trend.before.0, trend.before.1),
    })
}

fn uncertified(row: &Row, gap: &Gap) -> Value {
    json!({
        "kind": "certificate", "severity": "medium", "worker_id": row.worker_id, "name": row.name, "team_id": row.team,
        "skill": gap.skill, "certificate": gap.certificate, "state": gap.state,
    })
}
