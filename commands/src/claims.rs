//! Who holds a claimed value.

use domain::id::OrgId;

use crate::bus::CommandBus;
use crate::error::LoadError;
use crate::stream::unavailable;

impl CommandBus {
    /// The aggregate that holds `value` in `scope`, as the log knows it now.
    pub async fn holder(
        &self,
        org: OrgId,
        scope: &str,
        value: &str,
    ) -> Result<Option<String>, LoadError> {
        let begin = format!("begin; set local app.current_org_id = '{org}'");
        let mut tx = self.pool().begin_with(begin).await.map_err(|error| unavailable(&error))?;
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
}
