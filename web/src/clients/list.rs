//! The list of clients: searched, and by how they stand.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::shape::{CHURNS, Item, RISKS, SHOWS};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

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
    /// Somebody who is not on the list yet.
    new: Form,
    key: String,
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
    let (status, list) = found(&site, &staff, fields).await?;
    page::show_as(status, &list)
}

/// The list again, with somebody who was not taken in.
pub(super) async fn refuse(
    site: &Site,
    staff: &Staff,
    fields: Fields,
    failure: &Failure,
) -> Answer {
    let (_, list) = found(site, staff, Fields::new()).await?;
    let new = Form::new("new", fields).refused(failure);
    page::show_as(failure.status(), &ListPage { new, ..list })
}

async fn found(
    site: &Site,
    staff: &Staff,
    fields: Fields,
) -> Result<(StatusCode, ListPage), Failure> {
    let mut asked: Vec<(&str, &str)> =
        FILTERS.iter().map(|name| (*name, fields.get(name))).collect();
    asked.push(("cursor", fields.get("cursor")));
    let answer = site.api.query(staff, &["v1", "admin", "clients"], &asked).await;
    let filter = Form::new("filter", fields);
    let (may_add, key) = (staff.session.may(&["contacts.edit"]), token::submission_key());
    let (status, stale, filter, page) = match answer {
        Ok(reply) => (StatusCode::OK, reply.stale, filter, reply.read()?),
        Err(failure) if failure.is_about_input() => {
            (failure.status(), false, filter.refused(&failure), Page::default())
        }
        Err(failure) => return Err(failure),
    };
    let frame = Frame::staff(staff, "clients", stale);
    Ok((status, ListPage { frame, filter, page, may_add, new: Form::default(), key }))
}
