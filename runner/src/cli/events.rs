//! `cleaning events`: the log itself.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use domain::id::OrgId;
use domain::recorded::Recorded;
use projections::history::checkpoint::SigningKey;
use projections::history::export::{self, End, Line};
use projections::history::log;
use projections::tenant;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::progress::Bar;
use super::scope::{One, connect, or_failed, verdict};
use super::{Format, say};
use crate::audit;
use crate::config::Config;
use crate::roles;

/// How often a log that is followed is asked for more.
const PAUSE: Duration = Duration::from_millis(500);

/// The log of an organisation. Personal values are shown as they are stored: sealed.
#[derive(Args, Debug)]
pub(super) struct Events {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The latest events; one line each, with `--json` one object each.
    Tail {
        #[command(flatten)]
        org: One,
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: i64,
        /// From behind this position on, instead of the latest.
        #[arg(long)]
        after: Option<i64>,
        /// Go on with those that are appended, until interrupted.
        #[arg(long, short)]
        follow: bool,
        #[command(flatten)]
        config: Box<Config>,
        #[command(flatten)]
        format: Format,
    },
    /// One event with everything that is stored about it.
    Show {
        /// Its position.
        position: i64,
        #[command(flatten)]
        org: One,
        #[command(flatten)]
        config: Box<Config>,
        #[command(flatten)]
        format: Format,
    },
    /// Write the whole log to a file that proves itself; signed if `HISTORY_SIGNING_KEY` is set. Exit code 1: something
    /// is wrong with the log, and the export is not signed; 2: nothing was exported.
    Export {
        #[command(flatten)]
        org: One,
        /// The file; standard output by default.
        #[arg(long, short)]
        output: Option<PathBuf>,
        #[command(flatten)]
        config: Box<Config>,
        #[command(flatten)]
        format: Format,
    },
}

impl Events {
    pub(super) async fn run(self) -> ExitCode {
        or_failed(self.act().await)
    }

    async fn act(self) -> anyhow::Result<ExitCode> {
        match self.action {
            Action::Tail { org, lines, after, follow, config, format } => {
                let db = connect(config.app_database()?).await?;
                let org = org.find(&db).await?;
                let after = match after {
                    Some(after) => after,
                    None => head(&db, org).await? - lines.max(0),
                };
                tail(&db, org, (after, lines), follow, format).await?;
                Ok(ExitCode::SUCCESS)
            }
            Action::Show { position, org, config, format } => {
                let db = connect(config.app_database()?).await?;
                let org = org.find(&db).await?;
                let mut tx = tenant::begin(&db, org).await?;
                let event = log::at(&mut tx, org, position).await?;
                let event = event.with_context(|| format!("there is no position {position}"))?;
                let whole = whole(&event);
                say(if format.json { whole.to_string() } else { format!("{whole:#}") });
                Ok(ExitCode::SUCCESS)
            }
            Action::Export { org, output, config, format } => {
                let db = connect(config.app_database()?).await?;
                let org = org.find(&db).await?;
                export(&db, org, &config, output, format).await
            }
        }
    }
}

async fn head(db: &PgPool, org: OrgId) -> anyhow::Result<i64> {
    let mut tx = tenant::begin(db, org).await?;
    Ok(log::head(&mut tx, org).await?.map_or(0, |head| head.position))
}

async fn tail(
    db: &PgPool,
    org: OrgId,
    (mut after, lines): (i64, i64),
    follow: bool,
    format: Format,
) -> anyhow::Result<()> {
    let stop = roles::stop_signal()?;
    let mut left = if follow { i64::MAX } else { lines };
    while left > 0 && !stop.is_cancelled() {
        let mut tx = tenant::begin(db, org).await?;
        let events = log::page(&mut tx, org, after, left).await?;
        tx.rollback().await?;
        match events.last() {
            Some(last) => {
                after = last.position;
                left -= i64::try_from(events.len())?;
            }
            None if follow => {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(PAUSE) => {}
                }
            }
            None => break,
        }
        for event in events {
            say(if format.json {
                serde_json::to_string(&Line::from(event))?
            } else {
                brief(&event)
            });
        }
    }
    Ok(())
}

fn brief(event: &Recorded) -> String {
    let by = event.metadata().map_or_else(|_| "?".to_owned(), |origin| origin.actor.id);
    format!(
        "{:>8}  {}  {}.{} {} #{} by {by}",
        event.position,
        event.recorded_at.format("%Y-%m-%d %H:%M:%S%.3f"),
        event.aggregate_type,
        event.event_type,
        event.aggregate_id,
        event.sequence,
    )
}

/// Payload and metadata as objects, for people; their exact text is in the export.
fn whole(event: &Recorded) -> Value {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    json!({
        "org_id": event.org,
        "position": event.position,
        "event_id": event.id(),
        "recorded_at": event.recorded_at,
        "aggregate_type": event.aggregate_type,
        "aggregate_id": event.aggregate_id,
        "sequence": event.sequence,
        "event_type": event.event_type,
        "event_version": event.event_version,
        "payload": parsed(&event.payload),
        "metadata": parsed(&event.metadata),
        "hash": hex::encode(event.hash),
    })
}

async fn export(
    db: &PgPool,
    org: OrgId,
    config: &Config,
    output: Option<PathBuf>,
    format: Format,
) -> anyhow::Result<ExitCode> {
    let key = signing_key(config)?;
    audit::note(db, org, "events.export", &json!({})).await?;
    let mut bar = Bar::new();
    let progress = |done, total| bar.events("export", done, total);
    let now = roles::now();
    let exported = if let Some(path) = &output {
        let file = std::fs::File::create(path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        let mut out = BufWriter::new(file);
        let exported = export::write(db, org, key.as_ref(), now, &mut out, progress).await?;
        out.into_inner()?.sync_all()?;
        exported
    } else {
        let mut out = BufWriter::new(std::io::stdout());
        export::write(db, org, key.as_ref(), now, &mut out, progress).await?
    };
    drop(bar);
    let is_signed = matches!(exported.end, End::Checkpoint(_));
    let report = &exported.report;
    for finding in &report.findings {
        eprintln!("position {} [{}]: {}", finding.defect.position(), finding.code, finding.message);
    }
    // Standard output is the export itself if there is no file.
    let told = if format.json {
        json!({ "org_id": org, "events": report.events, "signed": is_signed, "findings": report.findings })
            .to_string()
    } else {
        let signed = if is_signed { "signed" } else { "not signed" };
        format!("{} events of organisation {org}, {signed}", report.events)
    };
    if output.is_some() {
        say(told);
    } else {
        writeln!(std::io::stderr(), "{told}")?;
    }
    Ok(verdict(report.is_clean()))
}

/// The key that signs history, if this installation has one.
pub(super) fn signing_key(config: &Config) -> anyhow::Result<Option<SigningKey>> {
    if config.history_signing_key.is_none() {
        return Ok(None);
    }
    Ok(Some(config.signing_key()?))
}
