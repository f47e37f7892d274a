//! What staff did and what they tried.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::Value;

use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::shown::{self, Change};
use crate::visitor::Staff;

/// How something may end.
const OUTCOMES: [&str; 4] = ["success", "denied", "rejected", "error"];

/// What can be asked for, as form and API call it.
const FILTERS: [&str; 5] = ["outcome", "action", "actor", "resource_type", "resource_id"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/audit", get(list))
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Entry>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    created_at: Moment,
    admin_role: String,
    actor: String,
    action: String,
    resource_type: Option<String>,
    resource_id: Option<String>,
    outcome: String,
    status_code: Option<i64>,
    request_id: Option<String>,
    client_ip: Option<String>,
    #[serde(default)]
    metadata: Value,
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
    position: i64,
    #[serde(default)]
    links: Option<Links>,
}

/// Only of what is an event.
#[derive(Deserialize)]
struct Links {
    history: Option<String>,
}

impl Entry {
    fn is_event(&self) -> bool {
        self.links.is_some()
    }

    /// Whether the thing it is about has a page of its own.
    fn has_history(&self) -> bool {
        self.links.as_ref().is_some_and(|links| links.history.is_some())
    }

    /// Colours are those of effects: done, waiting for somebody, given up.
    fn badge(&self) -> &'static str {
        match self.outcome.as_str() {
            "success" => "delivered",
            "denied" | "error" => "dead",
            _ => "waiting",
        }
    }

    fn changes(&self) -> Vec<Change> {
        shown::changes(&self.before, &self.after)
    }

    /// What is known besides: the code of a refusal, the reason of an event.
    fn facts(&self) -> Vec<(String, String)> {
        let known = ["event_id", "event_type", "position", "at"];
        let fields = self.metadata.as_object().into_iter().flatten();
        let facts = fields.filter(|(name, _)| !known.contains(&name.as_str()));
        facts.map(|(name, value)| (name.replace('_', " "), shown::text(value))).collect()
    }
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    filter: Form,
    page: Page,
}

impl AuditPage {
    /// The address of this page with what was asked for, up to where a cursor may follow.
    fn again(&self) -> String {
        let mut address = url::form_urlencoded::Serializer::new("/audit?".to_owned());
        for name in FILTERS {
            address.append_pair(name, self.filter.value(name));
        }
        address.finish()
    }
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let mut asked: Vec<_> = FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    asked.push(("cursor", fields.get("cursor")));
    let reply = site.api.query(&staff, &["v1", "admin", "audit-logs"], &asked).await?;
    let frame = Frame::staff(&staff, "audit", reply.stale);
    page::show(&AuditPage { frame, filter: Form::new("filter", fields), page: reply.read()? })
}
