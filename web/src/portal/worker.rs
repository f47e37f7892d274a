//! The portal of workers.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::door::{Door, Guest};
use super::{Login, jobs};
use crate::SiteState;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::page::{self, Frame};
use crate::visitor::Visitor;

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/worker/login", get(show_login).post(sign_in))
        .route("/worker", get(home))
        .route("/worker/password", post(change_password))
        .route("/worker/sessions", post(end_session))
        .route("/worker/logout", post(sign_out))
}

#[derive(Template)]
#[template(path = "worker_login.html")]
struct LoginPage {
    frame: Frame,
    form: Form,
}

async fn show_login(visitor: Visitor, Query(fields): Query<Fields>) -> Answer {
    let form = Form::new("login", fields);
    page::show(&LoginPage { frame: Frame::of(&visitor, "worker"), form })
}

/// What the API gives whoever comes in.
#[derive(Deserialize)]
struct Token {
    access_token: String,
}

async fn sign_in(
    State(site): State<SiteState>,
    visitor: Visitor,
    PublicForm(mut fields): PublicForm,
) -> Answer {
    let asking = Visitor { session: None, ..visitor.clone() }.at(fields.get("org"));
    // A password is taken as it was typed, blanks included.
    let body = json!({ "phone": fields.get("phone"), "password": fields.raw("password") });
    let command = Command::post(&["worker", "login"], body, "");
    let failure = match site.api.submit(&asking, command).await {
        Ok(reply) => {
            return Ok(Door::Worker.let_in(&site, &reply.read::<Token>()?.access_token));
        }
        Err(failure) => failure,
    };
    fields.set("password", "");
    let mut form = Form::new("login", fields).refused(&failure);
    if failure.status() == StatusCode::UNAUTHORIZED {
        "This phone and password do not belong together.".clone_into(&mut form.message);
    }
    let page = LoginPage { frame: Frame::of(&visitor, "worker"), form };
    page::show_as(failure.status(), &page)
}

/// A worker as the API tells who they are.
#[derive(Deserialize)]
struct Me {
    name: String,
    phone: String,
    email: Option<String>,
    organisation: String,
    team_id: i32,
    must_change_password: bool,
}

#[derive(Template)]
#[template(path = "worker_home.html")]
struct HomePage {
    frame: Frame,
    csrf: String,
    me: Me,
    /// None before a password for one use was changed.
    logins: Vec<Login>,
    /// Of today; none before a password for one use was changed.
    jobs: Vec<jobs::Line>,
    form: Form,
}

impl HomePage {
    async fn of(
        site: &SiteState,
        guest: &Guest,
        visitor: &Visitor,
        form: Form,
    ) -> Result<Self, Failure> {
        let me: Me = guest.me(site).await?;
        let logins =
            if me.must_change_password { Vec::new() } else { guest.logins(site).await?.sessions };
        // Where the organisation has no schedule, there is no day to show.
        let jobs = if me.must_change_password {
            Vec::new()
        } else {
            match jobs::today(site, guest).await {
                Err(failure) if failure.status() == StatusCode::FORBIDDEN => Vec::new(),
                jobs => jobs?,
            }
        };
        let frame = Frame::of(visitor, "worker");
        Ok(Self { frame, csrf: guest.csrf.clone(), me, logins, jobs, form })
    }
}

async fn home(State(site): State<SiteState>, visitor: Visitor, headers: HeaderMap) -> Answer {
    let guest = Guest::of(&site, Door::Worker, visitor.clone(), &headers)?;
    page::show(&HomePage::of(&site, &guest, &visitor, Form::default()).await?)
}

async fn change_password(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    PublicForm(fields): PublicForm,
) -> Answer {
    let guest = Guest::with_form(&site, Door::Worker, visitor.clone(), &headers, &fields)?;
    if fields.raw("new_password") != fields.raw("again") {
        let form = Form::new("password", Fields::new());
        let form = form.with_error("again", "This is not what you typed above");
        let page = HomePage::of(&site, &guest, &visitor, form).await?;
        return page::show_as(StatusCode::UNPROCESSABLE_ENTITY, &page);
    }
    let body = json!({
        "current_password": fields.raw("current_password"), "new_password": fields.raw("new_password"),
    });
    let failure = match guest.act(&site, &["change-password"], body).await {
        Ok(reply) => {
            return Ok(Door::Worker.let_in(&site, &reply.read::<Token>()?.access_token));
        }
        Err(failure) => failure,
    };
    let mut form = Form::new("password", Fields::new()).refused(&failure);
    if failure.status() == StatusCode::UNAUTHORIZED {
        "Your password is another one. Nothing was changed.".clone_into(&mut form.message);
    }
    // Whoever the API does not know any more finds out here.
    let page = HomePage::of(&site, &guest, &visitor, form).await?;
    page::show_as(failure.status(), &page)
}

async fn end_session(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    PublicForm(fields): PublicForm,
) -> Answer {
    let guest = Guest::with_form(&site, Door::Worker, visitor, &headers, &fields)?;
    guest.end(&site, fields.get("session_id")).await?;
    Ok(page::go_to(Door::Worker.home()))
}

async fn sign_out(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    PublicForm(fields): PublicForm,
) -> Answer {
    let guest = Guest::with_form(&site, Door::Worker, visitor, &headers, &fields)?;
    guest.leave(&site).await
}
