//! What staff did last.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::access::Permission;
use domain::settings::feature::Feature;
use projections::audit_log::{self, AuditLog, Entry, Filter};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const VIEW: &[Permission] = &[Permission::CoreView];

/// Entries of one answer at most.
const MOST: i64 = 100;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(activity), staff(VIEW).feature(Feature::Dashboard))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ActivityQuery {
    /// Only what happened at this instant or later.
    since: Option<DateTime<Utc>>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 100, else 50.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// What staff did last, the newest first
///
/// What was tried and denied, and what changed in which words, is in the audit log.
#[utoipa::path(
    get,
    path = "/v1/admin/activity",
    tag = "dashboard",
    params(ActivityQuery),
    responses((status = 200, description = "One page", content_type = "application/json", example = json!({
        "as_of": "2030-03-04T17:00:00Z", "items": [], "next_cursor": null
    })))
)]
async fn activity(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ActivityQuery>,
) -> Result<Answer, Problem> {
    let (org, limit) = (caller.org(), limit(asked.limit, MOST)?);
    let before = cursor::parsed(asked.cursor.as_deref())?;
    let outcome = Some("success".to_owned());
    let filter = Filter { from: asked.since, outcome, before, ..Filter::default() };
    let reached = fresh.reach(&app, org, &[AuditLog::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let found = audit_log::page(&mut tx, org, &filter, limit).await?;
    tx.rollback().await?;
    let next =
        cursor::last_of_full(&found, limit).map(|last| cursor::sealed(&last.cursor().to_string()));
    let items: Vec<Value> = found.iter().map(shown).collect();
    let body = json!({ "as_of": app.now(), "items": items, "next_cursor": next });
    Ok(reached.mark(Answer::json(&body)?))
}

fn shown(entry: &Entry) -> Value {
    json!({
        "activity_id": entry.audit_id,
        "created_at": entry.created_at,
        "action": entry.action,
        "actor": entry.actor,
        "role": entry.admin_role,
        "entity_ref": { "kind": entry.resource_type, "id": entry.resource_id },
    })
}
