//! Leads as they were: `?as_of=` a position of the log or an instant.

use domain::id::LeadId;
use domain::sales::lead::{Lead, LeadError, view};
use projections::history::entity::{self, Entry};
use projections::history::moment::{self, Moment};
use projections::history::past;
use projections::sales::lead_list::{self, Filter, LeadList, Page, Start};
use projections::{Reader, tenant};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::state::App;

/// Entries shown with a lead; the whole history has a route of its own.
pub(super) const TIMELINE: i32 = 100;

/// The lead after everything that was recorded until then. Who was erased since shows as erased.
pub(super) async fn lead(
    app: &App,
    caller: &Caller,
    id: LeadId,
    as_of: &str,
) -> Result<Answer, Problem> {
    let (org, stream) = (caller.org(), id.to_string());
    let asked: Moment = as_of.parse()?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let position = moment::resolve(&mut tx, org, asked).await?;
    let found = entity::as_of::<Lead>(&mut tx, &app.keys, org, &stream, position).await?;
    let known = found.as_ref().and_then(|found| Some((found.version, found.state.details()?)));
    let (version, details) = known.ok_or_else(|| Problem::refused(&LeadError::NotFound))?;
    let mut body = view::detail(details, 0);
    body["timeline"] = timeline(app, &mut tx, caller, id, version).await?;
    body["as_of"] = json!({ "position": position, "version": version });
    Ok(Answer::json(&body)?.reaching(position, false))
}

/// The list after everything that was recorded until then, and the position that this was.
pub(super) async fn list(
    app: &App,
    caller: &Caller,
    as_of: &str,
    (filter, start): (&Filter, Start),
) -> Result<(Page, i64), Problem> {
    let org = caller.org();
    let asked: Moment = as_of.parse()?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let position = moment::resolve(&mut tx, org, asked).await?;
    let reader = (&Reader::of::<LeadList>(), lead_list::KINDS);
    past::travel(&mut tx, &app.keys, org, reader, position).await?;
    let page = lead_list::page(&mut tx, org, filter, start).await?;
    tx.rollback().await?;
    Ok((page, position))
}

/// The last entries up to `version`, newest first.
pub(super) async fn timeline(
    app: &App,
    db: &mut sqlx::PgConnection,
    caller: &Caller,
    id: LeadId,
    version: i32,
) -> Result<Value, Problem> {
    let Some(kind) = entity::entity("lead") else { return Ok(json!([])) };
    let (after, stream) = ((version - TIMELINE).max(0), id.to_string());
    let limit = i64::from(version - after);
    let entries =
        entity::history(db, &app.keys, caller.org(), (kind, &stream), after, limit).await?;
    Ok(entries.iter().rev().map(|entry| shown(entry, id)).collect())
}

fn shown(entry: &Entry, id: LeadId) -> Value {
    let origin = entry.origin.as_ref();
    json!({
        "event_id": entry.event_id,
        "event_type": entry.event_type,
        "timestamp": entry.recorded_at,
        "actor": origin.map(|origin| origin.actor.id.as_str()),
        "action": format!("lead.{}", entry.event_type),
        "resource_type": "lead",
        "resource_id": id,
        "before": entry.before,
        "after": entry.after,
        "metadata": {
            "position": entry.position,
            "actor_type": origin.map(|origin| origin.actor.kind.as_str()),
            "actor_role": origin.map(|origin| origin.actor.role.as_str()),
            "request_id": origin.map(|origin| origin.request_id.as_str()),
            "reason": origin.and_then(|origin| origin.reason.as_deref()),
            "payload": entry.payload,
        },
    })
}
