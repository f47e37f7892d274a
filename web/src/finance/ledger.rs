//! Lines of the ledger: what stands behind a figure, each with the event it follows from.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::shown;
use crate::visitor::Staff;

const FILTERS: [&str; 4] = ["account", "source", "from", "to"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/finance/ledger", get(list))
}

#[derive(Deserialize)]
struct Line {
    position: i64,
    day: String,
    account: String,
    debit_cents: i64,
    credit_cents: i64,
    source_type: String,
    event_type: String,
    invoice_id: Option<String>,
}

impl Line {
    fn debit(&self) -> String {
        if self.debit_cents == 0 { String::new() } else { shown::amount(self.debit_cents) }
    }

    fn credit(&self) -> String {
        if self.credit_cents == 0 { String::new() } else { shown::amount(self.credit_cents) }
    }

    /// The log from its event on.
    fn before(&self) -> i64 {
        self.position - 1
    }
}

#[derive(Default, Deserialize)]
struct Page {
    items: Vec<Line>,
    total: u64,
    #[serde(default)]
    debit_cents: i64,
    #[serde(default)]
    credit_cents: i64,
}

#[derive(Template)]
#[template(path = "ledger.html")]
struct ListPage {
    frame: Frame,
    filter: Form,
    page: Page,
    next: Option<String>,
}

impl ListPage {
    fn debit(&self) -> String {
        shown::amount(self.page.debit_cents)
    }

    fn credit(&self) -> String {
        shown::amount(self.page.credit_cents)
    }
}

/// The same list from where the next page begins.
fn address(fields: &Fields, cursor: &str) -> String {
    let mut query = Serializer::new(String::new());
    for name in FILTERS {
        if let Some(value) = fields.filled(name) {
            query.append_pair(name, value);
        }
    }
    query.append_pair("cursor", cursor);
    format!("/finance/ledger?{}", query.finish())
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let mut asked: Vec<(&str, &str)> =
        FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    asked.push(("cursor", fields.get("cursor")));
    let answer = site.api.query(&staff, &["v1", "admin", "finance", "ledger"], &asked).await;
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "finance", reply.stale);
            let next = reply.next_cursor.as_deref().map(|cursor| address(&fields, cursor));
            let filter = Form::new("filter", fields);
            page::show(&ListPage { frame, filter, page: reply.read()?, next })
        }
        Err(failure) if failure.is_about_input() => {
            let (frame, page) = (Frame::staff(&staff, "finance", false), Page::default());
            let filter = Form::new("filter", fields).refused(&failure);
            page::show_as(failure.status(), &ListPage { frame, filter, page, next: None })
        }
        Err(failure) => Err(failure),
    }
}
