//! What is measured in a process, and who may read it.

mod requests;
mod scrape;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

pub(crate) use self::requests::{InFlight, Requests, known_method};
pub use self::scrape::Scrape;

/// Fine enough below 50 ms for a service that answers in one, coarse above like the dashboards expect.
const BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Makes the recorder of this process; a process has one, whatever roles it plays.
///
/// Call [`PrometheusHandle::run_upkeep`] every few seconds: it bounds the memory of histograms nobody scrapes.
pub fn install_recorder() -> Result<PrometheusHandle, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()?;
    describe();
    Ok(handle)
}

/// Describes what this room measures, and starts what has known labels at zero, so that a rate is known from the first event on.
fn describe() {
    metrics::describe_counter!("http_requests_total", "Answered requests.");
    metrics::describe_counter!("http_5xx_errors_total", "Requests answered with 500 or above.");
    metrics::describe_gauge!("dispatch_board_listeners", "Who watches a board right now.");
    metrics::describe_gauge!("http_requests_in_flight", "Requests in progress.");
    metrics::describe_histogram!(
        "http_request_duration_seconds",
        metrics::Unit::Seconds,
        "From the first byte of the head to the answer."
    );
    metrics::describe_counter!(
        "db_pool_timeout_total",
        "Requests that waited in vain for a connection to the database."
    );
    metrics::counter!("db_pool_timeout_total").absolute(0);
    metrics::describe_gauge!("db_pool_connections", "Connections of the pool, by state.");
    metrics::describe_gauge!("db_pool_connections_in_use", "Connections at work.");
    metrics::describe_gauge!("migrations_current", "Whether the schema is that of this build.");
    metrics::describe_gauge!("database_up", "Whether the database answers.");
    metrics::describe_gauge!("job_runner_up", "Whether the job was heard of lately.");
    metrics::describe_gauge!("job_last_heartbeat_timestamp", "When the job was heard of last.");
    metrics::describe_gauge!("job_heartbeat_age_seconds", "How long ago the job was heard of.");
    metrics::describe_gauge!("job_last_success_timestamp", "When the job last did its work.");
    metrics::describe_gauge!(
        "backup_last_success_timestamp",
        "When the last backup was verified; 0 if nobody knows."
    );
    metrics::describe_gauge!("build_info", "What runs; always 1.");
    let (version, commit) =
        (env!("CARGO_PKG_VERSION"), option_env!("GIT_SHA").unwrap_or("unknown"));
    metrics::gauge!("build_info", "version" => version, "git_sha" => commit).set(1.0);
}

/// The same for what only those count who let people in.
/// Of what Stripe tells.
pub(crate) fn describe_webhook() {
    metrics::describe_counter!(
        "stripe_webhook_events_total",
        "Messages of Stripe by what became of them."
    );
    metrics::describe_counter!("webhook_errors_total", "Messages that were refused or failed.");
    // Known from the beginning, and not only once something came.
    metrics::counter!("stripe_webhook_events_total", "outcome" => "processed").absolute(0);
    metrics::counter!("webhook_errors_total", "type" => "processing_error").absolute(0);
}

pub(crate) fn describe_logins() {
    metrics::describe_counter!("auth_failures_total", "Refused logins.");
    metrics::describe_counter!(
        "auth_lockouts_total",
        "Names locked out for too many wrong guesses."
    );
    metrics::counter!("auth_lockouts_total").absolute(0);
}
