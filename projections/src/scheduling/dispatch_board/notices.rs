//! What was told from the desk, the last first.

use domain::id::{BookingId, OrgId};
use domain::scheduling::dispatch::notice::Notice;
use sqlx::PgConnection;

/// Notices on a page at most.
pub const PAGE: i64 = 200;

/// Notices about `booking`, or about all, before the one at position `before`; each with its position.
pub async fn notices(
    db: &mut PgConnection,
    org: OrgId,
    booking: Option<BookingId>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<(Notice, i64)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select position, notice from dispatch_notices
         where org_id = $1 and ($2::uuid is null or booking_id = $2) and ($3::bigint is null or position < $3)
         order by position desc limit $4",
        org.as_uuid(),
        booking.map(BookingId::as_uuid),
        before,
        limit,
    )
    .fetch_all(db)
    .await?;
    let notice = rows.into_iter().map(|row| {
        let notice = serde_json::from_value(row.notice);
        Ok((notice.map_err(|error| sqlx::Error::Decode(error.into()))?, row.position))
    });
    notice.collect()
}
