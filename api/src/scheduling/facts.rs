//! The facts that decide about a visit, gathered before the booking is asked.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use commands::{Beside, CommandError, Done, Taken};
use domain::billing::plan::Counted;
use domain::id::{BookingId, OrgId, TeamId, WorkerId};
use domain::people::worker::{Worker, WorkerError};
use domain::scheduling::booking::{BookingError, Crew, CrewMember, Party};
use domain::scheduling::search::{self, Obstacle, ObstacleKind};
use domain::scheduling::team::{Details, Team, TeamError};
use domain::scheduling::terms::policies::SchedulingPolicy;
use domain::scheduling::time_off::Scope;
use domain::scheduling::window::Window;
use futures::future::try_join_all;
use projections::scheduling::time_off_list::{self, Block};
use projections::tenant;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::billing::over_limit;
use crate::problem::{Code, Problem};
use crate::state::App;

/// How the database says that a team has enough visits on a day.
const DAY_FULL: &str = "PL409";

/// Most workers of one visit.
const LARGEST_CREW: usize = 20;

/// A team that takes visits.
pub(super) async fn team(app: &App, org: OrgId, id: TeamId) -> Result<Details, Problem> {
    let found = app.bus.load::<Team>(org, &id.to_string()).await?;
    let team = found.state.details().filter(|team| team.archived_at.is_none());
    team.cloned().ok_or_else(|| Problem::refused(&TeamError::NotFound))
}

/// Those of `workers` as they are now, for a visit of `team`.
pub(super) async fn crew(
    app: &App,
    org: OrgId,
    team: &Details,
    (lead, workers): (Option<WorkerId>, &[WorkerId]),
) -> Result<Crew, Problem> {
    let mut all: Vec<WorkerId> = lead.into_iter().chain(workers.iter().copied()).collect();
    all.sort_unstable();
    all.dedup();
    if all.len() > LARGEST_CREW {
        return Err(Problem::field("crew", format!("At most {LARGEST_CREW} workers")));
    }
    let members = all.into_iter().map(|worker| member(app, org, team, worker));
    Ok(Crew { lead, members: try_join_all(members).await? })
}

async fn member(
    app: &App,
    org: OrgId,
    team: &Details,
    worker: WorkerId,
) -> Result<CrewMember, Problem> {
    let found = app.bus.load::<Worker>(org, &worker.to_string()).await?;
    let details = found.state.details();
    let details = details.ok_or_else(|| Problem::refused(&WorkerError::NotFound))?;
    // Workers know their team by the number that people read.
    let is_member = details.team.get() == team.number;
    let team = if is_member { team.team_id } else { Uuid::nil().into() };
    Ok(CrewMember { worker, team, is_active: details.archived_at.is_none() })
}

/// Whether each of `workers` works here, or did.
pub(super) async fn must_exist(app: &App, org: OrgId, workers: &[WorkerId]) -> Result<(), Problem> {
    for worker in workers {
        let found = app.bus.load::<Worker>(org, &worker.to_string()).await?;
        found.state.details().ok_or_else(|| Problem::refused(&WorkerError::NotFound))?;
    }
    Ok(())
}

/// Who and what must be free, and when.
pub(super) struct Wish<'a> {
    /// The team, if its time matters; if not, only what the workers themselves have stands in the way.
    pub(super) team: Option<&'a Details>,
    /// The workers whose time matters.
    pub(super) workers: &'a [WorkerId],
    /// When.
    pub(super) window: Window,
    /// The clock by which the team works.
    pub(super) zone: Tz,
}

/// What stands in the way beside other visits, which the log knows: time off, and hours at which nobody works.
pub(super) async fn obstacles(
    reads: &PgPool,
    org: OrgId,
    wish: Wish<'_>,
) -> Result<Vec<Obstacle>, sqlx::Error> {
    let teams: Vec<Uuid> = wish.team.iter().map(|team| team.team_id.as_uuid()).collect();
    let workers: Vec<Uuid> = wish.workers.iter().map(|worker| worker.as_uuid()).collect();
    let mut tx = tenant::begin(reads, org).await?;
    let whose = (&teams[..], &workers[..]);
    let blocks = time_off_list::touching(&mut tx, org, whose, wish.window).await?;
    // What was declared after a visit was promised does not keep other workers from helping.
    let counts = |one: &&Block| wish.team.is_some() || matches!(one.terms.scope, Scope::Worker(_));
    let mut found: Vec<Obstacle> = blocks.iter().filter(counts).map(Block::obstacle).collect();
    if let Some(team) = wish.team
        && !is_open(team, wish.window, wish.zone)
    {
        found.push(Obstacle {
            kind: ObstacleKind::OutsideHours,
            reference: team.team_id.to_string(),
            window: wish.window,
            note: Some("the team does not work then".to_owned()),
        });
    }
    Ok(found)
}

/// Whether the team works all the time.
pub(super) fn is_open(team: &Details, window: Window, zone: Tz) -> bool {
    let day = window.starts_at.with_timezone(&zone).date_naive();
    team.working_time(day, zone)
        .is_some_and(|hours| hours.starts_at <= window.starts_at && window.ends_at <= hours.ends_at)
}

/// The visits that stand in the way of one of `team` and `workers`, other than `own`.
pub(super) async fn visits(
    app: &App,
    org: OrgId,
    (team, workers): (Option<TeamId>, &[WorkerId]),
    (window, buffer): (Window, TimeDelta),
    own: Option<BookingId>,
) -> Result<Vec<Obstacle>, Problem> {
    let workers = workers.iter().map(|worker| worker.as_uuid());
    let resources: Vec<Uuid> = team.map(TeamId::as_uuid).into_iter().chain(workers).collect();
    let span = (window.starts_at, window.ends_at + buffer);
    let taken = app.bus.taken(org, &resources, span).await?;
    let own = own.map(|own| own.to_string());
    let others = taken.into_iter().filter(|one| Some(&one.reference) != own.as_ref());
    Ok(others.map(|one| visit(one, team)).collect())
}

fn visit(taken: Taken, team: Option<TeamId>) -> Obstacle {
    let Taken { resource, reference, from, until } = taken;
    let window = Window { starts_at: from, ends_at: until };
    let kind = kind(resource, team);
    Obstacle { kind, reference, window, note: Some(whose(kind, resource)) }
}

/// Whose time it takes: the word for it and an id, which name nobody.
fn whose(kind: ObstacleKind, resource: Uuid) -> String {
    let word = if kind == ObstacleKind::Booking { "team" } else { "worker" };
    format!("{word} {resource}")
}

fn kind(resource: Uuid, team: Option<TeamId>) -> ObstacleKind {
    if team.is_some_and(|team| team.as_uuid() == resource) {
        ObstacleKind::Booking
    } else {
        ObstacleKind::WorkerBooking
    }
}

/// Goes beside the events of a command that gives a visit to a team, and undoes it if the team then has too many that
/// start on the same day on the clock of the organisation.
pub(super) fn hold_day(
    policy: &SchedulingPolicy,
    team: TeamId,
    starts_at: DateTime<Utc>,
    zone: Tz,
) -> Option<Beside> {
    let limit = policy.max_bookings_per_day?;
    let day = starts_at.with_timezone(&zone).date_naive();
    let Window { starts_at: from, ends_at: until } = search::whole_day(day, zone);
    Some(Beside(json!({
        "do": "plan.hold_day", "team": team, "from": from, "until": until, "limit": limit,
    })))
}

/// Whether the day was full.
pub(super) fn is_day_full<E>(error: &CommandError<E>) -> bool {
    matches!(error, CommandError::RolledBack { code } if code == DAY_FULL)
}

/// Why a command on a booking was not carried out; what took its time is named like every other obstacle.
pub(super) fn refused(error: CommandError<BookingError>, team: TeamId) -> Problem {
    match error {
        error if is_day_full(&error) => Problem::refused(&BookingError::DayFull),
        CommandError::SlotTaken { detail } => match holder(&detail, team) {
            Some(obstacle) => Problem::refused(&BookingError::Hindered(vec![obstacle])),
            None => CommandError::<BookingError>::SlotTaken { detail }.into(),
        },
        error => over_limit(error, Counted::Bookings),
    }
}

/// Who and what a visit was to take.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    pub(super) team: TeamId,
    pub(super) workers: &'a [WorkerId],
    pub(super) window: Window,
    pub(super) buffer: TimeDelta,
}

/// What was done; or as [`refused`], and names everything that stands in the way: the log tells of one visit, and here are
/// the others of team and crew, too. Customers are told when it is, and nothing about whose it is.
pub(super) async fn decided(
    app: &App,
    org: OrgId,
    fate: Result<Done, CommandError<BookingError>>,
    (wish, own): (Wanted<'_>, Option<BookingId>),
    by: Party,
) -> Result<Done, Problem> {
    match fate {
        Ok(done) => Ok(done),
        Err(error) => Err(hindered(app, org, error, (wish, own), by).await),
    }
}

/// Kept free after a visit, unless that is put aside.
pub(super) fn distance(policy: &SchedulingPolicy, forced: Option<&str>) -> TimeDelta {
    let minutes = if forced.is_some() { 0 } else { policy.buffer_minutes };
    TimeDelta::minutes(minutes.into())
}

async fn hindered(
    app: &App,
    org: OrgId,
    error: CommandError<BookingError>,
    (wish, own): (Wanted<'_>, Option<BookingId>),
    by: Party,
) -> Problem {
    let found = match &error {
        CommandError::Refused(BookingError::Hindered(found)) => found.clone(),
        CommandError::SlotTaken { detail } => {
            let whose = (Some(wish.team), wish.workers);
            let found = visits(app, org, whose, (wish.window, wish.buffer), own).await;
            // It was given back in the meantime, or cannot be asked: one is known all the same.
            let found = found.ok().filter(|found| !found.is_empty());
            found.unwrap_or_else(|| holder(detail, wish.team).into_iter().collect())
        }
        _ => Vec::new(),
    };
    if found.is_empty() {
        return refused(error, wish.team);
    }
    let unnamed = |one: Obstacle| Obstacle { reference: String::new(), note: None, ..one };
    Problem::refused(&BookingError::Hindered(match by {
        Party::Client => found.into_iter().map(unnamed).collect(),
        Party::Staff | Party::System => found,
    }))
}

/// What the log said about who holds a time.
fn holder(detail: &Value, team: TeamId) -> Option<Obstacle> {
    let text = |name: &str| detail[name].as_str();
    let at = |name: &str| text(name)?.parse::<DateTime<Utc>>().ok();
    let resource = text("resource")?.parse().ok()?;
    let kind = kind(resource, Some(team));
    Some(Obstacle {
        kind,
        reference: text("reference")?.to_owned(),
        window: Window { starts_at: at("starts_at")?, ends_at: at("ends_at")? },
        note: Some(whose(kind, resource)),
    })
}

/// As the public is told: what it is and when, and nothing about whose it is.
pub(super) fn no_longer_free(obstacles: &[Obstacle]) -> Problem {
    let told = |one: &Obstacle| {
        json!({
            "kind": one.kind,
            "reference": "",
            "starts_at": one.window.starts_at,
            "ends_at": one.window.ends_at,
        })
    };
    Problem::new(Code::SlotTaken)
        .detail("Requested slot is no longer available")
        .with("conflicts", obstacles.iter().map(told).collect())
}

/// What the log said about who holds a time, for the public.
pub(super) fn lost(detail: &Value, team: TeamId) -> Vec<Obstacle> {
    holder(detail, team).into_iter().collect()
}
