//! Everything that happened to one thing, with what each event changed.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::Value;

use crate::SiteState;
use crate::failure::Failure;
use crate::form::{Answer, Fields};
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::shown::{self, Change};
use crate::visitor::Staff;

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/history/{type}/{id}", get(show))
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Entry>,
    next_after: Option<i64>,
}

#[derive(Deserialize)]
struct Entry {
    position: i64,
    sequence: i64,
    event_id: String,
    event_type: String,
    event_version: String,
    recorded_at: Moment,
    #[serde(default)]
    actor: Value,
    request_id: Option<String>,
    correlation_id: Option<String>,
    causation_id: Option<String>,
    reason: Option<String>,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
    #[serde(default)]
    payload: Value,
    unreadable: Option<String>,
}

impl Entry {
    fn title(&self) -> String {
        self.event_type.replace('_', " ")
    }

    fn who(&self) -> String {
        super::actor(&self.actor)
    }

    fn changes(&self) -> Vec<Change> {
        shown::changes(&self.before, &self.after)
    }

    fn json(&self) -> String {
        format!("{:#}", self.payload)
    }
}

#[derive(Template)]
#[template(path = "history.html")]
struct HistoryPage {
    frame: Frame,
    kind: String,
    id: String,
    page: Page,
}

async fn show(
    State(site): State<SiteState>,
    staff: Staff,
    Path((kind, id)): Path<(String, String)>,
    Query(fields): Query<Fields>,
) -> Answer {
    let name = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:-".contains(&byte))
    };
    if !name(&kind) || !name(&id) {
        return Err(Failure::NotFound);
    }
    let path = ["v1", "admin", "history", &kind, &id];
    let reply = site.api.query(&staff, &path, &[("after", fields.get("after"))]).await?;
    let frame = Frame::staff(&staff, "events", false);
    page::show(&HistoryPage { frame, page: reply.read()?, kind, id })
}
