//! How customers rated visits, summed up: of whoever was there, of teams, of a day. Averages are in thousandths.

use std::collections::HashMap;

use domain::id::OrgId;
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

/// Of the visits that each of `workers` was at; whoever was never rated is left out.
pub async fn of_workers(
    db: &mut PgConnection,
    org: OrgId,
    workers: &[Uuid],
) -> Result<HashMap<Uuid, Rating>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select w.worker as "worker!", (avg(f.rating) * 1000)::integer as "thousandths!", count(*) as "count!"
           from client_feedback f
           join booking_list b on b.org_id = f.org_id and b.booking_id = f.booking_id
           cross join lateral unnest(b.crew) w (worker)
           where f.org_id = $1 and w.worker = any($2)
           group by w.worker"#,
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
