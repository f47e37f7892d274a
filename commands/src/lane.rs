//! An append lane: one connection that writes whatever decisions wait, one transaction after the other.
//!
//! 1. It waits for one decision and takes what is there already; it never waits for company.
//! 2. A lost reply is found out by sending the same command ids again: one that was carried out is only answered.
//! 3. A decision nobody waits for any more is dropped if it was not sent yet, so that "unavailable" means "not written".

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use domain::id::OrgId;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::append::{Decision, Outcome, append};
use crate::figures::OfLane;

/// More than this gains nothing measurable and makes a single slow batch slower.
const BATCH: usize = 256;

/// A batch this large costs more by its commands than by itself: making it larger is not worth a pause of the database.
const ENOUGH: usize = 64;

/// Longer than any healthy batch by far; after it the connection is given up and the batch sent again.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// Pause between attempts to reach the database.
const RECONNECT: Duration = Duration::from_millis(100);

/// A decision on its way, and who waits for its fate.
#[derive(Debug)]
pub(crate) struct Job {
    /// Boxed: a job moves from queue to queue, and a decision is large.
    pub(crate) decision: Box<Decision>,
    reply: oneshot::Sender<Outcome>,
    stage: Arc<AtomicU8>,
}

/// The waiting side of a [`Job`].
#[derive(Debug)]
pub(crate) struct Ticket(Arc<AtomicU8>);

const QUEUED: u8 = 0;
const SENT: u8 = 1;
const CANCELLED: u8 = 2;

impl Job {
    pub(crate) fn new(decision: Decision, reply: oneshot::Sender<Outcome>) -> (Self, Ticket) {
        let stage = Arc::new(AtomicU8::new(QUEUED));
        (Self { decision: Box::new(decision), reply, stage: Arc::clone(&stage) }, Ticket(stage))
    }

    fn is_cancelled(&self) -> bool {
        self.stage.load(Ordering::Acquire) == CANCELLED
    }

    /// Marks the job as sent; false if its caller has given up before.
    fn claim(&self) -> bool {
        let claimed =
            self.stage.compare_exchange(QUEUED, SENT, Ordering::AcqRel, Ordering::Acquire);
        claimed != Err(CANCELLED)
    }

    fn answer(self, outcome: Outcome) {
        // Nobody listening any more is their choice.
        let _ = self.reply.send(outcome);
    }
}

impl Ticket {
    /// Gives up waiting; true if the decision will never be sent.
    pub(crate) fn cancel(&self) -> bool {
        self.0.compare_exchange(QUEUED, CANCELLED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// One lane. Ends when every sender is gone and the queue is empty.
pub(crate) struct Lane {
    connect: PgConnectOptions,
    db: Option<PgConnection>,
    hint: Arc<Notify>,
    figures: OfLane,
}

/// Connection settings of a lane: its one statement must never be planned for tables that were empty once.
pub(crate) fn options(connect: PgConnectOptions, name: &str) -> PgConnectOptions {
    connect
        .application_name(name)
        .options([
            ("plan_cache_mode", "force_generic_plan"),
            ("jit", "off"),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            ("lock_timeout", "2000"),
            ("statement_timeout", "5000"),
        ])
        .disable_statement_logging()
}

impl Lane {
    pub(crate) fn new(connect: PgConnectOptions, hint: Arc<Notify>) -> Self {
        Self { connect, db: None, hint, figures: OfLane::start() }
    }

    pub(crate) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut waiting = VecDeque::new();
        let mut taken = Vec::with_capacity(BATCH);
        loop {
            if waiting.is_empty() && queue.recv_many(&mut taken, BATCH).await == 0 {
                return;
            }
            while waiting.len() + taken.len() < BATCH {
                match queue.try_recv() {
                    Ok(job) => taken.push(job),
                    Err(_) => break,
                }
            }
            waiting.extend(taken.drain(..));
            let (batch, later) = crate::batch::pick(waiting.drain(..), BATCH);
            waiting = later;
            let batch = self.reach(batch).await;
            if !batch.is_empty() {
                // Whose streams have moved on is nobody's concern if nobody waits.
                let moved = self.write(batch, !waiting.is_empty()).await;
                refuse_overtaken(&mut waiting, &moved);
            }
            // Those who were answered may have their next decision ready: they get their turn before a batch is closed,
            // unless so many wait already that the database should rather not stand still.
            if waiting.len() + queue.len() < ENOUGH {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits for a connection, and then marks as sent what somebody still waits for. Until then nothing was sent, and
    /// whoever gives up can be told so.
    async fn reach(&mut self, mut batch: Vec<Job>) -> Vec<Job> {
        loop {
            batch.retain(|job| !job.is_cancelled());
            if batch.is_empty() {
                return batch;
            }
            if self.connected().await.is_some() {
                batch.retain(Job::claim);
                return batch;
            }
            tokio::time::sleep(RECONNECT).await;
        }
    }

    /// Writes a batch, answers everyone in it, and returns the streams that moved if they are asked for.
    async fn write(&mut self, batch: Vec<Job>, tell: bool) -> HashMap<(OrgId, String), i32> {
        self.figures.batch_commands.record(count(batch.len()));
        let decisions: Vec<&Decision> = batch.iter().map(|job| &*job.decision).collect();
        match self.send(&decisions, &batch).await {
            Ok(outcomes) => {
                let moved = if tell { moved(&decisions, &outcomes) } else { HashMap::new() };
                if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Stored { .. })) {
                    self.hint.notify_one();
                }
                for (job, outcome) in batch.into_iter().zip(outcomes) {
                    if matches!(outcome, Outcome::Stored { .. }) {
                        for event in &job.decision.events {
                            self.figures.appended(job.decision.aggregate_type, &event.event_type);
                        }
                    }
                    job.answer(outcome);
                }
                moved
            }
            // One unusable decision must not sink the others.
            Err(Failure::RolledBack(_)) if batch.len() > 1 => {
                self.figures.split_batches.increment(1);
                let mut moved = HashMap::new();
                for job in batch {
                    moved.extend(Box::pin(self.write(vec![job], tell)).await);
                }
                moved
            }
            Err(failure) => {
                for job in batch {
                    job.answer(failure.outcome());
                }
                HashMap::new()
            }
        }
    }

    /// Sends until there is a reply, or until nobody waits for one.
    async fn send(&mut self, batch: &[&Decision], jobs: &[Job]) -> Result<Vec<Outcome>, Failure> {
        let mut serialization_failures = 0;
        loop {
            if jobs.iter().all(|job| job.reply.is_closed()) {
                return Err(Failure::Unknown);
            }
            let Some(db) = self.connected().await else {
                tokio::time::sleep(RECONNECT).await;
                continue;
            };
            let started = Instant::now();
            let reply = tokio::time::timeout(REPLY_TIMEOUT, append(db, batch)).await;
            self.figures.batch_seconds.record(started.elapsed());
            match reply {
                Ok(Ok(outcomes)) => return Ok(outcomes),
                Ok(Err(sqlx::Error::Database(error))) => {
                    let code = error.code().unwrap_or_default().into_owned();
                    match code.get(..2) {
                        // The backend is going away; whether it had committed is found out by asking again.
                        Some("57" | "08") if code != "57014" => self.db = None,
                        Some("40") if serialization_failures < 3 => serialization_failures += 1,
                        _ => {
                            told(&code, batch.len());
                            return Err(Failure::RolledBack(code));
                        }
                    }
                }
                Ok(Err(error)) => {
                    tracing::warn!(error = %error, "append connection lost");
                    self.db = None;
                }
                Err(_) => {
                    tracing::warn!("append reply timed out");
                    self.db = None;
                }
            }
        }
    }

    async fn connected(&mut self) -> Option<&mut PgConnection> {
        if self.db.is_none() {
            let attempt = tokio::time::timeout(Duration::from_secs(2), self.connect.connect());
            self.db = attempt.await.ok().and_then(Result::ok);
        }
        self.db.as_mut()
    }
}

enum Failure {
    RolledBack(String),
    Unknown,
}

impl Failure {
    fn outcome(&self) -> Outcome {
        match self {
            Self::RolledBack(code) => Outcome::RolledBack(code.clone()),
            Self::Unknown => Outcome::Unknown,
        }
    }
}

/// A rule that the database holds is an answer to whoever asked, and no failure: something is taken (23505, 23P01), a month is
/// closed or a plan or a day is full (codes of our own end in 409 or 402, or begin with BK).
fn is_refusal(code: &str) -> bool {
    let is_ours = code.starts_with("BK") || code.ends_with("409") || code.ends_with("402");
    matches!(code, "23505" | "23P01") || is_ours
}

fn told(code: &str, commands: usize) {
    if is_refusal(code) {
        tracing::debug!(sqlstate = %code, commands, "append refused");
    } else {
        tracing::error!(sqlstate = %code, commands, "append rolled back");
    }
}

fn moved(batch: &[&Decision], outcomes: &[Outcome]) -> HashMap<(OrgId, String), i32> {
    batch
        .iter()
        .zip(outcomes)
        .filter_map(|(decision, outcome)| match outcome {
            Outcome::Stored { version, .. } => {
                Some(((decision.org, decision.aggregate_id.clone()), *version))
            }
            _ => None,
        })
        .collect()
}

/// Refuses waiting decisions about streams that have just moved on, without another round trip.
///
/// Whether one of them is a repetition is for the caller to look up, as after any conflict.
fn refuse_overtaken(waiting: &mut VecDeque<Job>, moved: &HashMap<(OrgId, String), i32>) {
    if waiting.is_empty() || moved.is_empty() {
        return;
    }
    for job in std::mem::take(waiting) {
        let stream = (job.decision.org, job.decision.aggregate_id.clone());
        match moved.get(&stream) {
            Some(version) if *version > job.decision.expected => job.answer(Outcome::Conflict),
            _ => waiting.push_back(job),
        }
    }
}

/// Every command of an organisation goes through the same lane of a process, so that its batches are as large as can be.
pub(crate) fn lane_of(org: OrgId, lanes: usize) -> usize {
    let low = org.as_uuid().as_u128() ^ (org.as_uuid().as_u128() >> 64);
    usize::try_from(low % lanes as u128).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "a batch holds at most a few hundred")]
fn count(n: usize) -> f64 {
    n as f64
}
