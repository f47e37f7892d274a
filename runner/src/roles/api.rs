//! The role `api`: HTTP for everybody.

use std::time::Duration;

use ::api::{App, AppState, Health, Options, Revision};
use commands::attempts::Attempts;
use commands::{BusOptions, CommandBus};
use metrics_exporter_prometheus::PrometheusHandle;
use projections::READERS;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{clock, drain, pool};
use crate::config::environment::Environment;
use crate::config::{ClientAddress, Config, shown};
use crate::migrate::{self, MigrateError};

/// Serves the API on `listener` until `stop`.
pub async fn run(
    config: &Config,
    listener: TcpListener,
    scrape: PrometheusHandle,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let lanes = TaskTracker::new();
    let state = state(config, scrape, &lanes)?;
    let watching = ::api::watch_lag(&state, stop.clone());
    let serving = ::api::serve(listener, ::api::router(state), stop, drain(config));
    tokio::join!(serving, watching);
    // The last bus is gone with the router: the lanes write what they hold and end.
    lanes.close();
    lanes.wait().await;
    Ok(())
}

fn state(
    config: &Config,
    scrape: PrometheusHandle,
    lanes: &TaskTracker,
) -> anyhow::Result<AppState> {
    let connect = config.app_database()?;
    let keys = config.master_keys()?;
    let abandoned = Duration::from_millis(config.database_idle_tx_timeout_ms.into());
    let size = config.database_pool_size.saturating_add(config.database_max_overflow);
    let reads = pool(config, connect.clone(), "cleaning api", size, abandoned);
    // A connection of its own: the audit log neither waits for requests nor holds them up.
    let audit = pool(config, connect.clone(), "cleaning audit", 1, abandoned);
    let attempts = Attempts::start(audit, config.audit_spool_file.as_deref(), lanes)?;
    let mut options = BusOptions::new(connect.clone(), keys.clone(), lanes.clone());
    options.lanes = config.lanes();
    options.queue = config.queue_capacity;
    Ok(App::new(Options {
        bus: CommandBus::start(reads.clone(), options),
        reads,
        keys,
        signing: Some(config.signing_key()?),
        tokens: config.tokens()?,
        staff: config.staff.policy(config.app_env),
        portal: config.portal.policy(),
        invoice_links: config.invoice_links()?,
        payments: config.payments.options(),
        captcha: config.captcha.options(),
        health: Health::new(
            connect,
            revisions()?,
            READERS.iter().map(|r| r.name.to_owned()).collect(),
        )
        .with_jobs(config.heartbeat())
        .with_max_lag(config.watch.projection_lag_max),
        backup: config.backup(),
        clock: clock(),
        default_org: config.default_org_id.map(Into::into),
        edge: config.edge(),
        photos: config.photos()?,
        rate: config.rate_limiter()?,
        docs: shown::has_docs(config),
        installation: shown::installation(config, &Environment::of_process()),
        scrape: config.scrape(scrape),
        attempts,
        client_address: match config.audit_client_address {
            ClientAddress::None => ::api::ClientAddress::None,
            ClientAddress::Network => ::api::ClientAddress::Network,
            ClientAddress::Full => ::api::ClientAddress::Full,
        },
    }))
}

/// The migrations of this build, as the health check compares them.
pub(super) fn revisions() -> Result<Vec<Revision>, MigrateError> {
    let files = migrate::embedded()?;
    let revision = |file: &migrate::Migration| Revision {
        version: file.version.clone(),
        checksum: file.checksum(),
    };
    Ok(files.iter().map(revision).collect())
}
