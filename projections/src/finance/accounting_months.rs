//! The invoices of months that are over, as they were written for an accountant.
//!
//! No read model: the file of a month is written with the event that tells of it, and never again.

use chrono::{DateTime, NaiveDate, Utc};
use domain::id::OrgId;
use sqlx::{PgConnection, PgPool};

/// Most months that a page shows.
pub const PAGE: i64 = 200;

/// A month that was written, without its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its first day.
    pub month: NaiveDate,
    /// When it was written.
    pub generated_at: DateTime<Utc>,
    /// Its lines, without that of the names.
    pub row_count: i64,
    /// Of the whole table, in hexadecimal.
    pub sha256: String,
}

/// The months that were written, the latest first, behind `after`.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    after: Option<NaiveDate>,
    limit: i64,
) -> Result<Vec<Written>, sqlx::Error> {
    sqlx::query_as!(
        Written,
        "select month, generated_at, row_count, sha256 from accounting_exports
         where org_id = $1 and ($2::date is null or month < $2)
         order by month desc limit $3",
        org.as_uuid(),
        after,
        limit,
    )
    .fetch_all(db)
    .await
}

/// A month as it was written, and its table.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    month: NaiveDate,
) -> Result<Option<(Written, String)>, sqlx::Error> {
    let row = sqlx::query!(
        "select month, generated_at, row_count, sha256, csv from accounting_exports
         where org_id = $1 and month = $2",
        org.as_uuid(),
        month,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| {
        let (month, generated_at) = (row.month, row.generated_at);
        let (row_count, sha256) = (row.row_count, row.sha256);
        (Written { month, generated_at, row_count, sha256 }, row.csv)
    }))
}

/// An organisation of which a month is not written yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritten {
    /// Which.
    pub org: OrgId,
    /// The time zone that it was registered with.
    pub registered_zone: String,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
}

/// The organisations of which the month with that first day is not written yet.
pub async fn unwritten(pool: &PgPool, month: NaiveDate) -> Result<Vec<Unwritten>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select org_id as "org_id!", timezone as "timezone!", created_at as "created_at!"
           from books.unwritten($1)"#,
        month,
    )
    .fetch_all(pool)
    .await?;
    let one = |org: uuid::Uuid, registered_zone, created_at| Unwritten {
        org: org.into(),
        registered_zone,
        created_at,
    };
    Ok(rows.into_iter().map(|row| one(row.org_id, row.timezone, row.created_at)).collect())
}
