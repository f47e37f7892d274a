//! Files of photos that were begun, until it is known what became of them.
//!
//! No read model: a line is written before a file is, and removed when somebody has looked whether the log knows it.

use chrono::{DateTime, Utc};
use domain::id::{BookingId, OrgId};
use sqlx::PgConnection;

/// A file that was begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where it is kept, if it is.
    pub key: String,
    /// The visit that it shows.
    pub booking: BookingId,
}

/// Notes that a file is begun.
pub async fn begin(
    db: &mut PgConnection,
    org: OrgId,
    begun: &Begun,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into photo_files (org_id, key, booking_id, begun_at) values ($1, $2, $3, $4)",
        org.as_uuid(),
        begun.key,
        begun.booking.as_uuid(),
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Files that were begun before `then`, the oldest first.
pub async fn before(
    db: &mut PgConnection,
    org: OrgId,
    then: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Begun>, sqlx::Error> {
    let rows = sqlx::query!(
        "select key, booking_id from photo_files where org_id = $1 and begun_at < $2
         order by begun_at, key limit $3",
        org.as_uuid(),
        then,
        limit,
    )
    .fetch_all(db)
    .await?;
    let begun = |key, booking: uuid::Uuid| Begun { key, booking: booking.into() };
    Ok(rows.into_iter().map(|row| begun(row.key, row.booking_id)).collect())
}

/// It is known what became of a file.
pub async fn settled(db: &mut PgConnection, org: OrgId, key: &str) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from photo_files where org_id = $1 and key = $2", org.as_uuid(), key)
        .execute(db)
        .await?;
    Ok(())
}
