//! Transactions that see exactly one organisation.

use std::time::Duration;

use domain::id::OrgId;
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tokio::time::timeout;

/// Beginning takes no time. A database that does not answer it stands still, though its connections are open.
const PATIENCE: Duration = Duration::from_millis(2200);

/// A transaction in which row-level security shows `org` and nothing else; one round trip. A database that does not answer
/// within 2.2 s is away.
///
/// Whoever asks may give up at any time. A connection whose `begin` was on its way then would go back to the pool inside a
/// transaction of this organisation: so it is waited for on a task of its own, and ends with the transaction.
pub async fn begin(
    pool: &PgPool,
    org: OrgId,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_as(pool, org, "begin").await
}

/// As [`begin`], and everything that is read in it is as it was at one moment.
pub async fn begin_steady(
    pool: &PgPool,
    org: OrgId,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    begin_as(pool, org, "begin isolation level repeatable read read only").await
}

async fn begin_as(
    pool: &PgPool,
    org: OrgId,
    kind: &str,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    // An `OrgId` is a UUID, so there is nothing to escape.
    let (pool, statement) =
        (pool.clone(), format!("{kind}; set local app.current_org_id = '{org}'"));
    #[expect(clippy::disallowed_methods, reason = "it ends with one statement and is waited for")]
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    match timeout(PATIENCE, begun).await {
        Ok(begun) => begun.unwrap_or(Err(sqlx::Error::WorkerCrashed)),
        Err(_) => Err(sqlx::Error::PoolTimedOut),
    }
}

/// The time zone that an organisation was registered with; empty if there is none.
pub async fn registered_zone(db: &mut PgConnection, org: OrgId) -> Result<String, sqlx::Error> {
    let zone =
        sqlx::query_scalar!("select timezone from organizations where org_id = $1", org.as_uuid(),)
            .fetch_optional(db)
            .await?;
    Ok(zone.unwrap_or_default())
}
