//! Sending an invoice, reminding of it, writing down payments, and correcting it.

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
use crate::leads::{id, payment_id};
use crate::page;
use crate::typed::Typed;

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/invoices/{id}/send", post(send))
        .route("/invoices/{id}/remind", post(remind))
        .route("/invoices/{id}/payment", post(pay))
        .route("/invoices/{id}/payments/{payment}/refund", post(refund))
        .route("/invoices/{id}/credit", post(credit))
        .route("/invoices/{id}/void", post(void))
        .route("/invoices/{id}/discard", post(discard))
}

type At = Path<String>;

async fn send(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    change(&site, &invoice, (Method::POST, &["send"]), form, Ok(json!({}))).await
}

async fn remind(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    change(&site, &invoice, (Method::POST, &["remind"]), form, Ok(json!({}))).await
}

async fn pay(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let amount = typed.cents("amount_cents");
    let mut body = json!({ "amount_cents": amount, "method": form.fields.get("method") });
    if let Some(reference) = form.fields.filled("reference") {
        body["reference"] = reference.into();
    }
    let body = typed.read(body);
    change(&site, &invoice, (Method::POST, &["record-payment"]), form, body).await
}

async fn credit(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let (amount, reason) = (typed.cents("amount_cents"), form.fields.get("reason"));
    let body = typed.read(json!({ "amount_cents": amount, "reason": reason }));
    change(&site, &invoice, (Method::POST, &["credit-notes"]), form, body).await
}

/// Money that went back by hand; all that is left of a payment if nothing else is said.
async fn refund(
    State(site): State<SiteState>,
    Path((invoice, payment)): Path<(String, String)>,
    form: StaffForm,
) -> Answer {
    let mut typed = Typed::new(&form.fields);
    let amount = typed.maybe_cents("amount_cents");
    let body = typed.read(json!({ "amount_cents": amount }));
    let below = ["payments", payment_id(&payment)?, "refund"];
    change(&site, &invoice, (Method::POST, &below), form, body).await
}

async fn void(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    let body = Ok(json!({ "reason": form.fields.get("reason") }));
    change(&site, &invoice, (Method::POST, &["void"]), form, body).await
}

async fn discard(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    change(&site, &invoice, (Method::DELETE, &[]), form, Ok(json!({}))).await
}

/// Sends one change; afterwards the invoice is shown as it has become.
async fn change(
    site: &crate::Site,
    invoice: &str,
    (method, below): (Method, &[&str]),
    form: StaffForm,
    body: Result<Value, Failure>,
) -> Answer {
    let invoice = id(invoice)?;
    let StaffForm { staff, fields } = form;
    let (key, version) = (fields.get("key"), fields.get("version"));
    let path = [&["v1", "admin", "invoices", invoice], below].concat();
    let done = async {
        let command = Command { method, path: &path, body: body?, key, version };
        site.api.command(&staff, command).await
    };
    match done.await {
        Ok(_) => Ok(page::go_to(&format!("/invoices/{invoice}?saved=1"))),
        Err(failure) => {
            let form = Form::new(below.first().unwrap_or(&"discard"), fields);
            record::refuse(site, &staff, invoice, form, failure).await
        }
    }
}
