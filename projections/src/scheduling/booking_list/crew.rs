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

/// What somebody does on a day. Visits that were called off or put out of sight do not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Busy {
    /// Who.
    pub worker_id: Uuid,
    /// On the clock of the organisation.
    pub day: NaiveDate,
    /// Of all visits together.
    pub minutes: i64,
    /// What the visits cost, whoever else goes.
    pub revenue_cents: i64,
    /// Which, in the order in which they begin.
    pub booking_ids: Vec<Uuid>,
}

/// What everybody does each day on which they are out, in `zone`.
pub async fn busy(
    db: &mut PgConnection,
    org: OrgId,
    between: Window,
    zone: &str,
) -> Result<Vec<Busy>, sqlx::Error> {
    sqlx::query_as!(
        Busy,
        r#"select w.worker_id as "worker_id!", (b.starts_at at time zone $4)::date as "day!",
                  sum(extract(epoch from b.ends_at - b.starts_at) / 60)::bigint as "minutes!",
                  coalesce(sum(b.total_cents), 0)::bigint as "revenue_cents!",
                  array_agg(b.booking_id order by b.starts_at, b.booking_id) as "booking_ids!"
           from booking_list b cross join lateral unnest(b.crew) w (worker_id)
           where b.org_id = $1 and b.starts_at >= $2 and b.starts_at < $3 and b.status <> 'CANCELLED'
             and b.archived_at is null
           group by 1, 2 order by 1, 2"#,
        org.as_uuid(),
        between.starts_at,
        between.ends_at,
        zone,
    )
    .fetch_all(db)
    .await
}

/// Who is at a visit at that moment, or should be. One that was never ended is over a day after it began.
pub async fn on_site(
    db: &mut PgConnection,
    org: OrgId,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select distinct w.worker_id as "worker_id!"
           from booking_list b cross join lateral unnest(b.crew) w (worker_id)
           where b.org_id = $1 and b.starts_at > $2::timestamptz - interval '1 day'
             and (b.status = 'IN_PROGRESS'
                  or (b.status in ('PENDING', 'CONFIRMED') and b.starts_at <= $2 and b.ends_at > $2))"#,
        org.as_uuid(),
        now,
    )
    .fetch_all(db)
    .await
}

/// Who has time off at that moment: themselves, with their team, or with everybody.
pub async fn off(
    db: &mut PgConnection,
    org: OrgId,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar!(
        "select w.worker_id from worker_list w
         where w.org_id = $1 and exists (
             select from time_off_list o left join team_list t on t.org_id = o.org_id and t.team_id = o.scope_id
             where o.org_id = $1 and o.starts_at <= $2 and o.ends_at > $2
               and (o.scope_type = 'org' or (o.scope_type = 'worker' and o.scope_id = w.worker_id)
                    or (o.scope_type = 'team' and t.number = w.team)))",
        org.as_uuid(),
        now,
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
