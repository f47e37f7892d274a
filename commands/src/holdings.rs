//! Who holds a claimed value, and whether somebody's key is held.

use domain::id::{OrgId, SubjectId};
use sqlx::{Postgres, Transaction};

use crate::bus::CommandBus;
use crate::error::LoadError;
use crate::stream::unavailable;
use crate::tenant;

impl CommandBus {
    /// The aggregate that holds `value` in `scope`, as the log knows it now.
    pub async fn holder(
        &self,
        org: OrgId,
        scope: &str,
        value: &str,
    ) -> Result<Option<String>, LoadError> {
        let mut tx = self.within(org).await?;
        sqlx::query_scalar!(
            "select aggregate_id from claims where org_id = $1 and scope = $2 and value = $3",
            org.as_uuid(),
            scope,
            value,
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(|error| unavailable(&error))
    }

    /// Whether the data of this person can be read: they are known here and were not erased.
    pub async fn knows(&self, org: OrgId, subject: SubjectId) -> Result<bool, LoadError> {
        let mut tx = self.within(org).await?;
        sqlx::query_scalar!(
            r#"select exists (select from subject_keys where org_id = $1 and subject_id = $2) as "known!""#,
            org.as_uuid(),
            subject.as_uuid(),
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| unavailable(&error))
    }

    async fn within(&self, org: OrgId) -> Result<Transaction<'static, Postgres>, LoadError> {
        tenant::begin(self.pool(), org).await.map_err(|error| unavailable(&error))
    }
}
