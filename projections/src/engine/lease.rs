//! Who runs a projection: one owner at a time, told apart by a term that rises with every change of owner.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::types::PgInterval;

use super::target::Target;

/// Takes what is free, renews what is held already, and returns both with their terms.
///
/// All times are the database's: the clocks of the workers do not matter. The term of an owner who comes back late
/// but finds nobody in its place stays as it was. Tables that newer code has built are not held; tables that nobody
/// has kept yet become those of this version.
pub(crate) async fn hold(
    pool: &PgPool,
    owner: &str,
    targets: &[Target],
    lease: Duration,
) -> Result<Vec<(String, i64)>, sqlx::Error> {
    let lease = PgInterval::try_from(lease).map_err(sqlx::Error::Encode)?;
    let names: Vec<&str> = targets.iter().map(|target| target.checkpoint.as_str()).collect();
    let versions: Vec<Option<i32>> = targets.iter().map(Target::version).collect();
    let rows = sqlx::query!(
        "with wanted as (select p.name, p.version from unnest($1::text[], $4::integer[]) p (name, version)),
         built as (
             insert into projection_builds (projection, version)
             select w.name, w.version from wanted w where w.version is not null
             on conflict (projection) do nothing)
         insert into projection_owners as o (projection, owner, term, lease_until)
         select w.name, $2, 1, now() + $3 from wanted w
         where not exists (select from projection_builds b where b.projection = w.name and b.version > w.version)
         order by w.name
         on conflict (projection) do update
         set owner = excluded.owner, lease_until = excluded.lease_until,
             term = o.term + case when o.owner = excluded.owner then 0 else 1 end
         where o.owner = excluded.owner or o.lease_until < now()
         returning projection, term",
        &names as &[&str],
        owner,
        lease,
        &versions as &[Option<i32>],
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
