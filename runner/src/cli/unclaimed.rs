//! `cleaning jobs unclaimed`: messages of the payment provider that no organisation may see.

use std::process::ExitCode;

use clap::Args;
use projections::payments::unclaimed::{self, Unclaimed};
use serde_json::json;

use super::scope::{connect, or_failed, verdict};
use super::{Format, say};
use crate::config::Config;

/// Messages read at once.
const PAGE: i32 = 500;

#[derive(Args, Debug)]
pub(super) struct List {
    /// How many, the latest first.
    #[arg(long, short = 'n', default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    lines: u32,
    #[command(flatten)]
    format: Format,
    #[command(flatten)]
    config: Config,
}

impl List {
    pub(super) async fn run(self) -> ExitCode {
        or_failed(self.tell().await.map(verdict))
    }

    /// Whether there are none.
    async fn tell(self) -> anyhow::Result<bool> {
        let db = connect(self.config.worker_database()?).await?;
        let count = unclaimed::count(&db).await?;
        let mut left = i32::try_from(self.lines).unwrap_or(i32::MAX);
        let mut before = None;
        let mut items = Vec::new();
        while left > 0 {
            let size = left.min(PAGE);
            let page = unclaimed::page(&db, before.take(), size).await?;
            let is_full = i32::try_from(page.len()) == Ok(size);
            before = page.last().map(|last| (last.created_at, last.event_id.clone()));
            left -= size;
            if self.format.json {
                items.extend(page.iter().map(shown));
            } else {
                for one in &page {
                    say(line(one));
                }
            }
            if !is_full {
                break;
            }
        }
        if self.format.json {
            say(json!({ "count": count, "items": items }));
        } else {
            say(format!("{count} messages belong to no organisation"));
        }
        Ok(count == 0)
    }
}

fn shown(one: &Unclaimed) -> serde_json::Value {
    json!({
        "event_id": one.event_id, "kind": one.kind, "created_at": one.created_at,
        "received_at": one.received_at, "state": one.state, "reason": one.reason,
        "attempts": one.attempts, "invoice_id": one.invoice_id, "booking_id": one.booking_id,
    })
}

fn line(one: &Unclaimed) -> String {
    let named = one.invoice_id.as_ref().map(|id| format!("invoice {id}"));
    let named = named.or_else(|| one.booking_id.as_ref().map(|id| format!("booking {id}")));
    let (state, reason) = (&one.state, one.reason.as_deref().unwrap_or("-"));
    let named = named.as_deref().unwrap_or("-");
    let at = one.created_at.to_rfc3339();
    format!("{at}  {}  {}  {state}  {reason}  {named}", one.event_id, one.kind)
}
