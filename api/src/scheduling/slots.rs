//! `GET /v1/slots`: times that the public may choose from.

use std::collections::BTreeSet;

use axum::extract::State;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use commands::Taken;
use domain::id::OrgId;
use domain::sales::estimate::CleaningType;
use domain::scheduling::duration;
use domain::scheduling::search::{self, Obstacle, ObstacleKind, Wanted};
use domain::scheduling::team::Details;
use domain::scheduling::time_off::Scope;
use domain::scheduling::window::Window;
use projections::scheduling::{team_list, time_off_list};
use projections::tenant;
use serde::Deserialize;
use serde_json::{Number, json};
use sqlx::PgPool;
use utoipa_axum::routes;
use uuid::Uuid;

use super::instants;
use crate::answer::Answer;
use crate::extract::Parameters;
use crate::organisation::Public;
use crate::problem::Problem;
use crate::route::{Routes, public};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(slots), public())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SlotsQuery {
    /// On the clock of the organisation.
    date: NaiveDate,
    /// How long it takes; more than 0.
    #[param(value_type = f64)]
    time_on_site_hours: String,
    /// `standard`, `deep`, `move_out_empty` or `move_in_empty`.
    #[param(value_type = Option<String>)]
    service_type: Option<CleaningType>,
    /// 0 to 23: not before this hour. Only together with `window_end_hour`.
    window_start_hour: Option<u32>,
    /// 1 to 24: before this hour.
    window_end_hour: Option<u32>,
}

impl SlotsQuery {
    fn hours(&self) -> Result<Option<(u32, u32)>, Problem> {
        match (self.window_start_hour, self.window_end_hour) {
            (None, None) => Ok(None),
            (Some(from), Some(until)) if from < until && until <= 24 => Ok(Some((from, until))),
            (Some(_), Some(_)) => {
                Err(Problem::field("window_end_hour", "Input should be later, and at most 24"))
            }
            (None, Some(_)) => Err(Problem::field("window_start_hour", "Field required")),
            (Some(_), None) => Err(Problem::field("window_end_hour", "Field required")),
        }
    }
}

/// Times at which somebody could come on a day, three at most
#[utoipa::path(
    get,
    path = "/v1/slots",
    tag = "intake",
    params(SlotsQuery),
    responses(
        (status = 200, description = "`clarifier` is for the visitor, where the times are not those asked for", content_type = "application/json", example = json!({
            "date": "2030-03-04", "duration_minutes": 120, "slots": ["2030-03-04T16:00:00Z"], "clarifier": null
        })),
        (status = 422, description = "Unusable parameters")
    )
)]
async fn slots(
    State(app): State<AppState>,
    Public(org): Public,
    Parameters(asked): Parameters<SlotsQuery>,
) -> Result<Answer, Problem> {
    let hours = asked.hours()?;
    let number = serde_json::from_str::<Number>(&asked.time_on_site_hours).ok();
    let minutes = minutes(number.as_ref(), asked.service_type)?;
    let zone = app.settings.of(&app, org.id).await?.zone;
    instants::near("date", asked.date)?;
    let teams = active(&app.reads, org.id).await?;
    let free = free(&app, org.id, &teams, (asked.date, zone, minutes)).await?;
    let offer = search::offer(&free, hours, zone);
    Answer::json(&json!({
        "date": asked.date,
        "duration_minutes": minutes,
        "slots": offer.starts,
        "clarifier": offer.clarifier,
    }))
}

/// How long a visit takes that is asked for in hours.
pub(super) fn minutes(
    hours: Option<&Number>,
    service: Option<CleaningType>,
) -> Result<u32, Problem> {
    let hundredths = hours.and_then(domain::input::hundredths_up).filter(|hours| *hours > 0);
    let hundredths = hundredths
        .ok_or_else(|| Problem::field("time_on_site_hours", "Input should be a number above 0"))?;
    Ok(duration::of_hours(hundredths, service))
}

/// The teams that take visits, in the order in which they are asked.
pub(super) async fn active(reads: &PgPool, org: OrgId) -> Result<Vec<Details>, sqlx::Error> {
    let mut tx = tenant::begin(reads, org).await?;
    let rows = team_list::page(&mut tx, org, (false, 0), team_list::PAGE).await?;
    Ok(rows.into_iter().map(|row| row.team).collect())
}

/// Every time on a day at which one of `teams` could start, in order.
pub(super) async fn free(
    app: &App,
    org: OrgId,
    teams: &[Details],
    (date, zone, minutes): (NaiveDate, Tz, u32),
) -> Result<Vec<DateTime<Utc>>, Problem> {
    let open = teams.iter().filter_map(|team| Some((team, team.working_time(date, zone)?)));
    let open: Vec<(&Details, Window)> = open.collect();
    let holds = app.prices.of(app, org).await?;
    let policy = &holds.book.policies.scheduling;
    let buffer = TimeDelta::minutes(policy.buffer_minutes.into());
    let first = open.iter().map(|(_, day)| day.starts_at).min();
    let last = open.iter().map(|(_, day)| day.ends_at).max();
    let (Some(first), Some(last)) = (first, last) else { return Ok(Vec::new()) };
    let hours = Window { starts_at: first, ends_at: last }.widened(buffer);
    let whole = search::whole_day(date, zone);
    let span = Window {
        starts_at: hours.starts_at.min(whole.starts_at),
        ends_at: hours.ends_at.max(whole.ends_at),
    };
    let resources: Vec<Uuid> = open.iter().map(|(team, _)| team.team_id.as_uuid()).collect();
    let taken = app.bus.taken(org, &resources, (span.starts_at, span.ends_at)).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let blocks = time_off_list::touching(&mut tx, org, (&resources, &[]), span).await?;
    drop(tx);

    let (earliest, latest) = (policy.earliest(app.now()), policy.latest(app.now()));
    let wanted = Wanted { minutes, step: policy.slot_duration_minutes, buffer, earliest, latest };
    let mut free = BTreeSet::new();
    for (team, day) in open {
        let is_today = |one: &&Taken| {
            one.resource == team.team_id.as_uuid()
                && (whole.starts_at..whole.ends_at).contains(&one.from)
        };
        let today = taken.iter().filter(is_today).count();
        if policy.max_bookings_per_day.is_some_and(|most| today >= most.into()) {
            continue;
        }
        let visits = taken.iter().filter(|one| one.resource == team.team_id.as_uuid());
        // What is taken includes the way to the next visit, which the search adds by itself.
        let visits = visits.map(|one| Obstacle {
            kind: ObstacleKind::Booking,
            reference: String::new(),
            window: Window { starts_at: one.from, ends_at: one.until - buffer },
            note: None,
        });
        let off = blocks.iter().filter(|block| match block.terms.scope {
            Scope::Org => true,
            Scope::Team(off) => off == team.team_id,
            Scope::Worker(_) => false,
        });
        let obstacles: Vec<_> = visits.chain(off.map(time_off_list::Block::obstacle)).collect();
        free.extend(
            search::free_starts(day, &obstacles, wanted)
                .into_iter()
                .filter(|start| *start > app.now()),
        );
    }
    Ok(free.into_iter().collect())
}
