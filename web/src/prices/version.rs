//! The price book as it was published once.

use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::Value;

use super::shape::{AGAIN, Addon, Service, Settings};
use super::terms;
use crate::SiteState;
use crate::failure::Failure;
use crate::form::Answer;
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Staff;

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/prices/versions/{number}", get(show))
}

#[derive(Deserialize)]
struct Published {
    version: u32,
    #[serde(rename = "published_at")]
    since: Option<Moment>,
    settings: Settings,
    service_types: Vec<Service>,
    addons: Vec<Addon>,
    booking_policies: Value,
}

impl Published {
    fn terms(&self) -> Vec<terms::Section> {
        terms::sections(&self.booking_policies)
    }
}

#[derive(Template)]
#[template(path = "price_version.html")]
struct VersionPage {
    frame: Frame,
    book: Published,
}

async fn show(State(site): State<SiteState>, staff: Staff, Path(number): Path<String>) -> Answer {
    number.parse::<u32>().map_err(|_| Failure::NotFound)?;
    let path = ["v1", "admin", "price-book", "versions", &number];
    let reply = site.api.query(&staff, &path, &[]).await?;
    let frame = Frame::staff(&staff, "prices", reply.stale);
    page::show(&VersionPage { frame, book: reply.read()? })
}
