//! The visits a worker goes to: which they are, and what is done there.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::door::{Door, Guest};
use super::photos;
use crate::called::CLEANING;
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form, PublicForm};
use crate::leads::id;
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Visitor;
use crate::{Site, SiteState, called};

/// Why it took longer, in the order in which it is offered.
const DELAYS: [(&str, &str); 7] = [
    ("ACCESS_DELAY", "Nobody opened"),
    ("EXTRA_DIRT", "Dirtier than expected"),
    ("CLIENT_REQUEST", "The customer wanted more"),
    ("SUPPLIES_MISSING", "Something was missing"),
    ("ESTIMATE_WRONG", "Planned too short"),
    ("PARKING_DELAY", "No place to park"),
    ("OTHER", "Something else"),
];

/// Why it should cost something else.
const ADJUSTMENTS: [(&str, &str); 6] = [
    ("ADDON_ADDED", "Something was added"),
    ("DAMAGE_RISK", "Something may be damaged"),
    ("DISCOUNT_PROMO", "A discount was promised"),
    ("CLIENT_COMPLAINT", "The customer complained"),
    ("EXTRA_SERVICE", "Something more was done"),
    ("OTHER", "Something else"),
];

pub(super) fn routes() -> Router<SiteState> {
    Router::new()
        .route("/worker/jobs", get(list))
        .route("/worker/jobs/{id}", get(show))
        .route("/worker/jobs/{id}/work/{what}", post(work))
        .route("/worker/jobs/{id}/finish", post(finish))
        .route("/worker/jobs/{id}/addons", post(add))
        .route("/worker/jobs/{id}/items", post(mark))
        .route("/worker/jobs/{id}/checklist", post(complete))
        .merge(photos::routes())
}

/// A line of the list.
#[derive(Deserialize)]
pub(super) struct Line {
    #[serde(rename = "job_id")]
    pub(super) id: String,
    pub(super) status: String,
    pub(super) starts_at: Moment,
    pub(super) duration_minutes: u32,
    pub(super) customer_name: String,
}

/// The visits of today.
pub(super) async fn today(site: &Site, guest: &Guest) -> Result<Vec<Line>, Failure> {
    guest.query(site, &["worker", "jobs"]).await?.read()
}

#[derive(Template)]
#[template(path = "worker_jobs.html")]
struct ListPage {
    frame: Frame,
    csrf: String,
    from: String,
    jobs: Vec<Line>,
    next: Option<String>,
}

async fn list(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(fields): Query<Fields>,
) -> Answer {
    let guest = Guest::of(&site, Door::Worker, visitor.clone(), &headers)?;
    // A day that is none is left to the API to refuse.
    let asked = [("from", fields.get("from")), ("cursor", fields.get("cursor"))];
    let reply = guest.query_with(&site, &["worker", "jobs"], &asked).await?;
    let next = reply.next_cursor.clone();
    let (frame, from) = (Frame::of(&visitor, "worker"), fields.get("from").to_owned());
    page::show(&ListPage { frame, csrf: guest.csrf, from, jobs: reply.read()?, next })
}

/// A visit as whoever goes there needs it.
#[derive(Deserialize)]
struct Job {
    #[serde(rename = "job_id")]
    id: String,
    status: String,
    starts_at: Moment,
    ends_at: Moment,
    planned_minutes: u32,
    service_type: Option<String>,
    address_text: Option<String>,
    customer_name: Option<String>,
    customer_phone: Option<String>,
    consent_photos: bool,
    addons: Vec<Addon>,
    addons_offered: Vec<Offered>,
    time: Time,
    checklist: Option<Checklist>,
    photos: Vec<Photo>,
}

#[derive(Deserialize)]
struct Addon {
    addon_id: String,
    qty: u32,
}

#[derive(Deserialize)]
struct Offered {
    addon_id: String,
    name: String,
    minutes: u32,
}

#[derive(Deserialize)]
struct Time {
    state: String,
    total_seconds: i64,
}

impl Time {
    fn minutes(&self) -> i64 {
        self.total_seconds / 60
    }
}

#[derive(Deserialize)]
struct Checklist {
    name: String,
    status: String,
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    run_item_id: String,
    label: String,
    phase: String,
    required: bool,
    checked: bool,
    note: Option<String>,
}

#[derive(Deserialize)]
struct Photo {
    #[serde(rename = "photo_id")]
    id: String,
    phase: String,
    created_at: Moment,
    needs_retake: bool,
}

impl Job {
    fn service(&self) -> Option<&str> {
        Some(called::of(&CLEANING, self.service_type.as_deref()?))
    }

    fn is(&self, state: &str) -> bool {
        self.time.state == state
    }

    fn may_begin(&self) -> bool {
        self.is("NOT_STARTED") && matches!(self.status.as_str(), "CONFIRMED" | "IN_PROGRESS")
    }

    fn is_open(&self) -> bool {
        !matches!(self.status.as_str(), "DONE" | "CANCELLED")
    }

    /// What an extra is called; one that is not offered any more has kept no name.
    fn name_of<'a>(&'a self, addon: &'a Addon) -> &'a str {
        let known = self.addons_offered.iter().find(|one| one.addon_id == addon.addon_id);
        known.map_or("An extra", |one| &one.name)
    }
}

#[derive(Template)]
#[template(path = "worker_job.html")]
struct JobPage {
    frame: Frame,
    csrf: String,
    job: Job,
    saved: bool,
    form: Form,
}

impl JobPage {
    async fn of(
        site: &Site,
        (guest, visitor): (&Guest, &Visitor),
        job: &str,
        form: Form,
    ) -> Result<Self, Failure> {
        let job: Job = guest.query(site, &["worker", "jobs", job]).await?.read()?;
        let frame = Frame::of(visitor, "worker");
        Ok(Self { frame, csrf: guest.csrf.clone(), job, saved: false, form })
    }

    fn here(&self) -> String {
        format!("/worker/jobs/{}", self.job.id)
    }

    fn form(&self, name: &str) -> &Form {
        self.form.of(name)
    }
}

async fn show(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(job): Path<String>,
    Query(fields): Query<Fields>,
) -> Answer {
    let guest = Guest::of(&site, Door::Worker, visitor.clone(), &headers)?;
    let page = JobPage::of(&site, (&guest, &visitor), id(&job)?, Form::default()).await?;
    page::show(&JobPage { saved: fields.get("saved") == "1", ..page })
}

async fn work(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((job, what)): Path<(String, String)>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let job = id(&job)?;
    if !["start", "pause", "resume"].contains(&what.as_str()) {
        return Err(Failure::NotFound);
    }
    let guest = Guest::with_form(&site, Door::Worker, visitor.clone(), &headers, &fields)?;
    let done = guest.command(&site, &["worker", "jobs", job, &what], json!({})).await;
    told(&site, (&guest, &visitor), job, done, Form::new("work", fields)).await
}

async fn finish(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(job): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let job = id(&job)?;
    let guest = Guest::with_form(&site, Door::Worker, visitor.clone(), &headers, &fields)?;
    let names = ["delay_reason", "delay_note", "price_adjust_reason", "price_adjust_note"];
    let filled = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), Value::from(fields.filled(name)?))));
    let body = Value::Object(filled.collect::<Map<_, _>>());
    let done = guest.command(&site, &["worker", "jobs", job, "finish"], body).await;
    told(&site, (&guest, &visitor), job, done, Form::new("finish", fields)).await
}

async fn add(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(job): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let job = id(&job)?;
    let guest = Guest::with_form(&site, Door::Worker, visitor.clone(), &headers, &fields)?;
    // What is no number is refused by the API, in its own words.
    let qty = fields.get("qty").parse::<u16>().map_or(Value::Null, Value::from);
    let body = json!({ "addon_id": fields.get("addon_id"), "qty": qty });
    let done = guest.command(&site, &["worker", "jobs", job, "addons"], body).await;
    told(&site, (&guest, &visitor), job, done, Form::new("addons", fields)).await
}

async fn mark(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(job): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let job = id(&job)?;
    let guest = Guest::with_form(&site, Door::Worker, visitor.clone(), &headers, &fields)?;
    let mut body = json!({ "checked": fields.get("checked") == "1" });
    if let Some(note) = fields.filled("note") {
        body["note"] = note.into();
    }
    let item = fields.get("run_item_id").to_owned();
    let path = ["worker", "jobs", job, "checklist", "items", id(&item)?];
    let done = guest.change(&site, &path, body).await;
    told(&site, (&guest, &visitor), job, done, Form::new("items", fields)).await
}

async fn complete(
    State(site): State<SiteState>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(job): Path<String>,
    PublicForm(fields): PublicForm,
) -> Answer {
    let job = id(&job)?;
    let guest = Guest::with_form(&site, Door::Worker, visitor.clone(), &headers, &fields)?;
    let path = ["worker", "jobs", job, "checklist", "complete"];
    let done = guest.command(&site, &path, json!({})).await;
    told(&site, (&guest, &visitor), job, done, Form::new("items", fields)).await
}

/// Back to the visit, as it has become, or with the reason why it has not.
pub(super) async fn told<T>(
    site: &Site,
    (guest, visitor): (&Guest, &Visitor),
    job: &str,
    done: Result<T, Failure>,
    form: Form,
) -> Answer {
    let Err(failure) = done else {
        return Ok(page::go_to(&format!("/worker/jobs/{job}?saved=1")));
    };
    let failure = guest.left(failure);
    let is_about_the_visit =
        failure.refusal().is_some_and(|refusal| !matches!(refusal.status, 401 | 404));
    if !is_about_the_visit {
        return Err(failure);
    }
    let page = JobPage::of(site, (guest, visitor), job, form.refused(&failure)).await?;
    page::show_as(failure.status(), &page)
}
