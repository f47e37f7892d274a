//! The processes of an installation.

mod answering;
pub mod api;
pub mod dev;
pub mod jobs;
pub mod web;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, PgPool};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::{AppEnv, Config};

/// A connection idle for longer is asked whether it still lives before it is used.
const TRUSTED: Duration = Duration::from_secs(1);

/// How long a start waits to hear what its role may do.
const PATIENCE: Duration = Duration::from_secs(2);

/// Connections of a process, made when first needed, so that a process starts while its database is away. The database
/// rolls back a transaction in which nothing happens for as long as `abandoned`.
fn pool(
    config: &Config,
    connect: PgConnectOptions,
    name: &str,
    size: u32,
    abandoned: Duration,
) -> PgPool {
    let abandoned = abandoned.as_millis().to_string();
    let connect = connect.application_name(name).options([
        ("statement_timeout", config.database_statement_timeout_ms.to_string()),
        ("lock_timeout", config.database_lock_timeout_ms.to_string()),
        ("idle_in_transaction_session_timeout", abandoned),
    ]);
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(config.database_pool_timeout)
        .test_before_acquire(false)
        .before_acquire(|db, idle| {
            Box::pin(async move { Ok(idle.idle_for < TRUSTED || db.ping().await.is_ok()) })
        })
        .connect_lazy_with(connect)
}

/// Whether row-level security holds the role behind an address, as it must in production.
pub async fn is_held(connect: &PgConnectOptions) -> bool {
    let held = "select not (rolsuper or rolbypassrls) from pg_roles where rolname = current_user";
    holds(connect, held).await
}

/// Whether the database knows anybody who may administer an organisation.
pub async fn has_administrator(connect: &PgConnectOptions) -> bool {
    holds(connect, "select identity.has_owner()").await
}

/// What a statement says of the database.
///
/// A database that does not answer is no reason not to start: then nobody knows, and nothing is served either.
async fn holds(connect: &PgConnectOptions, statement: &'static str) -> bool {
    let asked = tokio::time::timeout(PATIENCE, async {
        let mut db = connect.clone().application_name("cleaning start").connect().await?;
        let holds: bool = sqlx::query_scalar(statement).fetch_one(&mut db).await?;
        db.close().await?;
        Ok::<_, sqlx::Error>(holds)
    });
    asked.await.ok().and_then(Result::ok).unwrap_or_else(|| {
        tracing::warn!("the database does not answer, what a start asks of it is not checked");
        true
    })
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

/// How long requests in progress may take to end when a process is stopped. Who develops does not wait.
const fn drain(config: &Config) -> Duration {
    match config.app_env {
        AppEnv::Prod => Duration::from_secs(25),
        AppEnv::Dev => Duration::from_secs(4),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::environment::Environment;

    #[tokio::test]
    async fn the_limits_of_a_pool_are_those_of_the_configuration() {
        let limits = [
            ("DATABASE_URL", "postgres://cleaning_app@127.0.0.1/cleaning"),
            ("DATABASE_POOL_TIMEOUT_SECONDS", "0.5"),
            ("DATABASE_STATEMENT_TIMEOUT_MS", "1234"),
            ("DATABASE_LOCK_TIMEOUT_MS", "321"),
        ];
        let limits = limits.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (config, _) = limits.into_iter().collect::<Environment>().config().unwrap();
        let connect = config.app_database().unwrap();
        let pool = pool(&config, connect, "test", 3, Duration::from_millis(77));
        assert_eq!(pool.options().get_max_connections(), 3);
        assert_eq!(pool.options().get_acquire_timeout(), Duration::from_millis(500));
        let connect = pool.connect_options();
        let options = connect.get_options().unwrap();
        for wanted in
            ["statement_timeout=1234", "lock_timeout=321", "idle_in_transaction_session_timeout=77"]
        {
            assert!(options.contains(wanted), "{options}");
        }
    }
}
