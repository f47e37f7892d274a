//! Who could make a visit, the best first.

use std::collections::{HashMap, HashSet};

use axum::extract::State;
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::id::{BookingId, OrgId};
use domain::people::compliance::Gap;
use domain::scheduling::booking::BookingError;
use domain::scheduling::dispatch::point::Point;
use domain::scheduling::dispatch::route;
use domain::scheduling::dispatch::suggest::{self, Candidate, Ranked};
use domain::scheduling::dispatch::zones::{self, Zone};
use domain::scheduling::search;
use domain::scheduling::terms::policies::WayPolicy;
use domain::scheduling::time_off::Scope;
use domain::scheduling::window::Window;
use projections::customers::ratings::{self, Rating};
use projections::scheduling::dispatch_board::{self, SOURCES, Visit};
use projections::scheduling::time_off_list;
use projections::tenant;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::facts;
use super::day::{MOST, People};
use super::{desk, zones as parts};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::people::compliance;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};

/// More than anybody reads.
const LONGEST: i64 = 50;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(suggest_workers), desk())
}

/// A visit that somebody shall make.
pub(in super::super) struct Free {
    /// When.
    pub(in super::super) window: Window,
    /// By which team; any if none is said.
    pub(in super::super) team: Option<Uuid>,
    /// The visit itself, if there is one: what it takes is free for it.
    pub(in super::super) own: Option<BookingId>,
    /// Where it is, if that is known.
    pub(in super::super) place: Option<Point>,
    /// The clock of the day.
    pub(in super::super) zone: Tz,
}

/// Who is free for it, with what is known about each; and the teams that are.
pub(in super::super) struct Found {
    pub(in super::super) candidates: Vec<Candidate>,
    pub(in super::super) people: People,
    /// Teams that work then and have nothing else to do.
    pub(in super::super) teams: Vec<Uuid>,
}

/// Looks who is free.
pub(in super::super) async fn free_workers(
    app: &App,
    org: OrgId,
    wish: &Free,
) -> Result<Found, Problem> {
    let zones = parts::of(app, org).await?;
    let holds = app.prices.of(app, org).await?;
    let policies = &holds.book.policies;
    let buffer = TimeDelta::minutes(policies.scheduling.buffer_minutes.into());
    let day =
        search::whole_day(wish.window.starts_at.with_timezone(&wish.zone).date_naive(), wish.zone);
    let mut tx = tenant::begin(&app.reads, org).await?;
    let mut people = People::load(&mut tx, org).await?;
    people.teams.retain(|row| wish.team.is_none_or(|team| row.team.team_id.as_uuid() == team));
    let numbers: HashSet<i32> = people.teams.iter().map(|row| row.team.number).collect();
    people.workers.retain(|row| numbers.contains(&row.team));
    let teams: Vec<Uuid> = people.teams.iter().map(|row| row.team.team_id.as_uuid()).collect();
    let workers: Vec<Uuid> = people.workers.iter().map(|row| row.worker_id).collect();
    let visits = dispatch_board::day(&mut tx, &app.keys, org, (day, None), MOST).await?;
    let off = time_off_list::touching(&mut tx, org, (&teams, &workers), wish.window).await?;
    let ratings = ratings::of_workers(&mut tx, org, &workers).await?;
    tx.rollback().await?;
    let all: Vec<Uuid> = teams.iter().chain(&workers).copied().collect();
    let span = (wish.window.starts_at, wish.window.ends_at + buffer);
    let own = wish.own.map(|own| own.to_string());
    let taken = app.bus.taken(org, &all, span).await?;
    let mut busy: HashSet<Uuid> = taken
        .into_iter()
        .filter(|one| Some(&one.reference) != own.as_ref())
        .map(|one| one.resource)
        .collect();
    let mut is_closed = false;
    for block in off.iter().filter(|block| block.obstacle().hinders(wish.window, buffer)) {
        match block.terms.scope {
            Scope::Org => is_closed = true,
            Scope::Team(team) => {
                busy.insert(team.as_uuid());
            }
            Scope::Worker(worker) => {
                busy.insert(worker.as_uuid());
            }
        }
    }
    // The team of a visit that is there already has taken its time.
    let is_free = |team: &Uuid| !is_closed && !busy.contains(team);
    let open = people.teams.iter().filter(|row| facts::is_open(&row.team, wish.window, wish.zone));
    let teams: Vec<Uuid> = open.map(|row| row.team.team_id.as_uuid()).filter(is_free).collect();
    let blocked: HashSet<i32> = people
        .teams
        .iter()
        .filter(|row| is_closed || busy.contains(&row.team.team_id.as_uuid()))
        .map(|row| row.team.number)
        .collect();
    let on_the_way =
        OnTheWay { visits: &visits, zones: &zones, ratings: &ratings, ways: &policies.ways, wish };
    let candidates = people
        .workers
        .iter()
        .filter(|row| !busy.contains(&row.worker_id) && !blocked.contains(&row.team))
        .map(|row| on_the_way.candidate(row.worker_id))
        .collect();
    Ok(Found { candidates, people, teams })
}

/// What somebody has to do on that day, and from where they come.
struct OnTheWay<'a> {
    visits: &'a [Visit],
    zones: &'a [Zone],
    ratings: &'a HashMap<Uuid, Rating>,
    ways: &'a WayPolicy,
    wish: &'a Free,
}

impl OnTheWay<'_> {
    fn candidate(&self, worker: Uuid) -> Candidate {
        let own = self.wish.own.map(BookingId::as_uuid);
        let theirs = || {
            self.visits.iter().filter(move |visit| {
                Some(visit.booking_id) != own
                    && visit.status != "CANCELLED"
                    && visit.crew.contains(&worker)
            })
        };
        let busy_minutes = theirs().map(|visit| visit.window().minutes()).sum();
        let before = theirs().filter(|visit| visit.ends_at <= self.wish.window.starts_at);
        let last = before.max_by_key(|visit| visit.ends_at);
        let eta_minutes = last
            .and_then(|visit| visit.pin)
            .zip(self.wish.place)
            .map(|way| self.minutes(way, self.wish.window.starts_at));
        let rating = self.ratings.get(&worker);
        let rating = rating.and_then(|rating| u32::try_from(rating.thousandths).ok());
        // What single workers are good at is not written down: it counts half.
        Candidate { worker, eta_minutes, skill: None, rating, busy_minutes }
    }

    fn minutes(&self, (from, to): (Point, Point), at: DateTime<Utc>) -> u32 {
        let downtown = zones::is_downtown(self.zones, from) || zones::is_downtown(self.zones, to);
        let month = at.with_timezone(&self.wish.zone).month();
        route::estimate((from, to), month, downtown, self.ways).minutes
    }
}

/// Those who are free as clients read them, the best first, with the certificates that each should have and has not.
pub(in super::super) async fn ranked(
    app: &App,
    org: OrgId,
    found: &Found,
    limit: usize,
) -> Result<Vec<Value>, Problem> {
    let mut ranked = suggest::rank(found.candidates.clone());
    ranked.truncate(limit);
    let rows = ranked.iter().filter_map(|one| found.people.worker(one.candidate.worker));
    let gaps = compliance::of_rows(app, org, &rows.collect::<Vec<_>>()).await?;
    let of = |one: &Ranked| gaps.get(&one.candidate.worker).map_or(&[][..], Vec::as_slice);
    Ok(ranked.iter().map(|one| line(one, &found.people, of(one))).collect())
}

fn line(ranked: &Ranked, people: &People, gaps: &[Gap]) -> Value {
    let Candidate { worker, eta_minutes, rating, skill, busy_minutes } = ranked.candidate;
    let row = people.worker(worker);
    let team = row.and_then(|row| people.teams.iter().find(|team| team.team.number == row.team));
    let thousandths = |number: u32| f64::from(number) / 1_000.0;
    json!({
        "worker_id": worker,
        "name": row.map(|row| &row.name),
        "team_id": team.map(|team| team.team.team_id),
        "score": thousandths(ranked.score),
        "eta_min": eta_minutes,
        "rating": rating.map(thousandths),
        "skill": skill.map(thousandths),
        "busy_minutes": busy_minutes,
        "reasons": ranked.reasons,
        "compliance": gaps,
    })
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SuggestQuery {
    /// The visit.
    #[param(value_type = String)]
    booking_id: BookingId,
    /// 1 to 50, else 5.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<i64>,
}

/// Who of the team could make a visit, the best first
#[utoipa::path(
    get,
    path = "/v1/admin/dispatcher/assign/suggest",
    tag = "dispatch",
    params(SuggestQuery),
    responses((status = 200, description = "Whoever is free; `score` is of 1, and what is not known counts half; `compliance` names certificates that somebody should have and has not, and counts for nothing", content_type = "application/json", example = json!({
        "booking_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "suggestions": [{
            "worker_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "name": "Wes", "team_id": null, "score": 0.575,
            "eta_min": null, "rating": null, "skill": null, "busy_minutes": 0, "reasons": ["light_load"],
            "compliance": [{ "skill": "window_cleaning", "certificate": "Ladder Safety", "state": "missing" }]
        }]
    })))
)]
async fn suggest_workers(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<SuggestQuery>,
) -> Result<Answer, Problem> {
    let (org, most) = (caller.org(), limit(Some(asked.limit.unwrap_or(5)), LONGEST)?);
    let reached = fresh.reach(&app, org, &SOURCES).await?;
    let zone = app.settings.of(&app, org).await?.zone;
    let visit = visit(&app, org, asked.booking_id).await?;
    let wish = Free {
        window: visit.window(),
        team: Some(visit.team_id),
        own: Some(asked.booking_id),
        place: visit.pin,
        zone,
    };
    let found = free_workers(&app, org, &wish).await?;
    let most = usize::try_from(most).unwrap_or_default();
    let ranked = ranked(&app, org, &found, most).await?;
    let body = json!({ "booking_id": asked.booking_id, "suggestions": ranked });
    Ok(reached.mark(Answer::json(&body)?))
}

/// One visit as the board knows it.
pub(super) async fn visit(app: &App, org: OrgId, booking: BookingId) -> Result<Visit, Problem> {
    let always = projections::scheduling::booking_list::ALWAYS;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = dispatch_board::day(&mut tx, &app.keys, org, (always, Some(booking)), 1).await?;
    found.into_iter().next().ok_or_else(|| Problem::refused(&BookingError::NotFound))
}
