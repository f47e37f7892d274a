//! Signing in and out.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicI64;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use tokio::time::Instant;

use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, PublicForm, StaffForm};
use crate::navigation::HOME;
use crate::page::{self, Frame};
use crate::session::{LIFE, Session};
use crate::visitor::{Visitor, set_cookie};
use crate::{Site, SiteState, token};

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().route("/login", get(show).post(sign_in)).route("/logout", post(sign_out))
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    form: Form,
}

async fn show(visitor: Visitor, Query(fields): Query<Fields>) -> Answer {
    let form = Form::new("login", fields);
    page::show(&LoginPage { frame: Frame::of(&visitor, "login"), form })
}

/// What the API says about a login.
#[derive(Deserialize)]
struct Profile {
    username: String,
    role: String,
    permissions: BTreeSet<String>,
}

async fn sign_in(
    State(site): State<SiteState>,
    visitor: Visitor,
    PublicForm(fields): PublicForm,
) -> Answer {
    // A session that somebody else may know is never taken over.
    if let Some(old) = &visitor.session {
        site.sessions.close(&site.tokens.place(&old.id));
    }
    let visitor = Visitor { session: None, ..visitor }.at(fields.get("org"));
    let authorization = basic(&fields).ok_or(Failure::Unreadable)?;
    match site.api.profile(&visitor, &authorization).await {
        Ok(reply) => Ok(welcome(&site, visitor, authorization, reply.read()?, &fields)),
        Err(failure) => not_welcome(&visitor, fields, &failure),
    }
}

fn not_welcome(visitor: &Visitor, mut fields: Fields, failure: &Failure) -> Answer {
    fields.set("password", "");
    let mut form = Form::new("login", fields).refused(failure);
    if failure.status() == StatusCode::UNAUTHORIZED {
        "This name and password do not belong together.".clone_into(&mut form.message);
    }
    let page = LoginPage { frame: Frame::of(visitor, "login"), form };
    page::show_as(failure.status(), &page)
}

fn welcome(
    site: &Site,
    visitor: Visitor,
    authorization: HeaderValue,
    profile: Profile,
    fields: &Fields,
) -> Response {
    let (id, now) = (token::session_id(), Instant::now());
    let mut response = page::go_to(local(fields.get("next")));
    if let Some(cookie) = set_cookie(site.secure_cookies, &id, LIFE.as_secs()) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    let session = Session {
        csrf: site.tokens.csrf(&id),
        authorization,
        org: visitor.org,
        username: profile.username,
        role: profile.role,
        permissions: profile.permissions,
        seen: AtomicI64::new(0),
        expires: now + LIFE,
        id,
    };
    site.sessions.open(site.tokens.place(&session.id), session, now);
    response
}

async fn sign_out(State(site): State<SiteState>, form: StaffForm) -> Response {
    site.sessions.close(&site.tokens.place(&form.staff.session.id));
    let mut response = page::go_to("/login");
    if let Some(cookie) = set_cookie(site.secure_cookies, "", 0) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// A password is taken as it was typed, blanks included.
fn basic(fields: &Fields) -> Option<HeaderValue> {
    let pair = format!("{}:{}", fields.get("username"), fields.raw("password"));
    let mut header = HeaderValue::from_str(&format!("Basic {}", BASE64.encode(pair))).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Where to go after signing in: one of our own pages, whatever the address says.
fn local(next: &str) -> &str {
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && !next.chars().any(char::is_control);
    if ours { next } else { HOME }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_our_own_pages_only() {
        assert_eq!(local("/leads?page=2"), "/leads?page=2");
        for foreign in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\tb"] {
            assert_eq!(local(foreign), HOME);
        }
    }
}
