//! The list of leads: searched, filtered, and as it was.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::shape::{Item, STATUSES};
use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::moment;
use crate::page::{self, Frame};
use crate::visitor::Staff;

/// What the list can be asked for, beside the page.
const FILTERS: [&str; 5] = ["query", "status", "from", "to", "as_of"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/leads", get(list))
}

#[derive(Default, Deserialize)]
struct Page {
    items: Vec<Item>,
    total: u64,
    #[serde(rename = "page")]
    number: u64,
    #[serde(rename = "page_size")]
    size: u64,
}

#[derive(Template)]
#[template(path = "leads.html")]
struct ListPage {
    frame: Frame,
    filter: Form,
    page: Page,
}

impl ListPage {
    fn last(&self) -> u64 {
        self.page.total.div_ceil(self.page.size.max(1)).max(1)
    }

    fn number(&self, number: u64) -> String {
        self.address(&FILTERS, Some(number))
    }

    fn now(&self) -> String {
        self.address(&FILTERS[..4], None)
    }

    fn record(&self, id: &str) -> String {
        let as_of = self.address(&["as_of"], None);
        as_of.replacen("/leads", &format!("/leads/{id}"), 1)
    }

    fn address(&self, names: &[&str], number: Option<u64>) -> String {
        let mut query = Serializer::new(String::new());
        for name in names {
            if let Some(value) = self.filter.fields.filled(name) {
                query.append_pair(name, value);
            }
        }
        if let Some(number) = number {
            query.append_pair("page", &number.to_string());
        }
        let query = query.finish();
        if query.is_empty() { "/leads".to_owned() } else { format!("/leads?{query}") }
    }
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let as_of = moment::as_of(fields.get("as_of"));
    let asked = [
        ("query", fields.get("query")),
        ("status", fields.get("status")),
        ("from", fields.get("from")),
        ("to", fields.get("to")),
        ("page", fields.get("page")),
        ("as_of", &as_of),
    ];
    let answer = site.api.query(&staff, &["v1", "admin", "leads"], &asked).await;
    let filter = Form::new("filter", fields);
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "leads", reply.stale);
            page::show(&ListPage { frame, filter, page: reply.read()? })
        }
        Err(failure) if failure.is_about_input() => {
            let (frame, page) = (Frame::staff(&staff, "leads", false), Page::default());
            let filter = filter.refused(&failure);
            page::show_as(failure.status(), &ListPage { frame, filter, page })
        }
        Err(failure) => Err(failure),
    }
}
