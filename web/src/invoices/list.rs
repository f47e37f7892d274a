//! The list of invoices: searched, filtered, page by page.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::shape::{Item, STATUSES};
use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;

/// What the list can be asked for, beside the page.
const FILTERS: [&str; 5] = ["q", "status", "from", "to", "overdue_bucket"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/invoices", get(list))
}

#[derive(Default, Deserialize)]
struct Page {
    #[serde(rename = "invoices")]
    items: Vec<Item>,
    total: u64,
}

#[derive(Template)]
#[template(path = "invoices.html")]
struct ListPage {
    frame: Frame,
    filter: Form,
    page: Page,
    next: Option<String>,
    may_write: bool,
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
    format!("/invoices?{}", query.finish())
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let mut asked: Vec<(&str, &str)> =
        FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    asked.push(("cursor", fields.get("cursor")));
    let answer = site.api.query(&staff, &["v1", "admin", "invoices"], &asked).await;
    let may_write = staff.session.may(&["invoices.edit"]);
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "invoices", reply.stale);
            let next = reply.next_cursor.as_deref().map(|cursor| address(&fields, cursor));
            let filter = Form::new("filter", fields);
            page::show(&ListPage { frame, filter, page: reply.read()?, next, may_write })
        }
        Err(failure) if failure.is_about_input() => {
            let (frame, page) = (Frame::staff(&staff, "invoices", false), Page::default());
            let filter = Form::new("filter", fields).refused(&failure);
            page::show_as(
                failure.status(),
                &ListPage { frame, filter, page, next: None, may_write },
            )
        }
        Err(failure) => Err(failure),
    }
}
