//! Which workers are asked for.

use chrono::{Days, NaiveDate};
use domain::id::OrgId;
use domain::scheduling::window::Window;
use domain::settings::zone as clocks;
use projections::people::worker_list::{Filter, WorkerList};
use projections::scheduling::booking_list::{BookingList, crew};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::Number;
use uuid::Uuid;

use super::team_ref::TeamRef;
use crate::problem::Problem;
use crate::state::App;

/// A certificate that ends so soon is looked at.
const SOON: Days = Days::new(30);

/// More minutes than this on one day are many.
pub(super) const HEAVY: i64 = 240;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActiveState {
    #[default]
    Active,
    Inactive,
    Archived,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Availability {
    Free,
    Light,
    Heavy,
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Part of name, e-mail, phone or id, in any case.
    q: Option<String>,
    /// `active` (the default), `archived` (or `inactive`) or `all`.
    #[param(value_type = Option<String>)]
    active_state: Option<ActiveState>,
    /// Number or id of a team.
    team_id: Option<String>,
    /// Words like `window_cleaning`, with commas between them; all of them.
    skills: Option<String>,
    /// Average of reviews at least.
    #[param(value_type = Option<f64>)]
    rating_min: Option<String>,
    /// Average of reviews at most.
    #[param(value_type = Option<f64>)]
    rating_max: Option<String>,
    /// Whether a certificate ends within 30 days, or has.
    has_expiring_certs: Option<bool>,
    /// How busy they are today: `free`, `light` (up to 240 minutes) or `heavy`.
    #[param(value_type = Option<String>)]
    availability: Option<Availability>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<i64>,
}

impl ListQuery {
    /// The read models that answer.
    pub(super) fn reads(&self) -> &'static [&'static str] {
        match self.availability {
            Some(_) => &[WorkerList::NAME, BookingList::NAME],
            None => &[WorkerList::NAME],
        }
    }

    pub(super) async fn filter(&self, app: &App, org: OrgId) -> Result<Filter, Problem> {
        let query = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let team = match self.team_id.as_deref().map(TeamRef::parse).transpose()? {
            Some(team) => Some(team.number(app, org).await?.get()),
            None => None,
        };
        let zone = app.settings.of(app, org).await?.zone;
        let today = app.now().with_timezone(&zone).date_naive();
        let soon = today.checked_add_days(SOON).unwrap_or(today);
        let words = self.skills.as_deref().unwrap_or_default().split(',').map(str::trim);
        Ok(Filter {
            query: query.map(str::to_owned),
            team,
            archived: match self.active_state.unwrap_or_default() {
                ActiveState::Active => Some(false),
                ActiveState::Archived | ActiveState::Inactive => Some(true),
                ActiveState::All => None,
            },
            skills: words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect(),
            rating_min: rating("rating_min", self.rating_min.as_deref())?,
            rating_max: rating("rating_max", self.rating_max.as_deref())?,
            certs_end_by: self.has_expiring_certs.map(|ends| (soon, ends)),
            among: match self.availability {
                Some(wanted) => Some(among(app, org, (wanted, today)).await?),
                None => None,
            },
        })
    }
}

/// In hundredths.
fn rating(field: &str, given: Option<&str>) -> Result<Option<i64>, Problem> {
    let read = |text: &str| {
        let number = text.parse::<Number>().ok();
        let hundredths = number.as_ref().and_then(domain::input::hundredths);
        let hundredths = hundredths.filter(|count| (0..=500).contains(count));
        hundredths.ok_or_else(|| Problem::field(field, "Input should be from 0 to 5"))
    };
    given.map(read).transpose()
}

/// Who is as busy today as is wanted: these, or all but these.
async fn among(
    app: &App,
    org: OrgId,
    (wanted, today): (Availability, NaiveDate),
) -> Result<(Vec<Uuid>, bool), Problem> {
    let zone = app.settings.of(app, org).await?.zone;
    let next = today.succ_opt().unwrap_or(today);
    let (starts_at, ends_at) = (clocks::start_of(today, zone), clocks::start_of(next, zone));
    let mut tx = tenant::begin(&app.reads, org).await?;
    let busy = crew::busy(&mut tx, org, Window { starts_at, ends_at }, zone.name()).await?;
    let those = |is: fn(i64) -> bool| {
        let those = busy.iter().filter(|one| is(one.minutes));
        those.map(|one| one.worker_id).collect()
    };
    Ok(match wanted {
        Availability::Free => (those(|minutes| minutes > 0), false),
        Availability::Light => (those(|minutes| minutes > 0 && minutes <= HEAVY), true),
        Availability::Heavy => (those(|minutes| minutes > HEAVY), true),
    })
}
