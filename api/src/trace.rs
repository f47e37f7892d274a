//! Which trace a request belongs to (W3C Trace Context): that of whoever asks, if they say so, or one of its own.

use std::fmt;

use axum::http::{HeaderMap, HeaderName};
use uuid::Uuid;

pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The length of a header of version 00, and the least of any later one.
const LENGTH: usize = 55;

/// The place of a request among everything that one call sets off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Trace {
    id: u128,
    /// Of this request in it.
    span: u64,
    /// Of whoever asks.
    parent: Option<u64>,
    /// Whether whoever began it wants it kept.
    pub(crate) is_sampled: bool,
}

impl Trace {
    /// Goes on with the trace in `headers`; anything unreadable there counts as nothing.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut given = headers.get_all(TRACEPARENT).iter();
        let first = given.next().and_then(|value| value.to_str().ok());
        // Two of them contradict each other.
        let first = first.filter(|_| given.next().is_none());
        first.and_then(Self::continued).unwrap_or_else(Self::begun)
    }

    fn begun() -> Self {
        Self { id: Uuid::new_v4().as_u128(), span: span(), parent: None, is_sampled: true }
    }

    fn continued(text: &str) -> Option<Self> {
        let is_hex =
            |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let (version, rest) = text.split_once('-')?;
        let (id, rest) = rest.split_once('-')?;
        let (parent, rest) = rest.split_once('-')?;
        let (flags, more) = rest.split_once('-').map_or((rest, None), |(f, m)| (f, Some(m)));
        let lengths = [version.len(), id.len(), parent.len(), flags.len()];
        let is_well_formed = lengths == [2, 32, 16, 2]
            && [version, id, parent, flags].into_iter().all(is_hex)
            && text.len() >= LENGTH;
        // A later version may say more; this one may not.
        if !is_well_formed || version == "ff" || (version == "00" && more.is_some()) {
            return None;
        }
        let id = u128::from_str_radix(id, 16).ok().filter(|id| *id != 0)?;
        let parent = u64::from_str_radix(parent, 16).ok().filter(|parent| *parent != 0)?;
        let flags = u8::from_str_radix(flags, 16).ok()?;
        Some(Self { id, span: span(), parent: Some(parent), is_sampled: flags & 1 == 1 })
    }

    /// 32 hexadecimal digits.
    pub(crate) const fn id(self) -> impl fmt::Display {
        Hex::<32>(self.id)
    }

    /// 16 hexadecimal digits.
    pub(crate) fn span(self) -> impl fmt::Display {
        Hex::<16>(self.span.into())
    }

    /// The span of whoever asks, if they said so.
    pub(crate) fn parent(self) -> Option<impl fmt::Display> {
        self.parent.map(|parent| Hex::<16>(parent.into()))
    }
}

/// Never zero, which means none.
fn span() -> u64 {
    // The random half of an id, whose fixed bits are never zero.
    let (_, low) = Uuid::new_v4().as_u64_pair();
    low
}

struct Hex<const DIGITS: usize>(u128);

impl<const DIGITS: usize> fmt::Display for Hex<DIGITS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$x}", self.0, width = DIGITS)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(values: &[&str]) -> Trace {
        let pair = |value: &&str| (TRACEPARENT, HeaderValue::from_str(value).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in values.iter().map(pair) {
            headers.append(name, value);
        }
        Trace::of(&headers)
    }

    #[test]
    fn a_trace_goes_on_under_a_span_of_its_own() {
        let trace = read(&[GIVEN]);
        assert_eq!(trace.id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(trace.parent().unwrap().to_string(), "b7ad6b7169203331");
        assert_ne!(trace.span().to_string(), "b7ad6b7169203331");
        assert!(trace.is_sampled && !read(&[&GIVEN.replace("-01", "-00")]).is_sampled);
        // A later version begins the same.
        assert_eq!(read(&[&GIVEN.replacen("00", "cc", 1)]).id, trace.id);
        assert_eq!(read(&[&(GIVEN.replacen("00", "cc", 1) + "-more")]).id, trace.id);
    }

    #[test]
    fn whatever_is_not_well_formed_begins_a_new_one() {
        let bad = [
            "",
            "00",
            &GIVEN.replacen("00", "ff", 1),
            &(GIVEN.to_owned() + "-more"),
            &GIVEN.to_uppercase(),
            &GIVEN.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            &GIVEN.replace("b7ad6b7169203331", &"0".repeat(16)),
            &GIVEN.replace("b7ad", "b7a"),
            &GIVEN.replace("b7ad", "+7ad"),
            &GIVEN.replace('-', "_"),
            &GIVEN[..54],
        ];
        for bad in bad {
            let trace = read(&[bad]);
            assert!(trace.parent.is_none() && trace.is_sampled, "{bad}");
            assert_eq!(trace.id().to_string().len(), 32);
        }
        assert!(read(&[GIVEN, GIVEN]).parent.is_none(), "two headers");
        assert_ne!(read(&[]), read(&[]));
    }
}
