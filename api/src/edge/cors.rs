//! Which pages of other origins may read our answers.

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::problem::{Code, Problem};

const METHODS: HeaderValue =
    HeaderValue::from_static("DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT");

/// What a page may send. `Cookie` is not among it: no answer says that credentials are welcome.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, idempotency-key, x-request-id, x-correlation-id, traceparent, x-csrf-token, \
     x-break-glass-token, x-org, x-min-position, x-allow-stale, if-match, if-none-match",
);

/// What a page may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, idempotency-key, x-total-count, \
     x-position, x-stale, x-projection-lag, x-org-timezone, etag",
);

/// Seconds for which a browser need not ask again.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");

/// The origins that are welcome.
#[derive(Clone, Debug, Default)]
pub struct Cors(Welcome);

#[derive(Clone, Debug, Default)]
enum Welcome {
    #[default]
    None,
    All,
    These(Vec<HeaderValue>),
}

/// An origin that no browser would send.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not an origin, like https://app.example.net")]
pub struct OriginError(String);

impl Cors {
    /// Pages of `origins`, like `https://app.example.net`, or of all with `*`.
    pub fn new<'a>(origins: impl IntoIterator<Item = &'a str>) -> Result<Self, OriginError> {
        let mut these = Vec::new();
        for origin in origins {
            if origin == "*" {
                return Ok(Self(Welcome::All));
            }
            these.push(parse(origin).ok_or_else(|| OriginError(origin.to_owned()))?);
        }
        Ok(Self(if these.is_empty() { Welcome::None } else { Welcome::These(these) }))
    }

    /// The value of `Access-Control-Allow-Origin` for a page of `origin`.
    fn allows(&self, origin: &HeaderValue) -> Option<HeaderValue> {
        match &self.0 {
            Welcome::None => None,
            Welcome::All => Some(HeaderValue::from_static("*")),
            Welcome::These(these) => these.iter().find(|one| *one == origin).cloned(),
        }
    }

    /// The answer to a browser that asks whether it may ask.
    pub(super) fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<Response> {
        let origin = headers.get(header::ORIGIN).filter(|_| *method == Method::OPTIONS)?;
        headers.get(header::ACCESS_CONTROL_REQUEST_METHOD)?;
        if self.allows(origin).is_none() {
            return Some(Problem::new(Code::ForeignOrigin).into_response());
        }
        let told = [
            (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
            (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
            (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
        ];
        Some((StatusCode::NO_CONTENT, told).into_response())
    }

    /// Says on every answer for whom it is.
    pub(super) fn mark(&self, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
        if matches!(self.0, Welcome::These(_)) {
            headers.append(header::VARY, HeaderValue::from_static("origin"));
        }
        if let Some(allowed) = origin.and_then(|origin| self.allows(origin)) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// Scheme, host and perhaps a port: a browser sends no slash and no path.
fn parse(origin: &str) -> Option<HeaderValue> {
    let origin = origin.trim_end_matches('/');
    let host = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    if host.is_empty() || !host.bytes().all(fits) {
        return None;
    }
    HeaderValue::from_str(&origin.to_ascii_lowercase()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ORIGIN, HeaderValue::from_static(origin));
        let method = HeaderValue::from_static("POST");
        headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, method);
        headers
    }

    fn allowed(cors: &Cors, origin: &'static str) -> Option<String> {
        let mut headers = HeaderMap::new();
        cors.mark(Some(&HeaderValue::from_static(origin)), &mut headers);
        let allowed = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN)?;
        Some(allowed.to_str().unwrap().to_owned())
    }

    #[test]
    fn only_the_listed_origins_are_welcome() {
        let cors = Cors::new(["https://app.example.net/", "http://localhost:3000"]).unwrap();
        let answer = cors.preflight(&Method::OPTIONS, &asked("https://app.example.net")).unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.headers()[header::ACCESS_CONTROL_MAX_AGE], "600");
        assert_eq!(
            allowed(&cors, "https://app.example.net").as_deref(),
            Some("https://app.example.net")
        );
        for stranger in ["https://app.example.net.evil.test", "http://app.example.net", "null"] {
            let refused = cors.preflight(&Method::OPTIONS, &asked(stranger)).unwrap();
            assert_eq!(refused.status(), StatusCode::BAD_REQUEST, "{stranger}");
            assert_eq!(allowed(&cors, stranger), None);
        }
    }

    #[test]
    fn nobody_is_welcome_unless_listed_and_all_with_a_star() {
        let nobody = Cors::new([]).unwrap();
        let refused = nobody.preflight(&Method::OPTIONS, &asked("https://a.test")).unwrap();
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert_eq!(allowed(&nobody, "https://a.test"), None);
        let all = Cors::new(["https://b.test", "*"]).unwrap();
        assert_eq!(allowed(&all, "https://a.test").as_deref(), Some("*"));
    }

    #[test]
    fn another_request_than_a_preflight_goes_on() {
        let cors = Cors::new(["https://a.test"]).unwrap();
        assert!(cors.preflight(&Method::POST, &asked("https://a.test")).is_none());
        assert!(cors.preflight(&Method::OPTIONS, &HeaderMap::new()).is_none());
    }

    #[test]
    fn what_no_browser_would_send_is_no_origin() {
        for bad in ["example.net", "ftp://a.test", "https://", "https://a.test/path", "https://a b"]
        {
            assert!(Cors::new([bad]).is_err(), "{bad}");
        }
    }
}
