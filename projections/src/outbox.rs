//! What staff see of effects: every outside action with its state, and those that were given up.

use chrono::{DateTime, Utc};
use domain::id::OrgId;
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

/// What an answer holds at most.
pub const PAGE: i64 = 200;

/// An outside action. Its payload is about a person and is not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    /// Also the idempotency key at the provider.
    pub effect_id: Uuid,
    /// For example `email.request_received`.
    pub kind: String,
    /// `due`, `leased`, `waiting`, `delivered`, `suppressed`, `dead` or `discarded`.
    pub state: String,
    /// Why suppressed, dead or discarded; what went wrong last while waiting.
    pub reason: Option<String>,
    /// How often it was tried.
    pub attempts: i32,
    /// When it is tried next.
    pub due_at: DateTime<Utc>,
    /// Position of the event it follows from.
    pub cause: i64,
    /// What else the same request set off.
    pub correlation_id: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it came to its end.
    pub finished_at: Option<DateTime<Utc>>,
}

/// The effect behind which a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub effect_id: Uuid,
}

/// Effects in `state`, or all, newest first.
pub async fn page(
    db: &mut PgConnection,
    org: OrgId,
    state: Option<&str>,
    after: Option<After>,
    limit: i64,
) -> Result<Vec<Effect>, sqlx::Error> {
    let (created_at, effect_id) = after.map(|after| (after.created_at, after.effect_id)).unzip();
    sqlx::query_as!(
        Effect,
        "select effect_id, kind, state, reason, attempts, due_at, cause, correlation_id, created_at, finished_at
         from effects
         where org_id = $1 and ($2::text is null or state = $2)
           and ($3::timestamptz is null or (created_at, effect_id) < ($3, $4::uuid))
         order by created_at desc, effect_id desc limit $5",
        org.as_uuid(),
        state,
        created_at,
        effect_id,
        limit.clamp(1, PAGE),
    )
    .fetch_all(db)
    .await
}

/// Which of the given-up effects are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dead {
    /// All of them.
    All,
    /// All but exports.
    Outbox,
    /// Data taken out to somebody else's system.
    Export,
}

/// How many effects were given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadCounts {
    /// All but exports.
    pub outbox: i64,
    /// Exports.
    pub export: i64,
}

/// Counts what was given up.
pub async fn dead_counts(db: &mut PgConnection, org: OrgId) -> Result<DeadCounts, sqlx::Error> {
    sqlx::query_as!(
        DeadCounts,
        r#"select count(*) filter (where kind not like 'export.%') as "outbox!",
                  count(*) filter (where kind like 'export.%') as "export!"
           from effects where org_id = $1 and state = 'dead'"#,
        org.as_uuid(),
    )
    .fetch_one(db)
    .await
}

/// What was given up, newest first.
pub async fn dead(
    db: &mut PgConnection,
    org: OrgId,
    which: Dead,
    offset: i64,
    limit: i64,
) -> Result<Vec<Effect>, sqlx::Error> {
    let export = match which {
        Dead::All => None,
        Dead::Outbox => Some(false),
        Dead::Export => Some(true),
    };
    sqlx::query_as!(
        Effect,
        "select effect_id, kind, state, reason, attempts, due_at, cause, correlation_id, created_at, finished_at
         from effects
         where org_id = $1 and state = 'dead' and ($2::boolean is null or (kind like 'export.%') = $2)
         order by created_at desc, effect_id desc offset $3 limit $4",
        org.as_uuid(),
        export,
        offset,
        limit.clamp(1, PAGE),
    )
    .fetch_all(db)
    .await
}
