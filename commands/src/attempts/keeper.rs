//! Stores what comes in together, and keeps what cannot be stored until it can.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use domain::attempt::Attempt;
use domain::id::OrgId;
use sqlx::PgPool;
use tokio::sync::mpsc::Receiver;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::Waiting;
use super::spool::Spool;
use super::store::{is_passing, store};

/// Entries of one transaction.
const BATCH: usize = 256;

/// Entries that wait for the database; 16 MiB at most, in memory as in the file.
const CAPACITY: usize = 16_384;

/// Between two tries, first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(15));

/// Counts entries that could not be stored when they came, and those that never will be.
const FAILURES: &str = "audit_write_failures_total";
const DELAYED: &str = "delayed";
const LOST: &str = "lost";

pub(super) struct Keeper {
    db: PgPool,
    spool: Option<Spool>,
    waiting: VecDeque<Attempt>,
    /// Told once, in the log.
    is_away: bool,
    pause: Duration,
    /// When what waits is tried again.
    due: Instant,
}

impl Keeper {
    pub(super) fn new(db: PgPool, spool: Option<Spool>, left: Vec<Attempt>) -> Self {
        metrics::describe_counter!(
            FAILURES,
            "Entries of the audit log that were not stored at once, or lost."
        );
        for outcome in [DELAYED, LOST] {
            metrics::counter!(FAILURES, "outcome" => outcome).absolute(0);
        }
        Self {
            db,
            spool,
            waiting: left.into(),
            is_away: false,
            pause: PAUSE.0,
            due: Instant::now(),
        }
    }

    pub(super) async fn run(mut self, mut queue: Receiver<Waiting>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            batch.clear();
            if self.waiting.is_empty() {
                if queue.recv_many(&mut batch, BATCH).await == 0 {
                    return;
                }
            } else if timeout_at(self.due, queue.recv_many(&mut batch, BATCH)).await == Ok(0) {
                return self.end().await;
            }
            self.take(&mut batch).await;
        }
    }

    /// Stores what waits and what has come, in that order.
    async fn take(&mut self, batch: &mut Vec<Waiting>) {
        let (new, waiters): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|one| (one.attempt, one.kept)).unzip();
        let is_new_only = self.waiting.is_empty();
        if is_new_only && self.store_all(&new).await {
            return tell(waiters, true);
        }
        metrics::counter!(FAILURES, "outcome" => DELAYED).increment(new.len() as u64);
        let safe = self.spool_up(&new);
        self.hold(new);
        // Nobody waits for a database that is away: an entry is safe in the file, or not yet.
        tell(waiters, safe);
        if is_new_only {
            self.due = Instant::now() + self.pause;
        } else if self.due <= Instant::now() {
            self.store_waiting().await;
        }
    }

    /// Whether `attempts` are stored, or can never be.
    async fn store_all(&mut self, attempts: &[Attempt]) -> bool {
        let mut by_org: BTreeMap<OrgId, Vec<&Attempt>> = BTreeMap::new();
        for attempt in attempts {
            by_org.entry(attempt.org).or_default().push(attempt);
        }
        for (org, attempts) in by_org {
            match store(&self.db, org, &attempts).await {
                Ok(()) => {}
                Err(error) if is_passing(&error) => {
                    if !std::mem::replace(&mut self.is_away, true) {
                        tracing::warn!(%error, "the audit log cannot be written; its entries wait");
                    }
                    return false;
                }
                Err(error) => {
                    tracing::error!(%error, %org, "the audit log refuses entries");
                    lost(attempts.len(), &attempts[0].action);
                }
            }
        }
        if std::mem::take(&mut self.is_away) {
            tracing::info!("the audit log is written again");
        }
        true
    }

    /// Whether nothing waits any more.
    async fn store_waiting(&mut self) -> bool {
        while !self.waiting.is_empty() {
            let count = self.waiting.len().min(BATCH);
            let next: Vec<Attempt> = self.waiting.range(..count).cloned().collect();
            if !self.store_all(&next).await {
                self.pause = (self.pause * 2).min(PAUSE.1);
                self.due = Instant::now() + self.pause;
                return false;
            }
            self.waiting.drain(..count);
        }
        self.pause = PAUSE.0;
        if let Some(Err(error)) = self.spool.as_mut().map(Spool::clear) {
            // Stored twice they would be noted once.
            tracing::warn!(%error, "the audit spool cannot be emptied");
        }
        true
    }

    /// Whether `attempts` are safe in the file.
    fn spool_up(&mut self, attempts: &[Attempt]) -> bool {
        if attempts.is_empty() || self.waiting.len() + attempts.len() > CAPACITY {
            return false;
        }
        match self.spool.as_mut().map(|spool| spool.add(attempts)) {
            Some(Ok(())) => true,
            Some(Err(error)) => {
                tracing::error!(%error, "the audit spool cannot be written");
                false
            }
            None => false,
        }
    }

    fn hold(&mut self, new: Vec<Attempt>) {
        let room = CAPACITY.saturating_sub(self.waiting.len());
        let over = new.len().saturating_sub(room);
        if let Some(first) = new.get(room) {
            lost(over, &first.action);
        }
        self.waiting.extend(new.into_iter().take(room));
    }

    /// The last try; what is in the file is stored by the next process.
    async fn end(mut self) {
        if !self.store_waiting().await && self.spool.is_none() {
            lost(self.waiting.len(), "at the end");
        }
    }
}

fn tell(waiters: Vec<oneshot::Sender<bool>>, kept: bool) {
    for waiter in waiters {
        // Whoever stopped waiting has answered already.
        let _ = waiter.send(kept);
    }
}

/// An alert is raised from this.
pub(super) fn lost(count: usize, action: &str) {
    metrics::counter!(FAILURES, "outcome" => LOST).increment(count as u64);
    tracing::error!(count, action, "entries of the audit log are lost");
}
