//! Read your writes: waits, for a bounded time, until read models have come to a position.

use std::time::Duration;

use domain::id::OrgId;
use sqlx::{PgConnection, PgPool};
use tokio::time::{Instant, sleep_until};

use crate::tenant;

/// The first look comes soon, the later ones rarer.
const FIRST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_millis(50);

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Every one of the projections is there.
    Reached,
    /// Time is up, or one of them is halted.
    Stale {
        /// How far the last of them is.
        at: i64,
    },
}

/// How far a projection has come in the log of `org`; 0 if it has not begun.
pub async fn position(pool: &PgPool, org: OrgId, projection: &str) -> Result<i64, sqlx::Error> {
    Ok(look(pool, org, &[projection]).await?.0)
}

/// Waits until all of `projections` have come to `position`, but not beyond `deadline`.
pub async fn wait_for(
    pool: &PgPool,
    org: OrgId,
    projections: &[&str],
    position: i64,
    deadline: Instant,
) -> Result<Waited, sqlx::Error> {
    let mut pause = FIRST;
    loop {
        let (at, is_halted) = look(pool, org, projections).await?;
        if at >= position {
            return Ok(Waited::Reached);
        }
        let now = Instant::now();
        if is_halted || now >= deadline {
            return Ok(Waited::Stale { at });
        }
        sleep_until(deadline.min(now + pause)).await;
        pause = LONGEST.min(pause * 2);
    }
}

/// How far the last of `projections` is, as the transaction of `org` sees it.
pub async fn standing(
    db: &mut PgConnection,
    org: OrgId,
    projections: &[&str],
) -> Result<i64, sqlx::Error> {
    Ok(seen(db, org, projections).await?.0)
}

async fn look(pool: &PgPool, org: OrgId, projections: &[&str]) -> Result<(i64, bool), sqlx::Error> {
    let mut tx = tenant::begin(pool, org).await?;
    let seen = seen(&mut tx, org, projections).await?;
    tx.commit().await?;
    Ok(seen)
}

async fn seen(
    db: &mut PgConnection,
    org: OrgId,
    projections: &[&str],
) -> Result<(i64, bool), sqlx::Error> {
    let row = sqlx::query!(
        r#"select coalesce(min(coalesce(c.position, 0)), 0) as "position!",
                  coalesce(bool_or(c.halted is not null), false) as "is_halted!"
           from unnest($2::text[]) p (name)
           left join projection_checkpoints c on c.org_id = $1 and c.projection = p.name"#,
        org.as_uuid(),
        projections as &[&str],
    )
    .fetch_one(db)
    .await?;
    Ok((row.position, row.is_halted))
}
