//! A day of the board: which it is, and what is on it.

use chrono::NaiveDate;
use chrono_tz::Tz;
use domain::id::OrgId;
use domain::scheduling::window::Window;
use domain::settings::zone;
use projections::people::worker_list::{self, Row as Worker};
use projections::scheduling::dispatch_board;
use projections::scheduling::team_list::{self, Row as Team};
use sqlx::PgConnection;

use super::super::instants;
use crate::problem::Problem;
use crate::state::App;

/// More than any board shows.
pub(super) const MOST: i64 = 2_000;

/// Workers and teams at a desk; whoever has more looks at one team at a time.
const PEOPLE: i64 = 500;

/// A day on a clock.
#[derive(Clone, Copy)]
pub(crate) struct Day {
    pub(crate) date: NaiveDate,
    pub(crate) zone: Tz,
    pub(crate) span: Window,
}

impl Day {
    /// The day that was asked for on the clock that was; today on that of the organisation if nothing was said.
    pub(crate) async fn asked(
        app: &App,
        org: OrgId,
        date: Option<&str>,
        clock: Option<&str>,
    ) -> Result<Self, Problem> {
        let zone = match clock {
            Some(name) => zone::find(name).ok_or_else(|| {
                Problem::field("tz", "Input should be an IANA time zone like America/Edmonton")
            })?,
            None => app.settings.of(app, org).await?.zone,
        };
        let date = match date {
            Some(text) => text
                .parse::<NaiveDate>()
                .map_err(|_| Problem::field("date", "Input should be a date like 2030-01-31"))?,
            None => app.now().with_timezone(&zone).date_naive(),
        };
        let span = instants::days(instants::near("date", date)?, date, zone)?;
        Ok(Self { date, zone, span })
    }
}

/// Who can be sent out.
pub(crate) struct People {
    pub(crate) workers: Vec<Worker>,
    pub(crate) teams: Vec<Team>,
}

impl People {
    pub(crate) async fn load(db: &mut PgConnection, org: OrgId) -> Result<Self, sqlx::Error> {
        let active =
            worker_list::Filter { archived: Some(false), ..worker_list::Filter::default() };
        let mut workers = worker_list::page(&mut *db, org, &active, None, PEOPLE).await?;
        workers.sort_by(|a, b| (a.team, &a.name, a.worker_id).cmp(&(b.team, &b.name, b.worker_id)));
        let teams = team_list::page(db, org, (false, 0), PEOPLE).await?;
        Ok(Self { workers, teams })
    }

    pub(crate) fn team(&self, id: uuid::Uuid) -> Option<&Team> {
        self.teams.iter().find(|row| row.team.team_id.as_uuid() == id)
    }

    pub(crate) fn worker(&self, id: uuid::Uuid) -> Option<&Worker> {
        self.workers.iter().find(|row| row.worker_id == id)
    }
}

/// Where the board stands, to be asked before what is on it: what is read then is as new at least.
pub(super) async fn version(db: &mut PgConnection, org: OrgId) -> Result<i64, sqlx::Error> {
    let moved = dispatch_board::moved(db, org).await?;
    Ok(moved.at.min(moved.reached))
}
