//! What every request carries beside its body: who sent it, under which ids.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use domain::id::OrgId;
use uuid::Uuid;

use crate::audit::Trail;
use crate::problem::Problem;
use crate::proxies::{Origin, Proxies};
use crate::rate::Standing;
use crate::trace::Trace;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");
pub(crate) const POSITION: HeaderName = HeaderName::from_static("x-position");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Ids longer than this are replaced: they end in every event and every log line.
const LONGEST_ID: usize = 128;

/// One request, shared by the edge and the extractors.
#[derive(Debug)]
pub(crate) struct RequestInfo {
    pub(crate) id: String,
    pub(crate) correlation: String,
    /// Its place among everything that one call sets off.
    pub(crate) trace: Trace,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// What it says it was sent with.
    pub(crate) agent: Option<HeaderValue>,
    /// For the audit log.
    pub(crate) trail: Trail,
    who: OnceLock<Who>,
    standing: Mutex<Option<Standing>>,
}

/// For the request log: found out while the request is handled.
#[derive(Clone, Debug)]
pub(crate) struct Who {
    pub(crate) org: OrgId,
    pub(crate) user: Option<Uuid>,
    /// As the log calls it: a role of staff, or of whom a portal is for.
    pub(crate) role: Option<&'static str>,
}

impl RequestInfo {
    /// Reads the headers of a request that came from `peer`.
    pub(crate) fn read(headers: &HeaderMap, peer: Option<SocketAddr>, proxies: &Proxies) -> Self {
        let id = id_in(headers, &REQUEST_ID).unwrap_or_else(|| Uuid::new_v4().to_string());
        let trace = Trace::of(headers);
        let traced = || trace.parent().map(|_| trace.id().to_string());
        let correlation =
            id_in(headers, &CORRELATION_ID).or_else(traced).unwrap_or_else(|| id.clone());
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let origin = proxies.origin(headers, peer);
        let agent = headers.get(header::USER_AGENT).cloned();
        let (trail, who) = (Trail::default(), OnceLock::new());
        Self { id, correlation, trace, origin, agent, trail, who, standing: Mutex::default() }
    }

    pub(crate) fn address(&self) -> IpAddr {
        self.origin.address
    }

    /// How close whoever asks is to a limit; of several the closest is told.
    pub(crate) fn stands(&self, standing: Standing) {
        let mut known = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_none_or(|known| standing.remaining <= known.remaining) {
            *known = Some(standing);
        }
    }

    pub(crate) fn standing(&self) -> Option<Standing> {
        *self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_from(&self, who: Who) {
        // Only the first extractor to find out has something to tell.
        let _ = self.who.set(who);
    }

    pub(crate) fn who(&self) -> Option<&Who> {
        self.who.get()
    }
}

/// An id is accepted if it cannot do harm in a log, a header or a file name.
fn id_in(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    let fits = (1..=LONGEST_ID).contains(&value.len()) && value.bytes().all(safe);
    fits.then(|| value.to_owned())
}

/// The header `name`, if it is there, once and readable.
pub(crate) fn header<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Problem> {
    let mut given = headers.get_all(name).iter();
    let read = |value: &'a HeaderValue| {
        value.to_str().map_err(|_| Problem::header(name.as_str(), "visible ASCII only"))
    };
    let first = given.next().map(read).transpose()?;
    // Which of them is meant would be a guess.
    if given.next().is_some() {
        return Err(Problem::header(name.as_str(), "one value"));
    }
    Ok(first)
}

/// An extractor for the request itself.
pub(crate) struct This(pub(crate) Arc<RequestInfo>);

impl<S: Sync> FromRequestParts<S> for This {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        if let Some(info) = parts.extensions.get::<Arc<RequestInfo>>() {
            return Ok(Self(Arc::clone(info)));
        }
        let info = Arc::new(RequestInfo::read(&parts.headers, None, &Proxies::none()));
        parts.extensions.insert(Arc::clone(&info));
        Ok(Self(info))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_harmless_id_is_kept_and_any_other_replaced() {
        let kept =
            RequestInfo::read(&headers(&[("x-request-id", "a.B_9:-")]), None, &Proxies::none());
        assert_eq!(kept.id, "a.B_9:-");
        assert_eq!(kept.correlation, "a.B_9:-");
        for bad in ["", "two words", "<script>", "ä"] {
            let info =
                RequestInfo::read(&headers(&[("x-request-id", bad)]), None, &Proxies::none());
            assert_ne!(info.id, bad);
            assert!(info.id.parse::<Uuid>().is_ok());
        }
        let long: &'static str = Box::leak("x".repeat(129).into_boxed_str());
        assert_ne!(
            RequestInfo::read(&headers(&[("x-request-id", long)]), None, &Proxies::none()).id,
            long
        );
    }

    #[test]
    fn a_header_that_is_given_twice_says_nothing() {
        let mut headers = headers(&[("idempotency-key", "a")]);
        assert_eq!(header(&headers, &IDEMPOTENCY_KEY).unwrap(), Some("a"));
        assert_eq!(header(&headers, &POSITION).unwrap(), None);
        headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static("a"));
        assert!(header(&headers, &IDEMPOTENCY_KEY).is_err());
    }
}
