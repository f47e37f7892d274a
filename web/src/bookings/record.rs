//! One visit: now, or as it was.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::shape::Booking;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, moment, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/bookings/{id}", get(show))
}

#[derive(Template)]
#[template(path = "booking.html")]
#[expect(clippy::struct_excessive_bools, reason = "each shows a part of the page")]
struct RecordPage {
    frame: Frame,
    booking: Booking,
    /// Of the visit as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    as_of: String,
    saved: bool,
    may_change: bool,
    may_invoice: bool,
    may_record: bool,
    may_see_client: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/bookings/{}", self.booking.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }

    /// The form about money that somebody took.
    fn taken(&self) -> &Form {
        self.returned("")
    }

    /// The form about money that was given back, if it was that of this deposit.
    fn returned(&self, deposit: &str) -> &Form {
        let back = self.form.of("deposit");
        if back.is("payment", deposit) { back } else { self.form.of("") }
    }
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path(booking): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let as_of = fields.get("as_of");
    let record = find(&site, &staff, id(&booking)?, as_of).await?;
    let saved = as_of.is_empty() && fields.get("saved") == "1";
    page::show(&RecordPage { saved, ..record })
}

/// The record again, with a form that was not accepted; a change by somebody else has a page of its own.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    booking: &str,
    form: Form,
    failure: Failure,
) -> Answer {
    let Some(refusal) = failure.refusal() else { return Err(failure) };
    if refusal.is_conflict() {
        let frame = Frame::staff(staff, "bookings", false);
        return page::conflict(frame, format!("/bookings/{booking}"), &form.fields, TYPED);
    }
    if matches!(refusal.status, 401 | 403 | 404) {
        return Err(failure);
    }
    let record = find(site, staff, booking, "").await?;
    let status = failure.status();
    page::show_as(status, &RecordPage { form: form.refused(&failure), ..record })
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] = &[
    ("New start", "starts_at"),
    ("Why at that time", "force_reason"),
    ("Reason", "reason"),
    ("Minutes", "minutes"),
    ("Amount", "amount_cents"),
    ("Reference", "reference"),
];

async fn find(site: &Site, staff: &Staff, id: &str, as_of: &str) -> Result<RecordPage, Failure> {
    let asked = moment::as_of(as_of);
    let path = ["v1", "admin", "bookings", id];
    let reply = site.api.query(staff, &path, &[("as_of", &asked)]).await?;
    let frame = Frame::staff(staff, "bookings", reply.stale);
    let version = reply.version.clone().unwrap_or_default();
    let may_change = as_of.is_empty() && staff.session.may(&["bookings.assign"]);
    Ok(RecordPage {
        frame,
        booking: reply.read()?,
        version,
        key: token::submission_key(),
        as_of: as_of.to_owned(),
        saved: false,
        may_change,
        may_see_client: staff.session.may(&["contacts.view"]),
        may_record: as_of.is_empty() && staff.session.may(&["payments.record"]),
        may_invoice: as_of.is_empty() && staff.session.may(&["invoices.edit"]),
        form: Form::default(),
    })
}
