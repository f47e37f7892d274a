//! Any read model as it was: its tables, made again from the log into temporary ones that only this transaction sees.
//!
//! Queries name no schema, so the same query reads the past once the temporary tables stand before the live ones. Who
//! has been erased since is erased in the past too.

use std::collections::HashSet;

use domain::id::OrgId;
use domain::recorded::Recorded;
use domain::seal::MasterKeys;
use sqlx::{Executor, PgConnection};

use super::log;
use crate::{Batch, Reader};

/// How many events are applied for one question at most: about the number that takes a few seconds.
pub const BOUND: i64 = 200_000;

/// How many are applied at once.
const STEP: i64 = 2_000;

/// Why a read model cannot be shown as it was.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// Too much has happened by then.
    #[error(
        "more than {BOUND} events would have to be applied; ask for an earlier moment or a single record"
    )]
    TooMuch,
    /// The read model has no tables to make again.
    #[error("{0} cannot be made again")]
    NotRebuildable(&'static str),
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
}

/// Makes the tables of `reader` as of `position` visible in this transaction, in place of the live ones.
///
/// `kinds` are the kinds of aggregate that it follows. The transaction must be of `org` and be rolled back after the
/// query; commands that come after it in the same transaction would write into the past.
pub async fn travel(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    (reader, kinds): (&Reader, &[&str]),
    position: i64,
) -> Result<(), PastError> {
    if !reader.is_rebuildable() {
        return Err(PastError::NotRebuildable(reader.name));
    }
    if count(&mut *db, org, kinds, position).await? > BOUND {
        return Err(PastError::TooMuch);
    }
    // Named explicitly, the temporary schema makes the path differ from the usual one. Only that makes the server
    // resolve the names in statements prepared earlier on this connection again.
    db.execute("set local search_path = pg_temp, read, public").await?;
    for table in reader.tables {
        let create = format!(
            "create temporary table {table} (like read.{table} including all) on commit drop"
        );
        db.execute(create.as_str()).await?;
    }
    let skipped = skipped(&mut *db, org, reader.name).await?;
    let mut parked: HashSet<(String, String)> = HashSet::new();
    let mut after = 0;
    loop {
        let events = log::of_kinds(&mut *db, org, kinds, (after, position), STEP).await?;
        let Some(last) = events.last() else { return Ok(()) };
        after = last.position;
        let is_wanted = |event: &&Recorded| {
            let stream = (event.aggregate_type.clone(), event.aggregate_id.clone());
            !skipped.contains(&event.position) && (parked.is_empty() || !parked.contains(&stream))
        };
        let wanted: Vec<&Recorded> = events.iter().filter(is_wanted).collect();
        let poison = reader.apply(&mut *db, &Batch::new(org, &wanted, masters)).await?;
        parked.extend(poison.into_iter().map(|found| (found.aggregate_type, found.aggregate_id)));
    }
}

async fn count(
    db: &mut PgConnection,
    org: OrgId,
    kinds: &[&str],
    position: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from (
               select from events where org_id = $1 and position <= $2 and aggregate_type = any($3) limit $4
           ) found"#,
        org.as_uuid(),
        position,
        kinds as &[&str],
        BOUND + 1,
    )
    .fetch_one(db)
    .await
}

async fn skipped(
    db: &mut PgConnection,
    org: OrgId,
    projection: &str,
) -> Result<HashSet<i64>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        "select position from skipped_events where org_id = $1 and projection = $2",
        org.as_uuid(),
        projection,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().collect())
}
