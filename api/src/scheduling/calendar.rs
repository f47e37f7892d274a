//! What each team does on each day: hours, visits, time off.

use axum::extract::State;
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use domain::access::Permission;
use domain::id::{OrgId, TeamId};
use domain::scheduling::team::TeamError;
use domain::scheduling::time_off::Scope;
use domain::scheduling::window::Window;
use domain::settings::feature::Feature;
use projections::history::moment::{self, Moment};
use projections::history::past;
use projections::scheduling::booking_list::{self, BookingList, Filter, Item, Order};
use projections::scheduling::team_list::{self, Row, TeamList};
use projections::scheduling::time_off_list::{self, Block, TimeOffList};
use projections::{Projection, Reader, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{instants, taking};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

const VIEW: &[Permission] = &[Permission::BookingsView];

/// Most days of one answer.
const MOST_DAYS: i64 = 31;

/// Most visits of one answer: more than any board shows.
const MOST: i64 = 2_000;

/// What it is made of.
const SOURCES: [&str; 3] = [BookingList::NAME, TeamList::NAME, TimeOffList::NAME];

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(team_calendar), staff(VIEW).feature(Feature::Schedule))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct CalendarQuery {
    /// First day, on the clock of the organisation; today if left out.
    from: Option<NaiveDate>,
    /// Last day, at most 31 days on; the first one if left out.
    to: Option<NaiveDate>,
    /// Of this team only.
    #[param(value_type = Option<String>)]
    team_id: Option<TeamId>,
    /// A position of the log or an instant: the calendar as it was then.
    as_of: Option<String>,
}

/// What each team does on each day
#[utoipa::path(
    get,
    path = "/v1/admin/schedule/team_calendar",
    tag = "scheduling",
    params(CalendarQuery),
    responses((status = 200, description = "Teams in the order of their numbers, each with its days", content_type = "application/json"))
)]
async fn team_calendar(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<CalendarQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let zone = app.settings.of(&app, org).await?.zone;
    let from = asked.from.unwrap_or_else(|| app.now().with_timezone(&zone).date_naive());
    let to = asked.to.unwrap_or(from);
    let span = instants::days(from, to, zone)?;
    if (to - from).num_days() >= MOST_DAYS {
        return Err(Problem::field("to", "Input should be at most 31 days after from"));
    }
    let reached = fresh.reach(&app, org, &SOURCES).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let mut then = None;
    if let Some(as_of) = &asked.as_of {
        then = Some(travel(&app, &mut tx, org, as_of.parse()?).await?);
    }
    let teams = match asked.team_id {
        Some(team) => {
            let found = team_list::find(&mut tx, org, team).await?;
            vec![found.ok_or_else(|| Problem::refused(&TeamError::NotFound))?]
        }
        None => team_list::page(&mut tx, org, (false, 0), team_list::PAGE).await?,
    };
    let ids: Vec<Uuid> = teams.iter().map(|row| row.team.team_id.as_uuid()).collect();
    let off = time_off_list::touching(&mut tx, org, (&ids, &[]), span).await?;
    let filter =
        Filter { between: span, team: asked.team_id.map(TeamId::as_uuid), ..Filter::default() };
    let start = (Order::Earliest, None);
    let visits = booking_list::page(&mut tx, org, &filter, start, MOST).await?;
    tx.rollback().await?;
    let calendar = Calendar { visits, off, zone };
    let days: Vec<NaiveDate> = from.iter_days().take_while(|day| *day <= to).collect();
    let teams: Vec<Value> = teams.iter().map(|row| calendar.team(row, &days)).collect();
    let answer = Answer::json(&json!({ "from_date": from, "to_date": to, "teams": teams }))?;
    Ok(match then {
        Some(position) => answer.reaching(position, false),
        None => reached.mark(answer),
    })
}

/// All that the calendar is made of as it was, and the position that this was.
async fn travel(
    app: &App,
    tx: &mut PgConnection,
    org: OrgId,
    as_of: Moment,
) -> Result<i64, Problem> {
    let position = moment::resolve(&mut *tx, org, as_of).await?;
    let readers = [
        (Reader::of::<BookingList>(), booking_list::KINDS),
        (Reader::of::<TeamList>(), team_list::KINDS),
        (Reader::of::<TimeOffList>(), time_off_list::KINDS),
    ];
    for (reader, kinds) in readers {
        past::travel(&mut *tx, &app.keys, org, (&reader, kinds), position).await?;
    }
    Ok(position)
}

struct Calendar {
    visits: Vec<Item>,
    off: Vec<Block>,
    zone: Tz,
}

impl Calendar {
    fn team(&self, row: &Row, days: &[NaiveDate]) -> Value {
        let days: Vec<Value> = days.iter().map(|day| self.day(row, *day)).collect();
        let team = &row.team;
        json!({ "team_id": team.team_id, "number": team.number, "name": team.name, "days": days })
    }

    fn day(&self, row: &Row, date: NaiveDate) -> Value {
        let team = &row.team;
        let hours = team.working_time(date, self.zone);
        let start = domain::settings::zone::start_of(date, self.zone);
        let end = domain::settings::zone::start_of(date + TimeDelta::days(1), self.zone);
        let day = Window { starts_at: start, ends_at: end };
        let is_here = |visit: &&Item| {
            visit.team_id == team.team_id.as_uuid() && (start..end).contains(&visit.starts_at)
        };
        let visits: Vec<&Item> = self.visits.iter().filter(is_here).collect();
        let stands = visits.iter().filter(|visit| visit.status != "CANCELLED");
        let (mut minutes, mut revenue) = (0, 0);
        for visit in stands {
            minutes += visit.duration_minutes;
            revenue += visit.total_cents.unwrap_or(0);
        }
        let off = self.off.iter().filter(|block| {
            let is_theirs = match block.terms.scope {
                Scope::Org => true,
                Scope::Team(off) => off == team.team_id,
                Scope::Worker(_) => false,
            };
            is_theirs && block.terms.window.overlaps(day)
        });
        let off: Vec<Value> =
            off.map(|block| taking::shown(block.time_off_id, &block.terms)).collect();
        json!({
            "date": date,
            "opens_at": hours.map(|hours| hours.starts_at),
            "closes_at": hours.map(|hours| hours.ends_at),
            "bookings": visits,
            "minutes": minutes,
            "revenue_cents": revenue,
            "blocks": off,
        })
    }
}
