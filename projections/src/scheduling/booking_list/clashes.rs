//! Visits in the way of time off: nothing moves them by itself, so staff have to know of them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use domain::scheduling::time_off::{Scope, Terms};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// A visit that somebody was to make who has time off then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// Which.
    pub booking_id: Uuid,
    /// When it begins.
    pub starts_at: DateTime<Utc>,
    /// When it ends.
    pub ends_at: DateTime<Utc>,
    /// Where it stands.
    pub status: String,
    /// By which team.
    pub team_id: Uuid,
    /// With whom.
    pub crew: Vec<Uuid>,
}

/// The first of them, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clashes {
    /// By the beginning.
    pub first: Vec<Clash>,
    /// All of them.
    pub total: i64,
}

/// The visits that are to be made in each of these times off, at most `most` of each; blocks that are in nobody's way are
/// left out.
pub async fn clashes(
    db: &mut PgConnection,
    org: OrgId,
    blocks: &[(Uuid, &Terms)],
    most: i64,
) -> Result<HashMap<Uuid, Clashes>, sqlx::Error> {
    let whose = |terms: &Terms| match terms.scope {
        Scope::Org => None,
        Scope::Team(team) => Some(team.as_uuid()),
        Scope::Worker(worker) => Some(worker.as_uuid()),
    };
    // No visit is longer than a week.
    let rows = sqlx::query!(
        r#"select b.id as "id!", v.booking_id, v.starts_at, v.ends_at, v.status, v.team_id, v.crew, v.total as "total!"
           from unnest($2::uuid[], $3::uuid[], $4::timestamptz[], $5::timestamptz[]) b (id, whose, starts_at, ends_at)
           cross join lateral (
               select l.booking_id, l.starts_at, l.ends_at, l.status, l.team_id, l.crew, count(*) over () as total
               from booking_list l
               where l.org_id = $1 and l.starts_at > b.starts_at - interval '7 days' and l.starts_at < b.ends_at
                 and l.ends_at > b.starts_at and l.status in ('PENDING', 'CONFIRMED', 'IN_PROGRESS')
                 and l.archived_at is null
                 and (b.whose is null or l.team_id = b.whose or b.whose = any(l.crew))
               order by l.starts_at, l.booking_id limit $6) v
           order by b.id, v.starts_at, v.booking_id"#,
        org.as_uuid(),
        &blocks.iter().map(|(id, _)| *id).collect::<Vec<_>>(),
        &blocks.iter().map(|(_, terms)| whose(terms)).collect::<Vec<_>>() as &[Option<Uuid>],
        &blocks.iter().map(|(_, terms)| terms.window.starts_at).collect::<Vec<_>>(),
        &blocks.iter().map(|(_, terms)| terms.window.ends_at).collect::<Vec<_>>(),
        most,
    )
    .fetch_all(db)
    .await?;
    let mut found = HashMap::<Uuid, Clashes>::new();
    for row in rows {
        let own = found.entry(row.id).or_default();
        own.total = row.total;
        own.first.push(Clash {
            booking_id: row.booking_id,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            status: row.status,
            team_id: row.team_id,
            crew: row.crew,
        });
    }
    Ok(found)
}
