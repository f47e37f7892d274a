//! Removing what the audit log need not keep any longer, and noting what operators do.

use chrono::{DateTime, Utc};
use commands::{Context, attempts};
use domain::attempt::{Attempt, Outcome};
use domain::id::OrgId;
use domain::organisation::{Organisation, OrganisationCommand, Pruned};
use serde_json::Value;
use sqlx::{Connection, PgConnection, PgPool};
use uuid::Uuid;

use crate::organisations::{Organisations, system};

/// Notes that an operator took data of `org` out of the system, or did something that is no event. It fails if that cannot
/// be noted: then it is not to be done.
pub async fn note(db: &PgPool, org: OrgId, action: &str, facts: &Value) -> anyhow::Result<()> {
    let attempt = Attempt::of_program(Uuid::now_v7(), org, action, Outcome::Success, facts);
    Ok(attempts::store(db, org, &[&attempt]).await?)
}

/// What is older than `before` and no event; `None` if there is nothing.
pub async fn old(
    owner: &mut PgConnection,
    org: OrgId,
    before: DateTime<Utc>,
) -> Result<Option<Pruned>, sqlx::Error> {
    let mut tx = begin(owner, org).await?;
    // Time never runs backwards in the chain: what is older comes first.
    let last = sqlx::query!(
        "select number, row_hash from audit_attempts where org_id = $1 and created_at < $2 order by number desc limit 1",
        org.as_uuid(),
        before,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(last) = last else { return Ok(None) };
    let entries = sqlx::query_scalar!(
        r#"select count(*) as "count!" from audit_attempts where org_id = $1 and number <= $2"#,
        org.as_uuid(),
        last.number,
    )
    .fetch_one(&mut *tx)
    .await?;
    let hash = hex::encode(&last.row_hash);
    Ok(Some(Pruned { through: last.number, hash, entries, before }))
}

/// Lets the log announce the removal, then removes. Killed in between, it is done by the next call.
pub async fn prune(
    owner: &mut PgConnection,
    organisations: &Organisations,
    org: OrgId,
    pruned: Pruned,
) -> anyhow::Result<u64> {
    let through = pruned.through;
    let context = Context { action: Some("audit.prune".to_owned()), ..system(org, None) };
    let command = OrganisationCommand::PruneAudit(pruned);
    let id = org.to_string();
    let bus = organisations.bus();
    bus.execute::<Organisation>(&context, &id, command, |_| Value::Null).await?;
    let mut tx = begin(owner, org).await?;
    let removed = sqlx::query!(
        "delete from audit_attempts where org_id = $1 and number <= $2",
        org.as_uuid(),
        through,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    tx.commit().await?;
    Ok(removed)
}

async fn begin(
    owner: &mut PgConnection,
    org: OrgId,
) -> Result<sqlx::Transaction<'_, sqlx::Postgres>, sqlx::Error> {
    let begin =
        format!("begin; set local role cleaning_owner; set local app.current_org_id = '{org}'");
    owner.begin_with(begin).await
}
