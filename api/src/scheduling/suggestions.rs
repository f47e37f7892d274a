//! Who is free at a time: teams and workers, the best first; and what can be had beside.

use axum::extract::State;
use domain::access::Permission;
use domain::settings::feature::Feature;
use projections::scheduling::dispatch_board::SOURCES;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::dispatcher::{Free, free_workers, ranked};
use super::{DISPATCH, continued, instants};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::part;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

/// More than anybody reads.
const MOST: usize = 50;

/// Extras on a page at most.
const ADDONS: i64 = 100;

pub(super) fn routes() -> Routes {
    let edit = staff(&[Permission::BookingsEdit]).feature(Feature::Schedule);
    Routes::default()
        .add(routes!(suggestions), staff(DISPATCH).feature(Feature::Schedule))
        .add(routes!(schedule_addons), edit)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SuggestionsQuery {
    /// With an offset, or on the clock of the organisation.
    starts_at: String,
    /// First instant after it.
    ends_at: Option<String>,
    /// Instead of `ends_at`; two hours without both.
    duration_min: Option<u32>,
    /// What the visit asks for, with commas between; teams that are good at all of it.
    skill_tags: Option<String>,
}

/// Which teams and workers are free at a time, the best first
#[utoipa::path(
    get,
    path = "/v1/admin/schedule/suggestions",
    tag = "scheduling",
    params(SuggestionsQuery),
    responses((status = 200, description = "Whoever is free; `reasons` say what speaks for somebody", content_type = "application/json", example = json!({
        "teams": [], "workers": [], "ranked_workers": []
    })))
)]
async fn suggestions(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<SuggestionsQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let zone = app.settings.of(&app, org).await?.zone;
    let starts_at = instants::read("starts_at", &asked.starts_at, zone)?;
    let window = match (&asked.ends_at, asked.duration_min) {
        (Some(_), Some(_)) => {
            return Err(Problem::field("duration_min", "Not together with ends_at"));
        }
        (Some(text), None) => instants::span(starts_at, instants::read("ends_at", text, zone)?)?,
        (None, minutes) => instants::visit(starts_at, minutes.unwrap_or(120))?,
    };
    let tags: Vec<String> = asked
        .skill_tags
        .iter()
        .flat_map(|tags| tags.split(','))
        .map(|tag| tag.trim().to_lowercase())
        .filter(|tag| !tag.is_empty())
        .collect();
    let reached = fresh.reach(&app, org, &SOURCES).await?;
    let wish = Free { window, team: None, own: None, place: None, zone };
    let mut found = free_workers(&app, org, &wish).await?;
    // What a team is good at is what all of its workers are sent for.
    let is_good = |row: &projections::scheduling::team_list::Row| {
        let good: Vec<String> =
            row.team.setup.specializations.iter().map(|one| one.to_lowercase()).collect();
        tags.iter().all(|tag| good.contains(tag))
    };
    let good: Vec<_> = found.people.teams.iter().filter(|row| is_good(row)).collect();
    let numbers: Vec<i32> = good.iter().map(|row| row.team.number).collect();
    let free = |row: &&&projections::scheduling::team_list::Row| {
        found.teams.contains(&row.team.team_id.as_uuid())
    };
    let teams: Vec<Value> = good
        .iter()
        .filter(free)
        .map(|row| {
            json!({ "team_id": row.team.team_id, "number": row.team.number, "name": row.team.name })
        })
        .collect();
    let of_good: Vec<_> = found
        .candidates
        .iter()
        .filter(|one| {
            let row = found.people.worker(one.worker);
            row.is_some_and(|row| numbers.contains(&row.team))
        })
        .cloned()
        .collect();
    found.candidates = of_good;
    let ranked = ranked(&app, org, &found, MOST).await?;
    let workers: Vec<Value> = ranked
        .iter()
        .map(|one| {
            json!({ "worker_id": one["worker_id"], "name": one["name"], "team_id": one["team_id"] })
        })
        .collect();
    let body = json!({ "teams": teams, "workers": workers, "ranked_workers": ranked });
    Ok(reached.mark(Answer::json(&body)?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AddonsQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<usize>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// What can be had beside a visit today, with what it costs
#[utoipa::path(
    get,
    path = "/v1/admin/schedule/addons",
    tag = "scheduling",
    params(AddonsQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"))
)]
async fn schedule_addons(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(asked): Parameters<AddonsQuery>,
) -> Result<Answer, Problem> {
    let limit = limit(asked.limit, ADDONS)?;
    let holds = app.prices.of(&app, caller.org()).await?;
    let offered = holds.book.addons.iter().filter(|addon| addon.is_active);
    let offered: Vec<Value> = offered.map(|addon| json!(addon)).collect();
    let (addons, next) = part(&offered, asked.cursor, limit);
    Ok(continued(Answer::json(&addons)?, next.as_deref()))
}
