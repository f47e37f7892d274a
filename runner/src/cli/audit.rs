//! `cleaning audit`: what staff did and tried, for auditors and operators.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use chrono::TimeDelta;
use clap::{Args, Subcommand};
use projections::audit_log::{self, Entry, Filter, Known, csv};
use projections::tenant;
use serde_json::json;
use sqlx::ConnectOptions;
use tokio_util::task::TaskTracker;

use super::scope::{Many, One, connect, or_failed, verdict};
use super::{Format, say};
use crate::audit;
use crate::config::Config;
use crate::organisations::Organisations;
use crate::roles;

/// What staff did and tried. Exit code 0: all is well; 1: something was found; 2: the command could not do its work.
#[derive(Args, Debug)]
pub(super) struct Audit {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The latest entries, newest first.
    List {
        #[command(flatten)]
        org: One,
        #[command(flatten)]
        only: Only,
        /// How many, 1 to 200.
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: i64,
        #[command(flatten)]
        config: Box<Config>,
        #[command(flatten)]
        format: Format,
    },
    /// All entries as CSV, newest first. The export leaves an entry of its own.
    Export {
        #[command(flatten)]
        org: One,
        #[command(flatten)]
        only: Only,
        /// The file; standard output by default.
        #[arg(long, short)]
        output: Option<PathBuf>,
        #[command(flatten)]
        config: Box<Config>,
    },
    /// Recompute the chain of what left no event. What was carried out is proven by `cleaning history verify`.
    Verify {
        #[command(flatten)]
        orgs: Many,
        /// An entry that was written down earlier, as `NUMBER:HASH`; finds an end that was cut off.
        #[arg(long, value_parser = parse_known, requires = "org")]
        known: Option<Known>,
        #[command(flatten)]
        config: Box<Config>,
        #[command(flatten)]
        format: Format,
    },
    /// Remove entries that are no events and older than `AUDIT_RETENTION_DAYS`, as the owner of the tables. The log says so
    /// first; events stay for ever.
    Prune {
        #[command(flatten)]
        orgs: Many,
        /// Only tell how many there are.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        config: Box<Config>,
        #[command(flatten)]
        format: Format,
    },
}

/// Which entries.
#[derive(Args, Clone, Debug)]
struct Only {
    /// Of this login or program.
    #[arg(long)]
    actor: Option<String>,
    /// With this name, `resource.verb`.
    #[arg(long)]
    action: Option<String>,
    /// About this kind of thing.
    #[arg(long)]
    resource_type: Option<String>,
    /// About this thing.
    #[arg(long)]
    resource_id: Option<String>,
    /// That ended like this: `success`, `denied`, `rejected` or `error`.
    #[arg(long, value_parser = ["success", "denied", "rejected", "error"])]
    outcome: Option<String>,
}

impl From<Only> for Filter {
    fn from(only: Only) -> Self {
        Self {
            actor: only.actor,
            action: only.action,
            resource_type: only.resource_type,
            resource_id: only.resource_id,
            outcome: only.outcome,
            ..Self::default()
        }
    }
}

fn parse_known(text: &str) -> Result<Known, String> {
    let malformed = || "expected NUMBER:HASH as `verify` prints them".to_owned();
    let (number, digits) = text.split_once(':').ok_or_else(malformed)?;
    let mut hash = [0; 32];
    hex::decode_to_slice(digits, &mut hash).map_err(|_| malformed())?;
    Ok(Known { number: number.parse().map_err(|_| malformed())?, hash })
}

impl Audit {
    pub(super) async fn run(self) -> ExitCode {
        or_failed(match self.action {
            Action::List { org, only, lines, config, format } => {
                list(&org, only.into(), lines, &config, format).await
            }
            Action::Export { org, only, output, config } => {
                export(&org, only.into(), output, &config).await
            }
            Action::Verify { orgs, known, config, format } => {
                verify(&orgs, known, &config, format).await
            }
            Action::Prune { orgs, dry_run, config, format } => {
                prune(&orgs, dry_run, &config, format).await
            }
        })
    }
}

async fn list(
    org: &One,
    filter: Filter,
    lines: i64,
    config: &Config,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let db = connect(config.app_database()?).await?;
    let org = org.find(&db).await?;
    let mut tx = tenant::begin(&db, org).await?;
    for entry in audit_log::page(&mut tx, org, &filter, lines).await? {
        say(if format.json { serde_json::to_string(&entry)? } else { brief(&entry) });
    }
    Ok(ExitCode::SUCCESS)
}

fn brief(entry: &Entry) -> String {
    let of = |text: &Option<String>| text.clone().unwrap_or_default();
    format!(
        "{}  {:<8} {:<28} {} {} by {} {}",
        entry.created_at.format("%Y-%m-%d %H:%M:%S%.3f"),
        entry.outcome,
        entry.action,
        of(&entry.resource_type),
        of(&entry.resource_id),
        entry.admin_role,
        entry.actor,
    )
}

async fn export(
    org: &One,
    mut filter: Filter,
    output: Option<PathBuf>,
    config: &Config,
) -> anyhow::Result<ExitCode> {
    let db = connect(config.app_database()?).await?;
    let org = org.find(&db).await?;
    let mut out: Box<dyn Write + Send> = match &output {
        Some(path) => Box::new(
            std::fs::File::create(path)
                .with_context(|| format!("cannot write {}", path.display()))?,
        ),
        None => Box::new(std::io::stdout()),
    };
    audit::note(&db, org, "audit.export", &json!({})).await?;
    out.write_all(&csv::header()?)?;
    loop {
        let mut tx = tenant::begin(&db, org).await?;
        let entries = audit_log::page(&mut tx, org, &filter, audit_log::PAGE).await?;
        let Some(last) = entries.last() else { break };
        filter.before = Some(last.cursor());
        out.write_all(&csv::rows(&entries)?)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

async fn verify(
    orgs: &Many,
    known: Option<Known>,
    config: &Config,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let db = connect(config.app_database()?).await?;
    let mut is_clean = true;
    let mut told = Vec::new();
    for org in orgs.find(&db).await? {
        let mut tx = tenant::begin(&db, org).await?;
        let verified = audit_log::verify(&mut tx, org, known.as_slice()).await?;
        is_clean &= verified.is_clean();
        if format.json {
            told.push(json!({ "org_id": org, "verified": verified }));
            continue;
        }
        let (number, hash) = (verified.number, hex::encode(verified.hash));
        say(format!(
            "{org}: {} entries, {} pruned, {number}:{hash}",
            verified.entries, verified.pruned
        ));
        for finding in &verified.findings {
            say(format!("  entry {} is {}", finding.number, finding.found));
        }
    }
    if format.json {
        say(json!({ "ok": is_clean, "organisations": told }));
    }
    Ok(verdict(is_clean))
}

async fn prune(
    orgs: &Many,
    dry_run: bool,
    config: &Config,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let mut owner =
        config.owner_database()?.connect().await.context("cannot connect as the owner")?;
    let db = connect(config.app_database()?).await?;
    let lanes = TaskTracker::new();
    let organisations = Organisations::connect(config, &lanes)?;
    let before = roles::now() - TimeDelta::days(config.audit_retention_days.into());
    let mut told = Vec::new();
    for org in orgs.find(&db).await? {
        let Some(old) = audit::old(&mut owner, org, before).await? else { continue };
        let (through, mut entries) = (old.through, old.entries);
        if !dry_run {
            entries = audit::prune(&mut owner, &organisations, org, old).await?.try_into()?;
        }
        if format.json {
            told.push(json!({ "org_id": org, "entries": entries, "through": through }));
        } else {
            let verb = if dry_run { "would be removed" } else { "removed" };
            say(format!("{org}: {entries} entries {verb}, up to number {through}"));
        }
    }
    if format.json {
        say(json!({ "before": before, "dry_run": dry_run, "organisations": told }));
    }
    drop(organisations);
    lanes.close();
    lanes.wait().await;
    Ok(ExitCode::SUCCESS)
}
