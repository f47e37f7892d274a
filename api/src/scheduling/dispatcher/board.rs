//! The board of a day.

use axum::extract::State;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::access::Permission;
use domain::scheduling::dispatch::point::Point;
use domain::scheduling::dispatch::zones::{self, Zone};
use projections::scheduling::dispatch_board::{self, SOURCES, Visit};
use projections::tenant;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use super::day::{self, Day, MOST, People};
use super::{desk, zones as parts};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(board), desk()).add(routes!(dispatch_board_of_day), desk())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BoardQuery {
    /// The day; today if left out.
    date: Option<String>,
    /// Clock of the day, as an IANA zone; that of the organisation if left out.
    tz: Option<String>,
    /// Visits in this part of town only.
    zone: Option<String>,
}

/// The visits of a day, who can be sent, and where the board stands in the log
#[utoipa::path(
    get,
    path = "/v1/admin/dispatcher/board",
    tag = "dispatch",
    params(BoardQuery),
    responses((status = 200, description = "Visits in the order in which they begin; `data_version` is the position of the log that they include", content_type = "application/json", example = json!({
        "date": "2030-03-04", "timezone": "America/Edmonton", "bookings": [], "workers": [], "teams": [],
        "server_time": "2030-03-04T17:00:00Z", "data_version": 812
    })))
)]
async fn board(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<BoardQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let day = Day::asked(&app, org, asked.date.as_deref(), asked.tz.as_deref()).await?;
    let zones = parts::of(&app, org).await?;
    if asked.zone.as_ref().is_some_and(|name| zones.iter().all(|zone| zone.name != *name)) {
        return Err(Problem::field("zone", "There is no such zone"));
    }
    let reached = fresh.reach(&app, org, &SOURCES).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let version = day::version(&mut tx, org).await?;
    let visits = dispatch_board::day(&mut tx, &app.keys, org, (day.span, None), MOST).await?;
    let people = People::load(&mut tx, org).await?;
    tx.rollback().await?;
    let contacts = sees_contacts(&caller);
    let shown = Shown { people: &people, zones: &zones, contacts, clock: day.zone };
    let is_there = |visit: &&Visit| {
        visit.archived_at.is_none()
            && asked.zone.as_deref().is_none_or(|zone| shown.zone(visit) == Some(zone))
    };
    let bookings: Vec<Value> = visits.iter().filter(is_there).map(|one| shown.visit(one)).collect();
    let answer = json!({
        "date": day.date,
        "timezone": day.zone.name(),
        "bookings": bookings,
        "workers": shown.workers(),
        "teams": shown.teams(),
        "zones": zones.iter().map(|zone| &zone.name).collect::<Vec<_>>(),
        "server_time": app.now(),
        "data_version": version,
    });
    Ok(reached.mark(Answer::json(&answer)?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TwinQuery {
    /// The day, on the clock of the organisation; today if left out.
    date: Option<String>,
    /// Also visits that are out of sight.
    show_archived: Option<bool>,
    /// Also visits that were called off.
    show_cancelled: Option<bool>,
}

/// The visits of a day, as the older screen of the dispatcher reads them
#[utoipa::path(
    get,
    path = "/v1/admin/dispatch/board",
    tag = "dispatch",
    params(TwinQuery),
    responses((status = 200, description = "Visits in the order in which they begin", content_type = "application/json", example = json!({ "day": "2030-03-04", "bookings": [] })))
)]
async fn dispatch_board_of_day(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<TwinQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let day = Day::asked(&app, org, asked.date.as_deref(), None).await?;
    let zones = parts::of(&app, org).await?;
    let reached = fresh.reach(&app, org, &SOURCES).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let visits = dispatch_board::day(&mut tx, &app.keys, org, (day.span, None), MOST).await?;
    let people = People::load(&mut tx, org).await?;
    tx.rollback().await?;
    let contacts = sees_contacts(&caller);
    let shown = Shown { people: &people, zones: &zones, contacts, clock: day.zone };
    let is_wanted = |visit: &&Visit| {
        (asked.show_archived == Some(true) || visit.archived_at.is_none())
            && (asked.show_cancelled == Some(true) || visit.status != "CANCELLED")
    };
    let bookings: Vec<Value> =
        visits.iter().filter(is_wanted).map(|one| shown.visit(one)).collect();
    Ok(reached.mark(Answer::json(&json!({ "day": day.date, "bookings": bookings }))?))
}

/// How people are reached is for those who may read contacts.
fn sees_contacts(caller: &Caller) -> bool {
    caller.may(Permission::ContactsView)
}

/// Visits with whatever of them is known elsewhere.
struct Shown<'a> {
    people: &'a People,
    zones: &'a [Zone],
    contacts: bool,
    clock: Tz,
}

impl Shown<'_> {
    fn zone(&self, visit: &Visit) -> Option<&str> {
        visit.pin.and_then(|pin| zones::zone_of(self.zones, pin))
    }

    /// As the clock of the day shows it: what other programs believe about its zone may be older, or newer.
    fn local(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.clock).format("%Y-%m-%dT%H:%M").to_string()
    }

    fn visit(&self, visit: &Visit) -> Value {
        let worker = visit.lead_worker.or_else(|| visit.crew.first().copied());
        let worker = worker.map(
            |id| json!({ "worker_id": id, "name": self.people.worker(id).map(|row| &row.name) }),
        );
        json!({
            "booking_id": visit.booking_id,
            "status": visit.status,
            "starts_at": visit.starts_at,
            "ends_at": visit.ends_at,
            "local_starts_at": self.local(visit.starts_at),
            "local_ends_at": self.local(visit.ends_at),
            "duration_min": visit.window().minutes(),
            "client": {
                "id": visit.client_id,
                "name": visit.name,
                "phone": visit.phone.as_ref().filter(|_| self.contacts),
            },
            "address": {
                "id": null,
                "formatted": visit.place.as_ref().filter(|_| self.contacts),
                "lat": visit.pin.map(Point::lat),
                "lng": visit.pin.map(Point::lng),
                "zone": self.zone(visit),
            },
            "assigned_worker": worker,
            "crew": visit.crew,
            "team_id": visit.team_id,
            "team_name": self.people.team(visit.team_id).map(|row| &row.team.name),
            "service_type": visit.service,
            "started_at": visit.started_at,
            "archived_at": visit.archived_at,
            "updated_at": visit.updated_at,
        })
    }

    fn workers(&self) -> Vec<Value> {
        let line = |row: &projections::people::worker_list::Row| {
            let team = self.people.teams.iter().find(|team| team.team.number == row.team);
            json!({
                "worker_id": row.worker_id,
                "name": row.name,
                "phone": Some(&row.phone).filter(|_| self.contacts),
                "team_id": team.map(|team| team.team.team_id),
                "team_number": row.team,
            })
        };
        self.people.workers.iter().map(line).collect()
    }

    fn teams(&self) -> Vec<Value> {
        let line = |row: &projections::scheduling::team_list::Row| {
            let team = &row.team;
            json!({
                "team_id": team.team_id,
                "number": team.number,
                "name": team.name,
                "calendar_color": team.setup.calendar_color,
            })
        };
        self.people.teams.iter().map(line).collect()
    }
}
