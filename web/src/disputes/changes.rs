//! Opening a dispute, collecting facts, deciding and closing it.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ALL, record};
use crate::SiteState;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Form, StaffForm};
use crate::leads::id;
use crate::page;
use crate::typed::Typed;

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/disputes", post(open))
        .route("/disputes/{id}/facts", post(collect))
        .route("/disputes/{id}/decide", post(decide))
        .route("/disputes/{id}/close", post(close))
}

type At = Path<String>;

#[derive(Deserialize)]
struct Opened {
    dispute_id: String,
}

async fn open(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let StaffForm { staff, fields } = form;
    let mut body = json!({ "reason": fields.get("reason") });
    for name in ["booking_id", "invoice_id"] {
        if let Some(value) = fields.filled(name) {
            body[name] = value.into();
        }
    }
    let command = Command::post(&ALL, body, fields.get("key"));
    let opened: Opened = site.api.command(&staff, command).await?.read()?;
    Ok(page::go_to(&format!("/disputes/{}?saved=1", opened.dispute_id)))
}

async fn collect(State(site): State<SiteState>, Path(dispute): At, form: StaffForm) -> Answer {
    let typed = form.fields.get("photo_refs").split([',', '\n', ' ']).map(str::trim);
    let photos: Vec<&str> = typed.filter(|one| !one.is_empty()).collect();
    let mut body = json!({ "photo_refs": photos });
    for name in ["checklist_snapshot", "time_log"] {
        if let Some(said) = form.fields.filled(name) {
            body[name] = json!({ "said": said });
        }
    }
    change(&site, &dispute, "facts", form, Ok(body)).await
}

async fn decide(State(site): State<SiteState>, Path(dispute): At, form: StaffForm) -> Answer {
    let mut body = json!({ "decision": form.fields.get("decision") });
    let mut typed = Typed::new(&form.fields);
    let amount = typed.maybe_cents("amount_cents");
    if !amount.is_null() {
        body["amount_cents"] = amount;
    }
    if let Some(note) = form.fields.filled("note") {
        body["note"] = note.into();
    }
    let body = typed.read(body);
    change(&site, &dispute, "decide", form, body).await
}

async fn close(State(site): State<SiteState>, Path(dispute): At, form: StaffForm) -> Answer {
    change(&site, &dispute, "close", form, Ok(json!({}))).await
}

/// Sends one change; afterwards the dispute is shown as it has become.
async fn change(
    site: &crate::Site,
    dispute: &str,
    verb: &str,
    form: StaffForm,
    body: Result<Value, Failure>,
) -> Answer {
    let dispute = id(dispute)?;
    let StaffForm { staff, fields } = form;
    let (key, version) = (fields.get("key"), fields.get("version"));
    let path: Vec<&str> = ALL.into_iter().chain([dispute, verb]).collect();
    let method = Method::POST;
    let done = async {
        let command = Command { method, path: &path, body: body?, key, version };
        site.api.command(&staff, command).await
    };
    match done.await {
        Ok(_) => Ok(page::go_to(&format!("/disputes/{dispute}?saved=1"))),
        Err(failure) => {
            let form = Form::new(verb, fields);
            record::refuse(site, &staff, dispute, form, failure).await
        }
    }
}
