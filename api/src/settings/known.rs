//! The settings that every request may need, kept in memory.
//!
//! What this process changes, it knows at once. What another process changes, it knows after [`REMEMBERED`] at the latest.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::id::OrgId;
use domain::settings::feature::Features;
use domain::settings::org::OrgSettings;
use moka::ops::compute::Op;
use moka::sync::Cache;

use crate::problem::Problem;
use crate::state::App;

/// Promised to operators: a feature that is switched off is off everywhere after this long.
const REMEMBERED: TimeDelta = TimeDelta::seconds(5);

/// More organisations than one process serves at a time.
const CAPACITY: u64 = 10_000;

/// Settings as requests use them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current {
    pub(crate) features: Features,
    pub(crate) zone: Tz,
    /// Of the aggregate.
    version: i32,
    /// When the log was asked.
    asked: DateTime<Utc>,
}

/// The settings of the organisations that this process has met.
pub(crate) struct Known(Cache<OrgId, Current>);

impl Default for Known {
    fn default() -> Self {
        Self(Cache::new(CAPACITY))
    }
}

impl Known {
    /// The settings of `org`, at most [`REMEMBERED`] old.
    pub(crate) async fn of(&self, app: &App, org: OrgId) -> Result<Current, Problem> {
        let now = app.now();
        let is_fresh =
            |known: &Current| (TimeDelta::zero()..REMEMBERED).contains(&(now - known.asked));
        if let Some(known) = self.0.get(&org).filter(is_fresh) {
            return Ok(known);
        }
        self.read(app, org).await
    }

    /// Learns of a change that this process has just made. The change stands, whatever comes of reading it.
    pub(crate) async fn changed(&self, app: &App, org: OrgId) {
        if self.read(app, org).await.is_err() {
            self.0.invalidate(&org);
        }
    }

    async fn read(&self, app: &App, org: OrgId) -> Result<Current, Problem> {
        let asked = app.now();
        let loaded = app.bus.load::<OrgSettings>(org, &org.to_string()).await?;
        let registered = app.organisations.registered(&app.reads, org).await?;
        let read = Current {
            features: loaded.state.features(),
            zone: loaded.state.zone(&registered.timezone),
            version: loaded.version,
            asked,
        };
        // A slow read may bring what a faster one has overtaken.
        self.0.entry(org).and_compute_with(|known| match known {
            Some(known) if known.value().version > read.version => Op::Nop,
            _ => Op::Put(read),
        });
        Ok(read)
    }
}
