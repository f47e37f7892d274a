//! `GET /v1/admin/audit-logs/export.csv`: the audit log for spreadsheets, page by page as it is read.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use domain::access::Permission;
use domain::attempt::Outcome;
use domain::id::OrgId;
use futures::stream::{self, StreamExt, TryStreamExt};
use projections::audit_log::{self, AuditLog, Entry, Filter, csv};
use projections::{Projection, tenant};
use serde::Deserialize;
use utoipa_axum::routes;

use crate::caller::Caller;
use crate::cursor;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

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
    // The first page is read before anything is answered: a database that is away is a 503 and not half a file.
    let first = page(&app, org, &filter).await?;
    let head = csv::header().map_err(|error| Problem::internal(&error))?;
    let pages = stream::try_unfold(Some((first, filter)), move |state| {
        let app = AppState::clone(&app);
        async move {
            let Some((entries, filter)) = state else { return Ok(None) };
            let lines = csv::rows(&entries).map_err(std::io::Error::other)?;
            let next = match following(&entries, filter) {
                Some(filter) => {
                    let entries = page(&app, org, &filter).await.map_err(std::io::Error::other)?;
                    Some((entries, filter))
                }
                None => None,
            };
            Ok::<_, std::io::Error>(Some((lines, next)))
        }
    });
    let all = stream::once(async { Ok(head) }).chain(pages).map_ok(Bytes::from);
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit-log.csv\""),
    ];
    Ok((headers, Body::from_stream(all)).into_response())
}

async fn page(app: &App, org: OrgId, filter: &Filter) -> Result<Vec<Entry>, sqlx::Error> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    audit_log::page(&mut tx, org, filter, audit_log::PAGE).await
}

/// What to ask for after `entries`; nothing if they were the last.
fn following(entries: &[Entry], filter: Filter) -> Option<Filter> {
    let last = cursor::last_of_full(entries, audit_log::PAGE)?;
    Some(Filter { before: Some(last.cursor()), ..filter })
}
