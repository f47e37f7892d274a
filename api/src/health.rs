//! `/livez`, `/healthz`, `/readyz`, `/healthz/backup` and `/metrics`: whether the process lives, its database answers, its
//! tables are in step, there is a backup, and everything that is measured.

mod backup;
mod behind;
mod probe;
mod ready;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;
use utoipa_axum::routes;

pub use self::backup::Backup;
pub(crate) use self::backup::BackupError;
pub(crate) use self::behind::Behind;
pub use self::behind::watch_lag;
pub use self::probe::{Health, Revision};
pub(crate) use self::ready::{checks, pool};
use crate::problem::Problem;
use crate::route::{Routes, monitor};
use crate::state::AppState;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .add(routes!(livez), monitor())
        .add(routes!(healthz), monitor())
        .add(routes!(readyz), monitor())
        .add(routes!(healthz_backup), monitor())
        .add(routes!(scrape), monitor())
}

/// The process is alive
#[utoipa::path(
    get,
    path = "/livez",
    tag = "system",
    responses((status = 200, description = "Always", content_type = "application/json", example = json!({"status": "ok"})))
)]
async fn livez() -> Response {
    alive().await
}

/// The same for every process.
pub(crate) async fn alive() -> Response {
    answer(true, &json!({ "status": "ok" }))
}

/// The database answers and has the schema of this build
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "system",
    responses(
        (status = 200, description = "Ready", content_type = "application/json", example = json!({
            "status": "ready", "db_connected": true, "migrations_current": true,
            "current_revision": "0086", "expected_revision": "0086"
        })),
        (status = 503, description = "Not ready; `error` says why", content_type = "application/json", example = json!({
            "status": "unhealthy", "db_connected": false, "migrations_current": false,
            "current_revision": null, "expected_revision": "0086", "error": "Database connection failed"
        }))
    )
)]
async fn healthz(State(app): State<AppState>) -> Response {
    app.monitors.healthy().await
}

/// Ready for traffic: database, migrations, event store, jobs and read models, each with its findings
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "system",
    responses(
        (status = 200, description = "Every check passed", content_type = "application/json"),
        (status = 503, description = "A check failed", content_type = "application/json")
    )
)]
async fn readyz(State(app): State<AppState>) -> Response {
    app.monitors.ready([ready::redis(app.rate.is_shared())]).await
}

/// A backup was verified within the last 26 hours
#[utoipa::path(
    get,
    path = "/healthz/backup",
    tag = "system",
    responses(
        (status = 200, description = "There is one", content_type = "application/json", example = json!({
            "backup_ok": true, "last_backup_utc": "2026-01-15T02:00:00Z", "age_seconds": 3600
        })),
        (status = 503, description = "There is none to rely on; `detail` says why")
    )
)]
async fn healthz_backup(State(app): State<AppState>) -> Result<Response, Problem> {
    app.monitors.backup().await
}

/// Metrics in the Prometheus text format
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "system",
    security(("metrics" = [])),
    responses(
        (status = 200, description = "Every series", content_type = "text/plain"),
        (status = 401, description = "Wrong or missing bearer token"),
        (status = 404, description = "Metrics are switched off")
    )
)]
async fn scrape(
    State(app): State<AppState>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, Problem> {
    app.monitors.scrape(&headers, &uri).await
}

/// What a monitor is told. Monitors know these bodies, so a failed check is not a problem document.
pub fn answer(ok: bool, body: &impl Serialize) -> Response {
    let body = serde_json::to_string(body).unwrap_or_default();
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let mut response = (status, headers, body).into_response();
    response.extensions_mut().insert(Monitored);
    response
}

/// Marks an answer that is complete as it is, whatever its status.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Monitored;
