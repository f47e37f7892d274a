//! `cleaning keys`: the master keys that wrap the keys of persons.

use clap::{Args, Subcommand};
use serde_json::json;

use super::{Format, say};
use crate::audit;
use crate::config::Config;
use crate::organisations;
use crate::second_factors;

/// The master keys.
#[derive(Args, Debug)]
pub(super) struct Keys {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Wrap every person's key, and seal every secret of a second factor, by the newest version in `PII_MASTER_KEY`;
    /// afterwards older versions may be removed from it. May be stopped and started again at any time.
    Rotate {
        #[command(flatten)]
        config: Box<Config>,
        #[command(flatten)]
        format: Format,
    },
}

impl Keys {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Action::Rotate { config, format } = self.action;
        let keys = config.master_keys()?;
        let db = sqlx::PgPool::connect_with(config.worker_database()?).await?;
        let mut rotated = 0;
        for org in organisations::all(&db).await? {
            let count = commands::rotate_keys(&db, &keys, org).await?;
            let facts = json!({ "rotated": count, "version": keys.current() });
            audit::note(&db, org, "keys.rotate", &facts).await?;
            rotated += count;
        }
        let resealed = second_factors::reseal(&db, &keys).await?;
        if format.json {
            say(json!({ "rotated": rotated, "resealed": resealed, "version": keys.current() }));
        } else {
            say(format!("{rotated} keys wrapped by version {}", keys.current()));
            say(format!("{resealed} secrets of second factors sealed by it"));
        }
        Ok(())
    }
}
