//! Who goes where: visits of single workers, counted and still to come.

use chrono::{DateTime, NaiveDate, Utc};
use domain::id::{BookingId, OrgId, WorkerId};
use domain::scheduling::window::Window;
use sqlx::PgConnection;
use uuid::Uuid;

/// Visits that are to come and that somebody is to go to; at most so many at once.
pub async fn to_come(
    db: &mut PgConnection,
    org: OrgId,
    worker: WorkerId,
    (now, limit): (DateTime<Utc>, i64),
) -> Result<Vec<BookingId>, sqlx::Error> {
    let rows = sqlx::query_scalar!(
        "select booking_id from booking_list
         where org_id = $1 and $2 = any(crew) and starts_at > $3 and status in ('PENDING', 'CONFIRMED')
         order by starts_at, booking_id limit $4",
        org.as_uuid(),
        worker.as_uuid(),
        now,
        limit,
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(BookingId::from).collect())
}

/// How many minutes somebody is out on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Who.
    pub worker_id: Uuid,
    /// On the clock of the organisation.
    pub day: NaiveDate,
    /// Of all visits together.
    pub minutes: i64,
}

/// How many minutes everybody is out each day on which they are, in `zone`.
pub async fn busy(
    db: &mut PgConnection,
    org: OrgId,
    between: Window,
    zone: &str,
) -> Result<Vec<Busy>, sqlx::Error> {
    sqlx::query_as!(
        Busy,
        r#"select w.worker_id as "worker_id!", (b.starts_at at time zone $4)::date as "day!",
                  sum(extract(epoch from b.ends_at - b.starts_at) / 60)::bigint as "minutes!"
           from booking_list b cross join lateral unnest(b.crew) w (worker_id)
           where b.org_id = $1 and b.starts_at >= $2 and b.starts_at < $3 and b.status <> 'CANCELLED'
           group by 1, 2 order by 1, 2"#,
        org.as_uuid(),
        between.starts_at,
        between.ends_at,
        zone,
    )
    .fetch_all(db)
    .await
}

/// What became of the visits of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Went {
    /// Who.
    pub worker_id: Uuid,
    /// All of them.
    pub jobs: i64,
    /// That are clean.
    pub done: i64,
    /// That were called off.
    pub cancelled: i64,
    /// When the last one began that is clean.
    pub last_done_at: Option<DateTime<Utc>>,
}

/// What became of the visits of everybody who had any.
pub async fn went(
    db: &mut PgConnection,
    org: OrgId,
    between: Window,
) -> Result<Vec<Went>, sqlx::Error> {
    sqlx::query_as!(
        Went,
        r#"select w.worker_id as "worker_id!", count(*) as "jobs!",
                  count(*) filter (where b.status = 'DONE') as "done!",
                  count(*) filter (where b.status = 'CANCELLED') as "cancelled!",
                  max(b.starts_at) filter (where b.status = 'DONE') as last_done_at
           from booking_list b cross join lateral unnest(b.crew) w (worker_id)
           where b.org_id = $1 and b.starts_at >= $2 and b.starts_at < $3
           group by 1 order by 1"#,
        org.as_uuid(),
        between.starts_at,
        between.ends_at,
    )
    .fetch_all(db)
    .await
}
