//! The log of the organisation in order, and the signed heads of its chain.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::Command;
use crate::form::{Answer, Fields, StaffForm};
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{SiteState, token};

/// Events a page.
const PAGE: i64 = 50;

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/events", get(events)).route("/checkpoints", get(checkpoints).post(sign))
}

#[derive(Deserialize)]
struct Events {
    items: Vec<Event>,
    next_after: Option<i64>,
    head: i64,
}

/// An event as stored; two of its fields are JSON in a string, because the chain covers their exact text.
#[derive(Deserialize)]
struct Event {
    position: i64,
    recorded_at: Moment,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    #[serde(rename = "event_type")]
    name: String,
    payload: String,
    metadata: String,
    hash: String,
}

impl Event {
    fn title(&self) -> String {
        self.name.replace('_', " ")
    }

    fn who(&self) -> String {
        super::actor(&self.origin()["actor"])
    }

    fn request(&self) -> String {
        self.origin()["request_id"].as_str().unwrap_or("").to_owned()
    }

    fn origin(&self) -> Value {
        serde_json::from_str(&self.metadata).unwrap_or_default()
    }
}

#[derive(Template)]
#[template(path = "events.html")]
struct EventsPage {
    frame: Frame,
    after: i64,
    page: Events,
}

impl EventsPage {
    fn earlier(&self) -> i64 {
        (self.after - PAGE).max(0)
    }

    fn newest(&self) -> i64 {
        (self.page.head - PAGE).max(0)
    }
}

async fn events(
    State(site): State<SiteState>,
    staff: Staff,
    Query(fields): Query<Fields>,
) -> Answer {
    // People name the first event they want to see, the API the last one they do not.
    let from = fields.get("from").parse::<i64>().ok().map(|from| from.saturating_sub(1));
    let after = from.or_else(|| fields.get("after").parse().ok()).unwrap_or(0).max(0);
    let asked = [("after", &*after.to_string()), ("limit", &*PAGE.to_string())];
    let reply = site.api.query(&staff, &["v1", "admin", "events"], &asked).await?;
    let frame = Frame::staff(&staff, "events", false);
    page::show(&EventsPage { frame, after, page: reply.read()? })
}

#[derive(Deserialize)]
struct Checkpoints {
    items: Vec<Checkpoint>,
    next_cursor: Option<i64>,
}

#[derive(Deserialize)]
struct Checkpoint {
    position: i64,
    hash: String,
    signed_at: Moment,
    key_id: String,
    signature: String,
}

#[derive(Template)]
#[template(path = "checkpoints.html")]
struct CheckpointsPage {
    frame: Frame,
    key: String,
    page: Checkpoints,
}

const CHECKPOINTS: [&str; 4] = ["v1", "admin", "history", "checkpoints"];

async fn checkpoints(
    State(site): State<SiteState>,
    staff: Staff,
    Query(fields): Query<Fields>,
) -> Answer {
    let asked = [("cursor", fields.get("cursor"))];
    let reply = site.api.query(&staff, &CHECKPOINTS, &asked).await?;
    let frame = Frame::staff(&staff, "checkpoints", false);
    page::show(&CheckpointsPage { frame, key: token::submission_key(), page: reply.read()? })
}

async fn sign(State(site): State<SiteState>, form: StaffForm) -> Answer {
    let command = Command::post(&CHECKPOINTS, json!({}), form.fields.get("key"));
    site.api.command(&form.staff, command).await?;
    Ok(page::go_to("/checkpoints"))
}
