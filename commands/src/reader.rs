//! A reading lane: one connection that reads whatever streams are asked for, one statement after the other.
//!
//! Decisions that wait together have mostly been read together, so a load costs a share of a round trip and not one of
//! its own. Like an append lane it never waits for company.

use std::time::Duration;

use domain::id::{OrgId, SubjectId};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::error::LoadError;

/// More streams than this make everyone in the batch wait for a long answer.
const BATCH: usize = 64;

/// How long a batch is asked for before its callers are told that there is no database.
const PATIENCE: Duration = Duration::from_secs(2);

/// Pause between attempts to reach the database.
const RECONNECT: Duration = Duration::from_millis(100);

/// Which events, and whose key.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) org: OrgId,
    pub(crate) kind: &'static str,
    pub(crate) id: String,
    /// The last event that counts; `i32::MAX` for all.
    pub(crate) until: i32,
    /// The person the aggregate is about, if it has that person's id.
    pub(crate) subject: Option<SubjectId>,
}

/// An event of a stream, and with each the key of the person it is about.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) request: i32,
    pub(crate) sequence: i32,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: String,
    pub(crate) master_version: Option<i32>,
    pub(crate) wrapped: Option<Vec<u8>>,
}

/// A stream asked for, and who waits for it.
#[derive(Debug)]
pub(crate) struct Read {
    wanted: Wanted,
    reply: oneshot::Sender<Result<Vec<Row>, LoadError>>,
}

/// Reads one stream, in order, together with whatever else is wanted now.
pub(crate) async fn read(lane: &mpsc::Sender<Read>, wanted: Wanted) -> Result<Vec<Row>, LoadError> {
    let (reply, rows) = oneshot::channel();
    lane.send(Read { wanted, reply }).await.map_err(|_| LoadError::Unavailable)?;
    rows.await.unwrap_or(Err(LoadError::Unavailable))
}

/// One lane. Ends when every sender is gone and the queue is empty.
pub(crate) struct Reader {
    connect: PgConnectOptions,
    db: Option<PgConnection>,
}

impl Reader {
    pub(crate) fn new(connect: PgConnectOptions) -> Self {
        Self { connect, db: None }
    }

    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Read>) {
        let mut batch = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut batch, BATCH).await > 0 {
            batch.retain(|read| !read.reply.is_closed());
            if batch.is_empty() {
                continue;
            }
            let wanted: Vec<_> = batch.iter().map(|read| &read.wanted).collect();
            match self.fetch(&wanted).await {
                Ok(rows) => {
                    let streams = apart(rows, batch.len());
                    for (read, rows) in batch.drain(..).zip(streams) {
                        // Nobody listening any more is their choice.
                        let _ = read.reply.send(Ok(rows));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the log cannot be read");
                    for read in batch.drain(..) {
                        let _ = read.reply.send(Err(LoadError::Unavailable));
                    }
                }
            }
            // Those who were answered decide, and perhaps ask again, before the next batch is closed.
            tokio::task::yield_now().await;
        }
    }

    /// Reads a batch; a connection that turns out to be dead is replaced, for reading twice harms nobody.
    async fn fetch(&mut self, batch: &[&Wanted]) -> Result<Vec<Row>, sqlx::Error> {
        let until = Instant::now() + PATIENCE;
        loop {
            let attempt = async {
                let db = match &mut self.db {
                    Some(db) => db,
                    none => none.insert(self.connect.connect().await?),
                };
                streams(db, batch).await
            };
            let error = match timeout_at(until, attempt).await {
                Ok(Ok(rows)) => return Ok(rows),
                Ok(Err(error)) => error,
                Err(_) => sqlx::Error::PoolTimedOut,
            };
            self.db = None;
            if Instant::now() + RECONNECT >= until {
                return Err(error);
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }
}

async fn streams(db: &mut PgConnection, batch: &[&Wanted]) -> Result<Vec<Row>, sqlx::Error> {
    let orgs: Vec<Uuid> = batch.iter().map(|wanted| wanted.org.as_uuid()).collect();
    let kinds: Vec<&str> = batch.iter().map(|wanted| wanted.kind).collect();
    let ids: Vec<&str> = batch.iter().map(|wanted| wanted.id.as_str()).collect();
    let until: Vec<i32> = batch.iter().map(|wanted| wanted.until).collect();
    let subjects: Vec<Option<Uuid>> =
        batch.iter().map(|wanted| wanted.subject.map(SubjectId::as_uuid)).collect();
    sqlx::query_as!(
        Row,
        r#"select request as "request!", sequence as "sequence!", event_type as "event_type!",
                  event_version as "event_version!", payload as "payload!", master_version, wrapped
           from log.streams($1, $2, $3, $4, $5)"#,
        &orgs,
        &kinds as &[&str],
        &ids as &[&str],
        &until,
        &subjects as &[Option<Uuid>],
    )
    .fetch_all(db)
    .await
}

/// The rows of each of `count` requests, in the order of the stream.
fn apart(rows: Vec<Row>, count: usize) -> Vec<Vec<Row>> {
    let mut streams: Vec<Vec<Row>> = (0..count).map(|_| Vec::new()).collect();
    for row in rows {
        let stream = usize::try_from(row.request - 1).ok().and_then(|at| streams.get_mut(at));
        if let Some(stream) = stream {
            stream.push(row);
        }
    }
    for stream in &mut streams {
        stream.sort_by_key(|row| row.sequence);
    }
    streams
}
