//! `GET /v1/admin/leads/{id}` and its quotes: one lead, now.

use axum::extract::State;
use domain::id::LeadId;
use domain::sales::lead::{Details, LeadError, view};
use projections::entity_timeline::{self, EntityTimeline};
use projections::sales::lead_detail::{self, Detail, LeadDetail};
use projections::{Projection, tenant};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::may_read;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::Path;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(detail)).routes(routes!(quotes))
}

/// Entries shown with a lead; the whole history has a route of its own.
const TIMELINE: i64 = 100;

/// One lead with its timeline, newest entry first
#[utoipa::path(
    get,
    path = "/v1/admin/leads/{lead_id}",
    tag = "leads",
    params(("lead_id" = Uuid, Path)),
    responses((status = 200, description = "The lead; `ETag` is its version", content_type = "application/json"))
)]
async fn detail(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<LeadId>,
) -> Result<Answer, Problem> {
    may_read(&caller)?;
    let org = caller.org();
    let reached = fresh.reach(&app, org, &[LeadDetail::NAME, EntityTimeline::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = lead_detail::find(&mut tx, &app.keys, org, id).await?;
    let entity = (org, "lead", &*id.to_string());
    let timeline = entity_timeline::page(&mut tx, &app.keys, entity, None, TIMELINE).await?;
    let (found, lead) = known(found.as_ref())?;
    let mut body = view::detail(lead, 0);
    body["timeline"] = timeline.iter().map(|entry| shown(entry, id)).collect();
    Ok(reached.mark(tagged(Answer::json(&body)?, found, lead)))
}

/// The offers of a lead, oldest first
#[utoipa::path(
    get,
    path = "/v1/admin/leads/{lead_id}/quotes",
    tag = "leads",
    params(("lead_id" = Uuid, Path)),
    responses((status = 200, description = "Its quotes; `ETag` is the version of the lead", content_type = "application/json"))
)]
async fn quotes(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<LeadId>,
) -> Result<Answer, Problem> {
    may_read(&caller)?;
    let reached = fresh.reach(&app, caller.org(), &[LeadDetail::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let found = lead_detail::find(&mut tx, &app.keys, caller.org(), id).await?;
    let (_, lead) = known(found.as_ref())?;
    // Without a tag: whether an offer still stands changes with the time alone.
    Ok(reached.mark(Answer::json(&json!({ "items": view::quotes(lead, app.now()) }))?))
}

fn known(found: Option<&Detail>) -> Result<(&Detail, &Details), Problem> {
    let lead = found.and_then(|found| Some((found, found.lead.details()?)));
    lead.ok_or_else(|| Problem::refused(&LeadError::NotFound))
}

/// Erasing a person changes what is shown but not the version, and nothing can be changed afterwards.
fn tagged(answer: Answer, found: &Detail, lead: &Details) -> Answer {
    let readable = lead.submitted.contact.open().is_some();
    if readable { answer.version(found.version) } else { answer }
}

fn shown(entry: &entity_timeline::Entry, id: LeadId) -> Value {
    json!({
        "event_id": entry.event_id,
        "event_type": entry.event_type,
        "timestamp": entry.recorded_at,
        "actor": entry.actor,
        "action": format!("lead.{}", entry.event_type),
        "resource_type": "lead",
        "resource_id": id,
        "before": null,
        "after": entry.payload,
        "metadata": {
            "position": entry.position,
            "actor_role": entry.actor_role,
            "request_id": entry.request_id,
            "reason": entry.reason,
        },
    })
}
