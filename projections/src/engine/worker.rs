//! The worker of a process: finds out where there is work, and gives every organisation one batch per turn.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use domain::id::OrgId;
use domain::seal::MasterKeys;
use futures::FutureExt;
use futures::stream::{self, StreamExt};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::chunk::{Chunk, Limits};
use super::fault::{self, Setbacks};
use super::gauges::Gauges;
use super::lease;
use super::target::Target;
use super::turn::{Outcome, Turn};
use super::watch::Watch;
use crate::Reader;

/// Channel on which a committed append is announced. Only a hint: polling finds everything.
const CHANNEL: &str = "log_moved";

/// How a worker works.
#[derive(Clone, Debug)]
pub struct Options {
    /// Names this worker in leases; different for every process.
    pub owner: String,
    /// What it keeps, if nobody else does.
    pub targets: Vec<Target>,
    /// How long after its last sign of life a successor may take over.
    pub lease: Duration,
    /// How many turns are taken at once. The pool needs this many connections and two more; twice as many and two
    /// more let it read ahead.
    pub width: usize,
    /// Size of a batch.
    pub limits: Limits,
    /// How often to look for work: just after there was some, and when there has been none for long.
    pub poll: (Duration, Duration),
    /// Who is told that it works.
    pub watch: Option<Watch>,
}

impl Options {
    /// The live copies of `readers`, with settings that suit production.
    pub fn new(owner: impl Into<String>, readers: &[Reader]) -> Self {
        Self {
            owner: owner.into(),
            targets: readers.iter().map(Target::live).collect(),
            lease: Duration::from_secs(15),
            width: 4,
            // Above a thousand the time per event hardly falls, while others wait longer.
            limits: Limits { events: 1_000, bytes: 8 << 20 },
            poll: (Duration::from_millis(50), Duration::from_secs(2)),
            watch: None,
        }
    }
}

/// Why [`Worker::catch_up`] gave up.
#[derive(Debug, thiserror::Error)]
pub enum CatchUpError {
    /// Another worker holds the lease.
    #[error("projection {0} is kept by another worker")]
    OwnedElsewhere(String),
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
}

/// Keeps projections in step with the logs of all organisations.
#[derive(Debug)]
pub struct Worker {
    pool: PgPool,
    masters: MasterKeys,
    options: Options,
    gauges: Gauges,
    /// The term of each checkpoint this worker owns.
    owned: Mutex<HashMap<String, i64>>,
    /// What was read ahead, by organisation and checkpoint; at most one chunk per turn taken at once.
    ahead: Mutex<HashMap<(OrgId, String), Chunk>>,
    setbacks: Mutex<Setbacks>,
    woken: Notify,
}

/// An organisation whose log is ahead of a checkpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lagging<'a> {
    pub(crate) org: OrgId,
    pub(crate) target: &'a Target,
    pub(crate) term: i64,
    pub(crate) position: i64,
    pub(crate) head: i64,
}

type Finished<'a> = (Lagging<'a>, Result<Outcome, sqlx::Error>);

impl Worker {
    /// A worker that is not running yet; `pool` connects as the worker's role.
    pub fn new(pool: PgPool, masters: MasterKeys, options: Options) -> Self {
        let targets = options.targets.iter().map(|target| target.checkpoint.as_str());
        let gauges = Gauges::of(targets);
        Self {
            pool,
            masters,
            options,
            gauges,
            owned: Mutex::default(),
            ahead: Mutex::default(),
            setbacks: Mutex::default(),
            woken: Notify::new(),
        }
    }

    /// Works until `stop`, then finishes the turns that have begun and gives its leases back.
    pub async fn run(self, stop: CancellationToken) {
        tokio::select! {
            () = self.work(&stop) => {}
            // These two never end: the first keeps the leases during long rounds, the second only wakes.
            () = self.keep_leases() => {}
            () = self.listen() => {}
        }
        if let Err(error) = lease::release(&self.pool, &self.options.owner).await {
            tracing::warn!(
                error = fault::describe(&error),
                "leases not given back, they run out by themselves"
            );
        }
    }

    /// Works until no checkpoint of this worker lags, and returns the number of events applied.
    ///
    /// Logs that are halted are left where they are.
    pub async fn catch_up(&self) -> Result<usize, CatchUpError> {
        self.renew().await?;
        for target in &self.options.targets {
            if self.term(target).is_none() {
                return Err(CatchUpError::OwnedElsewhere(target.checkpoint.clone()));
            }
        }
        let never = CancellationToken::new();
        let mut applied = 0;
        loop {
            let work = self.lagging().await?;
            if work.is_empty() {
                return Ok(applied);
            }
            for (lagging, outcome) in self.round(work, &never).await {
                match outcome? {
                    Outcome::Moved { events, .. } => applied += events,
                    Outcome::Fenced => {
                        let name = lagging.target.checkpoint.clone();
                        return Err(CatchUpError::OwnedElsewhere(name));
                    }
                    Outcome::CaughtUp | Outcome::Halted(_) | Outcome::StillHalted => {}
                }
            }
            self.renew().await?;
        }
    }

    /// Gives the leases back, for a worker that only caught up.
    pub async fn release(&self) -> Result<(), sqlx::Error> {
        lock(&self.owned).clear();
        lease::release(&self.pool, &self.options.owner).await
    }

    async fn work(&self, stop: &CancellationToken) {
        let (shortest, longest) = self.options.poll;
        let mut pause = shortest;
        while !stop.is_cancelled() {
            let has_moved = match self.lagging().await {
                Ok(work) => {
                    let finished = self.round(work, stop).await;
                    let failed = finished.iter().find_map(|(_, outcome)| outcome.as_ref().err());
                    self.tell(failed);
                    finished.iter().any(|(_, outcome)| matches!(outcome, Ok(Outcome::Moved { .. })))
                }
                Err(error) => {
                    tracing::warn!(error = fault::describe(&error), "cannot look for work");
                    self.tell(Some(&error));
                    false
                }
            };
            if has_moved {
                pause = shortest;
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.woken.notified() => pause = shortest,
                () = sleep(pause) => pause = longest.min(pause * 2),
            }
        }
    }

    fn tell(&self, failed: Option<&sqlx::Error>) {
        let Some(watch) = &self.options.watch else { return };
        match failed.map(fault::describe) {
            None => watch.tell(Ok(())),
            Some(error) => watch.tell(Err(&error)),
        }
    }

    /// One turn for each, some at once; ends early on `stop`, with no turn cut off.
    async fn round<'a>(
        &'a self,
        work: Vec<Lagging<'a>>,
        stop: &CancellationToken,
    ) -> Vec<Finished<'a>> {
        // Boxed, or the compiler cannot tell that the whole may move between threads.
        let turns: Vec<_> = work.into_iter().map(|lagging| self.turn(lagging).boxed()).collect();
        stream::iter(turns)
            .take_until(stop.cancelled())
            .buffer_unordered(self.options.width)
            .collect()
            .await
    }

    async fn turn<'a>(&'a self, lagging: Lagging<'a>) -> Finished<'a> {
        let place = (lagging.org, lagging.target.checkpoint.clone());
        let ready = lock(&self.ahead).remove(&place);
        let turn = Turn {
            pool: &self.pool,
            masters: &self.masters,
            target: lagging.target,
            term: lagging.term,
            org: lagging.org,
            head: lagging.head,
            limits: self.options.limits,
            may_read_ahead: self.may_read_ahead(),
        };
        let started = Instant::now();
        let outcome = match turn.take(ready).await {
            Ok((outcome, next)) => {
                let mut ahead = lock(&self.ahead);
                if let Some(next) = next
                    && ahead.len() < self.options.width
                {
                    ahead.insert(place, next);
                }
                Ok(outcome)
            }
            Err(error) => Err(error),
        };
        self.note(&lagging, &outcome, started.elapsed());
        (lagging, outcome)
    }

    fn note(&self, lagging: &Lagging<'_>, outcome: &Result<Outcome, sqlx::Error>, took: Duration) {
        let projection = lagging.target.checkpoint.as_str();
        self.gauges.turn(projection, outcome, took);
        let mut setbacks = lock(&self.setbacks);
        match outcome {
            Ok(Outcome::Fenced) => {
                lock(&self.owned).remove(projection);
                tracing::warn!(projection, "another worker took over");
            }
            Ok(Outcome::Halted(broken)) => {
                tracing::error!(org = %lagging.org, projection, reason = %broken, "log halted");
            }
            Ok(Outcome::Moved { .. } | Outcome::CaughtUp | Outcome::StillHalted) => {
                setbacks.forget(lagging.org, projection);
            }
            Err(error) => {
                let retry_in = setbacks.add(lagging.org, projection, Instant::now());
                tracing::error!(
                    org = %lagging.org, projection, after = lagging.position, error = fault::describe(error),
                    retry_in_ms = u64::try_from(retry_in.as_millis()).unwrap_or(u64::MAX), "turn failed"
                );
            }
        }
    }

    /// Where there is work, of what this worker owns; without what failed a moment ago.
    async fn lagging(&self) -> Result<Vec<Lagging<'_>>, sqlx::Error> {
        let names: Vec<String> = lock(&self.owned).keys().cloned().collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let rows = sqlx::query!(
            r#"select org_id as "org_id!", projection as "projection!", position as "position!", head as "head!"
               from log.lagging($1) order by org_id, projection"#,
            &names,
        )
        .fetch_all(&self.pool)
        .await?;
        let now = Instant::now();
        let setbacks = lock(&self.setbacks);
        let work = rows.into_iter().filter_map(|row| {
            let target = self.options.targets.iter().find(|t| t.checkpoint == row.projection)?;
            let org = OrgId::from(row.org_id);
            let term = self.term(target)?;
            (!setbacks.hold(org, &row.projection, now)).then_some(Lagging {
                org,
                target,
                term,
                position: row.position,
                head: row.head,
            })
        });
        Ok(work.collect())
    }

    fn term(&self, target: &Target) -> Option<i64> {
        lock(&self.owned).get(&target.checkpoint).copied()
    }

    /// Each turn may wait for a second connection while it holds one, so there must be one more than they all hold,
    /// beside the listener's.
    fn may_read_ahead(&self) -> bool {
        let connections = self.pool.options().get_max_connections() as usize;
        connections >= 2 * self.options.width + 2
    }

    async fn renew(&self) -> Result<(), sqlx::Error> {
        let Options { owner, targets, lease, .. } = &self.options;
        let held = lease::hold(&self.pool, owner, targets, *lease).await?;
        *lock(&self.owned) = held.into_iter().collect();
        Ok(())
    }

    async fn keep_leases(&self) {
        let checkpoints: Vec<String> =
            self.options.targets.iter().map(|target| target.checkpoint.clone()).collect();
        loop {
            let owned_before = lock(&self.owned).len();
            match self.renew().await {
                // What has just been won may lag already.
                Ok(()) if lock(&self.owned).len() > owned_before => self.woken.notify_one(),
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(error = fault::describe(&error), "leases not renewed");
                }
            }
            if !lock(&self.owned).is_empty()
                && let Err(error) = self.gauges.progress(&self.pool, &checkpoints).await
            {
                tracing::warn!(error = fault::describe(&error), "progress not measured");
            }
            sleep(self.options.lease / 3).await;
        }
    }

    async fn listen(&self) {
        loop {
            if let Err(error) = self.hear().await {
                tracing::debug!(error = fault::describe(&error), "not listening, polling goes on");
            }
            sleep(self.options.poll.1).await;
        }
    }

    async fn hear(&self) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(&self.pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            listener.recv().await?;
            self.woken.notify_one();
        }
    }
}

/// A panic while one of these locks is held cannot leave half a change behind.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
