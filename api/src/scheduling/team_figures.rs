//! Teams in figures: what each did in a month, one beside the other, and its last visits.

use std::collections::HashMap;

use axum::extract::State;
use chrono::{Datelike, Months, NaiveDate};
use domain::access::Permission;
use domain::id::{OrgId, TeamId};
use domain::scheduling::team::{Details, Team, TeamError};
use domain::scheduling::window::Window;
use domain::settings::feature::Feature;
use projections::customers::ratings::{self, Rating};
use projections::people::worker_list;
use projections::scheduling::booking_list::figures::{self, Figures};
use projections::scheduling::booking_list::{self, BookingList, Filter, Order};
use projections::scheduling::team_list::{self, TeamList};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa_axum::routes;
use uuid::Uuid;

use super::{continued, instants};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::dashboard::share;
use crate::extract::{Parameters, Path, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

const VIEW: &[Permission] = &[Permission::CoreView];

/// Longest span of figures, in days.
const LONGEST: i64 = 366;

/// Teams of one comparison.
const TEAMS: i64 = 200;

/// More than any organisation has.
const MEMBERS: i64 = 10_000;

/// Visits of one answer at most.
const VISITS: i64 = 100;

pub(super) fn routes() -> Routes {
    let view = staff(VIEW).feature(Feature::Teams);
    Routes::default()
        .add(routes!(compare_teams), view)
        .add(routes!(team_metrics), view)
        .add(routes!(recent_bookings), view)
}

/// What is known of teams at this moment beside what they are.
pub(super) struct Now {
    members: Vec<worker_list::Row>,
    month: Vec<(Uuid, Figures)>,
    ratings: HashMap<Uuid, Rating>,
    led: HashMap<Uuid, Rating>,
}

impl Now {
    pub(super) async fn of(app: &App, db: &mut PgConnection, org: OrgId) -> Result<Self, Problem> {
        let active = worker_list::Filter { archived: Some(false), ..Default::default() };
        let members = worker_list::page(&mut *db, org, &active, None, MEMBERS).await?;
        let (month, ratings) = of_month(app, &mut *db, org).await?;
        let all: Vec<Uuid> = members.iter().map(|row| row.worker_id).collect();
        let led = ratings::of_workers(db, org, &all).await?;
        Ok(Self { members, month, ratings, led })
    }

    pub(super) fn beside(&self, line: &mut Value, team: &Details) {
        let lead = team.setup.lead.and_then(|lead| {
            let row = self.members.iter().find(|row| row.worker_id == lead.as_uuid())?;
            let rating = self.led.get(&row.worker_id).map(|rating| rating.stars());
            Some(json!({ "worker_id": lead, "name": row.name, "rating_avg": rating }))
        });
        let count = self.members.iter().filter(|row| row.team == team.number).count();
        let figures = of(&self.month, team.team_id);
        line["lead"] = json!(lead);
        line["worker_count"] = count.into();
        line["monthly_bookings"] = figures.bookings.into();
        line["monthly_booked_revenue_cents"] = figures.booked_revenue_cents.into();
        let rating = self.ratings.get(&team.team_id.as_uuid());
        line["rating_avg"] = json!(rating.map(|rating| rating.stars()));
        line["rating_count"] = rating.map_or(0, |rating| rating.count).into();
    }
}

/// The figures of this month, by team, and how the visits of each were rated.
async fn of_month(
    app: &App,
    db: &mut PgConnection,
    org: OrgId,
) -> Result<(Vec<(Uuid, Figures)>, HashMap<Uuid, Rating>), Problem> {
    let (_, _, span) = span(app, org, None, None).await?;
    let figures = figures::by_team(&mut *db, org, span, None).await?;
    Ok((figures, ratings::of_teams(db, org, span).await?))
}

/// Of a team in `all`; nothing if it had no visit.
fn of(all: &[(Uuid, Figures)], team: TeamId) -> Figures {
    let found = all.iter().find(|(id, _)| *id == team.as_uuid());
    found.map(|(_, figures)| figures.clone()).unwrap_or_default()
}

/// The days that were asked for on the clock of the organisation; this month if none were.
async fn span(
    app: &App,
    org: OrgId,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<(NaiveDate, NaiveDate, Window), Problem> {
    let zone = app.settings.of(app, org).await?.zone;
    let today = app.now().with_timezone(&zone).date_naive();
    let first = from.unwrap_or_else(|| today.with_day(1).unwrap_or(today));
    let end = || first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
    let last = to.or_else(end).unwrap_or(first);
    let span = instants::days(first, last, zone)?;
    if (last - first).num_days() >= LONGEST {
        return Err(Problem::field("to", "Input should be at most 366 days after from"));
    }
    Ok((first, last, span))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SpanQuery {
    /// First day, on the clock of the organisation; the first of this month if left out.
    from: Option<NaiveDate>,
    /// Last day, at most 366 days on; the last of the month of `from` if left out.
    to: Option<NaiveDate>,
}

fn metrics(figures: &Figures, rating: Option<Rating>) -> Value {
    let stand = figures.bookings - figures.cancelled;
    json!({
        "bookings_count": figures.bookings,
        "completed_count": figures.done,
        "cancelled_count": figures.cancelled,
        "booked_revenue_cents": figures.booked_revenue_cents,
        "completion_rate": share(figures.done, figures.bookings),
        "average_booking_cents": (stand > 0).then(|| figures.booked_revenue_cents / stand),
        "average_rating": rating.map(Rating::stars),
        "rating_count": rating.map_or(0, |rating| rating.count),
    })
}

/// Teams beside each other, in the order of their numbers
#[utoipa::path(
    get,
    path = "/v1/admin/teams/compare",
    tag = "scheduling",
    params(SpanQuery),
    responses((status = 200, description = "A line for each team that takes visits; a rating is null where nobody rated a visit", content_type = "application/json"))
)]
async fn compare_teams(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<SpanQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let (from, to, span) = span(&app, org, asked.from, asked.to).await?;
    let reached = fresh.reach(&app, org, &[TeamList::NAME, BookingList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let teams = team_list::page(&mut tx, org, (false, 0), TEAMS).await?;
    let all = figures::by_team(&mut tx, org, span, None).await?;
    let ratings = ratings::of_teams(&mut tx, org, span).await?;
    tx.rollback().await?;
    let line = |row: &team_list::Row| {
        let rating = ratings.get(&row.team.team_id.as_uuid()).copied();
        let mut line = metrics(&of(&all, row.team.team_id), rating);
        line["team_id"] = json!(row.team.team_id);
        line["number"] = row.team.number.into();
        line["name"] = row.team.name.clone().into();
        line
    };
    let teams: Vec<Value> = teams.iter().map(line).collect();
    Ok(reached.mark(Answer::json(&json!({ "from": from, "to": to, "teams": teams }))?))
}

/// One team in figures
#[utoipa::path(
    get,
    path = "/v1/admin/teams/{team_id}/metrics",
    tag = "scheduling",
    params(("team_id" = Uuid, Path), SpanQuery),
    responses((status = 200, description = "`booked_revenue_cents` is what visits that were not called off cost, paid or not", content_type = "application/json"))
)]
async fn team_metrics(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<TeamId>,
    Parameters(asked): Parameters<SpanQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    known(&app, org, id).await?;
    let (from, to, span) = span(&app, org, asked.from, asked.to).await?;
    let reached = fresh.reach(&app, org, &[BookingList::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let all = figures::by_team(&mut tx, org, span, Some(id)).await?;
    let ratings = ratings::of_teams(&mut tx, org, span).await?;
    tx.rollback().await?;
    let mut body = metrics(&of(&all, id), ratings.get(&id.as_uuid()).copied());
    body["team_id"] = json!(id);
    (body["from"], body["to"]) = (json!(from), json!(to));
    Ok(reached.mark(Answer::json(&body)?))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RecentQuery {
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// The visits of a team, the last first
#[utoipa::path(
    get,
    path = "/v1/admin/teams/{team_id}/recent_bookings",
    tag = "scheduling",
    params(("team_id" = Uuid, Path), RecentQuery),
    responses((status = 200, description = "One page; `X-Next-Cursor` says where the next begins", content_type = "application/json"))
)]
async fn recent_bookings(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<TeamId>,
    Parameters(asked): Parameters<RecentQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, VISITS)?);
    let after = cursor::asked(asked.cursor.as_deref())?;
    known(&app, org, id).await?;
    let reached = fresh.reach(&app, org, &[BookingList::NAME]).await?;
    let filter = Filter { team: Some(id.as_uuid()), ..Filter::default() };
    let mut tx = tenant::begin(&app.reads, org).await?;
    let visits = booking_list::page(&mut tx, org, &filter, (Order::Latest, after), limit).await?;
    tx.rollback().await?;
    let next = cursor::last_of_full(&visits, limit)
        .map(|visit| cursor::shown(visit.starts_at, visit.booking_id));
    let contacts = caller.may(Permission::ContactsView);
    let line = |visit: &booking_list::Item| {
        json!({
            "booking_id": visit.booking_id,
            "starts_at": visit.starts_at,
            "duration_minutes": visit.duration_minutes,
            "status": visit.status,
            "client_name": Some(&visit.lead_name).filter(|_| contacts),
            "total_cents": visit.total_cents,
        })
    };
    let lines: Vec<Value> = visits.iter().map(line).collect();
    Ok(reached.mark(continued(Answer::json(&lines)?, next.as_deref())))
}

async fn known(app: &App, org: OrgId, id: TeamId) -> Result<(), Problem> {
    let found = app.bus.load::<Team>(org, &id.to_string()).await?;
    found.state.details().map(|_| ()).ok_or_else(|| Problem::refused(&TeamError::NotFound))
}
