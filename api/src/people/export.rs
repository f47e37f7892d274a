//! Workers taken out of the application, as a table or as JSON.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use projections::people::worker_csv;
use projections::people::worker_list::{self, PAGE};
use projections::scheduling::team_list::{self, TeamList};
use projections::{Projection, tenant};
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::files::DISPATCH;
use super::filter::{ListQuery, READS};
use super::workers::{line, usual_rate};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;
use crate::table;

/// Teams of one organisation are fewer.
const TEAMS: i64 = 1_000;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(export_workers), staff(DISPATCH).leaves("worker.export"))
        .add(routes!(export_workers_json), staff(DISPATCH).leaves("worker.export"))
}

/// Workers as CSV; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/workers/export.csv",
    tag = "people",
    params(ListQuery),
    responses((status = 200, description = "A line of names, then a line for each worker", content_type = "text/csv"))
)]
async fn export_workers(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Response, Problem> {
    let org = caller.org();
    let rows = all(&app, &caller, fresh, &asked).await?;
    fresh.reach(&app, org, &[TeamList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let teams = team_list::page(&mut tx, org, (true, 0), TEAMS).await?;
    let names: HashMap<i32, String> =
        teams.into_iter().map(|row| (row.team.number, row.team.name)).collect();
    let table = worker_csv::table(&rows, |team| names.get(&team).cloned());
    let table = table.map_err(|error| Problem::internal(&error))?;
    Ok(table::file("workers.csv", table))
}

/// Workers as JSON, all of them at once; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/workers/export.json",
    tag = "people",
    params(ListQuery),
    responses((status = 200, description = "All of them", content_type = "application/json"))
)]
async fn export_workers_json(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let rows = all(&app, &caller, fresh, &asked).await?;
    let usual = usual_rate(&app, caller.org()).await?;
    Answer::json(&json!(rows.iter().map(|row| line(row, usual)).collect::<Vec<Value>>()))
}

/// As many as a plan allows, and those who were archived: a few hundred.
async fn all(
    app: &AppState,
    caller: &Caller,
    fresh: Freshness,
    asked: &ListQuery,
) -> Result<Vec<worker_list::Row>, Problem> {
    let org = caller.org();
    fresh.reach(app, org, &READS).await?;
    let filter = asked.filter(app, org).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let page = worker_list::page(&mut tx, org, &filter, after, PAGE).await?;
        let last = crate::cursor::last_of_full(&page, PAGE);
        after = last.map(|row| (row.hired_at, row.worker_id));
        rows.extend(page);
        if after.is_none() {
            return Ok(rows);
        }
    }
}
