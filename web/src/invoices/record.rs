//! One invoice, as staff see it.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::shape::Invoice;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/invoices/{id}", get(show)).route("/invoices/{id}/pdf", get(pdf))
}

#[derive(Template)]
#[template(path = "invoice.html")]
#[expect(clippy::struct_excessive_bools, reason = "each shows a part of the page")]
struct RecordPage {
    frame: Frame,
    invoice: Invoice,
    /// Of the invoice as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    saved: bool,
    may_edit: bool,
    may_send: bool,
    may_record: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/invoices/{}", self.invoice.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }

    /// The form about money that went back, if it was that of this payment.
    fn refund(&self, payment: &str) -> &Form {
        let back = self.form.of("payments");
        if back.is("payment", payment) { back } else { self.form.of("") }
    }
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path(invoice): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let record = find(&site, &staff, id(&invoice)?).await?;
    page::show(&RecordPage { saved: fields.get("saved") == "1", ..record })
}

async fn pdf(State(site): State<SiteState>, staff: Staff, Path(invoice): Path<String>) -> Answer {
    let path = ["v1", "admin", "invoices", id(&invoice)?, "pdf"];
    site.api.file(&staff.visitor, &path).await
}

/// The record again, with a form that was not accepted; a change by somebody else has a page of its own.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    invoice: &str,
    form: Form,
    failure: Failure,
) -> Answer {
    let Some(refusal) = failure.refusal() else { return Err(failure) };
    if refusal.is_conflict() {
        let frame = Frame::staff(staff, "invoices", false);
        return page::conflict(frame, format!("/invoices/{invoice}"), &form.fields, TYPED);
    }
    if matches!(refusal.status, 401 | 403 | 404) {
        return Err(failure);
    }
    let record = find(site, staff, invoice).await?;
    let status = failure.status();
    page::show_as(status, &RecordPage { form: form.refused(&failure), ..record })
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] =
    &[("Amount", "amount_cents"), ("Reference", "reference"), ("Reason", "reason")];

async fn find(site: &Site, staff: &Staff, id: &str) -> Result<RecordPage, Failure> {
    let path = ["v1", "admin", "invoices", id];
    let reply = site.api.query(staff, &path, &[]).await?;
    let frame = Frame::staff(staff, "invoices", reply.stale);
    let version = reply.version.clone().unwrap_or_default();
    Ok(RecordPage {
        frame,
        invoice: reply.read()?,
        version,
        key: token::submission_key(),
        saved: false,
        may_edit: staff.session.may(&["invoices.edit"]),
        may_send: staff.session.may(&["invoices.send"]),
        may_record: staff.session.may(&["payments.record"]),
        form: Form::default(),
    })
}
