//! `GET /v1/admin/leads/{id}` and its quotes: one lead, now.

use axum::extract::State;
use domain::id::LeadId;
use domain::sales::lead::{Details, LeadError, view};
use projections::sales::lead_detail::{self, Detail, LeadDetail};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use super::{READ, past};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, Path};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(detail), staff(READ)).add(routes!(quotes), staff(READ))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct DetailQuery {
    /// A position of the log, or an instant (RFC 3339): shows the lead as it was then.
    as_of: Option<String>,
}

/// One lead with its timeline, newest entry first
#[utoipa::path(
    get,
    path = "/v1/admin/leads/{lead_id}",
    tag = "leads",
    params(("lead_id" = Uuid, Path), DetailQuery),
    responses((status = 200, description = "The lead; `ETag` is its version", content_type = "application/json"))
)]
async fn detail(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Path(id): Path<LeadId>,
    Parameters(asked): Parameters<DetailQuery>,
) -> Result<Answer, Problem> {
    match asked.as_of {
        Some(as_of) => past::lead(&app, &caller, id, &as_of).await,
        None => lead(&app, &caller, fresh, id).await,
    }
}

async fn lead(app: &App, caller: &Caller, fresh: Freshness, id: LeadId) -> Result<Answer, Problem> {
    let reached = fresh.reach(app, caller.org(), &[LeadDetail::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let found = lead_detail::find(&mut tx, &app.keys, caller.org(), id).await?;
    let (found, lead) = known(found.as_ref())?;
    let mut body = view::detail(lead, 0);
    body["timeline"] = past::timeline(app, &mut tx, caller, id, found.version).await?;
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
