//! The portal of clients.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::door::{Door, Guest};
use super::{Login, visits};
use crate::SiteState;
use crate::api::Command;
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::page::{self, Frame};
use crate::visitor::Visitor;

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/client/login", get(show_login).post(ask_for_link))
        .route("/client/login/callback", get(show_link).post(come_in))
        .route("/client", get(home))
        .route("/client/sessions", post(end_session))
        .route("/client/logout", post(sign_out))
}

#[derive(Template)]
#[template(path = "client_login.html")]
struct LoginPage {
    frame: Frame,
    form: Form,
    is_asked: bool,
}

async fn show_login(visitor: Visitor, Query(fields): Query<Fields>) -> Answer {
    let form = Form::new("login", fields);
    page::show(&LoginPage { frame: Frame::of(&visitor, "client"), form, is_asked: false })
}

async fn ask_for_link(
    State(site): State<SiteState>,
    visitor: Visitor,
    PublicForm(fields): PublicForm,
) -> Answer {
    let asking = Visitor { session: None, ..visitor.clone() }.at(fields.get("org"));
    let body = json!({ "email": fields.get("email") });
    let command = Command::post(&["client", "login", "request"], body, "");
    let frame = Frame::of(&visitor, "client");
    match site.api.submit(&asking, command).await {
        Ok(_) => {
            let form = Form::new("login", fields);
            page::show(&LoginPage { frame, form, is_asked: true })
        }
        Err(failure) => {
            let form = Form::new("login", fields).refused(&failure);
            page::show_as(failure.status(), &LoginPage { frame, form, is_asked: false })
        }
    }
}

/// Where the link in the mail leads. Merely opening it uses nothing up: programs that look at mail before its reader does
/// open links too.
#[derive(Template)]
#[template(path = "client_link.html")]
struct LinkPage {
    frame: Frame,
    form: Form,
}

async fn show_link(visitor: Visitor, Query(fields): Query<Fields>) -> Answer {
    let form = Form::new("link", fields);
    page::show(&LinkPage { frame: Frame::of(&visitor, "client"), form })
}

/// What the API gives whoever comes in.
#[derive(Deserialize)]
struct Token {
    access_token: String,
}

async fn come_in(
    State(site): State<SiteState>,
    visitor: Visitor,
    PublicForm(fields): PublicForm,
) -> Answer {
    let asking = Visitor { session: None, ..visitor.clone() };
    let body = json!({ "token": fields.get("token") });
    let command = Command::post(&["client", "login", "callback"], body, "");
    let failure = match site.api.submit(&asking, command).await {
        Ok(reply) => {
            return Ok(Door::Client.let_in(&site, &reply.read::<Token>()?.access_token));
        }
        Err(failure) => failure,
    };
    // A link that did not work is not offered again; one that could not be tried is.
    let is_void = failure.status() == StatusCode::UNAUTHORIZED;
    let mut form =
        Form::new("link", if is_void { Fields::new() } else { fields }).refused(&failure);
    if is_void {
        "This link was used before, or is too old.".clone_into(&mut form.message);
    }
    let page = LinkPage { frame: Frame::of(&visitor, "client"), form };
    page::show_as(failure.status(), &page)
}

/// A client as the API tells who they are.
#[derive(Deserialize)]
struct Me {
    name: String,
    email: String,
    phone: Option<String>,
    organisation: String,
}

#[derive(Template)]
#[template(path = "client_home.html")]
struct HomePage {
    frame: Frame,
    csrf: String,
    me: Me,
    visits: Vec<visits::Line>,
    logins: Vec<Login>,
}

async fn home(State(site): State<SiteState>, visitor: Visitor, headers: HeaderMap) -> Answer {
    let guest = Guest::of(&site, Door::Client, visitor.clone(), &headers)?;
    let (me, logins) = (guest.me(&site).await?, guest.logins(&site).await?.sessions);
    let visits = visits::latest(&site, &guest).await?;
    let frame = Frame::of(&visitor, "client");
    let mut response =
        page::show(&HomePage { frame, csrf: guest.csrf.clone(), me, visits, logins })?;
    // The session goes on from now, and so does its cookie.
    Door::Client.keep(&site, &guest.token, &mut response);
    Ok(response)
}

async fn end_session(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    PublicForm(fields): PublicForm,
) -> Answer {
    let guest = Guest::with_form(&site, Door::Client, visitor, &headers, &fields)?;
    guest.end(&site, fields.get("session_id")).await?;
    Ok(page::go_to(Door::Client.home()))
}

async fn sign_out(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    PublicForm(fields): PublicForm,
) -> Answer {
    let guest = Guest::with_form(&site, Door::Client, visitor, &headers, &fields)?;
    guest.leave(&site).await
}
