//! From template to answer, and what every page has around it.

use std::sync::Arc;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use url::form_urlencoded::Serializer;

use crate::failure::{Failure, Refusal};
use crate::form::{Answer, Fields, Form};
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

/// After a form of a page: it leads to `there`, or the page says what was not accepted, as `find` makes it with the form.
pub(crate) async fn settled<T, P: Template, F: Future<Output = Result<P, Failure>>>(
    done: Result<T, Failure>,
    there: &str,
    form: Form,
    find: impl FnOnce(Form) -> F,
) -> Answer {
    match done {
        Ok(_) => Ok(go_to(there)),
        Err(failure) if failure.is_refused_here() => {
            show_as(failure.status(), &find(form.refused(&failure)).await?)
        }
        Err(failure) => Err(failure),
    }
}

/// A record with a page of its own.
pub(crate) struct Record<'a> {
    pub(crate) staff: &'a Staff,
    pub(crate) section: &'static str,
    pub(crate) address: String,
    /// What may have been typed, and what the page calls it.
    pub(crate) typed: &'static [(&'static str, &'static str)],
}

impl Record<'_> {
    /// As [`settled`] on its page; a change by somebody else has a page of its own.
    pub(crate) async fn settled<T, P: Template, F: Future<Output = Result<P, Failure>>>(
        self,
        done: Result<T, Failure>,
        form: Form,
        find: impl FnOnce(Form) -> F,
    ) -> Answer {
        let refusal = done.as_ref().err().and_then(Failure::refusal);
        if refusal.is_some_and(Refusal::is_conflict) {
            let frame = Frame::staff(self.staff, self.section, false);
            return conflict(frame, self.address, &form.fields, self.typed);
        }
        settled(done, &format!("{}?saved=1", self.address), form, find).await
    }
}

/// Where a list goes on: the same page, asked for the same and for what is behind `cursor`.
pub(crate) fn more(page: &str, asked: &[(&str, &str)], cursor: Option<&str>) -> Option<String> {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(asked.iter().filter(|(_, value)| !value.is_empty()));
    query.append_pair("cursor", cursor?);
    Some(format!("{page}?{}", query.finish()))
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
