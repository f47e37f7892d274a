//! Who runs a projection: one owner at a time, told apart by a term that rises with every change of owner.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::types::PgInterval;

/// Takes what is free, renews what is held already, and returns both with their terms.
///
/// All times are the database's: the clocks of the workers do not matter. The term of an owner who comes back late
/// but finds nobody in its place stays as it was.
pub(crate) async fn hold(
    pool: &PgPool,
    owner: &str,
    projections: &[String],
    lease: Duration,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let lease = PgInterval::try_from(lease).map_err(sqlx::Error::Encode)?;
    let rows = sqlx::query!(
        "insert into projection_owners as o (projection, owner, term, lease_until)
         select p.name, $2, 1, now() + $3 from unnest($1::text[]) p (name) order by p.name
         on conflict (projection) do update
         set owner = excluded.owner, lease_until = excluded.lease_until,
             term = o.term + case when o.owner = excluded.owner then 0 else 1 end
         where o.owner = excluded.owner or o.lease_until < now()
         returning projection, term",
        projections,
        owner,
        lease,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.projection, row.term)).collect())
}

/// Gives everything back, so that a successor need not wait for the lease to run out.
pub(crate) async fn release(pool: &PgPool, owner: &str) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update projection_owners set lease_until = '-infinity' where owner = $1 and lease_until > now()",
        owner,
    )
    .execute(pool)
    .await?;
    Ok(())
}
