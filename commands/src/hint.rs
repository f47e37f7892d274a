//! Tells readers that the log has moved: a hint, so that they need not poll often. Losing one costs a little time.

use std::sync::Weak;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor};
use tokio::sync::Notify;

/// The channel readers listen to.
pub const CHANNEL: &str = "log_moved";

/// Hints are sent at most this often: each one takes a lock of the whole server for a moment.
const PAUSE: Duration = Duration::from_millis(10);

/// How often to look whether the lanes are gone.
const IDLE: Duration = Duration::from_secs(1);

/// Sends a hint after every stretch of appends, until the lanes that caused it are gone.
pub(crate) async fn run(connect: PgConnectOptions, moved: Weak<Notify>) {
    let connect = connect
        .application_name("cleaning hint")
        .options([("synchronous_commit", "off")])
        .disable_statement_logging();
    let mut db = None;
    while let Some(notify) = moved.upgrade() {
        let woken = tokio::time::timeout(IDLE, notify.notified()).await.is_ok();
        drop(notify);
        if !woken {
            continue;
        }
        if db.is_none() {
            db = connect.connect().await.ok();
        }
        if let Some(open) = &mut db
            && open.execute("notify log_moved").await.is_err()
        {
            db = None;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
