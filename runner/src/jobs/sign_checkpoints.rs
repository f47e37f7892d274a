//! Signs the head of every log once in each period, if the log has grown.
//!
//! The period is claimed in the transaction that signs: two processes wait for each other and the second finds the work
//! done; one that dies leaves nothing behind.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::id::OrgId;
use projections::history::checkpoint::{self, SignError, SigningKey};
use projections::tenant;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::pulse::Pulse;

/// In heartbeats and in the claims.
pub const NAME: &str = "checkpoints";

/// How often is looked whether a period has begun.
const EVERY: Duration = Duration::from_secs(30);

/// How long claims are kept, to be looked at.
const KEPT: TimeDelta = TimeDelta::days(7);

/// Signs heads with one key.
pub struct SignCheckpoints {
    db: PgPool,
    key: Option<SigningKey>,
    period: TimeDelta,
    runner: String,
    clock: api::Clock,
}

impl SignCheckpoints {
    /// Once in every `period`; not at all without a key.
    pub fn new(
        db: PgPool,
        key: Option<SigningKey>,
        period: TimeDelta,
        runner: String,
        clock: api::Clock,
    ) -> Self {
        Self { db, key, period, runner, clock }
    }

    /// Signs when a period begins, until `stop`.
    pub async fn run(&self, pulse: &Pulse, stop: CancellationToken) {
        if self.key.is_none() {
            tracing::warn!(
                "HISTORY_SIGNING_KEY is not set: no process signs checkpoints by itself"
            );
            return;
        }
        loop {
            let signed = pulse.pass(NAME, self.sign(|| pulse.alive(NAME))).await;
            if let Err(error) = signed {
                tracing::warn!(error = %format!("{error:#}"), "checkpoints not signed");
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Signs every log that has grown since its last checkpoint and whose turn in this period is not taken; returns how
    /// many that were. One that cannot be signed is noted, and does not keep the others from it.
    pub async fn sign_due(&self) -> anyhow::Result<usize> {
        self.sign(|| ()).await
    }

    async fn sign(&self, alive: impl Fn()) -> anyhow::Result<usize> {
        let Some(key) = &self.key else { return Ok(0) };
        let now = (self.clock)();
        let period = first_instant(now, self.period);
        let due: Vec<Uuid> = sqlx::query_scalar!(
            r#"select org_id as "org_id!" from log.unsigned($1, $2, $3)"#,
            key.public().id(),
            NAME,
            period,
        )
        .fetch_all(&self.db)
        .await?;
        let (mut signed, mut broken) = (0, 0);
        for org in due.into_iter().map(OrgId::from) {
            alive();
            match self.sign_one(org, key, &period, now).await? {
                Run::Signed => signed += 1,
                Run::Broken => broken += 1,
                Run::Taken => {}
            }
        }
        anyhow::ensure!(broken == 0, "logs that do not hold: {broken}");
        Ok(signed)
    }

    async fn sign_one(
        &self,
        org: OrgId,
        key: &SigningKey,
        period: &str,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Run> {
        let mut tx = tenant::begin(&self.db, org).await?;
        if !self.claim(&mut tx, org, period, now).await? {
            return Ok(Run::Taken);
        }
        let run = match checkpoint::sign_head(&mut tx, org, key, now).await {
            Ok(_) => Run::Signed,
            Err(SignError::Database(error)) => return Err(error.into()),
            Err(broken @ (SignError::Broken(_) | SignError::Attempts(_))) => {
                // Tried again in the next period, when somebody may have looked at it.
                tracing::error!(%org, reason = %broken, "checkpoint refused");
                fail(&mut tx, org, period, &broken.to_string()).await?;
                Run::Broken
            }
        };
        tx.commit().await?;
        Ok(run)
    }

    /// Whether the period was free. Waits for another process that is just at it.
    async fn claim(
        &self,
        db: &mut PgConnection,
        org: OrgId,
        period: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, sqlx::Error> {
        sqlx::query!(
            "delete from job_runs where org_id = $1 and job = $2 and finished_at < $3",
            org.as_uuid(),
            NAME,
            now - KEPT,
        )
        .execute(&mut *db)
        .await?;
        let claimed = sqlx::query!(
            "insert into job_runs (org_id, job, period, runner_id, outcome, finished_at)
             values ($1, $2, $3, $4, 'done', $5) on conflict do nothing",
            org.as_uuid(),
            NAME,
            period,
            self.runner,
            now,
        )
        .execute(db)
        .await?;
        Ok(claimed.rows_affected() == 1)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Signed,
    Broken,
    Taken,
}

async fn fail(
    db: &mut PgConnection,
    org: OrgId,
    period: &str,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update job_runs set outcome = 'failed', detail = $4 where org_id = $1 and job = $2 and period = $3",
        org.as_uuid(),
        NAME,
        period,
        reason,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The first instant of the period that `now` is in; periods are counted from 1970.
fn first_instant(now: DateTime<Utc>, period: TimeDelta) -> String {
    let seconds = period.num_seconds().max(1);
    let start = now.timestamp().div_euclid(seconds) * seconds;
    DateTime::from_timestamp(start, 0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_named_by_its_first_instant() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let hour = TimeDelta::hours(1);
        assert_eq!(first_instant(at("2030-01-31T12:59:59.9Z"), hour), "2030-01-31T12:00:00Z");
        assert_eq!(first_instant(at("2030-01-31T13:00:00Z"), hour), "2030-01-31T13:00:00Z");
        assert_eq!(first_instant(at("1969-12-31T23:59:59Z"), hour), "1969-12-31T23:00:00Z");
    }
}
