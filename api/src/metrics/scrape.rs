//! `/metrics`: everything that is measured, for whoever knows the token.

use axum::http::{HeaderMap, Uri, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};

use crate::problem::Problem;

/// Names that dashboards of older installations know, beside those of the same series here.
const LEGACY: [(&str, &str); 2] = [
    ("http_request_duration_seconds", "http_request_latency_seconds"),
    ("http_5xx_errors_total", "http_5xx_total"),
];

/// Everything that may be scraped, and by whom.
pub struct Scrape {
    /// The recorder of this process.
    pub handle: PrometheusHandle,
    /// Who scrapes must know it; `None` lets everybody.
    pub token: Option<SecretString>,
    /// Whether the token may stand in the address, where logs of proxies keep it.
    pub in_query: bool,
    /// Whether series appear under their older names too.
    pub legacy_names: bool,
}

impl Scrape {
    /// For whoever sends `token` as a bearer token; for everybody without one.
    pub fn new(handle: PrometheusHandle, token: Option<SecretString>) -> Self {
        Self { handle, token, in_query: false, legacy_names: false }
    }

    /// Refuses whoever does not know the token.
    pub(crate) fn admit(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
        let Some(token) = &self.token else { return Ok(()) };
        let token = token.expose_secret();
        let given = headers.get(header::AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
        let mut is_known = is_same(given, format!("Bearer {token}").as_bytes());
        if self.in_query {
            let mut pairs = uri.query().unwrap_or_default().split('&');
            let given = pairs.find_map(|pair| pair.strip_prefix("token="));
            is_known |= given.is_some_and(|given| is_same(given.as_bytes(), token.as_bytes()));
        }
        if is_known { Ok(()) } else { Err(Problem::wrong_bearer()) }
    }

    /// Every series of the process.
    pub(crate) fn answer(&self) -> Response {
        let mut text = self.handle.render();
        if self.legacy_names {
            let copies = renamed(&text);
            text.push_str(&copies);
        }
        let content_type = [(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        (content_type, text).into_response()
    }
}

/// Compares digests, so the time taken says nothing about the secret.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    digest(&SHA256, given).as_ref() == digest(&SHA256, wanted).as_ref()
}

/// The lines about renamed series, under their older names.
fn renamed(text: &str) -> String {
    let mut copies = String::new();
    for line in text.lines() {
        let comment = ["# HELP ", "# TYPE "].into_iter().find(|start| line.starts_with(start));
        let comment = comment.unwrap_or_default();
        let rest = &line[comment.len()..];
        for (name, older) in LEGACY {
            if let Some(rest) = rest.strip_prefix(name) {
                copies.extend([comment, older, rest, "\n"]);
            }
        }
    }
    copies
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    fn admits(scrape: &Scrape, authorization: &'static str, uri: &str) -> bool {
        let pair = (header::AUTHORIZATION, HeaderValue::from_static(authorization));
        scrape.admit(&HeaderMap::from_iter([pair]), &uri.parse().unwrap()).is_ok()
    }

    fn scrape(token: Option<&str>) -> Scrape {
        let handle = PrometheusBuilder::new().build_recorder().handle();
        Scrape::new(handle, token.map(SecretString::from))
    }

    #[test]
    fn only_the_token_opens_and_in_an_address_only_where_that_is_allowed() {
        let closed = scrape(Some("abc"));
        assert!(admits(&closed, "Bearer abc", "/metrics"));
        for wrong in ["Bearer ab", "abc", "Basic abc", "Bearer abcd", ""] {
            assert!(!admits(&closed, wrong, "/metrics?token=abc"), "{wrong}");
        }
        let lax = Scrape { in_query: true, ..scrape(Some("abc")) };
        assert!(admits(&lax, "", "/metrics?x=1&token=abc"));
        assert!(!admits(&lax, "", "/metrics?token=ab"));
        assert!(admits(&scrape(None), "", "/metrics"));
    }

    #[test]
    fn older_names_repeat_the_series_with_its_kind() {
        let text =
            "# TYPE http_5xx_errors_total counter\nhttp_5xx_errors_total{path=\"/a\"} 1\nother 2\n";
        let copies = "# TYPE http_5xx_total counter\nhttp_5xx_total{path=\"/a\"} 1\n";
        assert_eq!(renamed(text), copies);
        let bucket = "http_request_duration_seconds_bucket{le=\"1\"} 3\n";
        assert_eq!(renamed(bucket), "http_request_latency_seconds_bucket{le=\"1\"} 3\n");
    }
}
