//! One lead: now, or as it was.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;

use super::id;
use super::shape::{Lead, Quote};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, moment, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/leads/{id}", get(show))
}

#[derive(Deserialize)]
struct Quotes {
    items: Vec<Quote>,
}

#[derive(Template)]
#[template(path = "lead.html")]
struct RecordPage {
    frame: Frame,
    lead: Lead,
    quotes: Vec<Quote>,
    /// Of the lead as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    as_of: String,
    saved: bool,
    may_change: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/leads/{}", self.lead.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }

    fn revision(&self, quote: &Quote) -> &Form {
        self.form.of(&format!("revise-{}", quote.id))
    }

    fn quotes_unknown(&self) -> bool {
        !self.as_of.is_empty() && self.lead.quotes.is_none()
    }

    fn shown_quotes(&self) -> &[Quote] {
        self.lead.quotes.as_deref().unwrap_or(&self.quotes)
    }
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path(lead): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let lead = id(&lead)?;
    if fields.get("as_of").is_empty() {
        let saved = fields.get("saved") == "1";
        let record = now(&site, &staff, lead).await?;
        return page::show(&RecordPage { saved, ..record });
    }
    let as_of = moment::as_of(fields.get("as_of"));
    let record = then(&site, &staff, lead, &as_of).await?;
    page::show(&RecordPage { as_of: fields.get("as_of").to_owned(), ..record })
}

/// The record again, with a form that was not accepted; a change by somebody else has a page of its own.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    lead: &str,
    form: Form,
    failure: Failure,
) -> Answer {
    let Some(refusal) = failure.refusal() else { return Err(failure) };
    if refusal.is_conflict() {
        let frame = Frame::staff(staff, "leads", false);
        return page::conflict(frame, format!("/leads/{lead}"), &form.fields, TYPED);
    }
    if matches!(refusal.status, 401 | 403 | 404) {
        return Err(failure);
    }
    reject(site, staff, lead, form.refused(&failure), failure.status()).await
}

/// The record again, with what is wrong with a form.
pub(super) async fn reject(
    site: &Site,
    staff: &Staff,
    lead: &str,
    form: Form,
    status: StatusCode,
) -> Answer {
    let record = now(site, staff, lead).await?;
    page::show_as(status, &RecordPage { form, ..record })
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] = &[
    ("Status", "status"),
    ("Reason", "loss_reason"),
    ("Notes", "notes"),
    ("What happened", "action"),
    ("Note", "note"),
    ("Amount", "amount"),
    ("Service", "service_type"),
    ("Valid until", "until"),
];

async fn now(site: &Site, staff: &Staff, lead: &str) -> Result<RecordPage, Failure> {
    let path = ["v1", "admin", "leads", lead, "quotes"];
    let record = site.api.query(staff, &path[..4], &[]);
    let quotes = site.api.query(staff, &path, &[]);
    let (record, quotes) = tokio::try_join!(record, quotes)?;
    let frame = Frame::staff(staff, "leads", record.stale || quotes.stale);
    let quotes: Quotes = quotes.read()?;
    let version = record.version.clone().unwrap_or_default();
    let lead: Lead = record.read()?;
    let may_change = !lead.is_erased() && staff.session.may(&["contacts.edit", "leads.manage"]);
    let key = token::submission_key();
    let (as_of, form) = (String::new(), Form::default());
    let quotes = quotes.items;
    Ok(RecordPage { frame, lead, quotes, version, key, as_of, saved: false, may_change, form })
}

async fn then(site: &Site, staff: &Staff, lead: &str, as_of: &str) -> Result<RecordPage, Failure> {
    let path = ["v1", "admin", "leads", lead];
    let record = site.api.query(staff, &path, &[("as_of", as_of)]).await?;
    Ok(RecordPage {
        frame: Frame::staff(staff, "leads", false),
        lead: record.read()?,
        quotes: Vec::new(),
        version: String::new(),
        key: String::new(),
        as_of: as_of.to_owned(),
        saved: false,
        may_change: false,
        form: Form::default(),
    })
}
