//! The keys of people, read in the transaction that uses them: an erased person has none.

use domain::id::{OrgId, SubjectId};
use domain::seal::{MasterKeys, SubjectKeys};
use sqlx::PgConnection;
use uuid::Uuid;

/// The keys of those of `subjects` who have not been erased.
///
/// A key that cannot be unwrapped is an error and not an erasure: the master key of this process is wrong.
pub async fn load(
    db: &mut PgConnection,
    masters: &MasterKeys,
    org: OrgId,
    subjects: &[SubjectId],
) -> Result<SubjectKeys, sqlx::Error> {
    if subjects.is_empty() {
        return Ok(SubjectKeys::new());
    }
    let ids: Vec<Uuid> = subjects.iter().map(|subject| subject.as_uuid()).collect();
    let rows = sqlx::query!(
        "select subject_id, master_version, wrapped from subject_keys
         where org_id = $1 and subject_id = any($2)",
        org.as_uuid(),
        &ids,
    )
    .fetch_all(db)
    .await?;

    let unwrap = |subject: SubjectId, version, wrapped: &[u8]| {
        let key = masters.unwrap(org, subject, version, wrapped);
        key.map(|key| (subject, key)).map_err(|error| sqlx::Error::Decode(error.into()))
    };
    rows.iter().map(|row| unwrap(row.subject_id.into(), row.master_version, &row.wrapped)).collect()
}
