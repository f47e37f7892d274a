//! Writing an invoice: by hand for a client, for a visit, or a draft anew.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{Method, StatusCode};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::draft::{Draft, REASONS, Visit};
use super::lines::{self, Row};
use crate::api::Command;
use crate::clients::choice::Choice;
use crate::failure::{Failure, Refusal};
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/invoices/new", get(show).post(sent))
        .route("/invoices/{id}/edit", get(show_draft).post(rewrite))
}

/// What the invoice is about.
enum About {
    Client(Choice),
    Visit(Box<Visit>),
    Draft(Box<Draft>),
}

#[derive(Template)]
#[template(path = "invoice_write.html")]
struct WritePage {
    frame: Frame,
    form: Form,
    about: About,
    key: String,
}

impl WritePage {
    fn rows(&self) -> Vec<Row> {
        lines::rows(&self.form.fields)
    }

    fn here(&self) -> String {
        match &self.about {
            About::Client(_) | About::Visit(_) => "/invoices/new".to_owned(),
            About::Draft(draft) => format!("/invoices/{}/edit", draft.id),
        }
    }
}

#[derive(Deserialize)]
struct Written {
    invoice_id: String,
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    staff.must(&["invoices.edit"])?;
    let mut form = Form::new("new", fields);
    if let Some(order) = form.fields.filled("order_id") {
        let visit = Visit::find(&site, &staff, id(order)?).await?;
        visit.fill(&mut form.fields);
    }
    again(&site, &staff, form, StatusCode::OK).await
}

/// The form as it was filled in.
async fn again(site: &Site, staff: &Staff, form: Form, status: StatusCode) -> Answer {
    let about = match form.fields.filled("order_id") {
        Some(order) => About::Visit(Box::new(Visit::find(site, staff, id(order)?).await?)),
        None => About::Client(Choice::of(site, staff, &form.fields).await?),
    };
    show_as(staff, (form, about), status)
}

fn show_as(staff: &Staff, (form, about): (Form, About), status: StatusCode) -> Answer {
    let frame = Frame::staff(staff, "invoices", false);
    page::show_as(status, &WritePage { frame, form, about, key: token::submission_key() })
}

async fn sent(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let StaffForm { staff, mut fields } = form;
    match fields.get("step") {
        "write" => {}
        "find" => {
            fields.set("client_id", "");
            return again(&site, &staff, Form::new("new", fields), StatusCode::OK).await;
        }
        "more" => {
            lines::more(&mut fields);
            return again(&site, &staff, Form::new("new", fields), StatusCode::OK).await;
        }
        _ => return again(&site, &staff, Form::new("new", fields), StatusCode::OK).await,
    }
    match write(&site, &staff, &fields).await {
        Ok(written) => Ok(page::go_to(&format!("/invoices/{}?saved=1", written.invoice_id))),
        Err(failure) if failure.is_refused_here() => {
            let form = explained(Form::new("new", fields), &failure);
            again(&site, &staff, form, failure.status()).await
        }
        Err(failure) => Err(failure),
    }
}

async fn write(site: &Site, staff: &Staff, fields: &Fields) -> Result<Written, Failure> {
    let mut body = terms(fields)?;
    let key = fields.get("key");
    let Some(order) = fields.filled("order_id") else {
        body["client_id"] = fields.filled("client_id").ok_or_else(nobody)?.into();
        let command = Command::post(&["v1", "admin", "invoices"], body, key);
        return site.api.command(staff, command).await?.read();
    };
    let order = id(order)?;
    body["allow_additional"] = fields.filled("allow_additional").is_some().into();
    let path = ["v1", "admin", "orders", order, "invoice"];
    let written = site.api.command(staff, Command::post(&path, body.clone(), key)).await;
    let (Err(failure), Some(code)) = (&written, fields.filled("reason_code")) else {
        return written?.read();
    };
    if failure.refusal().is_none_or(|refusal| refusal.code != NEEDS_REASON) {
        return written?.read();
    }
    // Written down only where it is missing: an order keeps every reason it was ever given.
    let why = json!({ "kind": "PRICE_ADJUST", "code": code, "note": fields.filled("reason_note") });
    let (reasons, told) = (["v1", "orders", order, "reasons"], format!("{key}-reason"));
    site.api.command(staff, Command::post(&reasons, why, &told)).await?;
    // What was refused has used up no key; under the same one a form that is sent twice writes one invoice.
    site.api.command(staff, Command::post(&path, body, key)).await?.read()
}

/// What the API answers if the lines come to something else than was promised and nobody has said why.
const NEEDS_REASON: &str = "invoice.price_adjust_reason_required";

fn nobody() -> Failure {
    let mut nobody = crate::failure::FieldError::default();
    "q".clone_into(&mut nobody.field);
    "Look for the client who is to pay".clone_into(&mut nobody.message);
    Failure::unusable(vec![nobody])
}

/// What both ways of writing one have in common; what is left empty is decided by the API.
fn terms(fields: &Fields) -> Result<Value, Failure> {
    let mut body = Map::new();
    body.insert("items".to_owned(), lines::read(fields)?.into());
    for name in ["issue_date", "due_date", "notes", "currency"] {
        if let Some(value) = fields.filled(name) {
            body.insert(name.to_owned(), value.into());
        }
    }
    Ok(body.into())
}

/// What was not accepted, at its row, and in words that say what to do.
fn explained(form: Form, failure: &Failure) -> Form {
    let mut form = lines::in_rows(form.refused(failure));
    let code = failure.refusal().map_or("", |refusal| refusal.code.as_str());
    let said = match code {
        "invoice.already_invoiced" => {
            "There is an invoice for this visit already. Tick “one more invoice” below to write another."
        }
        NEEDS_REASON => {
            "The lines come to something else than was promised for the visit. Choose below why."
        }
        _ => return form,
    };
    said.clone_into(&mut form.message);
    form
}

async fn show_draft(
    State(site): State<SiteState>,
    staff: Staff,
    Path(invoice): Path<String>,
) -> Answer {
    staff.must(&["invoices.edit"])?;
    let draft = Draft::find(&site, &staff, id(&invoice)?).await?;
    let form = Form::new("edit", draft.fields());
    show_as(&staff, (form, About::Draft(Box::new(draft))), StatusCode::OK)
}

async fn rewrite(
    State(site): State<SiteState>,
    Path(invoice): Path<String>,
    form: StaffForm,
) -> Answer {
    let invoice = id(&invoice)?;
    let StaffForm { staff, mut fields } = form;
    if fields.get("step") != "write" {
        if fields.get("step") == "more" {
            lines::more(&mut fields);
        }
        let draft = Draft::find(&site, &staff, invoice).await?;
        let about = About::Draft(Box::new(draft));
        return show_as(&staff, (Form::new("edit", fields), about), StatusCode::OK);
    }
    let (path, key) = (["v1", "admin", "invoices", invoice], fields.get("key"));
    let done = async {
        let mut body = terms(&fields)?;
        // Empty removes them.
        body["notes"] = fields.get("notes").into();
        let version = fields.get("version");
        let command = Command { method: Method::PATCH, path: &path, body, key, version };
        site.api.command(&staff, command).await
    };
    match done.await {
        Ok(_) => Ok(page::go_to(&format!("/invoices/{invoice}?saved=1"))),
        Err(failure) if failure.refusal().is_some_and(Refusal::is_conflict) => {
            let frame = Frame::staff(&staff, "invoices", false);
            page::conflict(frame, format!("/invoices/{invoice}/edit"), &fields, TYPED)
        }
        Err(failure) if failure.is_refused_here() => {
            let form = explained(Form::new("edit", fields), &failure);
            let about = About::Draft(Box::new(Draft::find(&site, &staff, invoice).await?));
            show_as(&staff, (form, about), failure.status())
        }
        Err(failure) => Err(failure),
    }
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] = &[
    ("Issued", "issue_date"),
    ("Due", "due_date"),
    ("Notes", "notes"),
    ("First line", "items.0.description"),
    ("Price of it", "items.0.unit_price_cents"),
];
