//! `cleaning history verify`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;

use anyhow::Context as _;
use clap::Args;
use futures::{StreamExt, TryStreamExt, stream};
use projections::history::checkpoint::{Checkpoint, PublicKey};
use projections::history::export::End;
use projections::history::verify::{self, Effort, Report, Witnesses};
use secrecy::SecretString;
use serde_json::json;
use sqlx::PgPool;

use super::super::events::signing_key;
use super::super::progress::Bar;
use super::super::scope::{Many, connect, verdict};
use super::super::{Format, say};
use super::remote::Remote;
use crate::config::{self, Config};

/// Logs verified at once: one keeps a core here and one in the database busy.
const WIDTH: usize = 2;

/// Prove that a log is the one that was written.
///
/// Every event is held against the chain, every checkpoint against its signature. A finding names organisation,
/// position and kind: changed, missing, swapped, misplaced, repeated, truncated, rewritten and so on. In a database the
/// chain of what staff tried is proven too.
#[derive(Args, Debug)]
pub(super) struct Verify {
    #[command(flatten)]
    orgs: Many,
    /// Verify this export (`-`: standard input) instead of a database.
    #[arg(long, conflicts_with_all = ["org", "all", "url"])]
    export: Option<PathBuf>,
    /// With `--export`: hold this database, for example a restored dump, against the export.
    #[arg(long, requires = "export", hide_env_values = true)]
    dump_database_url: Option<SecretString>,
    /// Verify over HTTP, as a member of the organisation; for example `https://api.example.com`.
    #[arg(long, requires = "user", conflicts_with_all = ["org", "all"])]
    url: Option<String>,
    /// Login for `--url`.
    #[arg(long)]
    user: Option<String>,
    /// Its password.
    #[arg(long, env = "HISTORY_PASSWORD", hide_env_values = true)]
    password: Option<SecretString>,
    /// Trust signatures of this key; may be repeated. Default: the public half of `HISTORY_SIGNING_KEY`, if set;
    /// without any key signatures are not checked and confirm nothing.
    #[arg(long = "public-key")]
    public_keys: Vec<PublicKey>,
    /// Checkpoints kept elsewhere, one JSON object a line.
    #[arg(long)]
    checkpoints: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

impl Verify {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let trusted = self.trusted()?;
        let kept =
            self.checkpoints.as_deref().map(read_checkpoints).transpose()?.unwrap_or_default();
        let reports = if let Some(path) = self.export.clone() {
            self.offline(path, &trusted, kept).await?
        } else if let Some(url) = &self.url {
            let user = self.user.as_deref().unwrap_or_default();
            let remote = Remote::new(url, user, self.password.as_ref())?;
            let mut bar = Bar::new();
            let progress = |done, total| bar.events("verify", done, total);
            vec![remote.verify(&trusted, &kept, progress).await?]
        } else {
            self.database(&trusted, &kept).await?
        };
        let is_clean = reports.iter().all(Report::is_clean);
        if self.format.json {
            say(json!({ "clean": is_clean, "organisations": reports }));
        } else {
            reports.iter().for_each(tell);
        }
        Ok(verdict(is_clean))
    }

    fn trusted(&self) -> anyhow::Result<Vec<PublicKey>> {
        if !self.public_keys.is_empty() {
            return Ok(self.public_keys.clone());
        }
        Ok(signing_key(&self.config)?.map(|key| key.public()).into_iter().collect())
    }

    async fn offline(
        &self,
        path: PathBuf,
        trusted: &[PublicKey],
        kept: Vec<Checkpoint>,
    ) -> anyhow::Result<Vec<Report>> {
        let (keys, checkpoints) = (trusted.to_vec(), kept.clone());
        let (report, exported) = tokio::task::spawn_blocking(move || {
            let mut exported = Vec::new();
            let each = |event: &_| exported.push(verify::Anchor::exported(event));
            let (_, report) = verify::verify_export(open(&path)?, &keys, &checkpoints, each)
                .with_context(|| path.display().to_string())?;
            anyhow::Ok((report, exported))
        })
        .await??;
        let Some(url) = &self.dump_database_url else { return Ok(vec![report]) };
        let db = connect(config::database("--dump-database-url", Some(url))?).await?;
        let mut witnesses = Witnesses::none(report.org);
        witnesses.add_anchors(exported);
        let dump = one(&db, witnesses, trusted, &kept, &Mutex::new(Bar::new())).await?;
        Ok(vec![report, dump])
    }

    async fn database(
        &self,
        trusted: &[PublicKey],
        kept: &[Checkpoint],
    ) -> anyhow::Result<Vec<Report>> {
        let db = connect(self.config.app_database()?).await?;
        let mut orgs = self.orgs.find(&db).await?;
        if self.orgs.is_everyone() {
            // One of which only a checkpoint is left was removed, log and all.
            for checkpoint in kept {
                if !orgs.contains(&checkpoint.org) {
                    orgs.push(checkpoint.org);
                }
            }
        }
        let bar = Mutex::new(Bar::new());
        stream::iter(orgs)
            .map(|org| one(&db, Witnesses::none(org), trusted, kept, &bar))
            .buffered(WIDTH)
            .try_collect()
            .await
    }
}

/// Verifies the log of one organisation in a database.
async fn one(
    db: &PgPool,
    mut witnesses: Witnesses,
    trusted: &[PublicKey],
    kept: &[Checkpoint],
    bar: &Mutex<Bar>,
) -> anyhow::Result<Report> {
    let org = witnesses.org();
    for checkpoint in kept {
        witnesses.add_checkpoint(checkpoint, trusted);
    }
    let progress = |done, total| {
        if let Ok(mut bar) = bar.lock() {
            bar.events("verify", done, total);
        }
    };
    let report = verify::verify(db, witnesses, trusted, Effort::default(), progress).await?;
    // The others are to be verified all the same.
    Ok(report.unwrap_or_else(|| Report::without_log(org)))
}

fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = File::open(path).with_context(|| path.display().to_string())?;
    Ok(Box::new(BufReader::with_capacity(1 << 20, file)))
}

/// Reads lines as `history checkpoint` prints them, or last lines of exports.
fn read_checkpoints(path: &Path) -> anyhow::Result<Vec<Checkpoint>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = lines.map(|(number, line)| {
        let end = || match serde_json::from_str(line) {
            Ok(End::Checkpoint(checkpoint)) => Some(checkpoint),
            Ok(End::Head { .. }) | Err(_) => None,
        };
        serde_json::from_str(line)
            .ok()
            .or_else(end)
            .with_context(|| format!("{}: line {} is no checkpoint", path.display(), number + 1))
    });
    read.collect()
}

fn tell(report: &Report) {
    let state = if report.is_clean() { "clean" } else { "NOT CLEAN" };
    let confirmed = match report.confirmed_by {
        0 => "no checkpoint confirms it".to_owned(),
        by => {
            format!("confirmed up to position {} by {by} of its witnesses", report.confirmed_upto)
        }
    };
    let unchecked = match report.unchecked_signatures {
        0 => String::new(),
        1 => "; 1 signature was not checked: no key".to_owned(),
        many => format!("; {many} signatures were not checked: no key"),
    };
    say(format!(
        "organisation {}: {} events, {state}; {confirmed}{unchecked}",
        report.org, report.events
    ));
    for finding in &report.findings {
        let place = if finding.defect.is_about_attempts() { "attempt" } else { "position" };
        let position = finding.defect.position();
        say(format!("  {place} {position} [{}]: {}", finding.code, finding.message));
    }
    if report.unlisted > 0 {
        say(format!("  and {} more", report.unlisted));
    }
}
