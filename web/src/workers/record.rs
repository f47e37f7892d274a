//! One worker, with their file.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::shape::{File, Worker};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, StaffForm};
use crate::leads::id;
use crate::page::{self, Frame, Record};
use crate::teams::shape::Team;
use crate::time_off::{Part, Whose};
use crate::visitor::Staff;
use crate::{Site, SiteState, own, teams, token};

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/workers/{id}", get(show))
}

#[derive(Template)]
#[template(path = "worker.html")]
pub(super) struct RecordPage {
    frame: Frame,
    worker: Worker,
    file: File,
    teams: Vec<Team>,
    off: Part,
    /// Of the worker as shown: a form that was filled in beside an older one is refused.
    version: String,
    key: String,
    saved: bool,
    /// Made a moment ago, shown this once.
    pub(super) password: Option<String>,
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
    let record = find(&site, &staff, id(&worker)?, Form::default()).await?;
    page::show(&RecordPage { saved: fields.get("saved") == "1", ..record })
}

/// What may have been typed, and what the page calls it.
const TYPED: &[(&str, &str)] = &[("Name", "name"), ("Phone", "phone"), ("E-mail", "email")];

/// The worker as they have become, or why they have not.
pub(super) async fn settled<T>(
    site: &Site,
    worker: &str,
    (name, form): (&str, StaffForm),
    done: Result<T, Failure>,
) -> Answer {
    let StaffForm { staff, fields } = form;
    let address = format!("/workers/{worker}");
    let record = Record { staff: &staff, section: "workers", address, typed: TYPED };
    let again = |form| find(site, &staff, worker, form);
    record.settled(done, Form::new(name, fields), again).await
}

pub(super) async fn find(
    site: &Site,
    staff: &Staff,
    id: &str,
    form: Form,
) -> Result<RecordPage, Failure> {
    let own = own::of(site, staff).await?;
    let path = ["v1", "admin", "workers", id];
    let worker = site.api.query(staff, &path, &[]).await?;
    let file = site.api.query(staff, &[&path[..], &["file"]].concat(), &[]).await?;
    let teams = teams::all(site, staff).await?;
    let (key, here) = (token::submission_key(), format!("/workers/{id}/time-off"));
    let off = Part::of(site, (staff, &own), (Whose::Worker(id), here), (&key, &form)).await?;
    let frame = Frame::staff(staff, "workers", worker.stale || file.stale);
    let version = worker.version.clone().unwrap_or_default();
    let (worker, file) = (worker.read()?, file.read()?);
    let (saved, password) = (false, None);
    Ok(RecordPage { frame, worker, file, teams, off, version, key, saved, password, form })
}
