//! What goes out of the house because of events, and how far it has come.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Staff;

/// In the order of a life.
const STATES: [&str; 7] =
    ["due", "leased", "waiting", "delivered", "suppressed", "dead", "discarded"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/effects", get(list))
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Effect>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Effect {
    kind: String,
    state: String,
    reason: Option<String>,
    attempts: i64,
    /// Position of the event it follows from.
    cause: i64,
    due_at: Option<Moment>,
    created_at: Moment,
    finished_at: Option<Moment>,
}

#[derive(Template)]
#[template(path = "effects.html")]
struct EffectsPage {
    frame: Frame,
    filter: Form,
    page: Page,
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let asked = [("state", fields.get("state")), ("cursor", fields.get("cursor"))];
    let reply = site.api.query(&staff, &["v1", "admin", "effects"], &asked).await?;
    let frame = Frame::staff(&staff, "effects", reply.stale);
    let page = EffectsPage { frame, filter: Form::new("filter", fields), page: reply.read()? };
    page::show(&page)
}
