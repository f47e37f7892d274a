//! Everything that staff change about a client, each in a form of its own.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{list, record};
use crate::api::Command;
use crate::form::{Answer, Form, StaffForm};
use crate::leads::id;
use crate::{Site, SiteState, page};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/clients/new", post(register))
        .route("/clients/{id}/contact", post(contact))
        .route("/clients/{id}/addresses", post(add_address))
        .route("/clients/{id}/addresses/{address}", post(change_address))
        .route("/clients/{id}/addresses/{address}/archive", post(archive_address))
        .route("/clients/{id}/addresses/{address}/unarchive", post(unarchive_address))
        .route("/clients/{id}/tags", post(tags))
        .route("/clients/{id}/notes", post(note))
        .route("/clients/{id}/feedback", post(feedback))
        .route("/clients/{id}/block", post(block))
        .route("/clients/{id}/unblock", post(unblock))
        .route("/clients/{id}/archive", post(archive))
        .route("/clients/{id}/unarchive", post(unarchive))
        .route("/clients/{id}/merge", post(merge))
}

#[derive(Deserialize)]
struct Made {
    client_id: String,
}

async fn register(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let StaffForm { staff, fields } = form;
    let body = json!({
        "name": fields.get("name"), "email": fields.get("email"), "phone": fields.filled("phone"),
    });
    let command = Command::post(&["v1", "admin", "clients"], body, fields.get("key"));
    match site.api.command(&staff, command).await {
        Ok(reply) => {
            let made: Made = reply.read()?;
            Ok(page::go_to(&format!("/clients/{}?saved=1", made.client_id)))
        }
        Err(failure) if failure.is_refused_here() => {
            list::refuse(&site, &staff, fields, &failure).await
        }
        Err(failure) => Err(failure),
    }
}

/// Those of `names` that were sent, empty ones too.
fn sent(form: &StaffForm, names: &[&str]) -> Value {
    let value = |name: &&str| ((*name).to_owned(), Value::from(form.fields.get(name)));
    Value::Object(names.iter().map(value).collect::<Map<_, _>>())
}

async fn contact(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let body = sent(&form, &["name", "email", "phone"]);
    change(&site, (&it, "contact"), (Method::PATCH, &[]), form, body).await
}

async fn add_address(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = sent(&form, &["label", "address_text", "notes"]);
    change(&site, (&it, "address"), (Method::POST, &["addresses"]), form, body).await
}

async fn change_address(
    State(site): State<SiteState>,
    Path((it, address)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let body = sent(&form, &["label", "address_text", "notes"]);
    let path = ["addresses", id(&address)?];
    change(&site, (&it, "address"), (Method::PATCH, &path), form, body).await
}

async fn archive_address(
    State(site): State<SiteState>,
    Path((it, address)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let path = ["addresses", id(&address)?, "archive"];
    change(&site, (&it, "address"), (Method::POST, &path), form, json!({})).await
}

async fn unarchive_address(
    State(site): State<SiteState>,
    Path((it, address)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let path = ["addresses", id(&address)?, "unarchive"];
    change(&site, (&it, "address"), (Method::POST, &path), form, json!({})).await
}

async fn tags(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let tags: Vec<&str> = form.fields.get("tags").split(',').collect();
    let body = json!({ "tags": tags });
    change(&site, (&it, "tags"), (Method::PUT, &["tags"]), form, body).await
}

async fn note(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let body = sent(&form, &["kind", "text"]);
    change(&site, (&it, "note"), (Method::POST, &["notes"]), form, body).await
}

async fn feedback(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    let rating: i64 = form.fields.get("rating").parse().unwrap_or_default();
    let mut body = json!({ "rating": rating, "comment": form.fields.filled("comment") });
    if let Some(booking) = form.fields.filled("booking_id") {
        body["booking_id"] = booking.into();
    }
    change(&site, (&it, "feedback"), (Method::POST, &["feedback"]), form, body).await
}

async fn block(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let body = sent(&form, &["reason"]);
    change(&site, (&it, "block"), (Method::POST, &["block"]), form, body).await
}

async fn unblock(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    change(&site, (&it, "block"), (Method::POST, &["unblock"]), form, json!({})).await
}

async fn archive(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    change(&site, (&it, "archive"), (Method::POST, &["archive"]), form, json!({})).await
}

async fn unarchive(
    State(site): State<SiteState>,
    Path(it): Path<String>,
    form: StaffForm,
) -> Answer {
    change(&site, (&it, "archive"), (Method::POST, &["unarchive"]), form, json!({})).await
}

/// The id, or the whole address of the page of whoever stays.
async fn merge(State(site): State<SiteState>, Path(it): Path<String>, form: StaffForm) -> Answer {
    let into = form.fields.get("into").trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let body = json!({ "into_client_id": into });
    change(&site, (&it, "merge"), (Method::POST, &["merge"]), form, body).await
}

/// Sends one change; afterwards the client is shown as they have become.
async fn change(
    site: &Site,
    (client, name): (&str, &str),
    (method, below): (Method, &[&str]),
    form: StaffForm,
    body: Value,
) -> Answer {
    let client = id(client)?;
    let StaffForm { staff, fields } = form;
    let path = [&["v1", "admin", "clients", client], below].concat();
    let (key, version) = (fields.get("key"), fields.get("version"));
    let command = Command { method, path: &path, body, key, version };
    match site.api.command(&staff, command).await {
        Ok(_) => Ok(page::go_to(&format!("/clients/{client}?saved=1"))),
        Err(failure) => {
            let form = Form::new(name, fields);
            record::refuse(site, &staff, client, form, failure).await
        }
    }
}
