//! Around every page: who asks, and what is answered when something goes wrong.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use url::form_urlencoded::byte_serialize;

use crate::clock;
use crate::failure::Failure;
use crate::page::{self, Frame};
use crate::visitor::{Visitor, set_cookie};
use crate::{Site, SiteState, captcha, navigation};

/// Finds the session, hands the request on, puts failures into words.
pub(crate) async fn edge(State(site): State<SiteState>, request: Request, next: Next) -> Response {
    let visitor = Visitor::of(&site, &request);
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map_or("unmatched", MatchedPath::as_str);
    let span = visitor.trace.around(request.method(), route);
    let page = clock::page(answered(&site, visitor, request, next));
    let response = page.instrument(span.clone()).await;
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("error.type", status.as_str());
    }
    response
}

async fn answered(site: &Site, visitor: Visitor, mut request: Request, next: Next) -> Response {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let address = reading.then(|| request.uri().to_string());
    let mut response = if !reading && is_foreign(request.headers()) {
        page::failure(Frame::of(&visitor, ""), &Failure::Forged)
    } else {
        request.extensions_mut().insert(visitor.clone());
        next.run(request).await
    };
    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        response = told(site, visitor, &failure, address.as_deref());
    }
    let widened = captcha::policy(site, &response);
    page::protect(&mut response, site.secure_cookies);
    if let Some(policy) = widened {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Browsers say from where a form was sent; ours are sent from our own pages.
fn is_foreign(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

fn told(site: &Site, visitor: Visitor, failure: &Failure, address: Option<&str>) -> Response {
    if let Failure::LeftPortal(door) = failure {
        return door.turn_out(site);
    }
    if !matches!(failure, Failure::SignedOut) {
        return page::failure(Frame::of(&visitor, ""), failure);
    }
    let next: String = byte_serialize(address.unwrap_or(navigation::HOME).as_bytes()).collect();
    let mut response = page::go_to(&format!("/login?next={next}"));
    if let Some(session) = visitor.session {
        site.sessions.close(&site.tokens.place(&session.id));
        if let Some(cookie) = set_cookie(site.secure_cookies, "", 0) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}
