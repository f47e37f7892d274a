//! The role `jobs`: keeps read models in step, delivers effects, fires timers, signs checkpoints, and tells how it is.

use std::sync::Arc;
use std::time::Duration;

use ::api::{Health, Monitors};
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use chrono::TimeDelta;
use commands::{BusOptions, CommandBus};
use metrics_exporter_prometheus::PrometheusHandle;
use projections::READERS;
use projections::engine::{Options, Watch, Worker};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{api, clock, drain, pool};
use crate::config::Config;
use crate::delivery::Delivery;
use crate::jobs::export_accounting::ExportAccounting;
use crate::jobs::pulse::Pulse;
use crate::jobs::rebuild_outdated::RebuildOutdated;
use crate::jobs::sign_checkpoints::SignCheckpoints;
use crate::jobs::sweep_photos::SweepPhotos;
use crate::timers::Timers;

/// Connections: the engine's turns with their read-ahead, deliveries, timers and health.
const CONNECTIONS: u32 = 16;

/// Connections of a rebuild, made when there is one.
const REBUILD: u32 = 6;

/// A health check must answer well before whoever asks gives up.
const PROBE: Duration = Duration::from_secs(2);

/// The engine's name in heartbeats.
const READ_MODELS: &str = "projections";

/// Everything the role does, ready to be run or stepped.
pub struct Work {
    db: PgPool,
    lanes: TaskTracker,
    /// Tells that it lives.
    pub pulse: Arc<Pulse>,
    /// Keeps the read models in step.
    pub worker: Worker,
    /// Delivers effects.
    pub delivery: Delivery,
    /// Fires timers.
    pub timers: Timers,
    /// Signs the heads of the logs.
    pub checkpoints: SignCheckpoints,
    /// Makes read models again.
    pub rebuilds: RebuildOutdated,
    /// Looks after files of photos.
    pub photos: SweepPhotos,
    /// Writes months down for accountants.
    pub months: ExportAccounting,
}

impl Work {
    /// Connects when first needed.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let connect = config.worker_database()?;
        let keys = config.master_keys()?;
        let lease = Duration::from_secs(config.projection_lease_seconds.into());
        // A process that stands still must not hold its locks for longer than its lease.
        let db = pool(config, connect.clone(), "cleaning jobs", CONNECTIONS, lease);
        // On connections of their own: the live read models must not wait for those that are made again.
        let rebuilding = pool(config, connect.clone(), "cleaning rebuild", REBUILD, lease);
        let lanes = TaskTracker::new();
        let mut options = BusOptions::new(connect, keys.clone(), lanes.clone());
        options.lanes = 1;
        let bus = CommandBus::start(db.clone(), options);
        let store = config.storage.store()?;
        let owner = format!("{}-{}", std::process::id(), crate::secrets::random_text(4));
        let pulse = Arc::new(Pulse::new(config.runner_id(), clock()));
        let told = Arc::clone(&pulse);
        let watch = Watch::new(move |round| told.ended(READ_MODELS, round));
        let reading = Options { lease, watch: Some(watch), ..Options::new(owner, READERS) };
        let tables = config.database_migration_url.as_ref().map(|_| config.owner_database());
        let signing = config.history_signing_key.as_ref().map(|_| config.signing_key());
        let period = TimeDelta::minutes(config.checkpoint_interval_minutes.into());
        let runner = pulse.runner().to_owned();
        Ok(Self {
            worker: Worker::new(db.clone(), keys.clone(), reading),
            delivery: Delivery::new(db.clone(), keys.clone(), config, clock(), bus.clone())?,
            photos: SweepPhotos::new(db.clone(), bus.clone(), store, clock()),
            months: ExportAccounting::new(db.clone(), bus.clone(), clock()),
            timers: Timers::new(db.clone(), bus, clock(), config.invoice_links()?),
            checkpoints: SignCheckpoints::new(
                db.clone(),
                signing.transpose()?,
                period,
                runner,
                clock(),
            ),
            rebuilds: RebuildOutdated::new(rebuilding, tables.transpose()?, keys),
            pulse,
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
    let Work { db, lanes, pulse, worker, delivery, timers, checkpoints, rebuilds, photos, months } =
        Work::new(config)?;
    let monitored = monitored(config, &scrape, &db, &pulse)?;
    let work = TaskTracker::new();
    work.spawn(worker.run(stop.clone()));
    let (told, until) = (Arc::clone(&pulse), stop.clone());
    work.spawn(async move { delivery.run(&told, until).await });
    let (told, until) = (Arc::clone(&pulse), stop.clone());
    work.spawn(async move { timers.run(&told, until).await });
    let (told, until) = (Arc::clone(&pulse), stop.clone());
    work.spawn(async move { checkpoints.run(&told, until).await });
    let (told, until) = (Arc::clone(&pulse), stop.clone());
    work.spawn(async move { rebuilds.run(&told, until).await });
    let (told, until) = (Arc::clone(&pulse), stop.clone());
    work.spawn(async move { photos.run(&told, until).await });
    let (told, until) = (Arc::clone(&pulse), stop.clone());
    work.spawn(async move { months.run(&told, until).await });
    let until = stop.clone();
    work.spawn(async move { pulse.run(&db, until).await });
    work.spawn(upkeep(scrape, stop.clone()));
    ::api::serve(listener, monitored, stop, drain(config)).await;
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

/// What the process answers: as the API where it is asked the same, and how its jobs are.
fn monitored(
    config: &Config,
    scrape: &PrometheusHandle,
    db: &PgPool,
    pulse: &Arc<Pulse>,
) -> anyhow::Result<axum::Router> {
    let names = READERS.iter().map(|reader| reader.name.to_owned()).collect();
    let health = Health::new(config.worker_database()?, api::revisions()?, names)
        .with_jobs(config.heartbeat())
        .with_max_lag(config.watch.projection_lag_max);
    let measured = Arc::clone(pulse);
    let scrape = config.scrape(scrape.clone());
    let monitors = Monitors::new(health, config.backup(), scrape, db.clone(), clock())
        .refreshing(move || measured.measure());
    let told = (Arc::clone(pulse), db.clone());
    let healthz = get(health_of_jobs).with_state(told);
    Ok(::api::monitoring(monitors, config.edge(), healthz))
}

/// Whether every job moves and the database answers.
async fn health_of_jobs(State((pulse, db)): State<(Arc<Pulse>, PgPool)>) -> Response {
    let asked = sqlx::query("select 1").execute(&db);
    let answered = matches!(tokio::time::timeout(PROBE, asked).await, Ok(Ok(_)));
    let (moves, mut report) = pulse.report();
    let ok = answered && moves;
    report["ok"] = ok.into();
    report["status"] = if ok { "ready" } else { "unhealthy" }.into();
    report["db_connected"] = answered.into();
    ::api::monitored(ok, &report)
}
