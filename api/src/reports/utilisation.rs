//! `GET /v1/admin/reports/utilisation`: how much of the time of workers and teams was booked, and worked.

use std::collections::{BTreeMap, HashMap};

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::personal::PLACEHOLDER;
use domain::scheduling::team::Details;
use domain::scheduling::time_off::{Scope, Terms};
use domain::scheduling::window::Window;
use domain::settings::feature::Feature;
use projections::reporting::read::{self, Visit};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{Format, Range, says_how};
use super::explain::{Explain, Fact};
use super::report::{Report, Row, row};
use super::then::Then;
use super::{REPORTS, report, time};
use crate::caller::Caller;
use crate::dashboard::share;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(utilisation), report(REPORTS, Feature::Analytics))
}

/// Whose time it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
enum Group {
    #[default]
    Worker,
    Team,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct UtilisationQuery {
    /// First day, on the clock of the organisation; the first of the month, if left out.
    from: Option<NaiveDate>,
    /// Last day, less than three years later; today, if left out.
    to: Option<NaiveDate>,
    /// `worker` (the default) or `team`.
    #[param(value_type = Option<String>)]
    group: Option<Group>,
    /// A position of the log or an instant: the report as it was then.
    as_of: Option<String>,
    /// `json` (the default), or `csv`: the whole table.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// 1 shows the visits behind the figures, page by page, each with its event.
    #[param(minimum = 0, maximum = 1)]
    explain: Option<u8>,
    /// `explain.next_after` of the page before.
    explain_after: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<usize>,
    /// Rows of a page: 1 to 1000, else 366; of facts 500 at most, else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

says_how!(UtilisationQuery);

const WORKERS: [&str; 8] = [
    "worker_id",
    "worker",
    "available_minutes",
    "booked_minutes",
    "worked_minutes",
    "visits",
    "booked_share",
    "worked_share",
];

const TEAMS: [&str; 8] = [
    "team_id",
    "team",
    "available_minutes",
    "booked_minutes",
    "worked_minutes",
    "visits",
    "booked_share",
    "worked_share",
];

/// The minutes of one row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Minutes {
    pub(super) available: i64,
    pub(super) booked: i64,
    pub(super) worked: i64,
    visits: i64,
}

impl Minutes {
    fn is_none(self) -> bool {
        self == Self::default()
    }

    fn plus(self, other: Self) -> Self {
        Self {
            available: self.available + other.available,
            booked: self.booked + other.booked,
            worked: self.worked + other.worked,
            visits: self.visits + other.visits,
        }
    }

    fn into(self, line: &mut Row) {
        line.extend(row(json!({
            "available_minutes": self.available,
            "booked_minutes": self.booked,
            "worked_minutes": self.worked,
            "visits": self.visits,
            "booked_share": share(self.booked, self.available),
            "worked_share": share(self.worked, self.available),
        })));
    }
}

type ById = BTreeMap<Uuid, Minutes>;

/// When the organisation, each team and each worker take no visits.
#[derive(Default)]
struct Off {
    org: Vec<Window>,
    of: HashMap<Uuid, Vec<Window>>,
}

impl Off {
    fn of(blocks: Vec<Terms>) -> Self {
        let mut off = Self::default();
        for Terms { scope, window, .. } in blocks {
            match scope {
                Scope::Org => off.org.push(window),
                Scope::Team(team) => off.of.entry(team.as_uuid()).or_default().push(window),
                Scope::Worker(worker) => off.of.entry(worker.as_uuid()).or_default().push(window),
            }
        }
        off
    }

    fn hinders(&self, whose: &[Uuid]) -> Vec<Window> {
        let own = whose.iter().filter_map(|id| self.of.get(id)).flatten();
        self.org.iter().chain(own).copied().collect()
    }
}

/// How long each team could have been sent out.
pub(super) async fn of_teams(
    then: &mut Then,
    teams: &BTreeMap<Uuid, Details>,
    range: &Range,
) -> Result<ById, Problem> {
    let at = then.at();
    let off = Off::of(read::time_off(&mut then.db, at, range.window).await?);
    let days = time::working_days((range.from, range.to), &then.settings.holidays);
    let minutes = |(id, team): (&Uuid, &Details)| {
        let off = off.hinders(&[*id]);
        let open = days.iter().filter_map(|day| time::open(team, *day, then.zone));
        let available = open.map(|hours| time::left(hours, &off)).sum();
        (*id, Minutes { available, ..Minutes::default() })
    };
    Ok(teams.iter().map(minutes).collect())
}

/// How long each worker could have been sent out, with the team that they were in on each day.
pub(super) async fn of_workers(
    then: &mut Then,
    teams: &BTreeMap<Uuid, Details>,
    range: &Range,
) -> Result<ById, Problem> {
    let at = then.at();
    let off = Off::of(read::time_off(&mut then.db, at, range.window).await?);
    let zone = then.zone;
    let day = |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).date_naive();
    let members = read::memberships(&mut then.db, at, day).await?;
    let days = time::working_days((range.from, range.to), &then.settings.holidays);
    let numbered: HashMap<i32, &Details> = teams.values().map(|team| (team.number, team)).collect();
    let minutes = |(id, member): (&Uuid, &read::Membership)| {
        let mut available = 0;
        for day in &days {
            let team = member.team_on(*day).and_then(|number| numbered.get(&number));
            let open = team.and_then(|team| Some((team, time::open(team, *day, then.zone)?)));
            if let Some((team, hours)) = open {
                available += time::left(hours, &off.hinders(&[team.team_id.as_uuid(), *id]));
            }
        }
        (*id, Minutes { available, ..Minutes::default() })
    };
    Ok(members.iter().map(minutes).collect())
}

/// Adds what was booked and worked on the days of `range`.
struct Count<'a> {
    then: &'a Then,
    range: Range,
    group: Group,
    all: &'a mut ById,
    explain: &'a mut Explain,
}

impl Count<'_> {
    fn whose(&self, visit: &Visit) -> Vec<Uuid> {
        match self.group {
            Group::Worker => visit.crew.clone(),
            Group::Team => vec![visit.team_id],
        }
    }

    fn visit(&mut self, visit: &Visit) {
        let whose = self.whose(visit);
        if visit.stands() && self.range.holds(visit.starts_at) {
            let (minutes, position) = (visit.booked_minutes(), visit.placed_position);
            for id in &whose {
                let own = self.all.entry(*id).or_default();
                (own.booked, own.visits) = (own.booked + minutes, own.visits + 1);
                self.say(("booked_minutes", minutes), *id, visit, (visit.starts_at, position));
                self.say(("visits", 1), *id, visit, (visit.starts_at, position));
            }
        }
        let completed = visit.completed_at.zip(visit.completed_position);
        let completed = completed.filter(|(at, _)| self.range.holds(*at));
        if let (Some((at, position)), Some(minutes)) = (completed, visit.actual_minutes) {
            for id in &whose {
                self.all.entry(*id).or_default().worked += i64::from(minutes);
                self.say(("worked_minutes", minutes.into()), *id, visit, (at, position));
            }
        }
    }

    fn say(
        &mut self,
        (figure, value): (&'static str, i64),
        whose: Uuid,
        visit: &Visit,
        (at, position): (chrono::DateTime<chrono::Utc>, i64),
    ) {
        if !self.explain.is_wanted() {
            return;
        }
        let name = format!("{}_id", <&str>::from(self.group));
        let row = Value::from(Row::from_iter([(name, json!(whose))]));
        let (id, day) = (visit.booking_id.to_string(), self.then.day(at));
        self.explain.say(&Fact { figure, value, row, kind: "booking", id: &id, day, at, position });
    }
}

fn basis() -> Value {
    json!({
        "available_minutes": "working hours of the team as they stand, without holidays of the organisation and time off; of a worker on each day those of the team they were in",
        "booked_minutes": "visits that were not called off, from beginning to end, on the day they begin",
        "worked_minutes": "visits that are done, as long as they took, on the day they were completed",
        "visits": "visits that were not called off, on the day they begin",
        "booked_share": "booked by available minutes, 0 where nobody was available",
        "worked_share": "worked by available minutes, 0 where nobody was available",
    })
}

/// How much of the time of workers or teams was booked and worked; that it was read is an entry of the audit log
///
/// Each worker counts the whole of a visit that they go to, a team once.
#[utoipa::path(
    get,
    path = "/v1/admin/reports/utilisation",
    tag = "reports",
    params(UtilisationQuery),
    responses((status = 200, description = "A row for each worker or team that was available, booked or at work", content_type = "application/json", example = json!({
        "from": "2030-03-01", "to": "2030-03-31", "group": "team", "items": [{ "team_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "team": "North",
            "available_minutes": 11340, "booked_minutes": 2400, "worked_minutes": 2310, "visits": 20, "booked_share": 0.2116, "worked_share": 0.2037 }],
        "totals": {}, "total": 1, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn utilisation(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<UtilisationQuery>,
) -> Result<Response, Problem> {
    let (how, group) = (asked.how()?, asked.group.unwrap_or_default());
    let mut then = Then::of(&app, &caller, fresh, how.as_of.as_deref()).await?;
    let range = Range::of(asked.from, asked.to, (then.today, then.zone))?;
    let at = then.at();
    let teams = read::teams(&mut then.db, at).await?;
    let mut all = match group {
        Group::Worker => of_workers(&mut then, &teams, &range).await?,
        Group::Team => of_teams(&mut then, &teams, &range).await?,
    };
    let (mut visits, mut explain) = (Vec::new(), Explain::asked(&how)?);
    read::visits(&mut then.db, at, range.window, |visit| visits.push(visit)).await?;
    let mut count = Count { then: &then, range, group, all: &mut all, explain: &mut explain };
    for visit in &visits {
        count.visit(visit);
    }
    all.retain(|_, minutes| !minutes.is_none());
    let ids: Vec<Uuid> = all.keys().copied().collect();
    let names = match group {
        Group::Worker => read::names(&mut then.db, at, &ids).await?,
        Group::Team => teams.iter().map(|(id, team)| (*id, team.name.clone())).collect(),
    };
    let mut totals = Row::new();
    all.values().fold(Minutes::default(), |sum, own| sum.plus(*own)).into(&mut totals);
    let name = <&str>::from(group);
    let line = |(id, minutes): (Uuid, Minutes)| {
        let words = names.get(&id).map_or(PLACEHOLDER, String::as_str);
        let mut line =
            Row::from_iter([(format!("{name}_id"), json!(id)), (name.to_owned(), json!(words))]);
        minutes.into(&mut line);
        line
    };
    let report = Report {
        name: "utilisation",
        basis: basis(),
        about: json!({ "from": range.from, "to": range.to, "group": name, "totals": totals }),
        columns: if group == Group::Worker { &WORKERS } else { &TEAMS },
        rows: all.into_iter().map(line).collect(),
        list: Some("items"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}
