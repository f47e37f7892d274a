//! What is done at the desk: somebody is sent, a visit is moved, an alert was seen.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::routing::post;
use serde_json::{Value, json};

use super::board;
use crate::SiteState;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::page;

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/dispatch/visits/{id}/assign", post(assign))
        .route("/dispatch/visits/{id}/move", post(move_visit))
        .route("/dispatch/visits/{id}/status", post(status))
        .route("/dispatch/alerts/ack", post(acknowledge))
}

async fn assign(
    State(site): State<SiteState>,
    Path(visit): Path<String>,
    form: StaffForm,
) -> Answer {
    let worker = form.fields.filled("worker_id").map(str::to_owned);
    change(&site, Some((&visit, "reassign")), form, json!({ "worker_id": worker })).await
}

async fn move_visit(
    State(site): State<SiteState>,
    Path(visit): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = json!({
        "starts_at": form.fields.get("starts_at"),
        "override_conflicts": form.fields.filled("override").is_some(),
    });
    change(&site, Some((&visit, "reschedule")), form, body).await
}

async fn status(
    State(site): State<SiteState>,
    Path(visit): Path<String>,
    form: StaffForm,
) -> Answer {
    let mut body = json!({ "status": form.fields.get("status") });
    if let Some(why) = form.fields.filled("reason") {
        body["reason"] = why.into();
    }
    change(&site, Some((&visit, "status")), form, body).await
}

async fn acknowledge(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let mut body = json!({ "alert_id": form.fields.get("alert_id") });
    if let Some(date) = form.fields.filled("date") {
        body["date"] = date.into();
    }
    change(&site, None, form, body).await
}

/// Sends one change; afterwards the day is shown as it has become, or why it has not.
async fn change(
    site: &crate::Site,
    visit: Option<(&str, &str)>,
    form: StaffForm,
    body: Value,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let path = match visit {
        Some((visit, verb)) => vec!["v1", "admin", "dispatcher", "bookings", id(visit)?, verb],
        None => vec!["v1", "admin", "dispatcher", "alerts", "ack"],
    };
    let (date, zone) = (fields.get("date"), fields.get("zone"));
    let here = board::address(date, zone);
    let command =
        Command { method: Method::POST, path: &path, body, key: fields.get("key"), version: "" };
    match site.api.command(&staff, command).await {
        Ok(_) => Ok(page::go_to(&here)),
        Err(failure) if is_explained(&failure) => {
            let mut day = Fields::new();
            day.set("date", date);
            day.set("zone", zone);
            let refused = Form::new("refused", fields).refused(&failure);
            board::show(site, &staff, day, refused).await
        }
        Err(failure) => Err(failure),
    }
}

/// Whether the day with a word about it says enough.
fn is_explained(failure: &Failure) -> bool {
    failure.is_about_input() || failure.status() == StatusCode::CONFLICT
}
