//! What every process tells monitors about itself, and the whole interface of a process that has no other.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::edge::{self, Edge, EdgeOptions, MONITORED};
use crate::health::{self, Backup, Health};
use crate::metrics::Scrape;
use crate::problem::{Code, Problem};
use crate::state::Clock;

/// A pool with no free connection for longer is more than a rush.
const EXHAUSTED: Duration = Duration::from_secs(30);

/// The probes of a process and what they are told.
pub struct Monitors {
    health: Health,
    backup: Backup,
    /// `None` leaves `/metrics` out.
    scrape: Option<Scrape>,
    /// The pool whose connections are counted.
    pool: PgPool,
    clock: Clock,
    /// Since when every look found every connection in use.
    exhausted: Mutex<Option<Instant>>,
    /// Sets gauges of the process that are not kept all the time.
    refresh: Option<Box<dyn Fn() + Send + Sync>>,
}

impl Monitors {
    /// Of a process that works with `pool`.
    pub fn new(
        health: Health,
        backup: Backup,
        scrape: Option<Scrape>,
        pool: PgPool,
        clock: Clock,
    ) -> Self {
        Self { health, backup, scrape, pool, clock, exhausted: Mutex::default(), refresh: None }
    }

    /// Calls `refresh` before everything that is measured is told.
    #[must_use]
    pub fn refreshing(self, refresh: impl Fn() + Send + Sync + 'static) -> Self {
        Self { refresh: Some(Box::new(refresh)), ..self }
    }

    /// `/healthz` of the API.
    pub(crate) async fn healthy(&self) -> Response {
        let report = self.health.report().await;
        health::answer(report.is_healthy(), &report.body(self.health.expected()))
    }

    /// `/readyz`, with `more` checks of the process.
    pub(crate) async fn ready(&self, more: impl IntoIterator<Item = Value>) -> Response {
        let report = self.health.report().await;
        let mut checks = health::checks(&report, &self.health, (self.clock)());
        checks.push(health::pool(self.connections(), self.exhausted_for(), EXHAUSTED));
        checks.extend(more);
        let ok = checks.iter().all(|check| check["ok"] == true);
        let status = if ok { "ready" } else { "not_ready" };
        health::answer(ok, &json!({ "ok": ok, "status": status, "checks": checks }))
    }

    /// `/healthz/backup`.
    pub(crate) async fn backup(&self) -> Result<Response, Problem> {
        let last = self
            .backup
            .verified((self.clock)())
            .await
            .map_err(|error| Problem::new(Code::BackupNotVerified).detail(error.to_string()))?;
        let told = json!({
            "backup_ok": true,
            "last_backup_utc": last.at,
            "age_seconds": last.age.num_seconds(),
        });
        Ok(health::answer(true, &told))
    }

    /// `/metrics`: asks for what is not counted all the time, then tells everything.
    pub(crate) async fn scrape(&self, headers: &HeaderMap, uri: &Uri) -> Result<Response, Problem> {
        let scrape = self.scrape.as_ref().ok_or_else(Problem::no_route)?;
        scrape.admit(headers, uri)?;
        let (report, backup) =
            tokio::join!(self.health.report(), self.backup.verified((self.clock)()));
        report.measure(self.health.jobs());
        let last = backup.map_or_else(health::BackupError::last, Some);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
        let seconds = last.map_or(0.0, |last| last.at.timestamp() as f64);
        metrics::gauge!("backup_last_success_timestamp").set(seconds);
        self.connections().measure();
        if let Some(refresh) = &self.refresh {
            refresh();
        }
        Ok(scrape.answer())
    }

    fn connections(&self) -> Connections {
        let idle = u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX);
        let in_use = self.pool.size().saturating_sub(idle);
        Connections { idle, in_use, max: self.pool.options().get_max_connections() }
    }

    fn exhausted_for(&self) -> Duration {
        let mut since = self.exhausted.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.connections().are_all_in_use() {
            *since = None;
            return Duration::ZERO;
        }
        since.get_or_insert_with(Instant::now).elapsed()
    }
}

/// The connections of a pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connections {
    pub(crate) idle: u32,
    pub(crate) in_use: u32,
    pub(crate) max: u32,
}

impl Connections {
    const fn are_all_in_use(self) -> bool {
        self.in_use >= self.max
    }

    fn measure(self) {
        let gauge = |state: &'static str, count: u32| {
            metrics::gauge!("db_pool_connections", "state" => state).set(f64::from(count));
        };
        gauge("idle", self.idle);
        gauge("in_use", self.in_use);
        gauge("max", self.max);
        metrics::gauge!("db_pool_connections_in_use").set(f64::from(self.in_use));
    }
}

/// Everything a process answers that serves nobody but monitors: behind the same edge as the API, `healthz` its own.
pub fn monitoring(monitors: Monitors, edge: EdgeOptions, healthz: MethodRouter) -> Router {
    let edge = Edge::new(edge, MONITORED.map(|path| ("GET", path)));
    Router::new()
        .route("/livez", get(health::alive))
        .route("/readyz", get(ready))
        .route("/healthz/backup", get(backup))
        .route("/metrics", get(scrape))
        .with_state(Arc::new(monitors))
        .route("/healthz", healthz)
        .fallback(async || Problem::no_route())
        .method_not_allowed_fallback(async || Problem::new(Code::MethodNotAllowed))
        .layer(from_fn_with_state(Arc::clone(&edge), in_time))
        .layer(from_fn_with_state(edge, edge::edge))
}

async fn in_time(State(edge): State<Arc<Edge>>, request: Request, next: Next) -> Response {
    edge.room.in_time(next.run(request)).await
}

async fn ready(State(monitors): State<Arc<Monitors>>) -> Response {
    monitors.ready([]).await
}

async fn backup(State(monitors): State<Arc<Monitors>>) -> Result<Response, Problem> {
    monitors.backup().await
}

async fn scrape(
    State(monitors): State<Arc<Monitors>>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    monitors.scrape(&headers, &uri).await
}
