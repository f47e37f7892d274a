//! Whether what is remembered about somebody still holds: one number, asked for with every request.
//!
//! The number goes up in the transaction of every change that a request is held to. A question is sent after the request
//! that it is for has arrived, so it sees everything that was answered before, by whichever process. Requests that come
//! while a question is on its way share the next one: under load many are answered by one row each of one statement.
//!
//! A connection of its own asks. One of the pool would cost a second round trip each time, which the pool makes to take it
//! back, and a task to do so in.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection, PgPool};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::problem::{Code, Problem};

/// People in one question; more wait for the next.
const BATCH: usize = 512;

/// How long a question is asked before those who wait are told that there is no database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Pause between attempts to reach the database.
const RECONNECT: Duration = Duration::from_millis(100);

struct Waiting {
    principal: Uuid,
    answer: oneshot::Sender<Result<i64, Problem>>,
}

/// Asks, one question at a time. Begins with the first and ends when this is dropped.
#[derive(Default)]
pub(crate) struct Generations(OnceLock<mpsc::Sender<Waiting>>);

impl Generations {
    /// The generation of `principal`, as it is at some moment after this call; 0 if nothing ever changed.
    pub(crate) async fn now(&self, db: &PgPool, principal: Uuid) -> Result<i64, Problem> {
        let lane = self.0.get_or_init(|| Lane::start(db));
        let (answer, told) = oneshot::channel();
        let sent = lane.send(Waiting { principal, answer }).await;
        sent.map_err(|_| unavailable())?;
        told.await.unwrap_or_else(|_| Err(unavailable()))
    }
}

fn unavailable() -> Problem {
    Problem::retry(Code::DatabaseUnavailable, 5)
}

struct Lane {
    connect: PgConnectOptions,
    db: Option<PgConnection>,
}

impl Lane {
    fn start(pool: &PgPool) -> mpsc::Sender<Waiting> {
        let connect = (*pool.connect_options()).clone().application_name("cleaning sessions");
        let (lane, waiting) = mpsc::channel(BATCH);
        // Nobody has to wait for its end: it changes nothing.
        TaskTracker::new().spawn(Self { connect, db: None }.run(waiting));
        lane
    }

    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        while waiting.recv_many(&mut batch, BATCH).await > 0 {
            let principals: Vec<Uuid> = batch.iter().map(|one| one.principal).collect();
            let known = self.ask(&principals).await;
            for Waiting { principal, answer } in batch.drain(..) {
                let told = known.as_ref().map(|all| all.get(&principal).copied().unwrap_or(0));
                // Whoever asked may have gone away.
                let _ = answer.send(told.map_err(|()| unavailable()));
            }
        }
    }

    /// Asks again on another connection if the one there was turns out to be dead.
    async fn ask(&mut self, principals: &[Uuid]) -> Result<HashMap<Uuid, i64>, ()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let attempt = async {
                let db = match &mut self.db {
                    Some(db) => db,
                    none => none.insert(self.connect.connect().await?),
                };
                generations(db, principals).await
            };
            let error = match timeout_at(until, attempt).await {
                Ok(Ok(known)) => return Ok(known),
                Ok(Err(error)) => error,
                Err(_) => sqlx::Error::PoolTimedOut,
            };
            self.db = None;
            if Instant::now() + RECONNECT >= until {
                tracing::warn!(%error, "nobody can be asked whether sessions still stand");
                return Err(());
            }
            sleep(RECONNECT).await;
        }
    }
}

async fn generations(
    db: &mut PgConnection,
    principals: &[Uuid],
) -> Result<HashMap<Uuid, i64>, sqlx::Error> {
    let rows = sqlx::query!(
        "select principal, generation from generations where principal = any ($1)",
        principals
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(|row| (row.principal, row.generation)).collect())
}
