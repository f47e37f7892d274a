//! How much of what plans count an organisation has; counted in the transactions that add to it.

use chrono::NaiveDate;
use domain::billing::plan::Counted;
use domain::id::OrgId;
use sqlx::PgConnection;

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// Active workers, now.
    workers: i64,
    /// Bookings made in the month asked for.
    bookings: i64,
    /// Bytes of photos, now.
    storage_bytes: i64,
}

impl Used {
    /// How much of `counted`.
    pub fn of(&self, counted: Counted) -> u64 {
        let used = match counted {
            Counted::Workers => self.workers,
            Counted::Bookings => self.bookings,
            Counted::StorageBytes => self.storage_bytes,
        };
        u64::try_from(used).unwrap_or_default()
    }
}

/// What `org` has used: bookings of the month that begins with `month`, the rest as of now.
pub async fn of(db: &mut PgConnection, org: OrgId, month: NaiveDate) -> Result<Used, sqlx::Error> {
    sqlx::query_as!(
        Used,
        r#"select plan.workers($1) as "workers!",
                  coalesce((select used from plan_usage where org_id = $1 and counted = 'bookings' and month = $2), 0)
                      as "bookings!",
                  coalesce((select sum(used)::bigint from plan_usage where org_id = $1 and counted = 'storage_bytes'), 0)
                      as "storage_bytes!""#,
        org.as_uuid(),
        month,
    )
    .fetch_one(db)
    .await
}
