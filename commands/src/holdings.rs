//! Who holds a claimed value, an address or a time, and whether somebody's key is held.

use chrono::{DateTime, Utc};
use domain::id::{ClientId, OrgId, SubjectId};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use crate::bus::CommandBus;
use crate::error::LoadError;
use crate::stream::unavailable;
use crate::tenant;

/// A time of somebody or something that an aggregate holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Who or what is taken.
    pub resource: Uuid,
    /// By which aggregate.
    pub reference: String,
    /// First instant.
    pub from: DateTime<Utc>,
    /// First instant that is free again.
    pub until: DateTime<Utc>,
}

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

    /// The last value from `from` on and before `until` that is held in `scope`.
    pub async fn last_held(
        &self,
        org: OrgId,
        scope: &str,
        (from, until): (&str, &str),
    ) -> Result<Option<String>, LoadError> {
        let mut tx = self.within(org).await?;
        sqlx::query_scalar!(
            "select value from claims where org_id = $1 and scope = $2 and value >= $3 and value < $4
             order by value desc limit 1",
            org.as_uuid(),
            scope,
            from,
            until,
        )
        .fetch_optional(&mut *tx)
        .await
        .map_err(|error| unavailable(&error))
    }

    /// How many values of `scope` are held.
    pub async fn holders(&self, org: OrgId, scope: &str) -> Result<i64, LoadError> {
        let mut tx = self.within(org).await?;
        sqlx::query_scalar!(
            r#"select count(*) as "held!" from claims where org_id = $1 and scope = $2"#,
            org.as_uuid(),
            scope,
        )
        .fetch_one(&mut *tx)
        .await
        .map_err(|error| unavailable(&error))
    }

    /// The client who signs in with this address, as the log knows it now.
    pub async fn client_of(&self, org: OrgId, email: &str) -> Result<Option<ClientId>, LoadError> {
        let mut tx = self.within(org).await?;
        let found = sqlx::query_scalar!("select portal.find_client($1, $2)", org.as_uuid(), email)
            .fetch_one(&mut *tx)
            .await
            .map_err(|error| unavailable(&error))?;
        Ok(found.map(ClientId::from))
    }

    /// What is taken of `resources` between `from` and `until`, as the log knows it now, in order.
    pub async fn taken(
        &self,
        org: OrgId,
        resources: &[Uuid],
        (from, until): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Vec<Taken>, LoadError> {
        let mut tx = self.within(org).await?;
        sqlx::query_as!(
            Taken,
            r#"select resource, aggregate_id as reference, lower(during) as "from!", upper(during) as "until!"
               from slots
               where org_id = $1 and resource = any($2) and during && tstzrange($3, $4)
               order by during, resource"#,
            org.as_uuid(),
            resources,
            from,
            until,
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(|error| unavailable(&error))
    }

    /// The aggregates that hold a time of `resource`, or of anybody if none is named, between `from` and `until`, as the log
    /// knows it now: the first `most` of them by the beginning, and how many there are.
    pub async fn holding(
        &self,
        org: OrgId,
        resource: Option<Uuid>,
        (from, until): (DateTime<Utc>, DateTime<Utc>),
        most: i64,
    ) -> Result<(Vec<String>, i64), LoadError> {
        let mut tx = self.within(org).await?;
        let rows = sqlx::query!(
            r#"select aggregate_id, count(*) over () as "total!" from slots
               where org_id = $1 and ($2::uuid is null or resource = $2) and during && tstzrange($3, $4)
               group by aggregate_id order by min(lower(during)), aggregate_id limit $5"#,
            org.as_uuid(),
            resource,
            from,
            until,
            most,
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(|error| unavailable(&error))?;
        let total = rows.first().map_or(0, |row| row.total);
        Ok((rows.into_iter().map(|row| row.aggregate_id).collect(), total))
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
