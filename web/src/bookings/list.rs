//! The list of visits: searched, filtered, page by page, and as it was.

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
const FILTERS: [&str; 7] = ["q", "status", "from", "to", "sort", "client_id", "as_of"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/bookings", get(list))
}

#[derive(Default, Deserialize)]
struct Page {
    #[serde(rename = "bookings")]
    items: Vec<Item>,
    total: u64,
    next_cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "bookings.html")]
struct ListPage {
    frame: Frame,
    filter: Form,
    page: Page,
}

impl ListPage {
    fn next(&self) -> Option<String> {
        self.page.next_cursor.as_deref().map(|cursor| self.address(&FILTERS, Some(cursor)))
    }

    fn now(&self) -> String {
        self.address(&FILTERS[..6], None)
    }

    fn record(&self, id: &str) -> String {
        let as_of = self.address(&["as_of"], None);
        as_of.replacen("/bookings", &format!("/bookings/{id}"), 1)
    }

    fn address(&self, names: &[&str], cursor: Option<&str>) -> String {
        let mut query = Serializer::new(String::new());
        for name in names {
            if let Some(value) = self.filter.fields.filled(name) {
                query.append_pair(name, value);
            }
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", cursor);
        }
        let query = query.finish();
        if query.is_empty() { "/bookings".to_owned() } else { format!("/bookings?{query}") }
    }
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let as_of = moment::as_of(fields.get("as_of"));
    let asked = [
        ("q", fields.get("q")),
        ("status", fields.get("status")),
        ("from", fields.get("from")),
        ("to", fields.get("to")),
        ("sort", fields.get("sort")),
        ("client_id", fields.get("client_id")),
        ("cursor", fields.get("cursor")),
        ("as_of", &as_of),
    ];
    let answer = site.api.query(&staff, &["v1", "admin", "schedule"], &asked).await;
    let filter = Form::new("filter", fields);
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "bookings", reply.stale);
            page::show(&ListPage { frame, filter, page: reply.read()? })
        }
        Err(failure) if failure.is_about_input() => {
            let (frame, page) = (Frame::staff(&staff, "bookings", false), Page::default());
            let filter = filter.refused(&failure);
            page::show_as(failure.status(), &ListPage { frame, filter, page })
        }
        Err(failure) => Err(failure),
    }
}
