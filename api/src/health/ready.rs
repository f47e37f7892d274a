//! The checks of `/readyz`, made of what the probe found.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::probe::{Health, Report};
use crate::monitors::Connections;

/// What follows from the report of `health`.
pub(crate) fn checks(report: &Report, health: &Health, now: DateTime<Utc>) -> Vec<Value> {
    vec![
        database(report),
        migrations(report, health.expected()),
        event_store(report),
        jobs(report, health.jobs()),
        projections(report, health.max_lag(), now),
        outbox(report),
    ]
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

/// Whether the process that runs the jobs was heard of lately, where one is wanted.
fn jobs(report: &Report, ttl: Option<Duration>) -> Value {
    let Some(ttl) = ttl else {
        let detail = json!({ "enabled": false, "message": "job heartbeat check disabled" });
        return check("jobs", true, Duration::ZERO, &detail);
    };
    let mut detail = json!({
        "enabled": true,
        "jobs_enabled": true,
        "threshold_seconds": ttl.as_secs(),
        "message": "job heartbeat missing",
    });
    let Some(beat) = &report.jobs else {
        return check("jobs", false, report.jobs_ms, &detail);
    };
    let fresh = beat.age_seconds <= ttl.as_secs_f64();
    if !fresh {
        tracing::warn!(runner_id = beat.runner_id, age_s = beat.age_seconds, "job_heartbeat_stale");
    }
    detail["message"] = if fresh { "job heartbeat fresh" } else { "job heartbeat stale" }.into();
    detail["last_heartbeat"] = json!(beat.last_heartbeat);
    detail["runner_id"] = beat.runner_id.as_str().into();
    detail["age_seconds"] = json!((beat.age_seconds * 10.0).round() / 10.0);
    check("jobs", fresh, report.jobs_ms, &detail)
}

/// Whether events could be appended and read.
fn event_store(report: &Report) -> Value {
    let message = match report.store {
        Some(store) if !store.complete => "the log is not there",
        Some(store) if !store.writable => "the database only reads",
        Some(_) => "events can be appended",
        None => "event store check failed",
    };
    let ok = report.store.is_some_and(|store| store.complete && store.writable);
    check("event_store", ok, report.store_ms, &json!({ "message": message }))
}

/// How long effects wait. It never decides: a provider that is away makes them wait, and no request fails for it.
fn outbox(report: &Report) -> Value {
    let detail = report.outbox.map_or_else(
        || json!({ "message": "outbox unknown" }),
        |outbox| {
            json!({
                "message": "informational",
                "pending": outbox.pending,
                "oldest_pending_seconds": outbox.oldest_seconds.round(),
            })
        },
    );
    check("outbox", true, Duration::ZERO, &detail)
}

/// Whether requests get a connection: a rush is no failure, one that does not end is.
pub(crate) fn pool(connections: Connections, exhausted: Duration, longest: Duration) -> Value {
    let ok = exhausted <= longest;
    let detail = json!({
        "message": if ok { "connections available" } else { "pool exhausted" },
        "in_use": connections.in_use,
        "idle": connections.idle,
        "max": connections.max,
        "exhausted_seconds": exhausted.as_secs(),
        "threshold_seconds": longest.as_secs(),
    });
    check("pool", ok, Duration::ZERO, &detail)
}

fn projections(report: &Report, max_lag: Duration, now: DateTime<Utc>) -> Value {
    let (Some(lag), Some(stuck)) = (&report.lag, &report.stuck) else {
        let detail = json!({ "message": "projection lag unknown" });
        return check("projections", false, report.lag_ms, &detail);
    };
    let late = |since: DateTime<Utc>| (now - since).max(TimeDelta::zero());
    let worst = lag.iter().map(|one| late(one.since)).max().unwrap_or_default();
    let in_time = worst.to_std().unwrap_or_default() <= max_lag;
    let ok = in_time && stuck.is_empty();
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
    // Rows of older code are whole and may be shown until those of this build take their place.
    let outdated: Vec<Value> = report
        .outdated
        .iter()
        .map(|one| {
            json!({
                "projection": one.reader.name,
                "built_by": one.built,
                "version": one.reader.version,
            })
        })
        .collect();
    let detail = json!({
        "message": match (stuck.is_empty(), in_time) {
            (false, _) => "projections stuck",
            (true, false) => "projections behind",
            (true, true) => "projections in step",
        },
        "max_lag_seconds": worst.num_seconds(),
        "threshold_seconds": max_lag.as_secs(),
        "behind": behind,
        "stuck": stuck,
        "outdated": outdated,
    });
    check("projections", ok, report.lag_ms, &detail)
}

/// Limits are counted in each process while it is away, so it never decides.
pub(super) fn redis(is_there: Option<bool>) -> Value {
    let message = match is_there {
        None => "not configured",
        Some(true) => "limits are shared",
        Some(false) => "unreachable; each process counts for itself",
    };
    check("redis", true, Duration::ZERO, &json!({ "message": message }))
}

fn check(name: &str, ok: bool, took: Duration, detail: &Value) -> Value {
    // Hundredths of a millisecond, as the answers have always had.
    let ms = (took.as_secs_f64() * 100_000.0).round() / 100.0;
    json!({ "name": name, "ok": ok, "ms": ms, "detail": detail })
}
