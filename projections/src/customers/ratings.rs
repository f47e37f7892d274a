//! How customers rated visits, summed up: of whoever was there, of teams, of a day. Averages are in thousandths.

use std::collections::HashMap;

use domain::id::{OrgId, WorkerId};
use domain::people::standing::Trend;
use domain::scheduling::window::Window;
use sqlx::PgConnection;
use uuid::Uuid;

/// An average, and of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rating {
    /// From 1,000 to 5,000.
    pub thousandths: i32,
    /// At least one.
    pub count: i64,
}

impl Rating {
    /// As people read it; shown only.
    pub fn stars(self) -> f64 {
        f64::from(self.thousandths) / 1_000.0
    }
}

/// Of each of `workers`: what customers said of visits that they were at, and what staff said of them. Whoever was never
/// rated is left out.
pub async fn of_workers(
    db: &mut PgConnection,
    org: OrgId,
    workers: &[Uuid],
) -> Result<HashMap<Uuid, Rating>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select r.worker as "worker!", (avg(r.rating) * 1000)::integer as "thousandths!", count(*) as "count!"
           from (select w.worker, f.rating::integer
                 from client_feedback f
                 join booking_list b on b.org_id = f.org_id and b.booking_id = f.booking_id
                 cross join lateral unnest(b.crew) w (worker)
                 where f.org_id = $1 and w.worker = any($2)
                 union all
                 select worker_id, rating from worker_reviews where org_id = $1 and worker_id = any($2)) r (worker, rating)
           group by r.worker"#,
        org.as_uuid(),
        workers,
    )
    .fetch_all(db)
    .await?;
    let rating = rows
        .into_iter()
        .map(|row| (row.worker, Rating { thousandths: row.thousandths, count: row.count }));
    Ok(rating.collect())
}

/// What customers said of visits that somebody was at: all stars together, and how often.
pub async fn said_of(
    db: &mut PgConnection,
    org: OrgId,
    worker: WorkerId,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"select coalesce(sum(f.rating), 0)::bigint as "sum!", count(*) as "count!"
           from client_feedback f
           join booking_list b on b.org_id = f.org_id and b.booking_id = f.booking_id
           where f.org_id = $1 and $2 = any(b.crew)"#,
        org.as_uuid(),
        worker.as_uuid(),
    )
    .fetch_one(db)
    .await?;
    Ok((row.sum, row.count))
}

/// The latest ratings of somebody beside all before.
pub async fn trends(
    db: &mut PgConnection,
    org: OrgId,
    workers: &[Uuid],
    latest: i64,
) -> Result<Vec<(Uuid, Trend)>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select worker as "worker!", coalesce(sum(rating) filter (where place <= $3), 0)::bigint as "latest_sum!",
                  count(*) filter (where place <= $3) as "latest!",
                  coalesce(sum(rating) filter (where place > $3), 0)::bigint as "before_sum!",
                  count(*) filter (where place > $3) as "before!"
           from (select worker, rating, row_number() over (partition by worker order by at desc, source, booking_id) as place
                 from (select w.worker, f.rating::integer, f.at, 1, f.booking_id
                       from client_feedback f
                       join booking_list b on b.org_id = f.org_id and b.booking_id = f.booking_id
                       cross join lateral unnest(b.crew) w (worker)
                       where f.org_id = $1 and w.worker = any($2)
                       union all
                       select worker_id, rating, at, 2, booking_id
                       from worker_reviews where org_id = $1 and worker_id = any($2)) said (worker, rating, at, source, booking_id)) placed
           group by worker order by worker"#,
        org.as_uuid(),
        workers,
        latest,
    )
    .fetch_all(db)
    .await?;
    let trend = rows.into_iter().map(|row| {
        let (latest, before) = ((row.latest_sum, row.latest), (row.before_sum, row.before));
        (row.worker, Trend { latest, before })
    });
    Ok(trend.collect())
}

/// Of the visits of teams that began in `span`; teams that nobody rated are left out.
pub async fn of_teams(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
) -> Result<HashMap<Uuid, Rating>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select b.team_id, (avg(f.rating) * 1000)::integer as "thousandths!", count(*) as "count!"
           from client_feedback f
           join booking_list b on b.org_id = f.org_id and b.booking_id = f.booking_id
           where f.org_id = $1 and b.starts_at >= $2 and b.starts_at < $3
           group by b.team_id"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
    )
    .fetch_all(db)
    .await?;
    let rating = rows
        .into_iter()
        .map(|row| (row.team_id, Rating { thousandths: row.thousandths, count: row.count }));
    Ok(rating.collect())
}

/// Of everything that customers said in `span`.
pub async fn said_in(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
) -> Result<Option<Rating>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select coalesce((avg(rating) * 1000)::integer, 0) as "thousandths!", count(*) as "count!"
           from client_feedback where org_id = $1 and at >= $2 and at < $3"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
    )
    .fetch_one(db)
    .await?;
    Ok((row.count > 0).then_some(Rating { thousandths: row.thousandths, count: row.count }))
}
