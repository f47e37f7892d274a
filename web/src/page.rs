//! From template to answer, and what every page has around it.

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};

use crate::failure::Failure;
use crate::form::{Answer, Fields};
use crate::session::Session;
use crate::visitor::{Staff, Visitor};

/// What surrounds the contents of a page.
pub(crate) struct Frame {
    pub(crate) session: Option<Arc<Session>>,
    /// Which part of the navigation is current.
    pub(crate) section: &'static str,
    /// Whether the page may lack what this person has just written.
    pub(crate) stale: bool,
}

impl Frame {
    pub(crate) fn of(visitor: &Visitor, section: &'static str) -> Self {
        Self { session: visitor.session.clone(), section, stale: false }
    }

    pub(crate) fn staff(staff: &Staff, section: &'static str, stale: bool) -> Self {
        Self { session: Some(staff.session.clone()), section, stale }
    }

    pub(crate) fn is(&self, section: &str) -> bool {
        self.section == section
    }

    /// The token of this session; empty for visitors, who have nothing to lose.
    pub(crate) fn csrf(&self) -> &str {
        self.session.as_ref().map_or("", |session| &session.csrf)
    }
}

/// Renders a page.
pub(crate) fn show(template: &impl Template) -> Answer {
    show_as(StatusCode::OK, template)
}

/// Renders a page that is not simply good news.
pub(crate) fn show_as(status: StatusCode, template: &impl Template) -> Answer {
    let html = template.render().map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "a page cannot be rendered");
        Failure::Internal
    })?;
    Ok((status, Html(html)).into_response())
}

/// After a form: reloading the page that follows sends nothing again.
pub(crate) fn go_to(address: &str) -> Response {
    Redirect::to(address).into_response()
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    frame: Frame,
    failure: &'a Failure,
}

/// Tells in words what went wrong.
pub(crate) fn failure(frame: Frame, failure: &Failure) -> Response {
    let page = FailurePage { frame, failure };
    show_as(failure.status(), &page).unwrap_or_else(|_| {
        (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here. Try again in a moment.")
            .into_response()
    })
}

#[derive(Template)]
#[template(path = "conflict.html")]
struct ConflictPage {
    frame: Frame,
    address: String,
    entered: Vec<(&'static str, String)>,
}

/// Somebody else was faster: what was typed, as `typed` calls it, so that it need not be typed again from memory.
pub(crate) fn conflict(
    frame: Frame,
    address: String,
    fields: &Fields,
    typed: &[(&'static str, &str)],
) -> Answer {
    let filled =
        |(label, name): &(&'static str, &str)| Some((*label, fields.filled(name)?.to_owned()));
    let entered = typed.iter().filter_map(filled).collect();
    show_as(StatusCode::CONFLICT, &ConflictPage { frame, address, entered })
}

/// What browsers must know about every page.
pub(crate) fn protect(response: &mut Response, over_tls: bool) {
    const POLICY: &str = "default-src 'self'; style-src 'self'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
    let headers = response.headers_mut();
    let always = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if over_tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    // Pages show personal data: neither a proxy nor the back button after a logout may have them.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
