//! Asks the database how it is: at most one probe at a time, remembered for a second, never longer than two.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use projections::engine::{self, Outdated, Stuck};
use projections::heartbeats::{self, Heartbeat};
use serde::Serialize;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgConnection, PgPool};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::behind::Behind;

/// Everything a probe may take; monitors give up after 2.5 s.
const BUDGET: Duration = Duration::from_secs(2);

/// Waiting for a connection, so that there is time left to say that none came.
const CONNECT: Duration = Duration::from_millis(1500);

/// Monitors asking more often get the same answer.
const REMEMBERED: Duration = Duration::from_secs(1);

/// Counting what waits in the outbox reads all of it, so that is done less often.
const OUTBOX_REMEMBERED: Duration = Duration::from_secs(15);

/// Read models further behind than this are not fit to be shown, unless configured otherwise.
const MAX_LAG: Duration = Duration::from_secs(30);

/// One migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Zero-padded number.
    pub version: String,
    /// Checksum of its text, as the ledger keeps it.
    pub checksum: String,
}

/// The probe. It has connections of its own, so a busy pool does not look like a broken database.
pub struct Health {
    pool: PgPool,
    expected: Vec<Revision>,
    projections: Vec<String>,
    jobs: Option<Duration>,
    max_lag: Duration,
    outbox: Mutex<Option<(Instant, Outbox)>>,
    last: Mutex<Option<(Instant, Arc<Report>)>>,
}

impl Health {
    /// Connects when first asked. `expected` are the migrations of this build in order, `projections` the readers
    /// whose lag decides about readiness.
    pub fn new(
        connect: PgConnectOptions,
        expected: Vec<Revision>,
        projections: Vec<String>,
    ) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(2)
            .acquire_timeout(CONNECT)
            .connect_lazy_with(connect);
        let (outbox, last) = (Mutex::new(None), Mutex::new(None));
        Self { pool, expected, projections, jobs: None, max_lag: MAX_LAG, outbox, last }
    }

    /// How far behind read models may be.
    #[must_use]
    pub fn with_max_lag(self, max_lag: Duration) -> Self {
        Self { max_lag, ..self }
    }

    /// How far behind read models may be.
    pub(super) const fn max_lag(&self) -> Duration {
        self.max_lag
    }

    /// Asks for the heartbeat of the jobs too, which must not be older than `ttl`.
    #[must_use]
    pub fn with_jobs(self, ttl: Option<Duration>) -> Self {
        Self { jobs: ttl, ..self }
    }

    /// How old the heartbeat of the jobs may be, if it matters.
    pub(crate) const fn jobs(&self) -> Option<Duration> {
        self.jobs
    }

    /// Whom to tell how far behind read models are.
    pub(crate) fn behind(&self) -> Arc<Behind> {
        Behind::new(self.projections.clone(), self.max_lag)
    }

    /// The newest migration of this build.
    pub(crate) fn expected(&self) -> Option<&str> {
        self.expected.last().map(|revision| revision.version.as_str())
    }

    pub(crate) async fn report(&self) -> Arc<Report> {
        // Also bounds the wait for another monitor's probe that was abandoned half-way.
        let report = timeout(BUDGET + Duration::from_millis(300), self.fresh()).await;
        report.unwrap_or_else(|_| Arc::new(Report::failed("Database check timed out")))
    }

    async fn fresh(&self) -> Arc<Report> {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < REMEMBERED
        {
            return Arc::clone(report);
        }
        let report = Arc::new(match timeout(BUDGET, self.ask()).await {
            Ok(Ok(report)) => report,
            Ok(Err(_)) => Report::failed("Database connection failed"),
            Err(_) => Report::failed("Database check timed out"),
        });
        *last = Some((Instant::now(), Arc::clone(&report)));
        report
    }

    async fn ask(&self) -> Result<Report, sqlx::Error> {
        let started = Instant::now();
        let mut db = self.pool.acquire().await?;
        sqlx::query_scalar!(r#"select 1 as "one!""#).fetch_one(&mut *db).await?;
        let db_ms = started.elapsed();

        let started = Instant::now();
        // The ledger belongs to the migrator and is older than any migration: the compiler cannot know it.
        let ledger =
            sqlx::query_as("select version, checksum from schema_migrations order by version");
        let applied = ledger.fetch_all(&mut *db).await.unwrap_or_default();
        let applied = applied.into_iter().map(|(version, checksum)| Revision { version, checksum });
        let schema = Schema::compare(&self.expected, &applied.collect::<Vec<_>>());
        let migrations_ms = started.elapsed();

        let started = Instant::now();
        let lagging = sqlx::query!(
            r#"select projection as "projection!", count(*) as "organisations!",
                      max(head - position) as "events!", min(waiting_since) as "since: DateTime<Utc>"
               from log.lagging($1) group by projection order by projection"#,
            &self.projections
        )
        .fetch_all(&mut *db)
        .await;
        let lag = lagging.map(|rows| {
            rows.into_iter()
                .map(|row| Lag {
                    projection: row.projection,
                    organisations: row.organisations,
                    events: row.events,
                    since: row.since.unwrap_or_default(),
                })
                .collect()
        });
        let stuck = engine::stuck(&mut db, &self.projections).await;
        let lag_ms = started.elapsed();
        let outdated = engine::outdated(&mut db).await.unwrap_or_default();

        let started = Instant::now();
        let jobs = match self.jobs {
            Some(_) => heartbeats::of(&mut db, heartbeats::RUNNER).await.ok().flatten(),
            None => None,
        };
        let jobs_ms = started.elapsed();

        let started = Instant::now();
        let store = store(&mut db).await.ok();
        let store_ms = started.elapsed();
        let outbox = self.waiting(&mut db).await.ok();
        Ok(Report {
            schema: Some(schema),
            error: None,
            db_ms,
            migrations_ms,
            lag: lag.ok(),
            stuck: stuck.ok(),
            lag_ms,
            outdated,
            jobs,
            jobs_ms,
            store,
            store_ms,
            outbox,
        })
    }

    /// What waits in the outbox, as it was counted lately.
    async fn waiting(&self, db: &mut PgConnection) -> Result<Outbox, sqlx::Error> {
        let mut known = self.outbox.lock().await;
        if let Some((at, outbox)) = *known
            && at.elapsed() < OUTBOX_REMEMBERED
        {
            return Ok(outbox);
        }
        let outbox = sqlx::query!(
            r#"select coalesce(sum(messages), 0)::bigint as "pending!",
                      coalesce(greatest(extract(epoch from now() - min(oldest_due)), 0), 0)::float8 as "oldest_seconds!"
               from log.effect_counts() where state in ('due', 'leased', 'waiting')"#
        )
        .fetch_one(db)
        .await?;
        let outbox = Outbox { pending: outbox.pending, oldest_seconds: outbox.oldest_seconds };
        *known = Some((Instant::now(), outbox));
        Ok(outbox)
    }
}

/// Whether events can be appended, without appending one: the table is read, the function is there, and this is no server
/// that only reads.
async fn store(db: &mut PgConnection) -> Result<Store, sqlx::Error> {
    sqlx::query_as!(
        Store,
        r#"select not pg_is_in_recovery() and current_setting('transaction_read_only') = 'off' as "writable!",
                  to_regproc('log.append') is not null and (select count(*) >= 0 from log_heads) as "complete!""#
    )
    .fetch_one(db)
    .await
}

/// Where events go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store {
    pub(super) writable: bool,
    pub(super) complete: bool,
}

/// Effects that wait to be delivered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outbox {
    pub(super) pending: i64,
    /// How long the one that is due longest has been due.
    pub(super) oldest_seconds: f64,
}

/// A reader that is behind.
#[derive(Debug)]
pub(super) struct Lag {
    pub(super) projection: String,
    pub(super) organisations: i64,
    pub(super) events: i64,
    /// The newest event of the log that is furthest behind in time.
    pub(super) since: DateTime<Utc>,
}

/// What a probe found.
#[derive(Debug)]
pub(crate) struct Report {
    /// `None` if the database did not answer.
    pub(super) schema: Option<Schema>,
    error: Option<&'static str>,
    pub(super) db_ms: Duration,
    pub(super) migrations_ms: Duration,
    pub(super) lag: Option<Vec<Lag>>,
    /// Readers that will not go on by themselves.
    pub(super) stuck: Option<Vec<Stuck>>,
    pub(super) lag_ms: Duration,
    /// Read models that wait for a rebuild.
    pub(super) outdated: Vec<Outdated>,
    /// The heartbeat of the process that runs the jobs.
    pub(super) jobs: Option<Heartbeat>,
    pub(super) jobs_ms: Duration,
    pub(super) store: Option<Store>,
    pub(super) store_ms: Duration,
    pub(super) outbox: Option<Outbox>,
}

impl Report {
    fn failed(error: &'static str) -> Self {
        let none = Duration::ZERO;
        Self {
            schema: None,
            error: Some(error),
            db_ms: none,
            migrations_ms: none,
            lag: None,
            stuck: None,
            lag_ms: none,
            outdated: Vec::new(),
            jobs: None,
            jobs_ms: none,
            store: None,
            store_ms: none,
            outbox: None,
        }
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.schema.as_ref().is_some_and(|schema| schema.fault.is_none())
    }

    /// Sets the gauges that follow from it; `jobs` is how old the heartbeat of the jobs may be.
    pub(crate) fn measure(&self, jobs: Option<Duration>) {
        let flag = |set: bool| f64::from(u8::from(set));
        metrics::gauge!("database_up").set(flag(self.schema.is_some()));
        metrics::gauge!("migrations_current").set(flag(self.is_healthy()));
        if let (Some(ttl), Some(_)) = (jobs, &self.schema) {
            let beat = self.jobs.as_ref();
            let up = beat.is_some_and(|beat| beat.age_seconds <= ttl.as_secs_f64());
            let name = heartbeats::RUNNER;
            metrics::gauge!("job_runner_up", "job_name" => name).set(flag(up));
            if let Some(beat) = beat {
                metrics::gauge!("job_heartbeat_age_seconds", "job_name" => name)
                    .set(beat.age_seconds);
            }
        }
    }

    pub(super) fn error(&self) -> Option<&str> {
        let fault = self.schema.as_ref().and_then(|schema| schema.fault.as_deref());
        self.error.or(fault)
    }

    pub(crate) fn body<'a>(&'a self, expected: Option<&'a str>) -> Body<'a> {
        let healthy = self.is_healthy();
        Body {
            status: if healthy { "ready" } else { "unhealthy" },
            db_connected: self.schema.is_some(),
            migrations_current: healthy,
            current_revision: self.schema.as_ref().and_then(|schema| schema.current.as_deref()),
            expected_revision: expected,
            ahead: self.schema.as_ref().is_some_and(|schema| schema.ahead),
            error: self.error(),
        }
    }
}

/// What `/healthz` says, in the order of the operations guide.
#[derive(Debug, Serialize)]
pub(crate) struct Body<'a> {
    status: &'static str,
    db_connected: bool,
    migrations_current: bool,
    current_revision: Option<&'a str>,
    expected_revision: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ahead: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// The schema of the database beside that of this build.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Schema {
    pub(super) current: Option<String>,
    /// Newer than this build: fine after rolling back code, because migrations only go forward.
    pub(super) ahead: bool,
    /// What is wrong with it, in the words monitors look for.
    pub(super) fault: Option<String>,
}

impl Schema {
    fn compare(expected: &[Revision], applied: &[Revision]) -> Self {
        let current = applied.last().map(|revision| revision.version.clone());
        let newest = expected.last().map(|revision| revision.version.as_str());
        let found = |wanted: &Revision| applied.iter().find(|one| one.version == wanted.version);
        let pending: Vec<&str> = expected
            .iter()
            .filter(|one| found(one).is_none())
            .map(|one| one.version.as_str())
            .collect();
        let changed = expected
            .iter()
            .find(|one| found(one).is_some_and(|other| other.checksum != one.checksum));
        let fault = if pending.is_empty() {
            changed.map(|one| format!("Migration {} checksum mismatch", one.version))
        } else {
            Some(format!("Migrations pending: {}", pending.join(", ")))
        };
        let ahead = current.as_deref() > newest;
        Self { current, ahead, fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revisions(all: &[&str]) -> Vec<Revision> {
        let revision = |text: &&str| {
            let (version, checksum) = text.split_once('/').unwrap_or((text, "same"));
            Revision { version: version.to_owned(), checksum: checksum.to_owned() }
        };
        all.iter().map(revision).collect()
    }

    fn text(report: &Report, expected: Option<&str>) -> String {
        serde_json::to_string(&report.body(expected)).unwrap()
    }

    fn body(expected: &[&str], applied: &[&str]) -> String {
        let report = Report {
            schema: Some(Schema::compare(&revisions(expected), &revisions(applied))),
            ..Report::failed("")
        };
        text(&Report { error: None, ..report }, expected.last().copied())
    }

    #[test]
    fn a_schema_in_step_is_ready_in_exactly_the_words_of_the_guide() {
        let ready = r#"{"status":"ready","db_connected":true,"migrations_current":true,"current_revision":"0002","expected_revision":"0002"}"#;
        assert_eq!(body(&["0001", "0002"], &["0001", "0002"]), ready);
    }

    #[test]
    fn each_difference_is_named() {
        assert!(
            body(&["0001", "0002", "0003"], &["0001"]).contains("Migrations pending: 0002, 0003")
        );
        assert!(body(&["0001/a"], &["0001/b"]).contains("Migration 0001 checksum mismatch"));
        let ahead = body(&["0001"], &["0001", "0002"]);
        assert!(ahead.contains(r#""ahead":true"#) && ahead.contains(r#""status":"ready""#));
        let down = text(&Report::failed("Database connection failed"), Some("0001"));
        assert!(down.contains(r#""current_revision":null"#) && down.contains("connection failed"));
    }
}
