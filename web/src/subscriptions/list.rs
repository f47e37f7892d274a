//! The list of subscriptions, and which of them will not be visited.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use url::form_urlencoded::Serializer;

use super::shape::{STATUSES, Subscription};
use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/subscriptions", get(list))
}

#[derive(Template)]
#[template(path = "subscriptions.html")]
struct ListPage {
    frame: Frame,
    filter: Form,
    items: Vec<Subscription>,
    next_cursor: Option<String>,
}

impl ListPage {
    fn next(&self) -> Option<String> {
        let cursor = self.next_cursor.as_deref()?;
        let mut query = Serializer::new(String::new());
        if let Some(status) = self.filter.fields.filled("status") {
            query.append_pair("status", status);
        }
        Some(format!("/subscriptions?{}", query.append_pair("cursor", cursor).finish()))
    }
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let asked = [("status", fields.get("status")), ("cursor", fields.get("cursor"))];
    let answer = site.api.query(&staff, &["v1", "admin", "subscriptions"], &asked).await;
    let filter = Form::new("filter", fields);
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "subscriptions", reply.stale);
            let next_cursor = reply.next_cursor.clone();
            page::show(&ListPage { frame, filter, items: reply.read()?, next_cursor })
        }
        Err(failure) if failure.is_about_input() => {
            let frame = Frame::staff(&staff, "subscriptions", false);
            let (filter, items) = (filter.refused(&failure), Vec::new());
            let page = ListPage { frame, filter, items, next_cursor: None };
            page::show_as(failure.status(), &page)
        }
        Err(failure) => Err(failure),
    }
}
