//! Which organisations have read models so far behind that whoever reads them should know: `X-Projection-Behind` says for how
//! many seconds something has waited to be shown.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName};
use chrono::{DateTime, TimeDelta, Utc};
use domain::id::OrgId;
use sqlx::PgPool;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::state::{AppState, Clock};

const LAG: HeaderName = HeaderName::from_static("x-projection-lag");

/// How often is looked: what lags does so for longer than this.
const LOOK: Duration = Duration::from_secs(5);

/// What was found last.
pub(crate) struct Behind {
    projections: Vec<String>,
    /// Nobody needs to know of less.
    tolerated: TimeDelta,
    /// Since when something waits.
    since: RwLock<HashMap<OrgId, DateTime<Utc>>>,
}

impl Behind {
    pub(super) fn new(projections: Vec<String>, tolerated: Duration) -> Arc<Self> {
        let tolerated = TimeDelta::from_std(tolerated).unwrap_or(TimeDelta::MAX);
        Arc::new(Self { projections, tolerated, since: RwLock::default() })
    }

    /// Says in the answer to a read of `org` how old it may be.
    pub(crate) fn mark(&self, org: OrgId, now: DateTime<Utc>, headers: &mut HeaderMap) {
        let known = self.since.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = known.get(&org) {
            headers.insert(LAG, (now - since).num_seconds().max(0).into());
        }
    }

    async fn look(&self, db: &PgPool, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
        let rows = sqlx::query!(
            r#"select org_id as "org_id!", min(waiting_since) as "since!: DateTime<Utc>"
               from log.lagging($1) where waiting_since <= $2 group by org_id"#,
            &self.projections,
            now.checked_sub_signed(self.tolerated).unwrap_or_default(),
        )
        .fetch_all(db)
        .await?;
        let found = rows.into_iter().map(|row| (row.org_id.into(), row.since)).collect();
        *self.since.write().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }
}

/// Looks every few seconds, until `stop`.
pub fn watch_lag(app: &AppState, stop: CancellationToken) -> impl Future<Output = ()> + use<> {
    let (behind, db, clock) =
        (Arc::clone(&app.behind), app.reads.clone(), Clock::clone(&app.clock));
    async move {
        loop {
            // A database that is away is told by others; nothing can be read then.
            let _ = behind.look(&db, clock()).await;
            if stop.run_until_cancelled(sleep(LOOK)).await.is_none() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_is_behind_is_told_and_for_how_long() {
        let behind = Behind::new(Vec::new(), Duration::from_secs(30));
        let (late, fine) = (OrgId::new(uuid::Uuid::max()), OrgId::new(uuid::Uuid::nil()));
        let since = DateTime::UNIX_EPOCH;
        behind.since.write().unwrap().insert(late, since);
        let told = |org, seconds| {
            let mut headers = HeaderMap::new();
            behind.mark(org, since + TimeDelta::seconds(seconds), &mut headers);
            headers.get(LAG).map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(told(late, 42).as_deref(), Some("42"));
        // A clock that was set back.
        assert_eq!(told(late, -1).as_deref(), Some("0"));
        assert_eq!(told(fine, 42), None);
    }
}
