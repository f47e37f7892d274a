//! The checks of `/readyz`, made of what the probe found.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::probe::Report;

/// Read models further behind than this are not fit to be shown.
const MAX_LAG: TimeDelta = TimeDelta::seconds(30);

pub(super) fn checks(report: &Report, expected: Option<&str>, now: DateTime<Utc>) -> [Value; 4] {
    [database(report), migrations(report, expected), jobs(), projections(report, now)]
}

fn database(report: &Report) -> Value {
    let detail = match (&report.schema, report.error()) {
        (None, Some("Database check timed out")) => {
            json!({ "message": "database check timed out", "timeout_seconds": 2.0 })
        }
        (None, error) => json!({ "message": "database check failed", "error": error }),
        (Some(_), _) => json!({ "message": "database reachable" }),
    };
    check("db", report.schema.is_some(), report.db_ms, &detail)
}

fn migrations(report: &Report, expected: Option<&str>) -> Value {
    let ok = report.is_healthy();
    let current = report.schema.as_ref().and_then(|schema| schema.current.as_deref());
    let fault = report.error().unwrap_or("migrations in sync");
    let detail = json!({
        "message": fault,
        "migrations_current": ok,
        "current_version": current,
        "expected_head": expected,
        "expected_heads": expected.as_slice(),
        "migrations_check": if report.schema.is_some() { "ok" } else { "failed" },
    });
    check("migrations", ok, report.migrations_ms, &detail)
}

/// Nothing in this build depends on a heartbeat: jobs claim their periods in the database.
fn jobs() -> Value {
    let detail = json!({ "enabled": false, "message": "job heartbeat check disabled" });
    check("jobs", true, Duration::ZERO, &detail)
}

fn projections(report: &Report, now: DateTime<Utc>) -> Value {
    let Some(lag) = &report.lag else {
        let detail = json!({ "message": "projection lag unknown" });
        return check("projections", false, report.lag_ms, &detail);
    };
    let late = |since: DateTime<Utc>| (now - since).max(TimeDelta::zero());
    let worst = lag.iter().map(|one| late(one.since)).max().unwrap_or_default();
    let ok = worst <= MAX_LAG;
    let behind: Vec<Value> = lag
        .iter()
        .map(|one| {
            json!({
                "projection": one.projection,
                "organisations": one.organisations,
                "events": one.events,
                "seconds": late(one.since).num_seconds(),
            })
        })
        .collect();
    let detail = json!({
        "message": if ok { "projections in step" } else { "projections behind" },
        "max_lag_seconds": worst.num_seconds(),
        "threshold_seconds": MAX_LAG.num_seconds(),
        "behind": behind,
    });
    check("projections", ok, report.lag_ms, &detail)
}

fn check(name: &str, ok: bool, took: Duration, detail: &Value) -> Value {
    // Hundredths of a millisecond, as the answers have always had.
    let ms = (took.as_secs_f64() * 100_000.0).round() / 100.0;
    json!({ "name": name, "ok": ok, "ms": ms, "detail": detail })
}
