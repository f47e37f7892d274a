//! The list of teams, and making one.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use super::MANAGE;
use super::shape::Item;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

const PATH: [&str; 3] = ["v1", "admin", "teams"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/teams", get(list).post(create))
}

#[derive(Template)]
#[template(path = "teams.html")]
struct ListPage {
    frame: Frame,
    form: Form,
    teams: Vec<Item>,
    next: Option<String>,
    /// Whether those that take no visits any more are there, too.
    all: bool,
    key: String,
    may_manage: bool,
}

#[derive(Deserialize)]
struct Made {
    team_id: String,
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let all = fields.filled("all").is_some();
    page::show(&teams(&site, &staff, (all, fields.get("cursor"))).await?)
}

async fn teams(
    site: &Site,
    staff: &Staff,
    (all, cursor): (bool, &str),
) -> Result<ListPage, Failure> {
    let archived = if all { "true" } else { "" };
    let asked = [("limit", "200"), ("include_archived", archived), ("cursor", cursor)];
    let reply = site.api.query(staff, &PATH, &asked).await?;
    let shown = [("all", if all { "1" } else { "" })];
    let next = page::more("/teams", &shown, reply.next_cursor.as_deref());
    Ok(ListPage {
        frame: Frame::staff(staff, "teams", reply.stale),
        form: Form::default(),
        teams: reply.read()?,
        next,
        all,
        key: token::submission_key(),
        may_manage: staff.session.may(MANAGE),
    })
}

async fn create(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let StaffForm { staff, fields } = form;
    let body = json!({ "name": fields.get("name") });
    match site.api.command(&staff, Command::post(&PATH, body, fields.get("key"))).await {
        Ok(reply) => {
            let made: Made = reply.read()?;
            Ok(page::go_to(&format!("/teams/{}?saved=1", made.team_id)))
        }
        Err(failure) if failure.is_refused_here() => {
            let form = Form::new("new", fields).refused(&failure);
            let list = teams(&site, &staff, (false, "")).await?;
            page::show_as(failure.status(), &ListPage { form, ..list })
        }
        Err(failure) => Err(failure),
    }
}
