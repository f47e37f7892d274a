//! `GET /v1/admin/audit-logs`: what staff did and what they tried.

use axum::extract::State;
use chrono::{DateTime, Utc};
use domain::access::Permission;
use domain::attempt::Outcome;
use projections::audit_log::{self, AuditLog, Entry, Filter};
use projections::history::entity;
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

const ADMIN: &[Permission] = &[Permission::AdminManage];

pub(super) fn routes() -> Routes {
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
    /// For example `lead.status_change`, `auth.login_failed` or `events.export`.
    action: Option<String>,
    /// For example `lead`.
    resource_type: Option<String>,
    /// Which one.
    resource_id: Option<String>,
    /// `success`, `denied`, `rejected` or `error`.
    #[param(value_type = Option<String>)]
    outcome: Option<Outcome>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// What staff did and tried, newest first
///
/// What was carried out names its event and links to it; what was denied or rejected, what failed, and reads that left the
/// system say where the log stood then.
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
    let items = audit_log::page(&mut tx, caller.org(), &asked.filter()?, limit).await?;
    let next =
        cursor::last_of_full(&items, limit).map(|last| cursor::sealed(&last.cursor().to_string()));
    let items: Vec<_> = items.iter().map(shown).collect();
    Ok(reached.mark(Answer::json(&json!({ "items": items, "next_cursor": next }))?))
}

impl AuditQuery {
    fn filter(self) -> Result<Filter, Problem> {
        let before = cursor::parsed(self.cursor.as_deref())?;
        Ok(Filter {
            from: self.from,
            to: self.to,
            actor: self.actor,
            action: self.action,
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            outcome: self.outcome.map(|outcome| <&str>::from(outcome).to_owned()),
            before,
        })
    }
}

/// An entry, and where to read on.
pub(super) fn shown(entry: &Entry) -> Value {
    let mut shown = serde_json::to_value(entry).unwrap_or_default();
    if entry.is_event() {
        let event = format!("/v1/admin/events?after={}&limit=1", entry.position - 1);
        let known = entry.resource_type.as_deref().filter(|kind| entity::entity(kind).is_some());
        let history = known.zip(entry.resource_id.as_deref());
        let history = history.map(|(kind, id)| format!("/v1/admin/history/{kind}/{id}"));
        shown["event_id"] = json!(entry.audit_id);
        shown["links"] = json!({ "event": event, "history": history });
    }
    shown
}
