//! Who asks for a page, as far as the API needs to know: network address, host, session.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, header};
use tokio::time::Instant;

use crate::failure::Failure;
use crate::session::Session;
use crate::trace::Trace;
use crate::{Site, SiteState};

/// Hops between a browser and us.
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Anybody with a browser.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// Public pages belong to the organisation that registered this host.
    pub(crate) host: Option<HeaderValue>,
    /// So that the API counts failed logins by their origin rather than by ours.
    pub(crate) forwarded_for: Option<HeaderValue>,
    /// Which organisation, if the page was asked to be that of another than the host's.
    pub(crate) org: Option<HeaderValue>,
    pub(crate) session: Option<Arc<Session>>,
    /// What is asked for the page goes on in it.
    pub(crate) trace: Trace,
}

impl Visitor {
    /// Reads the headers of a request.
    pub(crate) fn of<B>(site: &Site, request: &Request<B>) -> Self {
        let headers = request.headers();
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let id = cookie(headers, cookie_name(site.secure_cookies));
        let place = id.map(|id| site.tokens.place(id));
        Self {
            host: headers.get(header::HOST).cloned(),
            forwarded_for: peer.and_then(|ConnectInfo(peer)| forwarded_for(headers, *peer)),
            org: None,
            session: place.and_then(|place| site.sessions.find(&place, Instant::now())),
            trace: Trace::of(headers),
        }
    }

    /// The same person, on a page of `org` (id or slug); nothing changes if that is empty.
    pub(crate) fn at(mut self, org: &str) -> Self {
        if !org.is_empty() {
            self.org = HeaderValue::from_str(org).ok();
        }
        self
    }
}

/// Set by the edge for every request.
impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Self>().cloned().ok_or(Failure::Internal)
    }
}

/// Somebody who is signed in; everybody else is sent to do so.
pub(crate) struct Staff {
    pub(crate) visitor: Visitor,
    pub(crate) session: Arc<Session>,
}

impl FromRequestParts<SiteState> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &SiteState) -> Result<Self, Failure> {
        let visitor = Visitor::from_request_parts(parts, site).await?;
        let session = visitor.session.clone().ok_or(Failure::SignedOut)?;
        Ok(Self { visitor, session })
    }
}

impl Staff {
    /// Spares whoever lacks all of `permissions` a form that the API would refuse.
    pub(crate) fn must(&self, permissions: &[&str]) -> Result<(), Failure> {
        if self.session.may(permissions) { Ok(()) } else { Err(Failure::denied()) }
    }
}

/// The prefix makes browsers refuse the cookie from anywhere but this host over TLS.
pub(crate) const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-session" } else { "session" }
}

/// A `Set-Cookie` that keeps `id` for `seconds`; none at all forgets it.
pub(crate) fn set_cookie(secure: bool, id: &str, seconds: u64) -> Option<HeaderValue> {
    let name = cookie_name(secure);
    let only_tls = if secure { "; Secure" } else { "" };
    let text =
        format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{only_tls}");
    HeaderValue::from_str(&text).ok()
}

/// The cookie of that name.
pub(crate) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
}

/// Whoever is right of an address vouches for it: the peer comes last.
fn forwarded_for(headers: &HeaderMap, peer: SocketAddr) -> Option<HeaderValue> {
    let lines = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok());
    let mut hops: Vec<&str> = lines.collect();
    let peer = peer.ip().to_string();
    hops.push(&peer);
    HeaderValue::from_str(&hops.join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; session=abc ; b=2"));
        assert_eq!(cookie(&headers, "session"), Some("abc"));
        assert_eq!(cookie(&headers, "sess"), None);
    }

    #[test]
    fn the_peer_is_the_last_hop() {
        let mut headers = HeaderMap::new();
        headers.append(FORWARDED_FOR, HeaderValue::from_static("203.0.113.9"));
        let hops = forwarded_for(&headers, "10.0.0.2:4711".parse().unwrap()).unwrap();
        assert_eq!(hops, "203.0.113.9, 10.0.0.2");
    }

    #[test]
    fn the_cookie_is_kept_from_scripts_and_other_sites() {
        let cookie = set_cookie(true, "x", 60).unwrap();
        let text = "__Host-session=x; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure";
        assert_eq!(cookie, text);
    }
}
