//! `GET /v1/admin/audit-logs`: what staff did.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::access::Permission;
use projections::audit_log::{self, AuditLog, Filter};
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(audit_logs), staff(ADMIN))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AuditQuery {
    /// First instant.
    from: Option<DateTime<Utc>>,
    /// First instant that no longer counts.
    to: Option<DateTime<Utc>>,
    /// Login id of staff, or the name of a program.
    actor: Option<String>,
    /// For example `lead.status_change`.
    action: Option<String>,
    /// For example `lead`.
    resource_type: Option<String>,
    /// Which one.
    resource_id: Option<String>,
    /// For example `success`.
    outcome: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<i64>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// What staff did, newest first
#[utoipa::path(
    get,
    path = "/v1/admin/audit-logs",
    tag = "history",
    params(AuditQuery),
    responses((status = 200, description = "One page", content_type = "application/json"))
)]
async fn audit_logs(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<AuditQuery>,
) -> Result<Answer, Problem> {
    let limit = limit(asked.limit, audit_log::PAGE)?;
    let reached = fresh.reach(&app, caller.org(), &[AuditLog::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, caller.org()).await?;
    let items = audit_log::page(&mut tx, caller.org(), &asked.into(), limit).await?;
    let full = i64::try_from(items.len()).is_ok_and(|count| count == limit);
    let next = items.last().filter(|_| full).map(|last| last.position);
    Ok(reached.mark(Answer::json(&json!({ "items": items, "next_cursor": next }))?))
}

impl From<AuditQuery> for Filter {
    fn from(asked: AuditQuery) -> Self {
        Self {
            from: asked.from,
            to: asked.to,
            actor: asked.actor,
            action: asked.action,
            resource_type: asked.resource_type,
            resource_id: asked.resource_id,
            outcome: asked.outcome,
            before: asked.cursor,
        }
    }
}
