//! One subscription and its days.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;

use super::shape::{Subscription, Visit};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/subscriptions/{id}", get(show))
}

#[derive(Template)]
#[template(path = "subscription.html")]
struct RecordPage {
    frame: Frame,
    it: Subscription,
    visits: Vec<Visit>,
    next_cursor: Option<String>,
    /// Of the subscription as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    saved: bool,
    may_change: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/subscriptions/{}", self.it.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path(subscription): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let record = find(&site, &staff, id(&subscription)?, fields.get("cursor")).await?;
    page::show(&RecordPage { saved: fields.get("saved") == "1", ..record })
}

#[derive(Template)]
#[template(path = "conflict.html")]
struct ConflictPage {
    frame: Frame,
    address: String,
    entered: Vec<(&'static str, String)>,
}

/// The record again, with a form that was not accepted; a change by somebody else has a page of its own.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    subscription: &str,
    form: Form,
    failure: Failure,
) -> Answer {
    let Some(refusal) = failure.refusal() else { return Err(failure) };
    if refusal.status == 412 {
        let frame = Frame::staff(staff, "subscriptions", false);
        let typed = [("Reason", "status_reason"), ("Next visit", "next_run")];
        let filled = |(label, name)| Some((label, form.fields.filled(name)?.to_owned()));
        let entered = typed.into_iter().filter_map(filled).collect();
        let address = format!("/subscriptions/{subscription}");
        return page::show_as(StatusCode::CONFLICT, &ConflictPage { frame, address, entered });
    }
    if matches!(refusal.status, 401 | 403 | 404) {
        return Err(failure);
    }
    let record = find(site, staff, subscription, "").await?;
    let status = failure.status();
    page::show_as(status, &RecordPage { form: form.refused(&failure), ..record })
}

async fn find(site: &Site, staff: &Staff, id: &str, cursor: &str) -> Result<RecordPage, Failure> {
    let path = ["v1", "admin", "subscriptions", id];
    let reply = site.api.query(staff, &path, &[]).await?;
    let days = ["v1", "admin", "subscriptions", id, "visits"];
    let days = site.api.query(staff, &days, &[("cursor", cursor)]).await?;
    let frame = Frame::staff(staff, "subscriptions", reply.stale || days.stale);
    Ok(RecordPage {
        frame,
        version: reply.version.clone().unwrap_or_default(),
        it: reply.read()?,
        next_cursor: days.next_cursor.clone(),
        visits: days.read()?,
        key: token::submission_key(),
        saved: false,
        may_change: staff.session.may(&["bookings.edit"]),
        form: Form::default(),
    })
}
