//! What is written into the file of a worker.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::post;
use serde_json::{Map, Value, json};

use super::record::settled;
use crate::api::Command;
use crate::form::{Answer, StaffForm};
use crate::leads::id;
use crate::{Site, SiteState};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/workers/{id}/notes", post(note))
        .route("/workers/{id}/incidents", post(incident))
        .route("/workers/{id}/certificates", post(certificate))
        .route("/workers/{id}/certificates/{cert}/archive", post(archive_certificate))
        .route("/workers/{id}/onboarding", post(onboarding))
        .route("/workers/{id}/archive", post(archive))
        .route("/workers/{id}/unarchive", post(unarchive))
}

/// What was filled in of `names`.
fn filled(form: &StaffForm, names: &[&str]) -> Value {
    let filled = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), Value::from(form.fields.filled(name)?))));
    Value::Object(filled.collect::<Map<_, _>>())
}

async fn note(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = json!({ "text": form.fields.get("text") });
    send(&site, &worker, &["notes"], ("note", form), body).await
}

async fn incident(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = json!({ "text": form.fields.get("text"), "severity": form.fields.get("severity") });
    send(&site, &worker, &["incidents"], ("incident", form), body).await
}

async fn certificate(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let mut body = filled(&form, &["issued_at", "expires_at"]);
    body["name"] = form.fields.get("name").into();
    send(&site, &worker, &["certificates"], ("certificate", form), body).await
}

async fn archive_certificate(
    State(site): State<SiteState>,
    Path((worker, certificate)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let path = ["certificates", id(&certificate)?, "archive"];
    send(&site, &worker, &path, ("certificate", form), json!({})).await
}

async fn onboarding(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = json!({ "step": form.fields.get("step"), "done": form.fields.get("done") == "1" });
    send(&site, &worker, &["onboarding"], ("onboarding", form), body).await
}

async fn archive(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    send(&site, &worker, &["archive"], ("archive", form), json!({})).await
}

async fn unarchive(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    send(&site, &worker, &["unarchive"], ("archive", form), json!({})).await
}

async fn send(
    site: &Site,
    worker: &str,
    what: &[&str],
    (name, form): (&str, StaffForm),
    body: Value,
) -> Answer {
    let worker = id(worker)?;
    let path = [&["v1", "admin", "workers", worker], what].concat();
    let command = Command::post(&path, body, form.fields.get("key"));
    let done = site.api.command(&form.staff, command).await;
    settled(site, worker, (name, form), done).await
}
