//! Those who are sent out, page by page, for answers that say something about each.

use domain::id::{OrgId, WorkerId};
use projections::people::worker_list::{self, Filter, PAGE, Row};
use sqlx::PgConnection;

use super::team_ref::TeamRef;
use crate::cursor;
use crate::extract::limit;
use crate::problem::Problem;
use crate::state::App;

/// What a caller asks for, as they send it.
#[derive(Default)]
pub(crate) struct Asked<'a> {
    /// Of this team: number or id.
    pub(crate) team: Option<&'a str>,
    /// This one alone, archived or not.
    pub(crate) worker: Option<WorkerId>,
    /// Where the page begins.
    pub(crate) cursor: Option<&'a str>,
    /// How many.
    pub(crate) limit: Option<i64>,
}

/// A page that can be read.
pub(crate) struct Workers {
    filter: Filter,
    after: cursor::After,
    limit: i64,
}

impl Workers {
    pub(crate) async fn asked(app: &App, org: OrgId, asked: Asked<'_>) -> Result<Self, Problem> {
        let limit = limit(asked.limit, PAGE)?;
        let after = cursor::asked(asked.cursor)?;
        let team = match asked.team.map(TeamRef::parse).transpose()? {
            Some(team) => Some(team.number(app, org).await?.get()),
            None => None,
        };
        let archived = asked.worker.is_none().then_some(false);
        let among = asked.worker.map(|worker| vec![worker.as_uuid()]);
        let filter = Filter { team, archived, among, ..Filter::default() };
        Ok(Self { filter, after, limit })
    }

    /// Those on the page, newest first, and where the next begins.
    pub(crate) async fn read(
        &self,
        db: &mut PgConnection,
        org: OrgId,
    ) -> Result<(Vec<Row>, Option<String>), sqlx::Error> {
        let rows = worker_list::page(db, org, &self.filter, self.after, self.limit).await?;
        let last = cursor::last_of_full(&rows, self.limit);
        let next = last.map(|row| cursor::shown(row.hired_at, row.worker_id));
        Ok((rows, next))
    }
}
