//! One worker, with their file.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::leads::id;
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, shown, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/workers/{id}", get(show))
}

#[derive(Deserialize)]
struct Worker {
    #[serde(rename = "worker_id")]
    id: String,
    name: String,
    phone: String,
    email: Option<String>,
    team_id: i32,
    is_active: bool,
}

#[derive(Deserialize)]
struct File {
    role: Option<String>,
    skills: Vec<String>,
    hourly_rate_cents: i64,
    onboarding: BTreeMap<String, bool>,
    certificates: Vec<Certificate>,
    notes: Vec<Note>,
    reviews: Vec<Review>,
    rating_avg: Option<f64>,
}

#[derive(Deserialize)]
struct Certificate {
    cert_id: String,
    name: String,
    status: String,
    expires_at: Option<String>,
    badge: Option<String>,
}

#[derive(Deserialize)]
struct Note {
    kind: String,
    severity: Option<String>,
    text: String,
    created_at: Moment,
}

#[derive(Deserialize)]
struct Review {
    rating: u8,
    comment: Option<String>,
    created_at: Moment,
}

impl File {
    fn rate(&self) -> String {
        shown::amount(self.hourly_rate_cents)
    }
}

impl Certificate {
    /// How close its end is, in words.
    fn said(&self) -> &str {
        match self.badge.as_deref() {
            Some("expired") => "expired",
            Some("7_days") => "ends within a week",
            Some("30_days") => "ends within a month",
            _ => &self.status,
        }
    }
}

#[derive(Template)]
#[template(path = "worker.html")]
struct RecordPage {
    frame: Frame,
    worker: Worker,
    file: File,
    key: String,
    saved: bool,
    form: Form,
}

impl RecordPage {
    fn here(&self) -> String {
        format!("/workers/{}", self.worker.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }

    /// A step of the way in, in words.
    fn step(name: &str) -> &str {
        match name {
            "docs_received" => "Papers are here",
            "background_check" => "Background was checked",
            "training_completed" => "Was trained",
            "first_booking_done" => "Has cleaned once",
            other => other,
        }
    }
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path(worker): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let record = find(&site, &staff, id(&worker)?).await?;
    page::show(&RecordPage { saved: fields.get("saved") == "1", ..record })
}

/// The record again, with a form that was not accepted.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    worker: &str,
    form: Form,
    failure: Failure,
) -> Answer {
    if failure.refusal().is_none_or(|refusal| matches!(refusal.status, 401 | 403 | 404)) {
        return Err(failure);
    }
    let record = find(site, staff, worker).await?;
    page::show_as(failure.status(), &RecordPage { form: form.refused(&failure), ..record })
}

async fn find(site: &Site, staff: &Staff, id: &str) -> Result<RecordPage, Failure> {
    let path = ["v1", "admin", "workers", id];
    let worker = site.api.query(staff, &path, &[]).await?;
    let file = site.api.query(staff, &[&path[..], &["file"]].concat(), &[]).await?;
    let frame = Frame::staff(staff, "workers", worker.stale || file.stale);
    Ok(RecordPage {
        frame,
        worker: worker.read()?,
        file: file.read()?,
        key: token::submission_key(),
        saved: false,
        form: Form::default(),
    })
}
