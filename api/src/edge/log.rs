//! What is logged about every request: one line at its end, and its ids on every line before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::MatchedPath;
use axum::http::{Method, StatusCode, Uri};
use tracing::field::Empty;
use tracing::{Level, Span};
use uuid::Uuid;

use super::{Edge, MONITORED};
use crate::metrics::{InFlight, known_method};
use crate::request::RequestInfo;

/// Whoever asked hung up before there was an answer. A status of nobody's standard, and many a proxy's.
const HUNG_UP: u16 = 499;

/// A request in progress. When it is dropped it is counted, its span told how it ended, and its line written: also if
/// nobody waited for the answer and all that was done for it stopped halfway.
pub(super) struct Asked {
    edge: Arc<Edge>,
    info: Arc<RequestInfo>,
    method: Method,
    /// As it was asked for.
    uri: Uri,
    /// The template that it matched.
    path: Option<MatchedPath>,
    started: Instant,
    span: Span,
    answered: Option<StatusCode>,
    _in_flight: InFlight,
}

impl Asked {
    pub(super) fn now(
        edge: &Arc<Edge>,
        info: &Arc<RequestInfo>,
        (method, uri): (Method, Uri),
        path: Option<MatchedPath>,
    ) -> Self {
        let in_flight = InFlight::enter(&edge.requests);
        let (edge, info, started) = (Arc::clone(edge), Arc::clone(info), Instant::now());
        let span = span(&info, &method, route(path.as_ref()));
        Self { edge, info, method, uri, path, started, span, answered: None, _in_flight: in_flight }
    }

    pub(super) fn route(&self) -> &str {
        route(self.path.as_ref())
    }

    pub(super) const fn method(&self) -> &Method {
        &self.method
    }

    /// Around everything that is done for the request.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The answer is on its way.
    pub(super) fn answered(mut self, status: StatusCode) {
        self.answered = Some(status);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let hung_up = || StatusCode::from_u16(HUNG_UP).unwrap_or(StatusCode::REQUEST_TIMEOUT);
        let (status, took) = (self.answered.unwrap_or_else(hung_up), self.started.elapsed());
        self.edge.requests.count(&self.method, self.route(), status, took);
        self.span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            self.span.record("error.type", status.as_str());
        }
        line(self, status, took);
    }
}

fn route(path: Option<&MatchedPath>) -> &str {
    path.map_or("unmatched", MatchedPath::as_str)
}

fn span(info: &RequestInfo, method: &Method, route: &str) -> Span {
    // Never left out: what is logged when something goes wrong is worth most with its ids.
    tracing::error_span!(
        target: "app.request",
        "http.request",
        request_id = info.id,
        trace_id = %info.trace.id(),
        span_id = %info.trace.span(),
        trace.parent = info.trace.parent().map(tracing::field::display),
        trace.is_sampled = info.trace.is_sampled && !MONITORED.contains(&route),
        otel.kind = "server",
        http.request.method = known_method(method),
        http.route = route,
        http.response.status_code = Empty,
        error.type = Empty,
    )
}

/// The line about a request that has ended.
fn line(asked: &Asked, status: StatusCode, took: Duration) {
    let Asked { info, method, .. } = asked;
    let route = asked.route();
    macro_rules! line {
        ($level:expr) => {{
            let who = info.who();
            tracing::event!(
                target: "app.request",
                $level,
                request_id = info.id,
                org_id = who.map(|who| tracing::field::display(who.org)),
                user_id = who.and_then(|who| who.user).map(tracing::field::display),
                role = who.and_then(|who| who.role),
                method = method.as_str(),
                path = shown(asked.uri.path(), route),
                status_code = status.as_u16(),
                latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                latency_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                route = route,
                correlation_id = (info.correlation != info.id).then_some(info.correlation.as_str()),
                trace_id = %info.trace.id(),
                span_id = %info.trace.span(),
                client_ip = asked.edge.logged_address.of(info.address()),
                "request"
            );
        }};
    }
    if MONITORED.contains(&route) {
        line!(Level::DEBUG);
    } else {
        line!(Level::INFO);
    }
}

/// The path as it may be logged: as it was asked for if all that is variable in it are ids, else as the route has it. What
/// matched no route may hold anything.
fn shown<'a>(path: &'a str, route: &'a str) -> &'a str {
    let (mut given, mut template) = (path.split('/'), route.split('/'));
    loop {
        match (given.next(), template.next()) {
            (None, None) => return path,
            (Some(given), Some(wanted))
                if given == wanted || wanted.starts_with('{') && is_id(given) => {}
            _ => return route,
        }
    }
}

/// An id of ours. Tokens, codes and addresses are something else.
fn is_id(text: &str) -> bool {
    let is_short = text.len() <= 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    !text.is_empty() && (is_short || text.len() == 36 && text.parse::<Uuid>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_with_ids_and_with_nothing_else_that_is_variable() {
        let id = "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d";
        let path = format!("/v1/admin/leads/{id}/quotes/17");
        let route = "/v1/admin/leads/{lead_id}/quotes/{number}";
        assert_eq!(shown(&path, route), path);
        assert_eq!(shown("/v1/leads", "/v1/leads"), "/v1/leads");
        let token = "/q/{token}";
        for secret in ["abcdef", "1234567", "ada@example.net", ""] {
            assert_eq!(shown(&format!("/q/{secret}"), token), token);
        }
        assert_eq!(shown("/reset/abc", "unmatched"), "unmatched");
        assert_eq!(shown("/docs/a/b", "/docs/{*rest}"), "/docs/{*rest}");
    }
}
