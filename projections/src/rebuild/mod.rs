//! Makes the tables of a projection anew from the log, beside the live ones, and puts them in their place.
//!
//! 1. Until the switch the live tables are untouched; giving up at any moment, even by being killed, changes nothing.
//! 2. The new tables are compared with the live ones, row by row, at the same position of every log.
//! 3. The switch is one transaction: it fences the worker, applies what was appended meanwhile and swaps the tables.
//! 4. One that was killed leaves its new tables behind. Whoever comes next removes them and starts over: they may hold
//!    what was erased from the live ones since.
//! 5. What follows from events (mail, timers) has no tables to make anew and never runs here.

mod advance;
mod compare;
mod shadow;
mod sweep;
mod switch;

use std::time::Duration;

use domain::id::OrgId;
use domain::seal::MasterKeys;
use serde::Serialize;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::time::interval;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use compare::{Difference, Side};
pub use sweep::sweep;

use crate::Reader;
use crate::engine::{self, Break, CatchUpError, Limits, Options, Target, Worker};
use shadow::Shadow;

/// How often progress is told.
const TICK: Duration = Duration::from_millis(250);

/// What is to happen after the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// The new tables replace the live ones; differences are told.
    Always,
    /// Only if no row differs.
    IfEqual,
    /// Never: the new tables are dropped.
    Never,
    /// The new tables replace the live ones unseen: they are made by other code, so rows differ.
    Unseen,
}

/// Where a rebuild stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Applying events.
    Filling {
        /// How many are applied.
        done: i64,
        /// How many there are by now.
        total: i64,
    },
    /// Comparing organisation after organisation.
    Comparing {
        /// How many are compared.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// Swapping the tables.
    Switching,
}

/// What a rebuild did.
#[derive(Clone, Debug, Serialize)]
pub struct Done {
    /// The projection.
    pub projection: &'static str,
    /// How many events were applied before the comparison.
    pub events: usize,
    /// How many rows differ.
    pub differing: i64,
    /// The first of them.
    pub differences: Vec<Difference>,
    /// Whether the new tables are live now.
    pub switched: bool,
}

/// Why a rebuild ended without effect.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// It keeps no tables.
    #[error("{0} is never rebuilt: what follows from events must not happen twice")]
    NotRebuildable(&'static str),
    /// Somebody else is at it.
    #[error("{0} is being rebuilt by somebody else")]
    Running(&'static str),
    /// It was stopped.
    #[error("stopped; the live tables are as they were")]
    Cancelled,
    /// The log of an organisation cannot be followed as far as the live tables have.
    #[error("organisation {org}: {found}")]
    Broken {
        /// Whose log.
        org: OrgId,
        /// Why.
        found: Break,
    },
    /// The live tables stay behind the new ones.
    #[error("organisation {0}: the live tables do not catch up; is the worker running?")]
    LiveLags(OrgId),
    /// The tables were never free for a moment.
    #[error("the tables are too busy to be switched; try again later")]
    Busy,
    /// The new tables could not be filled.
    #[error(transparent)]
    CatchUp(#[from] CatchUpError),
    /// The database failed.
    #[error("database error")]
    Database(#[from] sqlx::Error),
}

/// Everything a rebuild needs.
#[derive(Debug)]
pub struct Rebuild<'a> {
    /// Connects as the owner of the tables, or as somebody who may become `cleaning_owner`.
    pub owner: PgConnectOptions,
    /// Connects as the worker's role; needs four connections.
    pub pool: &'a PgPool,
    /// Open the keys of people.
    pub masters: &'a MasterKeys,
    /// What is rebuilt.
    pub reader: &'a Reader,
    /// What happens in the end.
    pub switch: Switch,
}

impl Rebuild<'_> {
    /// Rebuilds, unless `stop` comes first.
    pub async fn run(
        &self,
        stop: &CancellationToken,
        tell: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Done, RebuildError> {
        if !self.reader.is_rebuildable() {
            return Err(RebuildError::NotRebuildable(self.reader.name));
        }
        let mut owner = shadow::owner(&self.owner).await?;
        let shadow = Shadow::of(self.reader);
        if !shadow.claim(&mut owner).await? {
            return Err(RebuildError::Running(self.reader.name));
        }
        let done = self.make(&mut owner, &shadow, stop, tell).await;
        let dropped = shadow.drop(&mut owner).await;
        owner.close().await?;
        let done = done?;
        dropped?;
        Ok(done)
    }

    async fn make(
        &self,
        owner: &mut PgConnection,
        shadow: &Shadow,
        stop: &CancellationToken,
        tell: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Done, RebuildError> {
        shadow.create(owner).await?;
        let worker = self.worker(shadow);
        let mut events = self.fill(&worker, shadow, stop, tell).await?;
        shadow.analyze(owner).await?;
        // What was appended during the long first run, so that the last steps are short.
        events += self.fill(&worker, shadow, stop, tell).await?;
        let found = match self.switch {
            Switch::Unseen => compare::Found::default(),
            Switch::Always | Switch::IfEqual | Switch::Never => {
                self.compare(shadow, stop, tell).await?
            }
        };
        let switched = match self.switch {
            Switch::Always | Switch::Unseen => true,
            Switch::IfEqual => found.differing == 0,
            Switch::Never => false,
        };
        if switched {
            tell(Progress::Switching);
            switch::switch(owner, shadow, self.masters).await?;
        }
        Ok(Done {
            projection: self.reader.name,
            events,
            differing: found.differing,
            differences: found.first,
            switched,
        })
    }

    fn worker(&self, shadow: &Shadow) -> Worker {
        let target = Target::beside(self.reader, shadow.checkpoint.clone(), shadow.schema.clone());
        let options = Options {
            targets: vec![target],
            lease: Duration::from_mins(1),
            width: 2,
            // Nobody waits for these rows, so larger batches than those of the live tables.
            limits: Limits { events: 5_000, bytes: 16 << 20 },
            ..Options::new(format!("rebuild-{}", Uuid::new_v4()), &[])
        };
        Worker::new(self.pool.clone(), self.masters.clone(), options)
    }

    /// Applies everything there is, and tells how it goes.
    async fn fill(
        &self,
        worker: &Worker,
        shadow: &Shadow,
        stop: &CancellationToken,
        tell: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<usize, RebuildError> {
        let mut ticks = interval(TICK);
        let filled = worker.catch_up();
        tokio::pin!(filled);
        let events = loop {
            tokio::select! {
                () = stop.cancelled() => return Err(RebuildError::Cancelled),
                events = &mut filled => break events?,
                _ = ticks.tick() => tell(self.standing(shadow).await?),
            }
        };
        tell(self.standing(shadow).await?);
        Ok(events)
    }

    /// How many events the shadow has applied, of how many.
    async fn standing(&self, shadow: &Shadow) -> Result<Progress, sqlx::Error> {
        let all = engine::progress(self.pool, &[&shadow.checkpoint]).await?;
        let (done, total) =
            all.iter().fold((0, 0), |(done, total), org| (done + org.position, total + org.head));
        Ok(Progress::Filling { done, total })
    }

    async fn compare(
        &self,
        shadow: &Shadow,
        stop: &CancellationToken,
        tell: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<compare::Found, RebuildError> {
        let all = engine::progress(self.pool, &[self.reader.name]).await?;
        let mut found = compare::Found::default();
        for (done, live) in all.iter().enumerate() {
            tell(Progress::Comparing { done, total: all.len() });
            tokio::select! {
                () = stop.cancelled() => return Err(RebuildError::Cancelled),
                compared = compare::organisation(self.pool, shadow, self.masters, live.org_id.into()) => {
                    found.add(compared?);
                }
            }
        }
        tell(Progress::Comparing { done: all.len(), total: all.len() });
        Ok(found)
    }
}
