//! Teams: made, renamed, set up, archived, and who is in them.

use axum::extract::State;
use commands::{CommandError, Context, Done};
use domain::access::Permission;
use domain::id::{TeamId, WorkerId};
use domain::people::worker::Worker;
use domain::scheduling::team::{Details, NAMES, NUMBERS, Setup, Team, TeamCommand, TeamError};
use domain::settings::feature::Feature;
use projections::history::moment::{self, Moment};
use projections::history::past;
use projections::people::worker_list::{self, WorkerList};
use projections::scheduling::booking_list;
use projections::scheduling::team_list::{self, PAGE, TeamList};
use projections::{Projection, Reader, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::continued;
use super::sent::Sent;
use super::team_figures::Now;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::people::average;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

const VIEW: &[Permission] = &[Permission::CoreView];
const MANAGE: &[Permission] = &[Permission::UsersManage];

/// Numbers to try: two who make a team at once are rare, five are not met.
const ATTEMPTS: i64 = 5;

pub(super) fn routes() -> Routes {
    let (view, manage) = (staff(VIEW), staff(MANAGE));
    let (view, manage) = (view.feature(Feature::Teams), manage.feature(Feature::Teams));
    Routes::default()
        .add(routes!(list_teams), view)
        .add(routes!(create_team), manage.action("team.create"))
        .add(routes!(team), view)
        .add(routes!(change_team), manage.action("team.update"))
        .add(routes!(archive_team), manage.action("team.archive"))
        .add(routes!(unarchive_team), manage.action("team.unarchive"))
        .add(routes!(members), view)
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Also teams that take no visits any more.
    include_archived: Option<bool>,
    /// Number of the last team of the page before: its `X-Next-Cursor`.
    cursor: Option<i32>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// A position of the log or an instant: the teams as they were then.
    as_of: Option<String>,
}

/// Teams in the order of their numbers
#[utoipa::path(
    get,
    path = "/v1/admin/teams",
    tag = "scheduling",
    params(ListQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json", example = json!([
        { "team_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "number": 1, "name": "North", "archived_at": null }
    ])))
)]
async fn list_teams(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ListQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, PAGE)?);
    let wanted = (asked.include_archived.unwrap_or(false), asked.cursor.unwrap_or(0));
    let reached = fresh.reach(&app, org, &[TeamList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let mut then = None;
    if let Some(as_of) = &asked.as_of {
        let position = moment::resolve(&mut tx, org, as_of.parse::<Moment>()?).await?;
        let reader = (&Reader::of::<TeamList>(), team_list::KINDS);
        past::travel(&mut tx, &app.keys, org, reader, position).await?;
        then = Some(position);
    }
    let rows = team_list::page(&mut tx, org, wanted, limit).await?;
    // What a team does this month says nothing about a day in the past.
    let now = match then {
        None => Some(Now::of(&app, &mut tx, org).await?),
        Some(_) => None,
    };
    tx.rollback().await?;
    let next = cursor::last_of_full(&rows, limit).map(|row| row.team.number.to_string());
    let line = |row: &team_list::Row| {
        let mut line = shown(&row.team);
        if let Some(now) = &now {
            now.beside(&mut line, &row.team);
        }
        line
    };
    let teams: Vec<Value> = rows.iter().map(line).collect();
    let answer = continued(Answer::json(&teams)?, next.as_deref());
    Ok(match then {
        Some(position) => answer.reaching(position, false),
        None => reached.mark(answer),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "North" })))]
struct NewTeam {
    /// 1 to 120 characters; no other team of the organisation is called so, in any case.
    name: String,
}

/// Make a team
#[utoipa::path(
    post,
    path = "/v1/admin/teams",
    tag = "scheduling",
    request_body = NewTeam,
    responses(
        (status = 201, description = "The team", content_type = "application/json"),
        (status = 400, description = "`team.bad_name`"),
        (status = 409, description = "`team.name_taken`")
    )
)]
async fn create_team(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewTeam { name } = request.body()?;
    let context = request.context(&caller);
    // The same for a repetition, which must be told of the same team.
    let team_id = TeamId::from(context.request.derived_id("team"));
    let taken = app.bus.holders(context.org, NUMBERS).await?;
    let create = |number: i64| TeamCommand::Create {
        team_id,
        number: i32::try_from(number).unwrap_or(i32::MAX),
        name: name.clone(),
        now: app.now(),
    };
    for number in taken + 1..taken + ATTEMPTS {
        match run(&app, &context, team_id, create(number)).await {
            Err(CommandError::ClaimTaken { scope }) if scope == NUMBERS => {}
            fate => return Ok(Answer::done(&fate.map_err(refused)?).created()),
        }
    }
    let done = run(&app, &context, team_id, create(taken + ATTEMPTS)).await;
    Ok(Answer::done(&done.map_err(refused)?).created())
}

/// One team
#[utoipa::path(
    get,
    path = "/v1/admin/teams/{team_id}",
    tag = "scheduling",
    params(("team_id" = Uuid, Path)),
    responses((status = 200, description = "The team; `ETag` is its version", content_type = "application/json"))
)]
async fn team(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TeamId>,
) -> Result<Answer, Problem> {
    let found = app.bus.load::<Team>(caller.org(), &id.to_string()).await?;
    let team = found.state.details().ok_or_else(|| Problem::refused(&TeamError::NotFound))?;
    Ok(Answer::json(&shown(team))?.version(found.version))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "North", "calendar_color": "#3366CC", "zones": ["Downtown"] })))]
struct ChangedTeam {
    /// As when it was made. Not together with anything else.
    name: Option<String>,
    /// An active member of the team; `null` for nobody.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    lead_worker_id: Sent<WorkerId>,
    /// Parts of town.
    zones: Option<Vec<String>>,
    /// What it is good at.
    specializations: Option<Vec<String>>,
    /// `#RRGGBB`; `null` for none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    calendar_color: Sent<String>,
}

impl ChangedTeam {
    fn on(self, team: &Details) -> Setup {
        let before = team.setup.clone();
        Setup {
            lead: self.lead_worker_id.over(before.lead),
            zones: self.zones.unwrap_or(before.zones),
            specializations: self.specializations.unwrap_or(before.specializations),
            calendar_color: self.calendar_color.over(before.calendar_color),
        }
    }
}

/// Rename a team, or set it up differently; what is left out stays
#[utoipa::path(
    patch,
    path = "/v1/admin/teams/{team_id}",
    tag = "scheduling",
    params(("team_id" = Uuid, Path)),
    request_body = ChangedTeam,
    responses(
        (status = 200, description = "The team", content_type = "application/json"),
        (status = 400, description = "`team.lead_not_member`, `team.bad_colour` or `team.bad_name`"),
        (status = 409, description = "`team.name_taken`")
    )
)]
async fn change_team(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TeamId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let changed: ChangedTeam = request.body()?;
    let (context, now) = (request.context(&caller), app.now());
    let found = app.bus.load::<Team>(context.org, &id.to_string()).await?;
    let team = found.state.details().ok_or_else(|| Problem::refused(&TeamError::NotFound))?;
    let command = if let Some(name) = &changed.name {
        TeamCommand::Rename { name: name.clone(), now }
    } else {
        let setup = changed.on(team);
        let lead_is_member = match setup.lead {
            Some(lead) => is_member(&app, &context, team, lead).await?,
            None => true,
        };
        TeamCommand::Configure { setup, lead_is_member, now }
    };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

async fn is_member(
    app: &App,
    context: &Context,
    team: &Details,
    worker: WorkerId,
) -> Result<bool, Problem> {
    let found = app.bus.load::<Worker>(context.org, &worker.to_string()).await?;
    let worker = found.state.details();
    Ok(worker.is_some_and(|one| one.archived_at.is_none() && one.team.get() == team.number))
}

/// Let a team take no visits any more; those it still has to make must be given to others first
#[utoipa::path(
    post,
    path = "/v1/admin/teams/{team_id}/archive",
    tag = "scheduling",
    params(("team_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The team", content_type = "application/json"),
        (status = 409, description = "`team.has_future_bookings`; `bookings` names them")
    )
)]
async fn archive_team(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TeamId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let (context, now) = (request.context(&caller), app.now());
    let mut tx = tenant::begin(&app.reads, context.org).await?;
    let future = booking_list::still_to_make(&mut tx, context.org, id, now).await?;
    drop(tx);
    let command = TeamCommand::Archive { future, now };
    Ok(Answer::done(&run(&app, &context, id, command).await.map_err(refused)?))
}

/// Let a team take visits again
#[utoipa::path(
    post,
    path = "/v1/admin/teams/{team_id}/unarchive",
    tag = "scheduling",
    params(("team_id" = Uuid, Path)),
    responses((status = 200, description = "The team", content_type = "application/json"))
)]
async fn unarchive_team(
    State(app): State<AppState>,
    caller: Caller,
    Path(id): Path<TeamId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = TeamCommand::Reinstate { now: app.now() };
    let done = run(&app, &request.context(&caller), id, command).await;
    Ok(Answer::done(&done.map_err(refused)?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct MembersQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Who goes out with a team, whoever was hired last first
#[utoipa::path(
    get,
    path = "/v1/admin/teams/{team_id}/members",
    tag = "scheduling",
    params(("team_id" = Uuid, Path), MembersQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"))
)]
async fn members(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<TeamId>,
    Parameters(asked): Parameters<MembersQuery>,
) -> Result<Answer, Problem> {
    let limit = limit(asked.limit, worker_list::PAGE)?;
    let after = cursor::asked(asked.cursor.as_deref())?;
    let found = app.bus.load::<Team>(caller.org(), &id.to_string()).await?;
    let team = found.state.details().ok_or_else(|| Problem::refused(&TeamError::NotFound))?;
    let reached = fresh.reach(&app, caller.org(), &[WorkerList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let (team, archived) = (Some(team.number), Some(false));
    let filter = worker_list::Filter { team, archived, said: true, ..Default::default() };
    let rows = worker_list::page(&mut tx, caller.org(), &filter, after, limit).await?;
    let next =
        cursor::last_of_full(&rows, limit).map(|row| cursor::shown(row.hired_at, row.worker_id));
    let line = |row: &worker_list::Row| {
        json!({
            "worker_id": row.worker_id,
            "name": row.name,
            "phone": row.phone,
            "email": row.email,
            "role": row.role,
            "rating_avg": average(row.rating_sum, row.rating_count.into()),
            "rating_count": row.rating_count,
            "is_active": row.archived_at.is_none(),
        })
    };
    let members: Vec<Value> = rows.iter().map(line).collect();
    Ok(reached.mark(continued(Answer::json(&members)?, next.as_deref())))
}

/// Carries out a command on a team; the answer is the team.
pub(super) async fn run(
    app: &App,
    context: &Context,
    id: TeamId,
    command: TeamCommand,
) -> Result<Done, CommandError<TeamError>> {
    let answer = |team: &Team| team.details().map_or(Value::Null, shown);
    match command {
        create @ TeamCommand::Create { .. } => {
            app.bus.create(context, &id.to_string(), create, answer).await
        }
        other => app.bus.execute(context, &id.to_string(), other, answer).await,
    }
}

pub(super) fn refused(error: CommandError<TeamError>) -> Problem {
    match error {
        CommandError::ClaimTaken { scope } if scope == NAMES => {
            Problem::refused(&TeamError::NameTaken)
        }
        error => error.into(),
    }
}

pub(super) fn shown(team: &Details) -> Value {
    json!({
        "team_id": team.team_id,
        "number": team.number,
        "name": team.name,
        "lead_worker_id": team.setup.lead,
        "zones": team.setup.zones,
        "specializations": team.setup.specializations,
        "calendar_color": team.setup.calendar_color,
        "working_hours": super::hours::week(team),
        "archived_at": team.archived_at,
        "created_at": team.created_at,
    })
}
