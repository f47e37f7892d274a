//! Counts of cash that stand.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::finance::cash::{CashEvent, CashSnapshot};
use domain::id::OrgId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::records::{each, left};
use crate::{Batch, Poison};

/// Counts on a page at most.
pub const PAGE: i64 = 200;

/// One count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Told apart by this.
    pub snapshot_id: Uuid,
    /// At the end of which day.
    pub as_of_date: NaiveDate,
    /// How much.
    pub cash_cents: i64,
    /// What was noted.
    pub note: Option<String>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// Of its stream.
    pub version: i32,
    /// Of its last event in the log.
    pub position: i64,
}

pub(super) async fn keep(
    db: &mut PgConnection,
    batch: &Batch<'_>,
) -> Result<Vec<Poison>, sqlx::Error> {
    let mut rows: BTreeMap<Uuid, Option<Row>> = BTreeMap::new();
    let poison = each::<CashSnapshot>(batch.events, |id, happened, event| {
        let created_at = rows.get(&id).and_then(Option::as_ref).map(|row| row.created_at);
        let now = match happened {
            CashEvent::Counted { terms, at, .. } | CashEvent::Corrected { terms, at, .. } => {
                Some(Row {
                    snapshot_id: id,
                    as_of_date: terms.as_of_date,
                    cash_cents: terms.cash_cents,
                    note: terms.note,
                    created_at: created_at.unwrap_or(at),
                    version: event.sequence,
                    position: event.position,
                })
            }
            CashEvent::Removed { .. } => None,
        };
        rows.insert(id, now);
    });
    if !rows.is_empty() {
        let (stand, gone) = left(rows);
        sqlx::query!(
            "delete from cash_snapshots where org_id = $1 and snapshot_id = any($2)",
            batch.org.as_uuid(),
            &gone,
        )
        .execute(&mut *db)
        .await?;
        write(db, batch.org, &stand).await?;
    }
    Ok(poison)
}

async fn write(db: &mut PgConnection, org: OrgId, rows: &[Row]) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into cash_snapshots (org_id, snapshot_id, as_of_date, cash_cents, note, created_at, version, position)
         select $1, r.* from unnest($2::uuid[], $3::date[], $4::bigint[], $5::text[], $6::timestamptz[], $7::integer[],
                                    $8::bigint[]) r
         on conflict (org_id, snapshot_id) do update
         set as_of_date = excluded.as_of_date, cash_cents = excluded.cash_cents, note = excluded.note,
             version = excluded.version, position = excluded.position",
        org.as_uuid(),
        &rows.iter().map(|row| row.snapshot_id).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.as_of_date).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.cash_cents).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.note.clone()).collect::<Vec<_>>() as &[Option<String>],
        &rows.iter().map(|row| row.created_at).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.version).collect::<Vec<_>>(),
        &rows.iter().map(|row| row.position).collect::<Vec<_>>(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The counts from `from` to `to`, as far as these matter: the latest first, behind that of the day `after`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    after: Option<NaiveDate>,
    limit: i64,
) -> Result<Vec<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "select snapshot_id, as_of_date, cash_cents, note, created_at, version, position from cash_snapshots
         where org_id = $1 and ($2::date is null or as_of_date >= $2) and ($3::date is null or as_of_date <= $3)
           and ($4::date is null or as_of_date < $4)
         order by as_of_date desc, snapshot_id limit $5",
        org.as_uuid(),
        from,
        to,
        after,
        limit,
    )
    .fetch_all(db)
    .await
}

/// The last count up to the end of a day.
pub async fn latest(
    db: &mut PgConnection,
    org: OrgId,
    day: NaiveDate,
) -> Result<Option<Row>, sqlx::Error> {
    Ok(page(db, org, (None, Some(day)), None, 1).await?.pop())
}
