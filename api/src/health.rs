//! `/livez`, `/healthz`, `/readyz`: whether the process lives, its database answers and its tables are in step.

mod probe;
mod ready;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa_axum::routes;

pub use self::probe::{Health, Revision};
use crate::route::{Routes, monitor};
use crate::state::AppState;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .add(routes!(livez), monitor())
        .add(routes!(healthz), monitor())
        .add(routes!(readyz), monitor())
}

/// The process is alive
#[utoipa::path(
    get,
    path = "/livez",
    tag = "system",
    responses((status = 200, description = "Always", content_type = "application/json", example = json!({"status": "ok"})))
)]
async fn livez() -> Response {
    json_answer(true, &json!({ "status": "ok" }))
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
    let report = app.health.report().await;
    json_answer(report.is_healthy(), &report.body(app.health.expected()))
}

/// Ready for traffic: database, migrations, jobs and read models, each with its findings
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
    let mut checks = findings(&app.health, app.now()).await;
    checks.push(ready::redis(app.rate.is_shared()));
    ready_answer(&checks)
}

/// The answer of `/readyz`, for every process that has this route.
pub async fn readiness(health: &Health, now: DateTime<Utc>) -> Response {
    ready_answer(&findings(health, now).await)
}

async fn findings(health: &Health, now: DateTime<Utc>) -> Vec<Value> {
    let report = health.report().await;
    ready::checks(&report, health.expected(), health.jobs(), now)
}

fn ready_answer(checks: &[Value]) -> Response {
    let ok = checks.iter().all(|check| check["ok"] == true);
    let status = if ok { "ready" } else { "not_ready" };
    json_answer(ok, &json!({ "ok": ok, "status": status, "checks": checks }))
}

/// Monitors know these bodies, so a failed check is not a problem document.
fn json_answer(ok: bool, body: &impl Serialize) -> Response {
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
