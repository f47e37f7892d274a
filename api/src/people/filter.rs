//! Which workers are asked for.

use chrono::{Days, NaiveDate};
use domain::id::OrgId;
use domain::people::standing::Load;
use domain::scheduling::window::Window;
use domain::settings::zone as clocks;
use projections::customers::client_records::ClientRecords;
use projections::people::worker_list::{Filter, WorkerList};
use projections::scheduling::booking_list::{BookingList, crew};
use projections::scheduling::team_list::TeamList;
use projections::scheduling::time_off_list::TimeOffList;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::Number;
use uuid::Uuid;

use super::team_ref::TeamRef;
use crate::problem::Problem;
use crate::state::App;

/// A certificate that ends so soon is looked at.
const SOON: Days = Days::new(30);

/// Workers in one request at most.
const MOST: usize = 200;

/// The read models that answer.
pub(super) const READS: [&str; 5] =
    [WorkerList::NAME, BookingList::NAME, ClientRecords::NAME, TeamList::NAME, TimeOffList::NAME];

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ActiveState {
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Available,
    Working,
    Off,
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
    /// Average of ratings at least: what customers said of their visits, and staff.
    #[param(value_type = Option<f64>)]
    rating_min: Option<String>,
    /// Average of ratings at most.
    #[param(value_type = Option<f64>)]
    rating_max: Option<String>,
    /// Whether a certificate ends within 30 days, or has.
    has_expiring_certs: Option<bool>,
    /// How busy they are today: `free`, `light` (up to 240 minutes) or `heavy`.
    #[param(value_type = Option<String>)]
    availability: Option<Availability>,
    /// What they do at this moment: `working` (at a visit, or due there), `off` (time off) or `available`.
    #[param(value_type = Option<String>)]
    status: Option<Status>,
    /// Of these only, archived or not unless `active_state` says so: up to 200 ids with commas between them.
    worker_ids: Option<String>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    pub(super) limit: Option<i64>,
}

impl ListQuery {
    pub(super) async fn filter(&self, app: &App, org: OrgId) -> Result<Filter, Problem> {
        let query = self.q.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let team = match self.team_id.as_deref().map(TeamRef::parse).transpose()? {
            Some(team) => Some(team.number(app, org).await?.get()),
            None => None,
        };
        let today = app.today(org).await?;
        let soon = today.checked_add_days(SOON).unwrap_or(today);
        let words = self.skills.as_deref().unwrap_or_default().split(',').map(str::trim);
        let mut those = Those::default();
        if let Some(text) = &self.worker_ids {
            those.are(&named(text)?);
        }
        if let Some(wanted) = self.availability {
            those.busy(app, org, (wanted, today)).await?;
        }
        if let Some(wanted) = self.status {
            those.doing(app, org, wanted).await?;
        }
        Ok(Filter {
            query: query.map(str::to_owned),
            team,
            archived: match self.state() {
                ActiveState::Active => Some(false),
                ActiveState::Archived | ActiveState::Inactive => Some(true),
                ActiveState::All => None,
            },
            skills: words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect(),
            rating_min: rating("rating_min", self.rating_min.as_deref())?,
            rating_max: rating("rating_max", self.rating_max.as_deref())?,
            certs_end_by: self.has_expiring_certs.map(|ends| (soon, ends)),
            among: those.of,
            except: those.except,
            said: true,
        })
    }

    fn state(&self) -> ActiveState {
        let usual = match self.worker_ids {
            Some(_) => ActiveState::All,
            None => ActiveState::Active,
        };
        self.active_state.unwrap_or(usual)
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

/// The ids that stand in `text`.
fn named(text: &str) -> Result<Vec<Uuid>, Problem> {
    let ids = text.split(',').map(|id| id.trim().parse().ok()).collect::<Option<Vec<Uuid>>>();
    let ids = ids.filter(|ids| ids.len() <= MOST);
    ids.ok_or_else(|| {
        Problem::field("worker_ids", format!("Name 1 to {MOST} workers by their ids"))
    })
}

/// Of whom the list is: of these, and of none of those.
#[derive(Default)]
struct Those {
    of: Option<Vec<Uuid>>,
    except: Vec<Uuid>,
}

impl Those {
    /// Of these, as far as nothing was said against them.
    fn are(&mut self, ids: &[Uuid]) {
        match &mut self.of {
            Some(of) => of.retain(|id| ids.contains(id)),
            none => *none = Some(ids.to_vec()),
        }
    }

    /// Who is as busy today as is wanted.
    async fn busy(
        &mut self,
        app: &App,
        org: OrgId,
        (wanted, today): (Availability, NaiveDate),
    ) -> Result<(), Problem> {
        let zone = app.settings.of(app, org).await?.zone;
        let next = today.succ_opt().unwrap_or(today);
        let (starts_at, ends_at) = (clocks::start_of(today, zone), clocks::start_of(next, zone));
        let mut tx = tenant::begin(&app.reads, org).await?;
        let busy = crew::busy(&mut tx, org, Window { starts_at, ends_at }, zone.name()).await?;
        let those = |load: Load| {
            let those = busy.iter().filter(|one| Load::of(one.minutes) == load);
            those.map(|one| one.worker_id).collect::<Vec<_>>()
        };
        match wanted {
            Availability::Free => self.except.extend(busy.iter().map(|one| one.worker_id)),
            Availability::Light => self.are(&those(Load::Light)),
            Availability::Heavy => self.are(&those(Load::Heavy)),
        }
        Ok(())
    }

    /// Who does at this moment what is wanted; whoever is at a visit is not off.
    async fn doing(&mut self, app: &App, org: OrgId, wanted: Status) -> Result<(), Problem> {
        let mut tx = tenant::begin(&app.reads, org).await?;
        let working = crew::on_site(&mut tx, org, app.now()).await?;
        let off = crew::off(&mut tx, org, app.now()).await?;
        match wanted {
            Status::Working => self.are(&working),
            Status::Off => {
                self.are(&off);
                self.except.extend(working);
            }
            Status::Available => self.except.extend(working.into_iter().chain(off)),
        }
        Ok(())
    }
}
