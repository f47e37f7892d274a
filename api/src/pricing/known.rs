//! The prices and terms that hold, kept in memory.
//!
//! What this process publishes, it knows at once. What another process publishes, it knows after [`REMEMBERED`] at the
//! latest; what was decided until then names the version by which it was.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::OrgId;
use domain::pricing::book::Book;
use domain::pricing::price_book::PriceBook;
use domain::pricing::prices::Prices;
use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::problem::Problem;
use crate::state::App;

/// Promised to operators: a price is another one everywhere after this long.
const REMEMBERED: TimeDelta = TimeDelta::seconds(5);

/// More organisations than one process serves at a time.
const CAPACITY: u64 = 10_000;

/// A version as requests use it.
#[derive(Debug)]
pub(crate) struct InForce {
    pub(crate) prices: Prices,
    pub(crate) book: Book,
    /// Of the aggregate.
    version: i32,
    /// When the log was asked.
    asked: DateTime<Utc>,
}

/// The versions that hold in the organisations that this process has met.
pub(crate) struct Known(Cache<OrgId, Arc<InForce>>);

impl Default for Known {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl Known {
    /// What holds in `org`, at most [`REMEMBERED`] old, or older while the log cannot be asked.
    pub(crate) async fn of(&self, app: &App, org: OrgId) -> Result<Arc<InForce>, Problem> {
        let now = app.now();
        let is_fresh =
            |known: &Arc<InForce>| (TimeDelta::zero()..REMEMBERED).contains(&(now - known.asked));
        let known = self.0.get(&org);
        if let Some(known) = known.clone().filter(is_fresh) {
            return Ok(known);
        }
        // While the log cannot be asked, nothing is written either: what was known last is good enough to be told.
        self.read(app, org).await.or_else(|problem| known.ok_or(problem))
    }

    /// Learns of what this process has just published. It stands, whatever comes of reading it.
    pub(crate) async fn changed(&self, app: &App, org: OrgId) {
        if self.read(app, org).await.is_err() {
            self.0.invalidate(&org);
        }
    }

    async fn read(&self, app: &App, org: OrgId) -> Result<Arc<InForce>, Problem> {
        let asked = app.now();
        let loaded = app.bus.load::<PriceBook>(org, &org.to_string()).await?;
        let read = Arc::new(InForce {
            prices: loaded.state.prices(),
            book: loaded.state.published,
            version: loaded.version,
            asked,
        });
        // A slow read may bring what a faster one has overtaken.
        self.0.entry(org).and_compute_with(|known| match known {
            Some(known) if known.value().version > read.version => Op::Nop,
            _ => Op::Put(Arc::clone(&read)),
        });
        Ok(read)
    }
}
