//! `cleaning rls`: whether every table of an organisation is kept to it.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::say;
use crate::config::Config;
use crate::rls::{self, Inventory, Report, Source};
use crate::{migrate, roles};

/// Exit code of a call that cannot be answered.
const NO_ANSWER: u8 = 2;

/// Row-level security.
#[derive(Args, Debug)]
pub(super) struct Rls {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Report which tables are covered. Exit code 1: one that was asked for is not; 2: no database, or a wrong call.
    Audit(Box<Audit>),
}

#[derive(Args, Debug)]
struct Audit {
    /// What to look at: the database of `DATABASE_URL`, or the migrations of this program, which needs none.
    #[arg(long, value_enum, default_value = "database")]
    source: Kind,
    /// Look at the migrations if the database does not answer.
    #[arg(long)]
    fallback_to_metadata: bool,
    /// Exit code 1 if a table of the core is not covered, or not there.
    #[arg(long)]
    fail_on_core_missing: bool,
    /// Exit code 1 if any table that is there is not covered, or a login is held by nothing.
    #[arg(long)]
    fail_on_any_missing: bool,
    /// Where to write the report, which is printed too.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where to write it as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Database,
    Metadata,
}

impl Rls {
    pub(super) async fn run(self) -> ExitCode {
        let Action::Audit(audit) = self.action;
        match audit.run().await {
            Ok(code) => code,
            Err(error) => {
                eprintln!("cleaning: {error:#}");
                ExitCode::from(NO_ANSWER)
            }
        }
    }
}

impl Audit {
    async fn run(&self) -> anyhow::Result<ExitCode> {
        let (found, source) = self.look().await?;
        let report = Report::of(&found, &source, roles::now());
        let text = report.to_string();
        if let Some(path) = &self.output {
            write(path, &text)?;
        }
        if let Some(path) = &self.json {
            write(path, &serde_json::to_string_pretty(&report)?)?;
        }
        say(text.trim_end());
        let failed = (self.fail_on_core_missing && report.core_is_missing())
            || (self.fail_on_any_missing && report.any_is_missing());
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    async fn look(&self) -> anyhow::Result<(Inventory, Source)> {
        if self.source == Kind::Metadata {
            return metadata();
        }
        match self.database().await {
            Err(error) if self.fallback_to_metadata => {
                eprintln!("cleaning: {error:#}; looking at the migrations instead");
                metadata()
            }
            found => found,
        }
    }

    async fn database(&self) -> anyhow::Result<(Inventory, Source)> {
        let connect = self.config.app_database()?;
        let found = rls::inspect(&connect).await.context("the database cannot be audited")?;
        Ok((
            found,
            Source::Database(self.config.database_url.as_ref().map_or_else(String::new, shown)),
        ))
    }
}

fn metadata() -> anyhow::Result<(Inventory, Source)> {
    let files = migrate::embedded()?;
    let line: Vec<_> = migrate::line(&files)?.into_iter().cloned().collect();
    Ok((rls::read(&line)?, Source::Metadata))
}

fn write(path: &PathBuf, text: &str) -> anyhow::Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// An address that may be shown: its password is not, nor options, which can hold one.
fn shown(url: &SecretString) -> String {
    let Ok(mut url) = url.expose_secret().parse::<Url>() else { return String::new() };
    if url.password().is_some() && url.set_password(Some("***")).is_err() {
        return String::new();
    }
    url.set_query(None);
    url.into()
}
