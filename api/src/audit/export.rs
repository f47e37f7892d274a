//! `GET /v1/admin/audit-logs/export.csv`: the audit log for spreadsheets, page by page as it is read.

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, Utc};
use domain::access::Permission;
use domain::attempt::Outcome;
use domain::id::OrgId;
use projections::audit_log::{self, AuditLog, Entry, Filter, csv};
use projections::{Projection, tenant};
use serde::Deserialize;
use utoipa_axum::routes;

use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};
use crate::table::{self, Pages};

const EXPORTS: &[Permission] = &[Permission::ExportsRun];

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(export), staff(EXPORTS).leaves("audit.export"))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ExportQuery {
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
    /// `success`, `denied`, `rejected` or `error`.
    #[param(value_type = Option<String>)]
    outcome: Option<Outcome>,
}

/// The audit log as CSV, newest first; that it was taken out is an entry of its own
#[utoipa::path(
    get,
    path = "/v1/admin/audit-logs/export.csv",
    tag = "history",
    params(ExportQuery),
    responses((status = 200, description = "A line of names, then a line for each entry", content_type = "text/csv"))
)]
async fn export(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<ExportQuery>,
) -> Result<Response, Problem> {
    let org = caller.org();
    fresh.reach(&app, org, &[AuditLog::NAME]).await?;
    let filter = Filter {
        from: asked.from,
        to: asked.to,
        actor: asked.actor,
        action: asked.action,
        resource_type: asked.resource_type,
        resource_id: asked.resource_id,
        outcome: asked.outcome.map(|outcome| <&str>::from(outcome).to_owned()),
        before: None,
    };
    let read = move |before| {
        let (app, filter) = (AppState::clone(&app), Filter { before, ..filter.clone() });
        async move { page(&app, org, &filter).await }
    };
    let pages = Pages { start: None, key: Entry::cursor, size: audit_log::PAGE };
    table::long("audit-log.csv", csv::header(), csv::rows, pages, read).await
}

async fn page(app: &App, org: OrgId, filter: &Filter) -> Result<Vec<Entry>, sqlx::Error> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    audit_log::page(&mut tx, org, filter, audit_log::PAGE).await
}
