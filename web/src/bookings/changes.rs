//! Moving a visit on: confirmed, begun, done, moved, cancelled.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::Method;
use axum::routing::post;
use serde_json::{Value, json};

use super::record;
use crate::SiteState;
use crate::api::Command;
use crate::failure::Failure;
use crate::form::{Answer, Form, StaffForm};
use crate::leads::id;
use crate::page;
use crate::typed::Typed;

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/bookings/{id}/confirm", post(confirm))
        .route("/bookings/{id}/start", post(start))
        .route("/bookings/{id}/complete", post(complete))
        .route("/bookings/{id}/reschedule", post(reschedule))
        .route("/bookings/{id}/cancel", post(cancel))
        .route("/bookings/{id}/deposit", post(take))
        .route("/bookings/{id}/deposit/return", post(give_back))
}

async fn confirm(
    State(site): State<SiteState>,
    Path(booking): Path<String>,
    form: StaffForm,
) -> Answer {
    change(&site, &booking, &["confirm"], form, Ok(json!({}))).await
}

async fn start(
    State(site): State<SiteState>,
    Path(booking): Path<String>,
    form: StaffForm,
) -> Answer {
    change(&site, &booking, &["start"], form, Ok(json!({}))).await
}

async fn complete(
    State(site): State<SiteState>,
    Path(booking): Path<String>,
    form: StaffForm,
) -> Answer {
    // What is no number is refused by the API, in its own words.
    let minutes = form.fields.get("minutes").parse::<u32>().map_or(Value::Null, Value::from);
    let body = Ok(json!({ "actual_duration_minutes": minutes }));
    change(&site, &booking, &["complete"], form, body).await
}

async fn reschedule(
    State(site): State<SiteState>,
    Path(booking): Path<String>,
    form: StaffForm,
) -> Answer {
    let mut body = json!({ "starts_at": form.fields.get("starts_at") });
    if let Some(why) = form.fields.filled("force_reason") {
        body["force_reason"] = why.into();
    }
    change(&site, &booking, &["reschedule"], form, Ok(body)).await
}

async fn cancel(
    State(site): State<SiteState>,
    Path(booking): Path<String>,
    form: StaffForm,
) -> Answer {
    let body = json!({ "reason": form.fields.get("reason") });
    change(&site, &booking, &["cancel"], form, Ok(body)).await
}

async fn take(
    State(site): State<SiteState>,
    Path(booking): Path<String>,
    form: StaffForm,
) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let amount = typed.cents("amount_cents");
    let reference = form.fields.get("reference");
    let body = typed.read(json!({ "amount_cents": amount, "reference": reference }));
    change(&site, &booking, &["deposit"], form, body).await
}

async fn give_back(
    State(site): State<SiteState>,
    Path(booking): Path<String>,
    form: StaffForm,
) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let amount = typed.maybe_cents("amount_cents");
    let payment = form.fields.get("payment");
    let body = typed.read(json!({ "payment_id": payment, "amount_cents": amount }));
    change(&site, &booking, &["deposit", "return"], form, body).await
}

/// Sends one change; afterwards the visit is shown as it has become.
async fn change(
    site: &crate::Site,
    booking: &str,
    below: &[&str],
    form: StaffForm,
    body: Result<Value, Failure>,
) -> Answer {
    let booking = id(booking)?;
    let StaffForm { staff, fields } = form;
    let (key, version) = (fields.get("key"), fields.get("version"));
    let path = [&["v1", "admin", "bookings", booking], below].concat();
    let done = async {
        let command = Command { method: Method::POST, path: &path, body: body?, key, version };
        site.api.command(&staff, command).await
    };
    match done.await {
        Ok(_) => Ok(page::go_to(&format!("/bookings/{booking}?saved=1"))),
        Err(failure) => {
            let form = Form::new(below.first().unwrap_or(&""), fields);
            record::refuse(site, &staff, booking, form, failure).await
        }
    }
}
