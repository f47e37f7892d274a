//! Where the projections stand, for operators: progress, owners, parked streams.

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use serde::Serialize;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

/// What an answer holds at most.
pub const PAGE: i64 = 500;

/// A projection in the log of one organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Whose log.
    pub org_id: Uuid,
    /// Name of the checkpoint.
    pub projection: String,
    /// How far it has come.
    pub position: i64,
    /// How far the log goes.
    pub head: i64,
    /// Why it cannot be followed any further.
    pub halted: Option<String>,
    /// How many streams are parked.
    pub parked: i64,
}

impl Progress {
    /// How many events it has yet to apply.
    pub fn behind(&self) -> i64 {
        (self.head - self.position).max(0)
    }

    /// How many events it has applied that the log no longer has: the log was rolled back.
    pub fn ahead(&self) -> i64 {
        (self.position - self.head).max(0)
    }
}

/// A projection that has come to an end in some logs, and will not go on by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stuck {
    /// Name of the checkpoint.
    pub projection: String,
    /// How many logs it can no longer follow.
    pub halted: i64,
    /// How many logs end before what it has applied.
    pub ahead: i64,
}

/// Which of `projections` are halted or ahead of a log, over all organisations.
pub async fn stuck(
    db: &mut PgConnection,
    projections: &[String],
) -> Result<Vec<Stuck>, sqlx::Error> {
    sqlx::query_as!(
        Stuck,
        r#"select projection as "projection!", count(halted) as "halted!",
                  count(*) filter (where position > head) as "ahead!"
           from log.progress($1) where halted is not null or position > head
           group by projection order by projection"#,
        projections,
    )
    .fetch_all(db)
    .await
}

/// Every checkpoint of `projections`, over all organisations that have a log.
pub async fn progress(pool: &PgPool, projections: &[&str]) -> Result<Vec<Progress>, sqlx::Error> {
    sqlx::query_as!(
        Progress,
        r#"select org_id as "org_id!", projection as "projection!", position as "position!", head as "head!",
                  halted, parked as "parked!"
           from log.progress($1) order by projection, org_id"#,
        projections as &[&str],
    )
    .fetch_all(pool)
    .await
}

/// Who keeps a projection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Name of the checkpoint.
    pub projection: String,
    /// Name of the worker.
    pub owner: String,
    /// Rises with every change of owner.
    pub term: i64,
    /// Whether the lease still runs.
    pub is_live: bool,
}

/// Every owner there has been last.
pub async fn owners(pool: &PgPool) -> Result<Vec<Owner>, sqlx::Error> {
    sqlx::query_as!(
        Owner,
        r#"select projection, owner, term, lease_until > now() as "is_live!"
           from projection_owners order by projection"#,
    )
    .fetch_all(pool)
    .await
}

/// A stream that a projection stopped at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Parked {
    /// Name of the projection.
    pub projection: String,
    /// Kind of the aggregate.
    pub aggregate_type: String,
    /// Which one.
    pub aggregate_id: String,
    /// The event it stopped at.
    pub position: i64,
    /// Why.
    pub reason: String,
    /// How often it was tried.
    pub attempts: i32,
    /// Since when.
    pub parked_at: DateTime<Utc>,
}

/// The parked streams of `org`, oldest event first, at most [`PAGE`].
pub async fn parked(db: &mut PgConnection, org: OrgId) -> Result<Vec<Parked>, sqlx::Error> {
    sqlx::query_as!(
        Parked,
        "select projection, aggregate_type, aggregate_id, position, reason, attempts, parked_at
         from parked_streams where org_id = $1
         order by position, projection, aggregate_type, aggregate_id limit $2",
        org.as_uuid(),
        PAGE,
    )
    .fetch_all(db)
    .await
}

/// Lets a projection follow the log again after what halted it was repaired; `false` if it was not halted.
///
/// Nothing is taken on trust: the next event must again follow from the checkpoint.
pub async fn resume(
    db: &mut PgConnection,
    org: OrgId,
    projection: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "update projection_checkpoints set halted = null, updated_at = now()
         where org_id = $1 and projection = $2 and halted is not null",
        org.as_uuid(),
        projection,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}
