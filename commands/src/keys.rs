//! The keys of persons: made, fetched, and wrapped anew when the master key changes.

use domain::id::{OrgId, SubjectId};
use domain::seal::{KEY_LEN, MasterKeys, SealError, SubjectKey, SubjectKeys};
use rand::RngCore;
use sqlx::PgPool;
use uuid::Uuid;

use crate::append::NewKey;
use crate::error::{BrokenHistory, LoadError};
use crate::tenant;

/// How many keys are wrapped anew in one transaction.
const ROTATION_BATCH: i64 = 500;

/// Random bytes from the operating system's generator, seeded per thread.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A key for somebody new, and how it is stored.
pub(crate) fn make(
    masters: &MasterKeys,
    org: OrgId,
    subject: SubjectId,
) -> Result<(SubjectKey, NewKey), SealError> {
    let key = SubjectKey::new(org, subject, random::<KEY_LEN>());
    let (master_version, wrapped) = masters.wrap(&key, random())?;
    Ok((key, NewKey { subject, master_version, wrapped }))
}

/// The keys of those `subjects` who have not been erased.
pub(crate) async fn fetch(
    pool: &PgPool,
    masters: &MasterKeys,
    org: OrgId,
    subjects: &[SubjectId],
) -> Result<SubjectKeys, LoadError> {
    let ids: Vec<_> = subjects.iter().map(|subject| subject.as_uuid()).collect();
    let mut tx = tenant::begin(pool, org).await.map_err(|_| LoadError::Unavailable)?;
    let rows = sqlx::query!(
        "select subject_id, master_version, wrapped from subject_keys
         where org_id = $1 and subject_id = any ($2)",
        org.as_uuid(),
        &ids,
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(|_| LoadError::Unavailable)?;
    rows.into_iter()
        .map(|row| {
            let subject = row.subject_id.into();
            let key = masters.unwrap(org, subject, row.master_version, &row.wrapped);
            Ok((subject, key.map_err(BrokenHistory::from)?))
        })
        .collect()
}

/// Wraps every key of `org` by the current master key and returns how many were not.
///
/// Safe to stop and start again, and while commands are carried out.
pub async fn rotate(pool: &PgPool, masters: &MasterKeys, org: OrgId) -> Result<u64, RotationError> {
    let mut rotated = 0;
    loop {
        let mut tx = tenant::begin(pool, org).await?;
        let rows = sqlx::query!(
            "select subject_id, master_version, wrapped from subject_keys
             where org_id = $1 and master_version <> $2
             order by subject_id limit $3 for update",
            org.as_uuid(),
            masters.current(),
            ROTATION_BATCH,
        )
        .fetch_all(&mut *tx)
        .await?;
        if rows.is_empty() {
            return Ok(rotated);
        }
        rotated += rows.len() as u64;
        let mut subjects: Vec<Uuid> = Vec::with_capacity(rows.len());
        let mut wrapped = Vec::with_capacity(rows.len());
        for row in rows {
            let key =
                masters.unwrap(org, row.subject_id.into(), row.master_version, &row.wrapped)?;
            subjects.push(row.subject_id);
            wrapped.push(masters.wrap(&key, random())?.1);
        }
        sqlx::query!(
            "update subject_keys k set master_version = $2, wrapped = x.wrapped
             from unnest($3::uuid[], $4::bytea[]) x (subject_id, wrapped)
             where k.org_id = $1 and k.subject_id = x.subject_id",
            org.as_uuid(),
            masters.current(),
            &subjects,
            &wrapped,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
    }
}

/// Why keys could not be wrapped anew.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The database failed; what was done so far stays.
    #[error("database error")]
    Database(#[from] sqlx::Error),
    /// A master key is missing or a key is damaged.
    #[error(transparent)]
    Seal(#[from] SealError),
}
