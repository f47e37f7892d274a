//! When the organisation, a team or a worker takes no visits.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use domain::recorded::Recorded;
use domain::scheduling::search::Obstacle;
use domain::scheduling::time_off::{Purpose, Scope, Terms, TimeOff, TimeOffEvent};
use domain::scheduling::window::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Batch, Parking, Poison, Projection};

/// Blocks on a page at most.
pub const PAGE: i64 = 200;

/// The kinds of aggregate that the list follows.
pub const KINDS: &[&str] = &["time_off"];

/// Keeps the `time_off_list` table.
#[derive(Debug)]
pub struct TimeOffList;

impl Projection for TimeOffList {
    const NAME: &'static str = "time_off_list";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] = &["time_off_list"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let (changed, poison) = fold(batch.events);
        if !changed.is_empty() {
            write(db, batch.org, changed).await?;
        }
        Ok(poison)
    }
}

/// What is left of a block after a batch: `None` if it is not taken any more.
type Changed = HashMap<Uuid, Option<Block>>;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Which.
    pub time_off_id: Uuid,
    /// Whose, what for, and when.
    pub terms: Terms,
    /// When it was declared or changed last.
    pub since: DateTime<Utc>,
    /// Of its stream.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

impl Block {
    /// What it is to a visit.
    pub fn obstacle(&self) -> Obstacle {
        self.terms.obstacle(self.time_off_id)
    }
}

/// Every event holds all there is to know: nothing needs to be read before.
fn fold(events: &[&Recorded]) -> (Changed, Vec<Poison>) {
    let (mut changed, mut parking) = (Changed::new(), Parking::default());
    for &event in events {
        if parking.holds(event) {
            continue;
        }
        let Some(happened) = parking.unless_broken(event, event.of::<TimeOff>()) else { continue };
        let Ok(time_off_id) = event.aggregate_id.parse() else {
            parking.park(event, "the id of a block is a UUID");
            continue;
        };
        let left = match happened {
            TimeOffEvent::Declared { terms, at } | TimeOffEvent::Changed { terms, at, .. } => {
                let (version, position) = (event.sequence, event.position);
                Some(Block { time_off_id, terms, since: at, version, position })
            }
            TimeOffEvent::Cancelled { .. } => None,
        };
        changed.insert(time_off_id, left);
    }
    (changed, parking.into_poison())
}

async fn write(db: &mut PgConnection, org: OrgId, changed: Changed) -> Result<(), sqlx::Error> {
    let gone: Vec<Uuid> =
        changed.iter().filter(|(_, left)| left.is_none()).map(|(id, _)| *id).collect();
    sqlx::query!(
        "delete from time_off_list where org_id = $1 and time_off_id = any($2)",
        org.as_uuid(),
        &gone,
    )
    .execute(&mut *db)
    .await?;
    let mut blocks: Vec<Block> = changed.into_values().flatten().collect();
    blocks.sort_unstable_by_key(|block| block.time_off_id);
    let scope = |block: &Block| match block.terms.scope {
        Scope::Org => ("org", None),
        Scope::Team(team) => ("team", Some(team.as_uuid())),
        Scope::Worker(worker) => ("worker", Some(worker.as_uuid())),
    };
    let purpose = |block: &Block| -> &'static str { block.terms.purpose.into() };
    sqlx::query!(
        "insert into time_off_list (org_id, time_off_id, scope_type, scope_id, purpose, starts_at, ends_at, reason,
             created_at, version, position)
         select $1, r.* from unnest($2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::timestamptz[],
                     $7::timestamptz[], $8::text[], $9::timestamptz[], $10::integer[], $11::bigint[]) r
         on conflict (org_id, time_off_id) do update
         set scope_type = excluded.scope_type, scope_id = excluded.scope_id, purpose = excluded.purpose,
             starts_at = excluded.starts_at, ends_at = excluded.ends_at, reason = excluded.reason,
             created_at = excluded.created_at, version = excluded.version, position = excluded.position",
        org.as_uuid(),
        &blocks.iter().map(|block| block.time_off_id).collect::<Vec<_>>(),
        &blocks.iter().map(|block| scope(block).0).collect::<Vec<_>>() as &[&str],
        &blocks.iter().map(|block| scope(block).1).collect::<Vec<_>>() as &[Option<Uuid>],
        &blocks.iter().map(purpose).collect::<Vec<_>>() as &[&str],
        &blocks.iter().map(|block| block.terms.window.starts_at).collect::<Vec<_>>(),
        &blocks.iter().map(|block| block.terms.window.ends_at).collect::<Vec<_>>(),
        &blocks.iter().map(|block| block.terms.reason.clone()).collect::<Vec<_>>() as &[Option<String>],
        &blocks.iter().map(|block| block.since).collect::<Vec<_>>(),
        &blocks.iter().map(|block| block.version).collect::<Vec<_>>(),
        &blocks.iter().map(|block| block.position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Which blocks are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Those that touch this span.
    pub between: Option<Window>,
    /// `org`, `team` or `worker`.
    pub scope: Option<String>,
    /// What for.
    pub purpose: Option<Purpose>,
    /// Of this team alone.
    pub team: Option<Uuid>,
}

struct Stored {
    time_off_id: Uuid,
    scope_type: String,
    scope_id: Option<Uuid>,
    purpose: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    reason: Option<String>,
    created_at: DateTime<Utc>,
    version: i32,
    position: i64,
}

impl Stored {
    fn block(self) -> Result<Block, sqlx::Error> {
        let unreadable = |what: String| sqlx::Error::Decode(what.into());
        let scope = match (self.scope_type.as_str(), self.scope_id) {
            ("org", None) => Scope::Org,
            ("team", Some(team)) => Scope::Team(team.into()),
            ("worker", Some(worker)) => Scope::Worker(worker.into()),
            (other, _) => return Err(unreadable(format!("a block of {other}"))),
        };
        let purpose = self.purpose.parse();
        let purpose = purpose.map_err(|_| unreadable(format!("a block for {}", self.purpose)))?;
        let window = Window { starts_at: self.starts_at, ends_at: self.ends_at };
        Ok(Block {
            time_off_id: self.time_off_id,
            terms: Terms { scope, purpose, window, reason: self.reason },
            since: self.created_at,
            version: self.version,
            position: self.position,
        })
    }
}

/// The blocks that match, by their beginning, behind the one that `after` names by beginning and id.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    filter: &Filter,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Block>, sqlx::Error> {
    let (from, until) = filter.between.map(|span| (span.starts_at, span.ends_at)).unzip();
    let (after_at, after_id) = after.unzip();
    let rows = sqlx::query_as!(
        Stored,
        "select time_off_id, scope_type, scope_id, purpose, starts_at, ends_at, reason, created_at, version, position
         from time_off_list
         where org_id = $1 and ($2::timestamptz is null or ends_at > $2) and ($3::timestamptz is null or starts_at < $3)
           and ($4::text is null or scope_type = $4) and ($5::text is null or purpose = $5)
           and ($6::timestamptz is null or (starts_at, time_off_id) > ($6, $7::uuid))
           and ($9::uuid is null or (scope_type = 'team' and scope_id = $9))
         order by starts_at, time_off_id limit $8",
        org.as_uuid(),
        from,
        until,
        filter.scope,
        filter.purpose.map(|purpose| <&'static str>::from(purpose).to_owned()),
        after_at,
        after_id,
        limit,
        filter.team,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Stored::block).collect()
}

/// Every block of the organisation, of one of `teams` or of one of `workers` that touches `span`, by its beginning.
pub async fn touching(
    db: &mut PgConnection,
    org: OrgId,
    (teams, workers): (&[Uuid], &[Uuid]),
    span: Window,
) -> Result<Vec<Block>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Stored,
        "select time_off_id, scope_type, scope_id, purpose, starts_at, ends_at, reason, created_at, version, position
         from time_off_list
         where org_id = $1 and ends_at > $2 and starts_at < $3
           and (scope_type = 'org' or (scope_type = 'team' and scope_id = any($4))
                or (scope_type = 'worker' and scope_id = any($5)))
         order by starts_at, time_off_id",
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        teams,
        workers,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Stored::block).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{LEAD as BLOCK, at, recorded};

    #[test]
    fn what_is_given_up_is_not_listed_any_more() {
        let window = Window { starts_at: at(10), ends_at: at(20) };
        let terms = Terms { scope: Scope::Org, purpose: Purpose::Holiday, window, reason: None };
        let declared = TimeOffEvent::Declared { terms: terms.clone(), at: at(1) };
        let cancelled = TimeOffEvent::Cancelled { before: terms.clone(), at: at(2) };
        let first = recorded::<TimeOff>(1, 1, BLOCK, &declared);
        let second = recorded::<TimeOff>(2, 2, BLOCK, &cancelled);
        let (changed, poison) = fold(&[&first]);
        assert_eq!((changed[&BLOCK].as_ref().unwrap().terms.clone(), poison.len()), (terms, 0));
        assert_eq!(fold(&[&first, &second]).0[&BLOCK], None);
    }
}
