//! The role `jobs`: keeps read models in step, delivers effects, fires timers, and tells how it is.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use commands::{BusOptions, CommandBus};
use metrics_exporter_prometheus::PrometheusHandle;
use projections::READERS;
use projections::engine::{Options, Worker};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{clock, pool};
use crate::config::Config;
use crate::delivery::Delivery;
use crate::timers::Timers;

/// Connections: the engine's turns with their read-ahead, deliveries, timers and health.
const CONNECTIONS: u32 = 16;

/// A health check must answer well before whoever asks gives up.
const PROBE: Duration = Duration::from_secs(2);

/// Everything the role does, ready to be run or stepped.
pub struct Work {
    db: PgPool,
    lanes: TaskTracker,
    /// Keeps the read models in step.
    pub worker: Worker,
    /// Delivers effects.
    pub delivery: Delivery,
    /// Fires timers.
    pub timers: Timers,
}

impl Work {
    /// Connects when first needed.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let connect = config.worker_database()?;
        let keys = config.master_keys()?;
        let lease = Duration::from_secs(config.projection_lease_seconds.into());
        // A process that stands still must not hold its locks for longer than its lease.
        let db = pool(config, connect.clone(), "cleaning jobs", CONNECTIONS, lease);
        let lanes = TaskTracker::new();
        let mut options = BusOptions::new(connect, keys.clone(), lanes.clone());
        options.lanes = 1;
        let bus = CommandBus::start(db.clone(), options);
        let owner = format!("{}-{}", std::process::id(), crate::secrets::random_text(4));
        let reading = Options { lease, ..Options::new(owner, READERS) };
        Ok(Self {
            worker: Worker::new(db.clone(), keys.clone(), reading),
            delivery: Delivery::new(db.clone(), keys, config, clock())?,
            timers: Timers::new(db.clone(), bus, clock()),
            db,
            lanes,
        })
    }
}

/// Works until `stop`; `listener` is for health and metrics.
pub async fn run(
    config: &Config,
    listener: TcpListener,
    scrape: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let Work { db, lanes, worker, delivery, timers } = Work::new(config)?;
    let work = TaskTracker::new();
    work.spawn(worker.run(stop.clone()));
    let until = stop.clone();
    work.spawn(async move { delivery.run(until).await });
    let until = stop.clone();
    work.spawn(async move { timers.run(until).await });
    work.spawn(upkeep(scrape.clone(), stop.clone()));
    ::api::serve(listener, router(db, scrape), stop).await;
    work.close();
    work.wait().await;
    lanes.close();
    lanes.wait().await;
    Ok(())
}

/// Keeps the memory of histograms bounded when nobody scrapes them.
pub async fn upkeep(scrape: PrometheusHandle, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(Duration::from_secs(5))).await.is_some() {
        scrape.run_upkeep();
    }
}

fn router(db: PgPool, scrape: PrometheusHandle) -> Router {
    Router::new()
        .route("/livez", get(async || Json(json!({ "status": "ok" }))))
        .route("/healthz", get(health))
        .route("/readyz", get(health))
        .with_state(db)
        .route("/metrics", get(async move || scrape.render()))
}

async fn health(State(db): State<PgPool>) -> impl IntoResponse {
    let answered = tokio::time::timeout(PROBE, sqlx::query("select 1").execute(&db)).await;
    let ok = matches!(answered, Ok(Ok(_)));
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report(ok)))
}

fn report(ok: bool) -> Value {
    let status = if ok { "ready" } else { "unhealthy" };
    json!({ "ok": ok, "status": status, "db_connected": ok })
}
