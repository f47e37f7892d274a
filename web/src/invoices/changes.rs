//! Sending an invoice, reminding of it, writing down payments, and correcting it.

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
use crate::{page, shown};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/invoices/{id}/send", post(send))
        .route("/invoices/{id}/remind", post(remind))
        .route("/invoices/{id}/payment", post(pay))
        .route("/invoices/{id}/credit", post(credit))
        .route("/invoices/{id}/void", post(void))
        .route("/invoices/{id}/discard", post(discard))
}

type At = Path<String>;

async fn send(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    change(&site, &invoice, (Method::POST, Some("send")), form, json!({})).await
}

async fn remind(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    change(&site, &invoice, (Method::POST, Some("remind")), form, json!({})).await
}

async fn pay(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    let mut body = json!({
        "amount_cents": cents(form.fields.get("amount_cents")), "method": form.fields.get("method"),
    });
    if let Some(reference) = form.fields.filled("reference") {
        body["reference"] = reference.into();
    }
    change(&site, &invoice, (Method::POST, Some("record-payment")), form, body).await
}

async fn credit(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    let (amount, reason) = (cents(form.fields.get("amount_cents")), form.fields.get("reason"));
    let body = json!({ "amount_cents": amount, "reason": reason });
    change(&site, &invoice, (Method::POST, Some("credit-notes")), form, body).await
}

async fn void(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    let body = json!({ "reason": form.fields.get("reason") });
    change(&site, &invoice, (Method::POST, Some("void")), form, body).await
}

async fn discard(State(site): State<SiteState>, Path(invoice): At, form: StaffForm) -> Answer {
    change(&site, &invoice, (Method::DELETE, None), form, json!({})).await
}

/// Dollars as people type them; what is no amount is refused by the API, in its own words.
fn cents(typed: &str) -> Value {
    shown::cents(typed).unwrap_or(0).into()
}

/// Sends one change; afterwards the invoice is shown as it has become.
async fn change(
    site: &crate::Site,
    invoice: &str,
    (method, verb): (Method, Option<&str>),
    form: StaffForm,
    body: Value,
) -> Answer {
    let invoice = id(invoice)?;
    let StaffForm { staff, fields } = form;
    let (key, version) = (fields.get("key"), fields.get("version"));
    let path: Vec<&str> = ["v1", "admin", "invoices", invoice].into_iter().chain(verb).collect();
    let command = Command { method, path: &path, body, key, version };
    match site.api.command(&staff, command).await {
        Ok(_) => Ok(page::go_to(&format!("/invoices/{invoice}?saved=1"))),
        Err(failure) => {
            let form = Form::new(verb.unwrap_or("discard"), fields);
            record::refuse(site, &staff, invoice, form, failure).await
        }
    }
}
