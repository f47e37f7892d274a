//! When a team works on each day of the week.

use axum::extract::State;
use chrono::NaiveTime;
use domain::access::Permission;
use domain::id::TeamId;
use domain::scheduling::search::OpeningHours;
use domain::scheduling::team::{Details, TeamCommand, TeamError};
use projections::scheduling::team_list::{self, TeamList};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::teams;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const MANAGE: &[Permission] =
    &[Permission::ScheduleBlockingManage, Permission::SettingsManage, Permission::AdminManage];

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(working_hours), staff(MANAGE))
        .add(routes!(set_working_hours), staff(MANAGE).action("team.working_hours_set"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct HoursQuery {
    /// Of this team only.
    #[param(value_type = Option<String>)]
    team_id: Option<TeamId>,
}

/// When teams work, day by day; 0 is Monday
#[utoipa::path(
    get,
    path = "/v1/admin/working-hours",
    tag = "scheduling",
    params(HoursQuery),
    responses((status = 200, description = "Seven lines for each team", content_type = "application/json", example = json!([
        { "team_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "day_of_week": 0, "start_time": "09:00", "end_time": "18:00", "is_usual": true }
    ])))
)]
async fn working_hours(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<HoursQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let reached = fresh.reach(&app, org, &[TeamList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let teams = match asked.team_id {
        Some(team) => {
            let found = team_list::find(&mut tx, org, team).await?;
            vec![found.ok_or_else(|| Problem::refused(&TeamError::NotFound))?]
        }
        None => team_list::page(&mut tx, org, (false, 0), team_list::PAGE).await?,
    };
    let lines = teams.iter().flat_map(|row| {
        let team_id = row.team.team_id;
        week(&row.team).into_iter().map(move |mut day| {
            day["team_id"] = json!(team_id);
            day
        })
    });
    Ok(reached.mark(Answer::json(&lines.collect::<Vec<_>>())?))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "team_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "day_of_week": 5, "start_time": "10:00", "end_time": "14:00" })))]
struct NewHours {
    #[schema(value_type = String)]
    team_id: TeamId,
    /// 0 is Monday.
    day_of_week: u8,
    /// `HH:MM` on the clock of the organisation; without both the usual hours hold again.
    #[schema(value_type = Option<String>)]
    start_time: Option<String>,
    /// Later than `start_time`; the same as it for a day on which nobody works.
    #[schema(value_type = Option<String>)]
    end_time: Option<String>,
}

/// Set when a team works on one day of the week
#[utoipa::path(
    post,
    path = "/v1/admin/working-hours",
    tag = "scheduling",
    request_body = NewHours,
    responses((status = 200, description = "The team", content_type = "application/json"))
)]
async fn set_working_hours(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewHours { team_id, day_of_week: weekday, start_time, end_time } = request.body()?;
    let hours = match (start_time, end_time) {
        (None, None) => None,
        (opens, closes) => {
            let opens = clock("start_time", opens.as_deref())?;
            let closes = clock("end_time", closes.as_deref())?;
            if closes < opens {
                return Err(Problem::field("end_time", "Input should not be before start_time"));
            }
            Some(OpeningHours { opens, closes })
        }
    };
    let command = TeamCommand::SetHours { weekday, hours, now: app.now() };
    let done = teams::run(&app, &request.context(&caller), team_id, command).await;
    Ok(Answer::done(&done.map_err(teams::refused)?))
}

fn clock(field: &str, text: Option<&str>) -> Result<NaiveTime, Problem> {
    let text = text.ok_or_else(|| Problem::field(field, "Field required"))?;
    let shapes = ["%H:%M", "%H:%M:%S"];
    let read = shapes.into_iter().find_map(|shape| NaiveTime::parse_from_str(text, shape).ok());
    read.ok_or_else(|| Problem::field(field, "Input should be a time of day like 09:00"))
}

/// Every day of the week as the team works.
pub(super) fn week(team: &Details) -> Vec<Value> {
    let day = |weekday: u8| {
        let own = team.hours.get(&weekday).copied();
        let hours = own.unwrap_or_default();
        json!({
            "day_of_week": weekday,
            "start_time": hours.opens.format("%H:%M").to_string(),
            "end_time": hours.closes.format("%H:%M").to_string(),
            "is_closed": hours.closes <= hours.opens,
            "is_usual": own.is_none(),
        })
    };
    (0..7).map(day).collect()
}
