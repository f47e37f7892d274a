//! Hiring somebody.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use crate::api::Command;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::page::{self, Frame};
use crate::teams::shape::Team;
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
    let mut body = json!({ "name": fields.get("name"), "phone": fields.get("phone") });
    if let Some(email) = fields.filled("email") {
        body["email"] = email.into();
    }
    if let Ok(team) = fields.get("team_id").parse::<i32>() {
        body["team_id"] = team.into();
    }
    let command = Command::post(&["v1", "admin", "workers"], body, fields.get("key"));
    match site.api.command(&staff, command).await {
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
