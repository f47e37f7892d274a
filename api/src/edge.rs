//! The outermost layer: ids, panics, problems, headers, metrics and the one log line of every request.

mod cors;
mod log;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use tracing::Instrument;

pub use self::cors::{Cors, OriginError};
use self::log::Asked;
use crate::audit::ClientAddress;
use crate::health::Monitored;
use crate::limits::{Limits, Room};
use crate::metrics::Requests;
use crate::problem::{Code, Problem};
use crate::proxies::Proxies;
use crate::rate::Standing;
use crate::request::{CORRELATION_ID, REQUEST_ID, RequestInfo};

/// Routes that monitors ask every few seconds; their log lines would drown the others.
pub(crate) const MONITORED: [&str; 5] =
    ["/livez", "/healthz", "/healthz/backup", "/readyz", "/metrics"];

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");
const CONTENT_SECURITY_POLICY: HeaderName = HeaderName::from_static("content-security-policy");

/// Answers are data: nothing in them may be run, framed or guessed at.
const SECURITY: [(HeaderName, HeaderValue); 5] = [
    (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];
/// For answers that came over TLS: browsers then never ask in the clear again.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");
const DATA_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// The readable page loads its own scripts and sets its own styles.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; \
     frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
);

/// What the program decides about every request, whatever it asks.
#[derive(Clone, Debug)]
pub struct EdgeOptions {
    /// The proxies in front.
    pub proxies: Proxies,
    /// The pages of other origins that may read answers.
    pub cors: Cors,
    /// How much a request may take.
    pub limits: Limits,
    /// What the `type` of a problem begins with.
    pub problem_base: String,
    /// How much of the address of a client is logged.
    pub logged_address: ClientAddress,
}

impl Default for EdgeOptions {
    fn default() -> Self {
        Self {
            proxies: Proxies::none(),
            cors: Cors::default(),
            limits: Limits::default(),
            problem_base: "/problems/".to_owned(),
            logged_address: ClientAddress::default(),
        }
    }
}

/// The same at work.
pub(crate) struct Edge {
    proxies: Proxies,
    cors: Cors,
    pub(crate) room: Room,
    problem_base: String,
    logged_address: ClientAddress,
    requests: Requests,
    /// Method and path of routes that take files, however large.
    files: HashSet<(&'static str, String)>,
}

impl Edge {
    /// Before routes that answer these methods at these paths.
    pub(crate) fn new<'a>(
        options: EdgeOptions,
        operations: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Arc<Self> {
        Self::taking_files(options, operations, HashSet::new())
    }

    /// As [`Self::new`]; those of `files` take files, however large.
    pub(crate) fn taking_files<'a>(
        options: EdgeOptions,
        operations: impl IntoIterator<Item = (&'a str, &'a str)>,
        files: HashSet<(&'static str, String)>,
    ) -> Arc<Self> {
        let EdgeOptions { proxies, cors, limits, problem_base, logged_address } = options;
        let (room, requests) = (Room::new(limits), Requests::new(operations));
        Arc::new(Self { proxies, cors, room, problem_base, logged_address, requests, files })
    }

    fn takes_file(&self, asked: &Asked) -> bool {
        self.files.iter().any(|(method, path)| asked.method() == method && asked.route() == path)
    }
}

/// Wraps every route, the unmatched ones included.
pub(crate) async fn edge(
    State(edge): State<Arc<Edge>>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
    let info = Arc::new(RequestInfo::read(request.headers(), peer, &edge.proxies));
    request.extensions_mut().insert(Arc::clone(&info));
    let asked = (request.method().clone(), request.uri().clone());
    let asked = Asked::now(&edge, &info, asked, request.extensions().get().cloned());
    let if_none_match = request.headers().get(header::IF_NONE_MATCH).cloned();
    let origin = request.headers().get(header::ORIGIN).cloned();

    let too_large = edge.room.is_too_large(request.headers()) && !edge.takes_file(&asked);
    let answered = if let Some(answered) = edge.cors.preflight(asked.method(), request.headers()) {
        answered
    } else {
        let handle = async move {
            // Said before anything of it is read, or anybody asked who sends it.
            if too_large {
                Problem::new(Code::BodyTooLarge).into_response()
            } else {
                next.run(request).await
            }
        };
        let answered = shield(edge.room.guard(MONITORED.contains(&asked.route()), handle));
        answered.instrument(asked.span()).await
    };
    let mut response = settle(answered, &info.id, &edge.problem_base);
    if response.status() == StatusCode::OK {
        response = unless_unchanged(response, asked.method(), if_none_match.as_ref());
    }
    decorate(response.headers_mut(), &info, asked.route().starts_with("/docs"));
    edge.cors.mark(origin.as_ref(), response.headers_mut());
    asked.answered(response.status());
    response
}

/// A panic ends its own request and no other; the panic hook has logged where and why.
pub(crate) async fn shield(handle: impl Future<Output = Response>) -> Response {
    let answered = AssertUnwindSafe(handle).catch_unwind().await;
    answered.unwrap_or_else(|_| Problem::new(Code::Internal).into_response())
}

/// Gives every failure the one shape, whoever made it.
fn settle(mut response: Response, request_id: &str, base: &str) -> Response {
    let status = response.status();
    if status.is_success() || response.extensions().get::<Monitored>().is_some() {
        return response;
    }
    let problem = response.extensions_mut().remove::<Problem>();
    let Some(problem) = problem.or_else(|| Problem::of_status(status)) else { return response };
    let mut rendered = problem.render(request_id, base);
    // The router says which methods it has.
    if let Some(allow) = response.headers_mut().remove(header::ALLOW) {
        rendered.headers_mut().insert(header::ALLOW, allow);
    }
    rendered
}

/// What the client has already need not be sent again.
fn unless_unchanged(response: Response, method: &Method, seen: Option<&HeaderValue>) -> Response {
    let (Some(seen), Some(tag)) = (seen, response.headers().get(header::ETAG)) else {
        return response;
    };
    let reads = *method == Method::GET || *method == Method::HEAD;
    let (Ok(seen), Ok(tag)) = (seen.to_str(), tag.to_str()) else { return response };
    let same = |one: &str| one.trim().trim_start_matches("W/") == tag;
    if !reads || !(seen.trim() == "*" || seen.split(',').any(same)) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, axum::body::Body::empty())
}

fn decorate(headers: &mut HeaderMap, info: &RequestInfo, docs: bool) {
    for (name, value) in SECURITY {
        headers.insert(name, value);
    }
    headers.insert(CONTENT_SECURITY_POLICY, if docs { DOCS_POLICY } else { DATA_POLICY });
    if !headers.contains_key(header::CACHE_CONTROL) {
        let tagged = headers.contains_key(header::ETAG);
        let value = if tagged { "private, no-cache" } else { "no-store" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
    }
    if info.origin.is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    if let Some(Standing { limit, remaining, reset, .. }) = info.standing() {
        headers.insert(LIMIT, limit.into());
        headers.insert(REMAINING, remaining.into());
        headers.insert(RESET, reset.into());
    }
    // Checked when they were read: always header text.
    if let Ok(id) = HeaderValue::from_str(&info.id) {
        headers.insert(REQUEST_ID, id);
    }
    if info.correlation != info.id
        && let Ok(id) = HeaderValue::from_str(&info.correlation)
    {
        headers.insert(CORRELATION_ID, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_answered_like_any_other_failure() {
        let answer = shield(async { panic!("a defect") }).await;
        let answer = settle(answer, "r-1", "/problems/");
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
    }

    #[test]
    fn only_a_read_of_what_the_client_has_is_cut_short() {
        let tagged = || ([(header::ETAG, "\"3\"")], "body").into_response();
        let status = |method: &Method, seen: &'static str| {
            unless_unchanged(tagged(), method, Some(&HeaderValue::from_static(seen))).status()
        };
        for seen in ["\"3\"", "*", "\"1\", W/\"3\""] {
            assert_eq!(status(&Method::GET, seen), StatusCode::NOT_MODIFIED);
        }
        assert_eq!(status(&Method::GET, "\"4\""), StatusCode::OK);
        assert_eq!(status(&Method::POST, "\"3\""), StatusCode::OK);
    }
}
