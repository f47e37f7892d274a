//! One client: where they live, what is said about them, their visits.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::shape::{Client, Feedback, KINDS, Member, Members, Note, Visit};
use crate::api::Reply;
use crate::failure::{Failure, or_nothing};
use crate::form::{Answer, Fields, Form};
use crate::leads::id;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/clients/{id}", get(show))
}

#[derive(Template)]
#[template(path = "client.html")]
#[expect(clippy::struct_excessive_bools, reason = "each shows a part of the page")]
struct RecordPage {
    frame: Frame,
    client: Client,
    notes: Vec<Note>,
    /// Who may have written them.
    people: Vec<Member>,
    feedback: Vec<Feedback>,
    visits: Vec<Visit>,
    /// Of the client as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    saved: bool,
    may_change: bool,
    may_book: bool,
    may_invoice: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/clients/{}", self.client.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }

    /// Whether anything can be asked of them.
    fn is_open(&self) -> bool {
        self.may_change && self.client.merged_into.is_none() && !self.client.is_erased()
    }
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path(client): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let record = find(&site, &staff, id(&client)?).await?;
    page::show(&RecordPage { saved: fields.get("saved") == "1", ..record })
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] = &[
    ("Name", "name"),
    ("E-mail", "email"),
    ("Phone", "phone"),
    ("Address", "address_text"),
    ("Label", "label"),
    ("Notes", "notes"),
    ("Tags", "tags"),
    ("Note", "text"),
    ("Rating", "rating"),
    ("Comment", "comment"),
    ("Reason", "reason"),
];

/// The record again, with a form that was not accepted; a change by somebody else has a page of its own.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    client: &str,
    form: Form,
    failure: Failure,
) -> Answer {
    let Some(refusal) = failure.refusal() else { return Err(failure) };
    if refusal.status == 412 {
        let frame = Frame::staff(staff, "clients", false);
        return page::conflict(frame, format!("/clients/{client}"), &form.fields, TYPED);
    }
    if matches!(refusal.status, 401 | 403) {
        return Err(failure);
    }
    let record = find(site, staff, client).await?;
    let status = failure.status();
    page::show_as(status, &RecordPage { form: form.refused(&failure), ..record })
}

/// Those who may have written notes. Asking without the right to know would stand in the audit log.
async fn members(site: &Site, staff: &Staff) -> Result<Members, Failure> {
    if !staff.session.may(&["users.manage"]) {
        return Ok(Members::default());
    }
    let all = [("limit", "200")];
    let answer = site.api.query(staff, &["v1", "admin", "iam", "users"], &all).await;
    or_nothing(answer.and_then(Reply::read))
}

async fn find(site: &Site, staff: &Staff, id: &str) -> Result<RecordPage, Failure> {
    let path = ["v1", "admin", "clients", id];
    let notes = [&path[..], &["notes"]].concat();
    let feedback = [&path[..], &["feedback"]].concat();
    let mine = [("client_id", id), ("sort", "-starts_at"), ("limit", "20")];
    let client = site.api.query(staff, &path, &[]);
    let notes = site.api.query(staff, &notes, &[("limit", "20")]);
    let feedback = site.api.query(staff, &feedback, &[("limit", "20")]);
    let (client, notes, feedback) = tokio::try_join!(client, notes, feedback)?;
    // Who may not see visits, or who else works here, sees the client all the same.
    let visits = site.api.query(staff, &["v1", "admin", "bookings"], &mine).await;
    let visits = or_nothing(visits.and_then(Reply::read))?;
    let people = members(site, staff).await?;
    let frame = Frame::staff(staff, "clients", client.stale || notes.stale || feedback.stale);
    Ok(RecordPage {
        frame,
        version: client.version.clone().unwrap_or_default(),
        client: client.read()?,
        notes: notes.read()?,
        people: people.users,
        feedback: feedback.read()?,
        visits,
        key: token::submission_key(),
        saved: false,
        may_change: staff.session.may(&["contacts.edit"]),
        may_book: staff.session.may(&["bookings.edit"]),
        may_invoice: staff.session.may(&["invoices.edit"]),
        form: Form::default(),
    })
}
