//! The processes of an installation.

pub mod api;
pub mod dev;
pub mod jobs;
pub mod web;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgPool};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A caller waits this long for a connection; with the rest of a request it stays under the promised 2.5 s.
const ACQUIRE: Duration = Duration::from_secs(2);

/// A connection idle for longer is asked whether it still lives before it is used.
const TRUSTED: Duration = Duration::from_secs(1);

/// Connections of a process, made when first needed, so that a process starts while its database is away. The database
/// rolls back a transaction in which nothing happens for as long as `abandoned`.
fn pool(connect: PgConnectOptions, name: &str, size: u32, abandoned: Duration) -> PgPool {
    let abandoned = abandoned.as_millis().to_string();
    let connect = connect.application_name(name).options([
        ("statement_timeout", "5000"),
        ("lock_timeout", "2000"),
        ("idle_in_transaction_session_timeout", &abandoned),
    ]);
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE)
        .test_before_acquire(false)
        .before_acquire(|db, idle| {
            Box::pin(async move { Ok(idle.idle_for < TRUSTED || db.ping().await.is_ok()) })
        })
        .connect_lazy_with(connect)
}

/// The time. The one place where the program reads the clock.
#[expect(clippy::disallowed_methods, reason = "the edge of the program")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// [`now`], to hand in.
pub fn clock() -> ::api::Clock {
    Arc::new(now)
}

/// Listens on `address`; says which one if it is taken.
pub async fn listen(address: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Cancelled by SIGINT or SIGTERM.
pub fn stop_signal() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let stopped = stop.clone();
    #[expect(
        clippy::disallowed_methods,
        reason = "waits for the signal that everything else waits for"
    )]
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        stopped.cancel();
    });
    Ok(stop)
}
