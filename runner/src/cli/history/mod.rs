//! `cleaning history`: what auditors do.

mod remote;
mod replay;
mod verify;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use projections::history::checkpoint::{self, SignError};
use projections::tenant;
use serde_json::json;

use super::events::signing_key;
use super::scope::{Many, connect, or_failed, verdict};
use super::{Format, say};
use crate::config::Config;
use crate::roles;

/// Proving, signing and replaying history. Exit code 0: all is well; 1: something was found; 2: the command could not
/// do its work.
#[derive(Args, Debug)]
pub(super) struct History {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Prove that a log is the one that was written: in the database, in an export, or over HTTP.
    Verify(Box<verify::Verify>),
    /// Sign where each log stands now, with `HISTORY_SIGNING_KEY`; keep what is printed outside of the database.
    Checkpoint {
        #[command(flatten)]
        orgs: Many,
        #[command(flatten)]
        config: Box<Config>,
        #[command(flatten)]
        format: Format,
    },
    /// Tell the history of one thing, event by event, and how it stood at some moment.
    Replay(Box<replay::Replay>),
}

impl History {
    pub(super) async fn run(self) -> ExitCode {
        or_failed(match self.action {
            Action::Verify(command) => command.run().await,
            Action::Checkpoint { orgs, config, format } => sign(&orgs, &config, format).await,
            Action::Replay(command) => command.run().await,
        })
    }
}

async fn sign(orgs: &Many, config: &Config, format: Format) -> anyhow::Result<ExitCode> {
    let key = signing_key(config)?.context("HISTORY_SIGNING_KEY is required")?;
    let db = connect(config.app_database()?).await?;
    let mut signed = Vec::new();
    let mut refused = Vec::new();
    for org in orgs.find(&db).await? {
        let mut tx = tenant::begin(&db, org).await?;
        match checkpoint::sign_head(&mut tx, org, &key, roles::now()).await {
            Ok(done) => {
                tx.commit().await?;
                signed.extend(done);
            }
            Err(error @ (SignError::Broken(_) | SignError::Attempts(_))) => {
                eprintln!("organisation {org}: {error}");
                refused.push(json!({ "org": org, "message": error.to_string() }));
            }
            Err(SignError::Database(error)) => return Err(error.into()),
        }
    }
    let is_clean = refused.is_empty();
    if format.json {
        let public = key.public().to_string();
        say(json!({ "public_key": public, "checkpoints": signed, "refused": refused }));
    } else {
        // One line each, in the form that `verify --checkpoints` reads.
        for checkpoint in &signed {
            say(serde_json::to_string(checkpoint)?);
        }
    }
    Ok(verdict(is_clean))
}
