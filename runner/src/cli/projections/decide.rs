//! Decisions about what a projection stopped at.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::id::OrgId;
use domain::organisation::{HaltedProjection, Organisation, OrganisationCommand, ParkedStream};
use projections::{READERS, engine, tenant};
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use super::super::scope::{One, connect};
use super::super::{Format, say};
use crate::config::Config;
use crate::organisations::{Organisations, system};

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Retry,
    Skip,
}

/// A parked stream, and why something is done about it.
#[derive(Args, Debug)]
pub(super) struct Decide {
    /// Name of the projection.
    projection: String,
    /// Kind of the aggregate.
    kind: String,
    /// Its id.
    id: String,
    #[command(flatten)]
    org: One,
    /// Why, in words that name nobody; kept in history.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

impl Decide {
    pub(super) async fn run(self, decision: Decision) -> anyhow::Result<ExitCode> {
        let db = connect(self.config.app_database()?).await?;
        let org = self.org.find(&db).await?;
        let mut tx = tenant::begin(&db, org).await?;
        let parked = engine::parked(&mut tx, org).await?;
        tx.rollback().await?;
        let parked = parked.into_iter().find(|parked| {
            parked.projection == self.projection
                && parked.aggregate_type == self.kind
                && parked.aggregate_id == self.id
        });
        let position = parked.context("no such stream is parked")?.position;
        let stream = ParkedStream {
            projection: self.projection,
            aggregate_type: self.kind,
            aggregate_id: self.id,
            position,
            reason: self.reason.clone(),
        };
        let command = match decision {
            Decision::Retry => OrganisationCommand::RetryParked(stream),
            Decision::Skip => OrganisationCommand::SkipParked(stream),
        };
        let decided = decide(&self.config, org, self.reason, command).await?;
        if self.format.json {
            say(json!({ "org_id": org, "parked_position": position, "position": decided }));
        } else {
            say(format!("decided at position {decided}; the worker acts on it when it gets there"));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A halted projection of one organisation, and why it may go on.
#[derive(Args, Debug)]
pub(super) struct Resume {
    /// Name of the projection.
    projection: String,
    #[command(flatten)]
    org: One,
    /// Why, in words that name nobody; kept in history.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

impl Resume {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        if !READERS.iter().any(|reader| reader.name == self.projection) {
            bail!("there is no projection {}", self.projection);
        }
        let names = connect(self.config.app_database()?).await?;
        let org = self.org.find(&names).await?;
        let progress = engine::progress(&names, &[&self.projection]).await?;
        let is_halted =
            |one: &engine::Progress| one.org_id == org.as_uuid() && one.halted.is_some();
        if !progress.iter().any(is_halted) {
            bail!("{} is not halted in organisation {org}", self.projection);
        }
        let halted =
            HaltedProjection { projection: self.projection.clone(), reason: self.reason.clone() };
        let decided = OrganisationCommand::ResumeProjection(halted);
        // First said, then done: what is not done can be asked for again, what is not said stays unknown.
        let position = decide(&self.config, org, self.reason, decided).await?;
        let db = connect(self.config.worker_database()?).await?;
        let mut tx = tenant::begin(&db, org).await?;
        engine::resume(&mut tx, org, &self.projection).await?;
        tx.commit().await?;
        if self.format.json {
            say(json!({
                "org_id": org, "projection": self.projection, "resumed": true, "position": position,
            }));
        } else {
            say("resumed; it halts again if the log still does not hold");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes a decision of an operator part of the organisation's history; returns its position.
async fn decide(
    config: &Config,
    org: OrgId,
    reason: String,
    command: OrganisationCommand,
) -> anyhow::Result<i64> {
    let lanes = TaskTracker::new();
    let organisations = Organisations::connect(config, &lanes)?;
    let ctx = system(org, Some(reason));
    let nothing = |_: &Organisation| Value::Null;
    Ok(organisations.bus().execute(&ctx, &org.to_string(), command, nothing).await?.position)
}
