//! Months as they were written down for an accountant.

use askama::Template;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;

use crate::SiteState;
use crate::failure::Failure;
use crate::form::{Answer, Fields};
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::visitor::Staff;

/// The route of the API.
const MONTHS: [&str; 4] = ["v1", "admin", "finance", "accounting-exports"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/finance/months", get(show)).route("/finance/months/{file}", get(table))
}

#[derive(Deserialize)]
struct Written {
    month: String,
    generated_at: Moment,
    row_count: u64,
    sha256: String,
}

#[derive(Default, Deserialize)]
struct Months {
    items: Vec<Written>,
}

#[derive(Template)]
#[template(path = "accounting_months.html")]
struct MonthsPage {
    frame: Frame,
    months: Vec<Written>,
    next: Option<String>,
}

async fn show(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let reply = site.api.query(&staff, &MONTHS, &[("cursor", fields.get("cursor"))]).await?;
    let next = page::more("/finance/months", &[], reply.next_cursor.as_deref());
    let frame = Frame::staff(&staff, "finance", reply.stale);
    page::show(&MonthsPage { frame, months: reply.read::<Months>()?.items, next })
}

/// The table of a month, as it was written.
async fn table(State(site): State<SiteState>, staff: Staff, Path(file): Path<String>) -> Answer {
    let month = file.strip_suffix(".csv").ok_or(Failure::NotFound)?;
    let path = [&MONTHS[..], &[month]].concat();
    site.api.passed_on(&staff, &path, &[("format", "csv")]).await
}
