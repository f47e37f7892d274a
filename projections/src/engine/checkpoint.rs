//! How far a projection has come in the log of an organisation. Only its owner moves it.

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use sqlx::PgConnection;

use super::chunk::Mark;

/// A checkpoint, locked until the transaction ends.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoint {
    pub(crate) mark: Mark,
    pub(crate) is_halted: bool,
    pub(crate) has_parked: bool,
    pub(crate) has_skipped: bool,
    /// What the database's clock said when the transaction began.
    pub(crate) now: DateTime<Utc>,
}

/// Who moves a checkpoint, and by what right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Holder<'a> {
    /// Name of the checkpoint.
    pub(crate) name: &'a str,
    /// Term of the lease.
    pub(crate) term: i64,
}

/// The checkpoint, made if this is the first look at the organisation.
///
/// The lock lets two workers that both believe to be the owner work one after the other: what the second would
/// write twice it then does not see.
pub(crate) async fn lock(
    db: &mut PgConnection,
    org: OrgId,
    holder: Holder<'_>,
    skips_of: &str,
) -> Result<Checkpoint, sqlx::Error> {
    if let Some(found) = try_lock(db, org, holder.name, skips_of).await? {
        return Ok(found);
    }
    let start = Mark::start(org);
    sqlx::query!(
        "insert into projection_checkpoints (org_id, projection, position, hash, term)
         values ($1, $2, $3, $4, $5) on conflict do nothing",
        org.as_uuid(),
        holder.name,
        start.position,
        &start.hash[..],
        holder.term,
    )
    .execute(&mut *db)
    .await?;
    try_lock(db, org, holder.name, skips_of).await?.ok_or(sqlx::Error::RowNotFound)
}

async fn try_lock(
    db: &mut PgConnection,
    org: OrgId,
    name: &str,
    skips_of: &str,
) -> Result<Option<Checkpoint>, sqlx::Error> {
    let row = sqlx::query!(
        r#"select c.position, c.hash, c.halted is not null as "is_halted!", now() as "now!",
                  exists (select from parked_streams p where p.org_id = $1 and p.projection = $2) as "has_parked!",
                  exists (select from skipped_events s where s.org_id = $1 and s.projection = $3) as "has_skipped!"
           from projection_checkpoints c where c.org_id = $1 and c.projection = $2
           for update of c"#,
        org.as_uuid(),
        name,
        skips_of,
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Checkpoint {
        // A hash of another length is no hash: the next event will not follow from it.
        mark: Mark { position: row.position, hash: row.hash.try_into().unwrap_or_default() },
        is_halted: row.is_halted,
        has_parked: row.has_parked,
        has_skipped: row.has_skipped,
        now: row.now,
    }))
}

/// Moves the checkpoint, unless it moved meanwhile or the lease went to someone else: then `false`.
pub(crate) async fn advance(
    db: &mut PgConnection,
    org: OrgId,
    holder: Holder<'_>,
    from: &Mark,
    upto: &Mark,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update projection_checkpoints set position = $5, hash = $6, term = $7, updated_at = now()
         where org_id = $1 and projection = $2 and position = $3 and hash = $4
           and exists (select from projection_owners o where o.projection = $2 and o.term = $7)",
        org.as_uuid(),
        holder.name,
        from.position,
        &from.hash[..],
        upto.position,
        &upto.hash[..],
        holder.term,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Stops following this log, with the reason; `false` if the lease went to someone else.
pub(crate) async fn halt(
    db: &mut PgConnection,
    org: OrgId,
    holder: Holder<'_>,
    reason: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update projection_checkpoints set halted = $3, term = $4, updated_at = now()
         where org_id = $1 and projection = $2
           and exists (select from projection_owners o where o.projection = $2 and o.term = $4)",
        org.as_uuid(),
        holder.name,
        reason,
        holder.term,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
