//! The list of visits: searched, filtered, page by page, and as it was.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use chrono::{Days, NaiveDate};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::shape::{Item, STATUSES};
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{SiteState, clock, moment, own};

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
    may_add: bool,
}

impl ListPage {
    /// Where visits before today are, the latest first.
    fn earlier() -> Vec<(String, String)> {
        let Some(today) = clock::today() else { return Vec::new() };
        let since = |days: u64| today.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN);
        let until = since(1);
        let back = |days: u64| {
            let address = format!("/bookings?from={}&to={until}&sort=-starts_at", since(days));
            (format!("Last {days} days"), address)
        };
        let all = ("All visits".to_owned(), "/bookings?from=&sort=-starts_at".to_owned());
        vec![back(7), back(30), all]
    }

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

/// Whether nothing at all is asked for; whoever clears the day wants to see everything.
fn is_bare(fields: &Fields) -> bool {
    !fields.was_sent("from") && FILTERS.iter().all(|name| fields.filled(name).is_none())
}

async fn list(
    State(site): State<SiteState>,
    staff: Staff,
    Query(mut fields): Query<Fields>,
) -> Answer {
    if is_bare(&fields) {
        let today = own::of(&site, &staff).await?.today;
        fields.set("from", today.to_string());
    }
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
    let may_add = staff.session.may(&["bookings.edit"]);
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "bookings", reply.stale);
            page::show(&ListPage { frame, filter, page: reply.read()?, may_add })
        }
        Err(failure) if failure.is_about_input() => {
            let (frame, page) = (Frame::staff(&staff, "bookings", false), Page::default());
            let filter = filter.refused(&failure);
            page::show_as(failure.status(), &ListPage { frame, filter, page, may_add })
        }
        Err(failure) => Err(failure),
    }
}
