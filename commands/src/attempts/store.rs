//! One call of `audit.note`: entries of one organisation, in a transaction of their own.

use domain::attempt::Attempt;
use domain::id::OrgId;
use sqlx::PgPool;

use crate::tenant;

/// Adds `attempts`, all of `org`, to its audit log. Those that are there already are left out.
pub async fn store(db: &PgPool, org: OrgId, attempts: &[&Attempt]) -> Result<(), sqlx::Error> {
    // Made of strings and numbers only: it always serialises.
    let entries =
        serde_json::to_string(attempts).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let mut tx = tenant::begin(db, org).await?;
    sqlx::query!("select audit.note($1, $2::text::json)", org.as_uuid(), entries)
        .execute(&mut *tx)
        .await?;
    tx.commit().await
}

/// Whether the same entries may be stored later.
pub(super) fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            ["08", "25", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class))
        }),
        sqlx::Error::Encode(_) | sqlx::Error::Decode(_) => false,
        _ => true,
    }
}
