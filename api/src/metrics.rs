//! What is counted about requests, and `GET /metrics`.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use utoipa_axum::routes;

use crate::problem::Problem;
use crate::route::{Routes, monitor};
use crate::state::AppState;

/// Fine enough below 50 ms for a service that answers in one, coarse above like the dashboards expect.
const BUCKETS: [f64; 13] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Everything that may be scraped, and by whom.
pub struct Scrape {
    /// The recorder of this process.
    pub handle: PrometheusHandle,
    /// Who scrapes must know it; `None` lets everybody.
    pub token: Option<SecretString>,
}

/// Makes the recorder of this process; a process has one, whatever roles it plays.
///
/// Call [`PrometheusHandle::run_upkeep`] every few seconds: it bounds the memory of histograms nobody scrapes.
pub fn install_recorder() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &BUCKETS)?
        .install_recorder()
}

/// Describes every series, and starts those whose labels are known at zero.
pub(crate) fn describe(routes: Vec<(String, String)>) {
    metrics::describe_counter!("http_requests_total", "Answered requests.");
    metrics::describe_counter!("http_5xx_errors_total", "Requests answered with 500 or above.");
    metrics::describe_counter!("auth_failures_total", "Refused logins.");
    metrics::describe_gauge!("http_requests_in_flight", "Requests in progress.");
    metrics::describe_histogram!(
        "http_request_duration_seconds",
        metrics::Unit::Seconds,
        "From the first byte of the head to the answer."
    );
    metrics::gauge!("http_requests_in_flight").set(0.0);
    for (method, path) in routes {
        metrics::counter!("http_5xx_errors_total", "method" => method, "path" => path).absolute(0);
    }
    let version = env!("CARGO_PKG_VERSION");
    metrics::gauge!("build_info", "version" => version).set(1.0);
}

/// Counts one answered request.
pub(crate) fn request(method: &Method, path: &str, status: StatusCode, took: Duration) {
    let method = known(method);
    let class = match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    let path = path.to_owned();
    if status.is_server_error() {
        metrics::counter!("http_5xx_errors_total", "method" => method, "path" => path.clone())
            .increment(1);
    }
    metrics::counter!(
        "http_requests_total",
        "method" => method, "path" => path.clone(), "status" => status.as_str().to_owned(), "status_class" => class
    )
    .increment(1);
    metrics::histogram!(
        "http_request_duration_seconds",
        "method" => method, "path" => path, "status_class" => class
    )
    .record(took);
}

/// Bounds the number of series: a client may invent methods.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Counts a request while it is in progress, however it ends.
pub(crate) struct InFlight(metrics::Gauge);

impl InFlight {
    pub(crate) fn enter() -> Self {
        let gauge = metrics::gauge!("http_requests_in_flight");
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(scrape), monitor())
}

/// Metrics in the Prometheus text format
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "system",
    security(("metrics" = [])),
    responses(
        (status = 200, description = "Every series", content_type = "text/plain"),
        (status = 401, description = "Wrong or missing bearer token")
    )
)]
async fn scrape(
    State(app): State<AppState>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let scrape = app.scrape.as_ref().ok_or_else(Problem::no_route)?;
    if !may_scrape(scrape.token.as_ref(), &headers) {
        return Err(Problem::wrong_bearer());
    }
    let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
    Ok((content_type, scrape.handle.render()))
}

/// Compares digests, so the time taken says nothing about the token.
fn may_scrape(token: Option<&SecretString>, headers: &HeaderMap) -> bool {
    let Some(token) = token else { return true };
    let given = headers.get(header::AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
    let wanted = format!("Bearer {}", token.expose_secret());
    digest(&SHA256, given).as_ref() == digest(&SHA256, wanted.as_bytes()).as_ref()
}
