//! What is found for the words in the box at the top of every page.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().route("/search", get(search))
}

#[derive(Default, Deserialize)]
struct Found {
    items: Vec<Hit>,
}

#[derive(Deserialize)]
struct Hit {
    kind: String,
    id: String,
    label: String,
    status: String,
    score: u32,
    #[serde(default)]
    href: String,
}

impl Hit {
    /// The page about it, if there is one.
    fn page(&self) -> Option<String> {
        match self.kind.as_str() {
            "booking" => Some(format!("/bookings/{}", self.id)),
            "lead" => Some(format!("/leads/{}", self.id)),
            "client" => Some(format!("/clients/{}", self.id)),
            "worker" => Some(format!("/workers/{}", self.id)),
            "invoice" => Some(format!("/invoices/{}", self.id)),
            "payment" => self.href.strip_prefix("/v1/admin").map(str::to_owned),
            _ => None,
        }
    }

    /// How well it matches, in words.
    fn how(&self) -> &'static str {
        match self.score {
            100 => "exactly",
            50 => "begins so",
            _ => "holds it",
        }
    }
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    frame: Frame,
    filter: Form,
    found: Found,
}

async fn search(
    State(site): State<SiteState>,
    staff: Staff,
    Query(fields): Query<Fields>,
) -> Answer {
    let filter = Form::new("search", fields);
    let asked = [("q", filter.value("q")), ("limit", "50")];
    match site.api.query(&staff, &["v1", "admin", "search"], &asked).await {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "search", reply.stale);
            page::show(&SearchPage { frame, filter, found: reply.read()? })
        }
        Err(failure) if failure.is_about_input() => {
            let (frame, found) = (Frame::staff(&staff, "search", false), Found::default());
            let filter = filter.refused(&failure);
            page::show_as(failure.status(), &SearchPage { frame, filter, found })
        }
        Err(failure) => Err(failure),
    }
}
