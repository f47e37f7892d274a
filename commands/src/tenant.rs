//! Transactions that see exactly one organisation.

use domain::id::OrgId;
use sqlx::{PgPool, Postgres, Transaction};

/// A transaction in which row-level security shows `org` and nothing else; one round trip.
pub(crate) async fn begin(
    pool: &PgPool,
    org: OrgId,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    // An `OrgId` is a UUID, so there is nothing to escape.
    let begun = pool.begin_with(format!("begin; set local app.current_org_id = '{org}'")).await;
    if matches!(begun, Err(sqlx::Error::PoolTimedOut)) {
        metrics::counter!("db_pool_timeout_total").increment(1);
    }
    begun
}
