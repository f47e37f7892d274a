//! Compares the new tables with the live ones, row by row, both at the same position of the log.
//!
//! One transaction sees the live tables standing still at some position; the new ones are brought to just that
//! position inside it. Nobody else waits.

use std::time::Duration;

use domain::id::OrgId;
use domain::seal::MasterKeys;
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use tokio::time::sleep;
use uuid::Uuid;

use super::RebuildError;
use super::advance::advance;
use super::shadow::Shadow;

/// How many differing rows are named.
const NAMED: usize = 20;

/// How often an organisation is looked at again, and after what pause.
const ATTEMPTS: u32 = 100;
const PAUSE: Duration = Duration::from_millis(100);

/// A row that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Whose.
    pub org: Uuid,
    /// In which table.
    pub table: &'static str,
    /// Its primary key, as a JSON array.
    pub key: String,
    /// Where it is.
    pub side: Side,
}

/// Where a differing row is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Side {
    /// In both tables, with other values.
    Both,
    /// In the live table only.
    Live,
    /// In the new table only.
    New,
}

/// What the comparison found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) differing: i64,
    pub(super) first: Vec<Difference>,
}

impl Found {
    pub(super) fn add(&mut self, other: Self) {
        self.differing += other.differing;
        self.first.extend(other.first);
        self.first.truncate(NAMED);
    }
}

/// Compares all rows of one organisation.
pub(super) async fn organisation(
    pool: &PgPool,
    shadow: &Shadow,
    masters: &MasterKeys,
    org: OrgId,
) -> Result<Found, RebuildError> {
    for _ in 0..ATTEMPTS {
        let begin = format!(
            "begin isolation level repeatable read; set local app.current_org_id = '{org}'"
        );
        let mut tx = pool.begin_with(begin).await?;
        let live = position(&mut tx, org, shadow.reader.name).await?;
        if advance(&mut tx, shadow, masters, org, live).await? == live {
            let mut found = Found::default();
            for table in shadow.reader.tables {
                found.add(rows(&mut tx, shadow, org, table).await?);
            }
            tx.commit().await?;
            return Ok(found);
        }
        // The new tables are ahead: the worker of the live ones is about to catch up.
        tx.rollback().await?;
        sleep(PAUSE).await;
    }
    Err(RebuildError::LiveLags(org))
}

/// This is the first statement of its transaction: what it sees, all later ones see.
async fn position(db: &mut PgConnection, org: OrgId, name: &str) -> Result<i64, sqlx::Error> {
    let found = sqlx::query_scalar!(
        "select position from projection_checkpoints where org_id = $1 and projection = $2",
        org.as_uuid(),
        name,
    )
    .fetch_optional(db)
    .await?;
    Ok(found.unwrap_or(0))
}

async fn rows(
    db: &mut PgConnection,
    shadow: &Shadow,
    org: OrgId,
    table: &'static str,
) -> Result<Found, sqlx::Error> {
    // A table with one row for each organisation has no other key.
    let key: Option<String> = sqlx::query_scalar(
        r"select string_agg(format('%I', a.attname), ', ' order by array_position(c.conkey, a.attnum))
           from pg_constraint c
           join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)
           where c.conrelid = ('read.' || $1)::regclass and c.contype = 'p' and a.attname <> 'org_id'",
    )
    .bind(table)
    .fetch_one(&mut *db)
    .await?;
    let key = key.unwrap_or_default();
    // The digest keeps what may be personal out of the sort and the join.
    let side = |schema: &str| {
        format!(
            "select jsonb_build_array({key}) as key, md5(t::text) as digest from {schema}.{table} t where org_id = $1"
        )
    };
    let select = format!(
        "select coalesce(l.key, n.key)::text as key, count(*) over () as differing,
                case when n.key is null then 'live' when l.key is null then 'new' else 'both' end as side
         from ({}) l full join ({}) n on n.key = l.key
         where l.digest is distinct from n.digest
         order by 1 limit {NAMED}",
        side("read"),
        side(&shadow.schema),
    );
    let found: Vec<(String, i64, String)> =
        sqlx::query_as(&select).bind(org.as_uuid()).fetch_all(db).await?;
    let differing = found.first().map_or(0, |(_, differing, _)| *differing);
    let first = found.into_iter().map(|(key, _, side)| Difference {
        org: org.as_uuid(),
        table,
        key,
        side: side.parse().unwrap_or(Side::Both),
    });
    Ok(Found { differing, first: first.collect() })
}
