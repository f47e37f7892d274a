//! When a board last moved, for whoever watches it.

use domain::id::OrgId;
use sqlx::PgConnection;

use super::DispatchBoard;
use crate::Projection;
use crate::customers::client_list::ClientList;
use crate::people::worker_list::WorkerList;
use crate::scheduling::booking_list::BookingList;
use crate::scheduling::team_list::TeamList;
use crate::scheduling::time_off_list::TimeOffList;

/// Where the board stands in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    /// The last event after which it looks different.
    pub at: i64,
    /// So far everything that it is made of has come.
    pub reached: i64,
}

impl Moved {
    /// The last move that whoever asks now is sure to see.
    pub const fn visible(self) -> Option<i64> {
        if self.reached >= self.at { Some(self.at) } else { None }
    }
}

/// Everything that a board is made of.
pub const SOURCES: [&str; 6] = [
    DispatchBoard::NAME,
    BookingList::NAME,
    ClientList::NAME,
    WorkerList::NAME,
    TeamList::NAME,
    TimeOffList::NAME,
];

/// Where the board of `org` stands.
pub async fn moved(db: &mut PgConnection, org: OrgId) -> Result<Moved, sqlx::Error> {
    sqlx::query_as!(
        Moved,
        r#"select coalesce((select m.position from dispatch_moved m where m.org_id = $1), 0) as "at!",
                  coalesce(min(coalesce(c.position, 0)), 0) as "reached!"
           from unnest($2::text[]) p (name)
           left join projection_checkpoints c on c.org_id = $1 and c.projection = p.name"#,
        org.as_uuid(),
        &SOURCES as &[&str],
    )
    .fetch_one(db)
    .await
}
