//! Which organisations and which database a command is about.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use domain::id::OrgId;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::organisations;

/// Long enough for a slow network, short enough for somebody who waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// One organisation.
#[derive(Args, Clone, Debug)]
pub(super) struct One {
    /// The organisation: its id or short name.
    #[arg(long)]
    org: String,
}

impl One {
    pub(super) async fn find(&self, db: &PgPool) -> anyhow::Result<OrgId> {
        organisations::find(db, &self.org)
            .await?
            .with_context(|| format!("there is no organisation {}", self.org))
    }
}

/// One organisation, or all.
#[derive(Args, Clone, Debug)]
#[group(multiple = false)]
pub(super) struct Many {
    /// Only this organisation: its id or short name.
    #[arg(long)]
    org: Option<String>,
    /// Every organisation; the default.
    #[arg(long)]
    all: bool,
}

impl Many {
    /// Whether no organisation is named.
    pub(super) const fn is_everyone(&self) -> bool {
        self.org.is_none()
    }

    pub(super) async fn find(&self, db: &PgPool) -> anyhow::Result<Vec<OrgId>> {
        match &self.org {
            Some(org) => Ok(vec![One { org: org.clone() }.find(db).await?]),
            None => Ok(organisations::all(db).await?),
        }
    }
}

/// A few connections for one command.
pub(super) async fn connect(options: PgConnectOptions) -> anyhow::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(6)
        .acquire_timeout(PATIENCE)
        .connect_with(options.application_name("cleaning command line"))
        .await
        .context("cannot connect to the database")
}

/// 0 if all is well, 1 if something was found.
pub(super) fn verdict(is_clean: bool) -> ExitCode {
    if is_clean { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// As [`or_failed`], for commands that find nothing.
pub(super) fn done_or_failed(outcome: anyhow::Result<()>) -> ExitCode {
    or_failed(outcome.map(|()| ExitCode::SUCCESS))
}

/// 2 if the command could not do its work at all, so that scripts can tell it from a finding.
pub(super) fn or_failed(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        eprintln!("cleaning: {error:#}");
        ExitCode::from(2)
    })
}
