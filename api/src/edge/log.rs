//! What is logged about every request: one line at its end, and its ids on every line before.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use tracing::{Level, Span};
use uuid::Uuid;

use super::MONITORED;
use crate::audit::ClientAddress;
use crate::request::RequestInfo;

/// A request and how it was answered.
pub(super) struct Answered<'a> {
    pub(super) info: &'a RequestInfo,
    pub(super) method: &'a Method,
    /// As it was asked for.
    pub(super) path: &'a str,
    /// The template that it matched.
    pub(super) route: &'a str,
    pub(super) status: StatusCode,
    pub(super) took: Duration,
    pub(super) address: ClientAddress,
}

/// Around everything that is done for a request.
pub(super) fn span(info: &RequestInfo) -> Span {
    // Never left out: what is logged when something goes wrong is worth most with its ids.
    tracing::error_span!(
        target: "app.request",
        "http.request",
        request_id = info.id,
        trace_id = %info.trace.id(),
        span_id = %info.trace.span(),
    )
}

/// The line about an answered request.
pub(super) fn line(answered: &Answered<'_>) {
    let Answered { info, method, route, status, took, .. } = answered;
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
                path = shown(answered.path, route),
                status_code = status.as_u16(),
                latency_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                latency_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
                route = route,
                correlation_id = (info.correlation != info.id).then_some(info.correlation.as_str()),
                trace_id = %info.trace.id(),
                span_id = %info.trace.span(),
                client_ip = answered.address.of(info.address()),
                "request"
            );
        }};
    }
    if MONITORED.contains(route) {
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
