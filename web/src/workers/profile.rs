//! Who a worker is and what they can do, what an hour of theirs costs, with whom they go out, when they have time off.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde::Deserialize;
use serde_json::{Value, json};

use super::record::{self, settled};
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Form, StaffForm};
use crate::leads::id;
use crate::time_off::{self, Whose};
use crate::typed::Typed;
use crate::{Site, SiteState, page};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/workers/{id}/profile", post(change_profile))
        .route("/workers/{id}/file", post(qualify))
        .route("/workers/{id}/rate", post(set_rate))
        .route("/workers/{id}/transfer", post(transfer))
        .route("/workers/{id}/password", post(reset_password))
        .route("/workers/{id}/time-off", post(declare_time_off))
        .route("/workers/{id}/time-off/{block}/cancel", post(cancel_time_off))
}

async fn change_profile(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let said = |name: &str| form.fields.get(name).to_owned();
    let body = json!({ "name": said("name"), "phone": said("phone"), "email": said("email") });
    change(&site, &worker, ("profile", form), (Method::PATCH, &[]), Ok(body)).await
}

async fn qualify(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let skills = form.fields.get("skills").split(',').map(str::trim);
    let skills: Vec<&str> = skills.filter(|skill| !skill.is_empty()).collect();
    let body = json!({ "role": form.fields.get("role"), "skills": skills });
    change(&site, &worker, ("file", form), (Method::PATCH, &["file"]), Ok(body)).await
}

async fn set_rate(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let mut body = json!({ "hourly_rate_cents": typed.cents("hourly_rate_cents") });
    if let Some(day) = form.fields.filled("effective") {
        body["effective"] = day.into();
    }
    let body = typed.read(body);
    change(&site, &worker, ("rate", form), (Method::POST, &["rates"]), body).await
}

async fn transfer(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let mut body = json!({ "team_id": typed.number::<i32>("team_id") });
    if let Some(day) = form.fields.filled("effective") {
        body["effective"] = day.into();
    }
    let body = typed.read(body);
    change(&site, &worker, ("transfer", form), (Method::POST, &["transfer"]), body).await
}

#[derive(Deserialize)]
struct Issued {
    temp_password: Option<String>,
}

/// The password stands on this very page and nowhere else: whoever reloads it is told of none.
async fn reset_password(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let worker = id(&worker)?;
    let path = ["v1", "admin", "workers", worker, "reset-password"];
    let command = Command::post(&path, json!({}), form.fields.get("key"));
    match site.api.command(&form.staff, command).await {
        Ok(reply) => {
            let issued: Issued = reply.read()?;
            let mut record = record::find(&site, &form.staff, worker, Form::default()).await?;
            record.password = issued.temp_password;
            page::show(&record)
        }
        Err(failure) => settled(&site, worker, ("password", form), Err::<(), _>(failure)).await,
    }
}

async fn declare_time_off(
    State(site): State<SiteState>,
    Path(worker): Path<String>,
    form: StaffForm,
) -> Answer {
    let worker = id(&worker)?;
    let done = time_off::declare(&site, &form.staff, Whose::Worker(worker), &form.fields).await;
    settled(&site, worker, ("time-off", form), done).await
}

async fn cancel_time_off(
    State(site): State<SiteState>,
    Path((worker, block)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let worker = id(&worker)?;
    let done = time_off::cancel(&site, &form.staff, id(&block)?, &form.fields).await;
    settled(&site, worker, ("time-off", form), done).await
}

async fn change(
    site: &Site,
    worker: &str,
    (name, form): (&str, StaffForm),
    (method, below): (Method, &[&str]),
    body: Result<Value, Failure>,
) -> Answer {
    let worker = id(worker)?;
    let path = [&["v1", "admin", "workers", worker], below].concat();
    let (key, version) = (form.fields.get("key"), form.fields.get("version"));
    let done = async {
        let command = Command { method, path: &path, body: body?, key, version };
        site.api.command(&form.staff, command).await
    };
    let done = done.await;
    settled(site, worker, (name, form), done).await
}
