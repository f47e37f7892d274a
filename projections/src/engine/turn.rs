//! One turn: one batch of one organisation for one projection, in one transaction.

use std::time::Duration;

use domain::id::OrgId;
use domain::recorded::Recorded;
use domain::seal::MasterKeys;
use sqlx::{PgPool, Postgres, Transaction};
use tracing::Instrument;

use super::apply::{self, Failure};
use super::checkpoint::{self, Checkpoint, Holder};
use super::chunk::{self, Break, Chunk, Limits, Mark};
use super::parked::{self, Omissions};
use super::target::Target;
use crate::{Batch, tenant};

/// What is needed for a turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn<'a> {
    pub(crate) pool: &'a PgPool,
    pub(crate) masters: &'a MasterKeys,
    pub(crate) target: &'a Target,
    /// Term under which the target is owned.
    pub(crate) term: i64,
    pub(crate) org: OrgId,
    /// Where the log of the organisation is known to reach.
    pub(crate) head: i64,
    pub(crate) limits: Limits,
    /// Whether a second connection may be used to read on while this batch is written.
    pub(crate) may_read_ahead: bool,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The checkpoint has moved.
    Moved {
        /// To here.
        upto: Mark,
        /// Over this many events.
        events: usize,
        /// How old the first of them was.
        lag: Duration,
    },
    /// There was nothing to do.
    CaughtUp,
    /// The log cannot be followed any further; said in the checkpoint.
    Halted(Break),
    /// It had been halted before.
    StillHalted,
    /// Another worker owns the projection now; nothing was written.
    Fenced,
}

/// Whether a batch is applied at once or event by event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    Whole,
    OneByOne,
}

impl Turn<'_> {
    /// Takes the turn, with a chunk that was read ahead if there is one, and returns the next such chunk.
    pub(crate) async fn take(
        &self,
        ready: Option<Chunk>,
    ) -> Result<(Outcome, Option<Chunk>), sqlx::Error> {
        match self.attempt(ready, Pace::Whole).await {
            Err(Failure::Unfit) => {}
            Ok(done) => return Ok(done),
            Err(Failure::Fault(error)) => return Err(error),
        }
        match self.attempt(None, Pace::OneByOne).await {
            Ok(done) => Ok(done),
            Err(Failure::Fault(error)) => Err(error),
            // One by one, what is unfit is parked.
            Err(Failure::Unfit) => Ok((Outcome::CaughtUp, None)),
        }
    }

    async fn attempt(
        &self,
        ready: Option<Chunk>,
        pace: Pace,
    ) -> Result<(Outcome, Option<Chunk>), Failure> {
        let mut tx = self.begin().await?;
        let holder = self.holder();
        let checkpoint =
            checkpoint::lock(&mut tx, self.org, holder, self.target.reader.name).await?;
        if checkpoint.is_halted {
            return Ok((Outcome::StillHalted, None));
        }
        let chunk = match ready {
            Some(chunk) if chunk.from == checkpoint.mark => chunk,
            _ => chunk::read(&mut tx, self.org, checkpoint.mark, self.limits).await?,
        };
        if let Some(broken) = self.broken(&chunk) {
            let is_owner = checkpoint::halt(&mut tx, self.org, holder, &broken.to_string()).await?;
            tx.commit().await?;
            return Ok((if is_owner { Outcome::Halted(broken) } else { Outcome::Fenced }, None));
        }
        if chunk.events.is_empty() {
            return Ok((Outcome::CaughtUp, None));
        }
        let span = tracing::debug_span!(
            "projection.apply",
            es.projection = self.target.reader.name,
            es.events = chunk.events.len(),
        );
        let applied = self.apply(tx, &checkpoint, &chunk, pace).instrument(span);
        let (done, next) = tokio::join!(applied, self.read_ahead(chunk.upto));
        Ok((done?, next))
    }

    /// Commits without waiting for the disk: what a crash may lose, rows and checkpoint together, is made again from
    /// the log. An effect is claimed in a transaction that does wait, which flushes everything before it too.
    ///
    /// The other settings keep a worker that stops in mid-turn from blocking its successor.
    async fn begin(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let statement = format!(
            "begin; set local app.current_org_id = '{}'; set local synchronous_commit = off; \
             set local idle_in_transaction_session_timeout = '10s'; set local lock_timeout = '2s'{}",
            self.org,
            self.target.search_path(),
        );
        self.pool.begin_with(statement).await
    }

    fn holder(&self) -> Holder<'_> {
        Holder { name: &self.target.checkpoint, term: self.term }
    }

    fn broken(&self, chunk: &Chunk) -> Option<Break> {
        let truncated = Break::Truncated { at: chunk.upto.position, head: self.head };
        let ends_early = chunk.events.is_empty() && chunk.upto.position < self.head;
        chunk.broken.or(ends_early.then_some(truncated))
    }

    async fn apply(
        &self,
        mut tx: Transaction<'static, Postgres>,
        checkpoint: &Checkpoint,
        chunk: &Chunk,
        pace: Pace,
    ) -> Result<Outcome, Failure> {
        let target = self.target;
        let span = (chunk.from.position, chunk.upto.position);
        let mut omissions = Omissions::default();
        if checkpoint.has_parked {
            omissions.add_parked(&mut tx, self.org, &target.checkpoint).await?;
        }
        if checkpoint.has_skipped {
            omissions.add_skipped(&mut tx, self.org, target.reader.name, span).await?;
        }
        let events: Vec<&Recorded> =
            chunk.events.iter().filter(|event| !omissions.hold(event)).collect();
        let batch = Batch::new(self.org, &events, self.masters);
        let poison = match pace {
            Pace::Whole => apply::whole(&mut tx, &target.reader, &batch).await?,
            Pace::OneByOne => apply::one_by_one(&mut tx, &target.reader, &batch).await?,
        };
        parked::park(&mut tx, self.org, &target.checkpoint, &poison).await?;
        if target.is_live() {
            parked::decide(&mut tx, target, &batch, &chunk.events, chunk.upto.position).await?;
        }
        let (from, upto) = (&chunk.from, &chunk.upto);
        if !checkpoint::advance(&mut tx, self.org, self.holder(), from, upto).await? {
            tx.rollback().await?;
            return Ok(Outcome::Fenced);
        }
        tx.commit().await?;
        let lag = chunk.events.first().map(|first| checkpoint.now - first.recorded_at);
        Ok(Outcome::Moved {
            upto: chunk.upto,
            events: chunk.events.len(),
            lag: lag.and_then(|lag| lag.to_std().ok()).unwrap_or_default(),
        })
    }

    /// The chunk behind `upto`, if the organisation is so far behind that it pays.
    async fn read_ahead(&self, upto: Mark) -> Option<Chunk> {
        if !self.may_read_ahead || self.head - upto.position < self.limits.events / 2 {
            return None;
        }
        let mut tx = tenant::begin(self.pool, self.org).await.ok()?;
        let chunk = chunk::read(&mut tx, self.org, upto, self.limits).await.ok()?;
        tx.rollback().await.ok()?;
        Some(chunk)
    }
}
