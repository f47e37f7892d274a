//! One dispute, as staff see it.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::ALL;
use super::shape::{Dispute, RULINGS};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/disputes/{id}", get(show))
}

#[derive(Template)]
#[template(path = "dispute.html")]
struct RecordPage {
    frame: Frame,
    dispute: Dispute,
    /// Of the dispute as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    saved: bool,
    may_edit: bool,
    may_decide: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/disputes/{}", self.dispute.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path(dispute): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let record = find(&site, &staff, id(&dispute)?).await?;
    page::show(&RecordPage { saved: fields.get("saved") == "1", ..record })
}

/// The record again, with a form that was not accepted; a change by somebody else has a page of its own.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    dispute: &str,
    form: Form,
    failure: Failure,
) -> Answer {
    let Some(refusal) = failure.refusal() else { return Err(failure) };
    if refusal.is_conflict() {
        let frame = Frame::staff(staff, "disputes", false);
        return page::conflict(frame, format!("/disputes/{dispute}"), &form.fields, TYPED);
    }
    if matches!(refusal.status, 401 | 403 | 404) {
        return Err(failure);
    }
    let record = find(site, staff, dispute).await?;
    let status = failure.status();
    page::show_as(status, &RecordPage { form: form.refused(&failure), ..record })
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] =
    &[("Photos", "photo_refs"), ("Amount", "amount_cents"), ("Note", "note")];

async fn find(site: &Site, staff: &Staff, id: &str) -> Result<RecordPage, Failure> {
    let [version, admin, disputes] = ALL;
    let reply = site.api.query(staff, &[version, admin, disputes, id], &[]).await?;
    let frame = Frame::staff(staff, "disputes", reply.stale);
    let version = reply.version.clone().unwrap_or_default();
    Ok(RecordPage {
        frame,
        dispute: reply.read()?,
        version,
        key: token::submission_key(),
        saved: false,
        may_edit: staff.session.may(&["invoices.edit"]),
        may_decide: staff.session.may(&["finance.manage"]),
        form: Form::default(),
    })
}
