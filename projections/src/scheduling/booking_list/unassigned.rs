//! Visits that nobody is to make yet.

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use domain::scheduling::window::Window;
use sqlx::PgConnection;
use uuid::Uuid;

use super::query::{After, Item};

/// Visits in `span` that stand and have no crew, the earliest first.
pub async fn unassigned(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
    after: After,
    limit: i64,
) -> Result<Vec<Item>, sqlx::Error> {
    let (after_at, after_id) = after.unwrap_or((span.starts_at, Uuid::nil()));
    sqlx::query_as!(
        Item,
        r#"select booking_id, lead_id, client_id, starts_at, ends_at,
                  (extract(epoch from ends_at - starts_at) / 60)::integer as "duration_minutes!", status,
                  customer_name as lead_name, customer_email as lead_email, team_id, lead_worker as assigned_worker_id,
                  crew, service as service_type, total_cents, deposit_status, risk_band, origin, created_at, archived_at
           from booking_list
           where org_id = $1 and starts_at >= $2 and starts_at < $3 and cardinality(crew) = 0
             and status in ('PENDING', 'CONFIRMED') and archived_at is null and (starts_at, booking_id) > ($4, $5)
           order by starts_at, booking_id limit $6"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        after_at,
        after_id,
        limit,
    )
    .fetch_all(db)
    .await
}

/// How many there are in `span`, and how many of them begin before `soon`.
pub async fn count_unassigned(
    db: &mut PgConnection,
    org: OrgId,
    span: Window,
    soon: DateTime<Utc>,
) -> Result<(i64, i64), sqlx::Error> {
    let row = sqlx::query!(
        r#"select count(*) as "total!", count(*) filter (where starts_at < $4) as "soon!"
           from booking_list
           where org_id = $1 and starts_at >= $2 and starts_at < $3 and cardinality(crew) = 0
             and status in ('PENDING', 'CONFIRMED') and archived_at is null"#,
        org.as_uuid(),
        span.starts_at,
        span.ends_at,
        soon,
    )
    .fetch_one(db)
    .await?;
    Ok((row.total, row.soon))
}
