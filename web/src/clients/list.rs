//! The list of clients: searched, and by how they stand.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::shape::{CHURNS, Item, RISKS, SHOWS};
use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;

/// What the list can be asked for, beside the page.
const FILTERS: [&str; 4] = ["q", "show", "risk", "churn"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/clients", get(list))
}

#[derive(Default, Deserialize)]
struct Page {
    items: Vec<Item>,
    next_cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "clients.html")]
struct ListPage {
    frame: Frame,
    filter: Form,
    page: Page,
    may_add: bool,
}

impl ListPage {
    fn next(&self) -> Option<String> {
        let cursor = self.page.next_cursor.as_deref()?;
        let mut query = Serializer::new(String::new());
        for name in FILTERS {
            if let Some(value) = self.filter.fields.filled(name) {
                query.append_pair(name, value);
            }
        }
        Some(format!("/clients?{}", query.append_pair("cursor", cursor).finish()))
    }
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let mut asked: Vec<(&str, &str)> =
        FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    asked.push(("cursor", fields.get("cursor")));
    let answer = site.api.query(&staff, &["v1", "admin", "clients"], &asked).await;
    let filter = Form::new("filter", fields);
    let may_add = staff.session.may(&["contacts.edit"]);
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "clients", reply.stale);
            page::show(&ListPage { frame, filter, page: reply.read()?, may_add })
        }
        Err(failure) if failure.is_about_input() => {
            let frame = Frame::staff(&staff, "clients", false);
            let (filter, page) = (filter.refused(&failure), Page::default());
            page::show_as(failure.status(), &ListPage { frame, filter, page, may_add })
        }
        Err(failure) => Err(failure),
    }
}
