//! The trace that a page belongs to (W3C Trace Context). What the API is asked for the page goes on in it, so that one
//! trace shows both.

use std::ops::Range;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use tracing::Span;
use tracing::field::Empty;
use uuid::Uuid;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The place of a page among everything that one call sets off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    id: u128,
    /// Of this page in it.
    span: u64,
    /// Of whoever asks.
    parent: Option<u64>,
    is_sampled: bool,
}

impl Trace {
    /// Goes on with the trace in `headers`; anything unreadable there counts as nothing.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(TRACEPARENT).and_then(|value| value.to_str().ok());
        given.and_then(Self::continued).unwrap_or_else(|| {
            let id = Uuid::new_v4().as_u128();
            Self { id, span: span(), parent: None, is_sampled: true }
        })
    }

    /// Of version 00, which is all that a proxy in front of us is known to send.
    fn continued(text: &str) -> Option<Self> {
        let digits =
            |range: Range<usize>| text.get(range).filter(|text| text.bytes().all(is_digit));
        let rest: [_; 4] = [text.get(..3)?, text.get(35..36)?, text.get(52..53)?, text.get(55..)?];
        if rest != ["00-", "-", "-", ""] {
            return None;
        }
        let id = u128::from_str_radix(digits(3..35)?, 16).ok().filter(|id| *id != 0)?;
        let parent = u64::from_str_radix(digits(36..52)?, 16).ok().filter(|parent| *parent != 0)?;
        let flags = u8::from_str_radix(digits(53..55)?, 16).ok()?;
        Some(Self { id, span: span(), parent: Some(parent), is_sampled: flags & 1 == 1 })
    }

    /// What the API is told.
    pub(crate) fn header(self) -> Option<HeaderValue> {
        let Self { id, span, is_sampled, .. } = self;
        HeaderValue::from_str(&format!("00-{id:032x}-{span:016x}-{:02x}", u8::from(is_sampled)))
            .ok()
    }

    /// Around everything that is done for a page of this route. Whether it runs well is asked every few seconds: no trace
    /// begins with that.
    pub(crate) fn around(self, method: &Method, route: &str) -> Span {
        let known = [Method::GET, Method::HEAD, Method::POST].iter().find(|one| *one == method);
        tracing::error_span!(
            "http.request",
            trace_id = %format_args!("{:032x}", self.id),
            span_id = %format_args!("{:016x}", self.span),
            trace.parent = self.parent.map(|parent| display(format!("{parent:016x}"))),
            trace.is_sampled = self.is_sampled && route != "/healthz",
            otel.kind = "server",
            http.request.method = known.map_or("OTHER", Method::as_str),
            http.route = route,
            http.response.status_code = Empty,
            error.type = Empty,
        )
    }
}

fn is_digit(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Never zero, which means none.
fn span() -> u64 {
    // The random half of an id, whose fixed bits are never zero.
    let (_, low) = Uuid::new_v4().as_u64_pair();
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(text: &'static str) -> Trace {
        Trace::of(&[(TRACEPARENT, HeaderValue::from_static(text))].into_iter().collect())
    }

    #[test]
    fn a_trace_goes_on_under_a_span_of_its_own() {
        let trace = read(GIVEN);
        assert_eq!(trace.parent, Some(0xb7ad_6b71_6920_3331));
        let told = trace.header().unwrap();
        let told = told.to_str().unwrap();
        assert!(told.starts_with(&GIVEN[..36]) && told.ends_with("-01"), "{told}");
        assert_ne!(told, GIVEN);
        // What we tell can be read.
        assert_eq!(Trace::continued(told).map(|read| read.id), Some(trace.id));
    }

    #[test]
    fn whatever_is_not_well_formed_begins_a_new_one() {
        let bad = [
            "",
            "00",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        ];
        for bad in bad {
            let trace = read(bad);
            assert!(trace.parent.is_none() && trace.is_sampled, "{bad}");
        }
        assert_ne!(read(""), read(""));
    }
}
