//! Makes read models again that an older version of their projection built, and removes what killed rebuilds left.
//!
//! It needs the owner of the tables: where a process has no address for that role, it says what is to be done instead.

use std::time::Duration;

use domain::seal::MasterKeys;
use projections::engine::{self, Outdated};
use projections::rebuild::{self, Rebuild, RebuildError, Switch};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use tokio_util::sync::CancellationToken;

use super::pulse::Pulse;

/// In heartbeats.
pub const NAME: &str = "projection-rebuilds";

/// A rebuild takes minutes; a minute more does not matter.
const EVERY: Duration = Duration::from_mins(1);

/// Rebuilds what needs it.
pub struct RebuildOutdated {
    db: PgPool,
    owner: Option<PgConnectOptions>,
    masters: MasterKeys,
}

impl RebuildOutdated {
    /// `owner` may become the owner of the tables.
    pub fn new(db: PgPool, owner: Option<PgConnectOptions>, masters: MasterKeys) -> Self {
        Self { db, owner, masters }
    }

    /// Looks once a minute, until `stop`.
    pub async fn run(&self, pulse: &Pulse, stop: CancellationToken) {
        loop {
            let rebuilt = pulse.pass(NAME, self.rebuild_due(&stop, || pulse.alive(NAME))).await;
            if let Err(error) = rebuilt {
                tracing::error!(error = %format!("{error:#}"), "a read model needs a rebuild");
            }
            if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
                return;
            }
        }
    }

    /// Rebuilds every read model that older code built, and returns how many that were. Somebody else's rebuild of the
    /// same is left to them.
    pub async fn rebuild_due(
        &self,
        stop: &CancellationToken,
        alive: impl Fn() + Send + Sync,
    ) -> anyhow::Result<usize> {
        let outdated = engine::outdated(&mut *self.db.acquire().await?).await?;
        let Some(owner) = &self.owner else {
            let names: Vec<_> = outdated.iter().map(|one| one.reader.name).collect();
            anyhow::ensure!(
                names.is_empty(),
                "older code built {}: run `cleaning projections rebuild {}`, or set DATABASE_MIGRATION_URL here",
                names.join(", "),
                names.join(" "),
            );
            return Ok(0);
        };
        for left in rebuild::sweep(owner).await? {
            tracing::warn!(projection = left, "removed the tables of a rebuild that was killed");
        }
        let mut rebuilt = 0;
        for one in outdated {
            rebuilt += usize::from(self.rebuild(owner, one, stop, &alive).await?);
        }
        Ok(rebuilt)
    }

    async fn rebuild(
        &self,
        owner: &PgConnectOptions,
        Outdated { reader, built }: Outdated,
        stop: &CancellationToken,
        alive: &(impl Fn() + Send + Sync),
    ) -> anyhow::Result<bool> {
        tracing::info!(projection = reader.name, built, version = reader.version, "rebuild begins");
        let rebuild = Rebuild {
            owner: owner.clone(),
            pool: &self.db,
            masters: &self.masters,
            reader,
            switch: Switch::Unseen,
        };
        match rebuild.run(stop, &mut |_| alive()).await {
            Ok(done) => {
                tracing::info!(projection = reader.name, events = done.events, "rebuild ended");
                Ok(true)
            }
            Err(RebuildError::Running(_) | RebuildError::Cancelled) => Ok(false),
            Err(error) => {
                Err(anyhow::Error::from(error).context(format!("{}: not rebuilt", reader.name)))
            }
        }
    }
}
