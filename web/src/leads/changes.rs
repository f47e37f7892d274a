//! Moving a lead on: status, notes, entries in its timeline.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde_json::{Value, json};

use super::{id, record};
use crate::SiteState;
use crate::api::Command;
use crate::form::{Answer, Form, StaffForm};
use crate::page;

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/leads/{id}/status", post(status))
        .route("/leads/{id}/notes", post(notes))
        .route("/leads/{id}/timeline", post(timeline))
}

async fn status(
    State(site): State<SiteState>,
    Path(lead): Path<String>,
    form: StaffForm,
) -> Answer {
    let fields = &form.fields;
    let mut body = json!({ "status": fields.get("status") });
    if let Some(reason) = fields.filled("loss_reason") {
        body["loss_reason"] = reason.into();
    }
    let path = ["v1", "admin", "leads", id(&lead)?, "status"];
    change(&site, &lead, "status", form, Method::POST, &path, body).await
}

async fn notes(State(site): State<SiteState>, Path(lead): Path<String>, form: StaffForm) -> Answer {
    let body = json!({ "notes": form.fields.get("notes") });
    let path = ["v1", "admin", "leads", id(&lead)?];
    change(&site, &lead, "notes", form, Method::PATCH, &path, body).await
}

async fn timeline(
    State(site): State<SiteState>,
    Path(lead): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = json!({ "action": form.fields.get("action"), "note": form.fields.filled("note") });
    let path = ["v1", "admin", "leads", id(&lead)?, "timeline"];
    change(&site, &lead, "timeline", form, Method::POST, &path, body).await
}

/// Sends one change; afterwards the record is shown as it has become.
pub(super) async fn change(
    site: &crate::Site,
    lead: &str,
    name: &str,
    form: StaffForm,
    method: Method,
    path: &[&str],
    body: Value,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let (key, version) = (fields.get("key"), fields.get("version"));
    let command = Command { method, path, body, key, version };
    match site.api.command(&staff, command).await {
        Ok(_) => Ok(page::go_to(&format!("/leads/{lead}?saved=1"))),
        Err(failure) => {
            let form = Form::new(name, fields);
            record::refuse(site, &staff, lead, form, failure).await
        }
    }
}
