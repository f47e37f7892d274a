//! Hiring somebody.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::page::{self, Frame};
use crate::teams::shape::Team;
use crate::typed::Typed;
use crate::visitor::Staff;
use crate::{Site, SiteState, teams, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/workers/new", get(show).post(hire))
}

#[derive(Template)]
#[template(path = "worker_new.html")]
struct NewPage {
    frame: Frame,
    form: Form,
    teams: Vec<Team>,
    key: String,
}

#[derive(Deserialize)]
struct Hired {
    worker_id: String,
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    staff.must(&["bookings.assign"])?;
    blank(&site, &staff, Form::new("new", fields), StatusCode::OK).await
}

async fn blank(site: &Site, staff: &Staff, form: Form, status: StatusCode) -> Answer {
    let teams = teams::all(site, staff).await?;
    let frame = Frame::staff(staff, "workers", false);
    page::show_as(status, &NewPage { frame, form, teams, key: token::submission_key() })
}

async fn hire(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let StaffForm { staff, fields } = form;
    let done = async {
        let command = Command::post(&["v1", "admin", "workers"], read(&fields)?, fields.get("key"));
        site.api.command(&staff, command).await
    };
    match done.await {
        Ok(reply) => {
            let hired: Hired = reply.read()?;
            Ok(page::go_to(&format!("/workers/{}?saved=1", hired.worker_id)))
        }
        Err(failure) if failure.is_refused_here() => {
            let form = Form::new("new", fields).refused(&failure);
            blank(&site, &staff, form, failure.status()).await
        }
        Err(failure) => Err(failure),
    }
}

/// What was filled in.
fn read(fields: &Fields) -> Result<Value, Failure> {
    let mut typed = Typed::new(fields);
    let mut body = json!({ "name": fields.get("name"), "phone": fields.get("phone") });
    for name in ["email", "role"] {
        if let Some(text) = fields.filled(name) {
            body[name] = text.into();
        }
    }
    if let Ok(team) = fields.get("team_id").parse::<i32>() {
        body["team_id"] = team.into();
    }
    if let Some(skills) = fields.filled("skills") {
        let words = skills.split(',').map(str::trim).filter(|word| !word.is_empty());
        body["skills"] = words.collect();
    }
    let rate = typed.maybe_cents("hourly_rate_cents");
    if !rate.is_null() {
        body["hourly_rate_cents"] = rate;
    }
    typed.read(body)
}
