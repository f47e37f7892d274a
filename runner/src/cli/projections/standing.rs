//! Where the projections stand.

use std::process::ExitCode;

use clap::Args;
use projections::engine::{self, Progress};
use projections::{READERS, tenant};
use serde_json::{Value, json};

use super::super::scope::{Many, connect, verdict};
use super::super::{Format, say};
use crate::config::Config;

/// Every projection.
#[derive(Args, Debug)]
pub(super) struct List {
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

/// How far each projection is behind each log. Exit code 1: one is halted, or ahead of a log that was rolled back.
#[derive(Args, Debug)]
pub(super) struct Lag {
    /// Also those that are not behind.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

/// The streams that projections stopped at.
#[derive(Args, Debug)]
pub(super) struct ParkedStreams {
    #[command(flatten)]
    orgs: Many,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

fn names() -> Vec<&'static str> {
    READERS.iter().map(|reader| reader.name).collect()
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let db = connect(self.config.app_database()?).await?;
        let progress = engine::progress(&db, &names()).await?;
        let owners = engine::owners(&db).await?;
        let builds = engine::builds(&db).await?;
        let mut all = Vec::new();
        for reader in READERS {
            let of = || progress.iter().filter(|org| org.projection == reader.name);
            let owner = owners.iter().find(|owner| owner.projection == reader.name);
            all.push(json!({
                "name": reader.name,
                "version": reader.version,
                "built": builds.iter().find(|build| build.projection == reader.name).map(|build| build.version),
                "tables": reader.tables,
                "rebuildable": reader.is_rebuildable(),
                "owner": owner.filter(|owner| owner.is_live).map(|owner| &owner.owner),
                "term": owner.map(|owner| owner.term),
                "organisations": of().count(),
                "lag_events": of().map(Progress::behind).sum::<i64>(),
                "ahead": of().filter(|org| org.ahead() > 0).count(),
                "halted": of().filter(|org| org.halted.is_some()).count(),
                "parked": of().map(|org| org.parked).sum::<i64>(),
            }));
        }
        if self.format.json {
            say(json!({ "projections": all }));
            return Ok(ExitCode::SUCCESS);
        }
        say(format!(
            "{:<18} {:>7} {:>6} {:>10} {:>6} {:>6}  {:<24} tables",
            "projection", "version", "built", "lag", "halted", "parked", "owner"
        ));
        for (one, reader) in all.iter().zip(READERS) {
            say(format!(
                "{:<18} {:>7} {:>6} {:>10} {:>6} {:>6}  {:<24} {}",
                reader.name,
                reader.version,
                one["built"].as_i64().map_or_else(String::new, |version| version.to_string()),
                number(one, "lag_events"),
                number(one, "halted"),
                number(one, "parked"),
                one["owner"].as_str().unwrap_or("nobody"),
                if reader.is_rebuildable() { reader.tables.join(", ") } else { "none".to_owned() },
            ));
        }
        for one in all.iter().filter(|one| one["built"].as_i64() < one["version"].as_i64()) {
            if let (Some(name), Some(built)) = (one["name"].as_str(), one["built"].as_i64()) {
                say(format!(
                    "\n{name} was built by version {built}: the jobs make it again if they have DATABASE_MIGRATION_URL, \
                     else run `cleaning projections rebuild {name}`"
                ));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn number(json: &Value, name: &str) -> i64 {
    json[name].as_i64().unwrap_or_default()
}

impl Lag {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let db = connect(self.config.app_database()?).await?;
        let mut progress = engine::progress(&db, &names()).await?;
        let is_stuck = |one: &Progress| one.halted.is_some() || one.ahead() > 0;
        let is_well = !progress.iter().any(is_stuck);
        let is_shown =
            |one: &Progress| self.all || one.behind() > 0 || one.parked > 0 || is_stuck(one);
        progress.retain(is_shown);
        if self.format.json {
            say(json!({ "lag": progress }));
        } else if progress.is_empty() {
            say("every projection is where its log is");
        }
        for one in progress.iter().filter(|_| !self.format.json) {
            let halted = one.halted.as_ref().map(|why| format!("  halted: {why}"));
            let parked = (one.parked > 0).then(|| format!("  {} parked", one.parked));
            let distance = match one.ahead() {
                0 => format!("{} behind", one.behind()),
                ahead => format!("{ahead} AHEAD: the log was rolled back"),
            };
            say(format!(
                "{:<18} {}  {} of {}, {distance}{}{}",
                one.projection,
                one.org_id,
                one.position,
                one.head,
                parked.unwrap_or_default(),
                halted.unwrap_or_default(),
            ));
        }
        Ok(verdict(is_well))
    }
}

impl ParkedStreams {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let db = connect(self.config.app_database()?).await?;
        let mut all = Vec::new();
        for org in self.orgs.find(&db).await? {
            let mut tx = tenant::begin(&db, org).await?;
            let parked = engine::parked(&mut tx, org).await?;
            all.extend(parked.into_iter().map(|parked| (org, parked)));
        }
        if self.format.json {
            let rows = all.iter().map(|(org, parked)| {
                let mut row = json!(parked);
                row["org_id"] = json!(org);
                row
            });
            say(json!({ "parked": rows.collect::<Vec<_>>() }));
        } else if all.is_empty() {
            say("nothing is parked");
        }
        for (org, parked) in all.iter().filter(|_| !self.format.json) {
            say(format!(
                "{} --org {org} {} {}  at position {}, tried {} times since {}: {}",
                parked.projection,
                parked.aggregate_type,
                parked.aggregate_id,
                parked.position,
                parked.attempts,
                parked.parked_at.format("%Y-%m-%d %H:%M"),
                parked.reason,
            ));
        }
        Ok(verdict(all.is_empty()))
    }
}
