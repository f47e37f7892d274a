//! `cleaning history replay`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Args;
use projections::history::entity::{self, Entry};
use projections::history::log;
use projections::history::moment::{self, Moment};
use projections::tenant;
use serde_json::{Map, Value, json};

use super::super::scope::{One, connect};
use super::super::{Format, say};
use crate::audit;
use crate::config::Config;

/// Tell the history of one thing, event by event: who, what, why, in which request, before and after.
///
/// Personal values are opened with `PII_MASTER_KEY`; who was erased shows as `[erased]`.
#[derive(Args, Debug)]
pub(super) struct Replay {
    /// Kind of the thing: lead, organisation, subject.
    kind: String,
    /// Its id.
    id: String,
    #[command(flatten)]
    org: One,
    /// Stop at this position of the log, or at this instant (RFC 3339).
    #[arg(long, value_parser = parse_moment)]
    as_of: Option<Moment>,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    format: Format,
}

fn parse_moment(text: &str) -> Result<Moment, String> {
    text.parse().map_err(|error: moment::MomentError| error.to_string())
}

impl Replay {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let Some(kind) = entity::entity(&self.kind) else {
            let known: Vec<_> = entity::ENTITIES.iter().map(|entity| entity.name).collect();
            bail!("{} is not one of {}", self.kind, known.join(", "));
        };
        let masters = self.config.master_keys()?;
        let db = connect(self.config.app_database()?).await?;
        let org = self.org.find(&db).await?;
        audit::note(&db, org, "history.export", &json!({ "type": self.kind })).await?;
        let mut tx = tenant::begin(&db, org).await?;
        let until = match self.as_of {
            Some(as_of) => moment::resolve(&mut tx, org, as_of).await?,
            None => i64::MAX,
        };
        let mut state = Map::new();
        let mut told = Vec::new();
        let mut after = 0;
        'pages: loop {
            let of = (kind, self.id.as_str());
            let page = entity::history(&mut tx, &masters, org, of, after, log::PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.sequence;
            for entry in page {
                if entry.position > until {
                    break 'pages;
                }
                follow(&mut state, &entry);
                told.push(entry);
            }
        }
        if told.is_empty() {
            bail!("there is no {} {} then", self.kind, self.id);
        }
        if self.format.json {
            say(json!({ "type": self.kind, "id": self.id, "events": told, "state": state }));
        } else {
            for entry in &told {
                say(text(entry)?);
            }
            say(format!("state: {:#}", Value::Object(state)));
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What the changes told so far add up to.
fn follow(state: &mut Map<String, Value>, entry: &Entry) {
    for gone in entry.before.keys().filter(|name| !entry.after.contains_key(*name)) {
        state.remove(gone);
    }
    state.extend(entry.after.clone());
}

fn text(entry: &Entry) -> anyhow::Result<String> {
    let origin = entry.origin.as_ref().context("metadata is missing")?;
    let mut lines = vec![format!(
        "#{} {} at position {}, {} by {} {} ({}) in request {}",
        entry.sequence,
        entry.event_type,
        entry.position,
        entry.recorded_at.format("%Y-%m-%d %H:%M:%S%.3f"),
        origin.actor.kind,
        origin.actor.id,
        origin.actor.role,
        origin.request_id,
    )];
    lines.extend(origin.reason.as_ref().map(|reason| format!("    because: {reason}")));
    lines.extend(entry.unreadable.as_ref().map(|why| format!("    not applied: {why}")));
    for (name, after) in &entry.after {
        let before = entry.before.get(name).unwrap_or(&Value::Null);
        lines.push(format!("    {name}: {before} -> {after}"));
    }
    Ok(lines.join("\n"))
}
