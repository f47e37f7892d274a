//! Removes files of photos that the log knows nothing about: whoever wrote them died before they could say so.
//!
//! Every file is noted before it is begun. An hour later its visit is asked whether it knows it; no other file is ever touched.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use commands::CommandBus;
use domain::id::OrgId;
use domain::scheduling::photos::PhotoSet;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt};
use projections::scheduling::photo_files::{self, Begun};
use projections::tenant;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::pulse::Pulse;

/// In heartbeats.
pub const NAME: &str = "storage-janitor";

/// How often is looked.
const EVERY: Duration = Duration::from_mins(10);

/// Longer than any upload takes.
const PATIENCE: TimeDelta = TimeDelta::hours(1);

/// Files of one organisation at a time; what is left is looked at next time.
const BATCH: i64 = 500;

/// Looks for files that nobody knows.
pub struct SweepPhotos {
    db: PgPool,
    bus: CommandBus,
    store: Arc<dyn ObjectStore>,
    clock: api::Clock,
}

impl SweepPhotos {
    /// In that store.
    pub fn new(
        db: PgPool,
        bus: CommandBus,
        store: Arc<dyn ObjectStore>,
        clock: api::Clock,
    ) -> Self {
        Self { db, bus, store, clock }
    }

    /// Looks now and then, until `stop`.
    pub async fn run(&self, pulse: &Pulse, stop: CancellationToken) {
        loop {
            let swept = pulse.pass(NAME, self.sweep(|| pulse.alive(NAME))).await;
            if let Err(error) = swept {
                tracing::warn!(error = %format!("{error:#}"), "files of photos are not looked after");
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Looks at every file that was begun long enough ago, and returns how many of them nobody knew.
    pub async fn sweep_due(&self) -> anyhow::Result<usize> {
        self.sweep(|| ()).await
    }

    async fn sweep(&self, alive: impl Fn()) -> anyhow::Result<usize> {
        let orgs = sqlx::query_scalar!(r#"select org_id as "org_id!" from tenant.organisations()"#);
        let mut removed = 0;
        for org in orgs.fetch_all(&self.db).await?.into_iter().map(OrgId::from) {
            alive();
            let mut tx = tenant::begin(&self.db, org).await?;
            let then = (self.clock)() - PATIENCE;
            let begun = photo_files::before(&mut tx, org, then, BATCH).await?;
            drop(tx);
            for file in begun {
                removed += usize::from(self.settle(org, &file).await?);
            }
        }
        Ok(removed)
    }

    /// Whether the file was one that nobody knew.
    async fn settle(&self, org: OrgId, file: &Begun) -> anyhow::Result<bool> {
        let known = self.bus.load::<PhotoSet>(org, &file.booking.to_string()).await?.state;
        let is_known = known.photos.iter().any(|photo| photo.key == file.key);
        let removed = if is_known {
            false
        } else {
            match self.store.delete(&Path::from(file.key.as_str())).await {
                Ok(()) => true,
                Err(Error::NotFound { .. }) => false,
                Err(error) => return Err(error.into()),
            }
        };
        let mut tx = tenant::begin(&self.db, org).await?;
        photo_files::settled(&mut tx, org, &file.key).await?;
        tx.commit().await?;
        Ok(removed)
    }
}
