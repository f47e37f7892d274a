//! Entries of the audit log that are no events, kept whatever becomes of the database meanwhile.
//!
//! 1. Whoever notes something waits until it is stored, but never for long: a refusal is not held up by the audit log.
//! 2. What cannot be stored waits, first in a file if there is one, and is stored as soon as the database is back. Its id
//!    makes sure that it is stored once.
//! 3. Memory and file are bounded. What does not fit is lost, counted and logged.

mod keeper;
mod spool;
mod store;

use std::path::Path;
use std::time::Duration;

use domain::attempt::Attempt;
use sqlx::PgPool;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use self::keeper::Keeper;
use self::spool::Spool;
pub use self::spool::SpoolError;
pub use self::store::store;

/// What may wait in memory to be taken up; each holds a request that waits, so there are never many.
const QUEUE: usize = 1024;

/// A flush takes milliseconds; longer means that the database is in trouble, and the entry waits alone.
const PATIENCE: Duration = Duration::from_millis(500);

/// What must not happen without its entry may take as long as any statement.
const NEEDED: Duration = Duration::from_secs(5);

/// Takes entries; clones share one keeper.
#[derive(Clone, Debug)]
pub struct Attempts(mpsc::Sender<Waiting>);

/// An entry, and who waits for it.
struct Waiting {
    attempt: Attempt,
    kept: oneshot::Sender<bool>,
}

impl Attempts {
    /// Starts a keeper that stores through `db`. It ends when all who could note something are gone.
    pub fn start(
        db: PgPool,
        spool: Option<&Path>,
        tasks: &TaskTracker,
    ) -> Result<Self, SpoolError> {
        let (spool, left) = match spool {
            Some(path) => Spool::open(path).map(|(spool, left)| (Some(spool), left))?,
            None => (None, Vec::new()),
        };
        let (queue, taken) = mpsc::channel(QUEUE);
        tasks.spawn(Keeper::new(db, spool, left).run(taken));
        Ok(Self(queue))
    }

    /// Notes `attempt`; whether it is durable by now. If not, it is tried again until it is.
    pub async fn note(&self, attempt: Attempt) -> bool {
        self.note_within(attempt, PATIENCE).await
    }

    /// As [`Self::note`], without waiting at all: whoever waited for the database in vain is not kept for its sake.
    pub async fn note_later(&self, attempt: Attempt) -> bool {
        self.note_within(attempt, Duration::ZERO).await
    }

    /// As [`Self::note`], for what is not to be done without an entry: waits longer.
    pub async fn note_first(&self, attempt: Attempt) -> bool {
        self.note_within(attempt, NEEDED).await
    }

    async fn note_within(&self, attempt: Attempt, patience: Duration) -> bool {
        let (kept, wait) = oneshot::channel();
        match self.0.try_send(Waiting { attempt, kept }) {
            Ok(()) => {}
            Err(TrySendError::Full(waiting) | TrySendError::Closed(waiting)) => {
                keeper::lost(1, &waiting.attempt.action);
                return false;
            }
        }
        matches!(timeout(patience, wait).await, Ok(Ok(true)))
    }
}
