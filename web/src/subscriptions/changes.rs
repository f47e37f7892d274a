//! Letting a subscription rest, go on, end, or come on another day.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde_json::{Value, json};

use super::record;
use crate::SiteState;
use crate::api::Command;
use crate::form::{Answer, Form, StaffForm};
use crate::leads::id;
use crate::page;

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/subscriptions/{id}/pause", post(pause))
        .route("/subscriptions/{id}/resume", post(resume))
        .route("/subscriptions/{id}/cancel", post(cancel))
        .route("/subscriptions/{id}/move", post(another_day))
}

async fn pause(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let body = with_reason("PAUSED", &form);
    change(&site, &it, "pause", form, body).await
}

async fn resume(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    change(&site, &it, "resume", form, json!({ "status": "ACTIVE" })).await
}

async fn cancel(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let body = with_reason("CANCELED", &form);
    change(&site, &it, "cancel", form, body).await
}

async fn another_day(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = json!({ "next_run": form.fields.get("next_run") });
    change(&site, &it, "move", form, body).await
}

fn with_reason(status: &str, form: &StaffForm) -> Value {
    let mut body = json!({ "status": status });
    if let Some(reason) = form.fields.filled("status_reason") {
        body["status_reason"] = reason.into();
    }
    body
}

/// Sends one change; afterwards the subscription is shown as it has become.
async fn change(
    site: &crate::Site,
    subscription: &str,
    verb: &str,
    form: StaffForm,
    body: Value,
) -> Answer {
    let subscription = id(subscription)?;
    let StaffForm { staff, fields } = form;
    let (key, version) = (fields.get("key"), fields.get("version"));
    let path = ["v1", "admin", "subscriptions", subscription];
    let command = Command { method: Method::PATCH, path: &path, body, key, version };
    match site.api.command(&staff, command).await {
        Ok(_) => Ok(page::go_to(&format!("/subscriptions/{subscription}?saved=1"))),
        Err(failure) => {
            let form = Form::new(verb, fields);
            record::refuse(site, &staff, subscription, form, failure).await
        }
    }
}
