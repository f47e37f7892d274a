//! The day on the desk.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use url::form_urlencoded::Serializer;

use super::shape::{Alerts, Board, Stats};
use crate::failure::Failure;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::visitor::Staff;
use crate::{Site, SiteState, token};

const DESK: [&str; 3] = ["v1", "admin", "dispatcher"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/dispatch", get(desk))
}

#[derive(Template)]
#[template(path = "dispatch.html")]
struct DeskPage {
    frame: Frame,
    filter: Form,
    /// What was refused, if this follows a form that was.
    refused: Form,
    key: String,
    board: Board,
    alerts: Alerts,
    stats: Stats,
}

impl DeskPage {
    /// This day and part of town, for forms that come back to it.
    fn here(&self) -> String {
        address(self.filter.value_or("date", &self.board.date), self.filter.value("zone"))
    }
}

/// The page of a day.
pub(super) fn address(date: &str, zone: &str) -> String {
    let mut query = Serializer::new(String::new());
    for (name, value) in [("date", date), ("zone", zone)] {
        if !value.is_empty() {
            query.append_pair(name, value);
        }
    }
    let query = query.finish();
    if query.is_empty() { "/dispatch".to_owned() } else { format!("/dispatch?{query}") }
}

async fn desk(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    show(&site, &staff, fields, Form::default()).await
}

/// The page, and above it why a form was refused, if one was.
pub(super) async fn show(site: &Site, staff: &Staff, fields: Fields, refused: Form) -> Answer {
    let filter = Form::new("filter", fields);
    let (day, zone) = ([("date", filter.value("date"))], filter.value("zone"));
    let asked = [day[0], ("zone", zone)];
    let path = |last| [DESK[0], DESK[1], DESK[2], last];
    let (board, alerts, stats) = (path("board"), path("alerts"), path("stats"));
    let answers = tokio::join!(
        site.api.query(staff, &board, &asked),
        site.api.query(staff, &alerts, &day),
        site.api.query(staff, &stats, &day),
    );
    let key = token::submission_key();
    match answers {
        (Ok(board), Ok(alerts), Ok(stats)) => {
            let frame = Frame::staff(staff, "dispatch", board.stale);
            let (board, alerts, stats) = (board.read()?, alerts.read()?, stats.read()?);
            let page = DeskPage { frame, filter, refused, key, board, alerts, stats };
            page::show(&page)
        }
        (Err(failure), ..) if failure.is_about_input() => unreadable(staff, filter, &failure),
        (Err(failure), ..) | (_, Err(failure), _) | (.., Err(failure)) => Err(failure),
    }
}

fn unreadable(staff: &Staff, filter: Form, failure: &Failure) -> Answer {
    let (frame, refused) =
        (Frame::staff(staff, "dispatch", false), filter.clone().refused(failure));
    let (board, alerts, stats) = (Board::default(), Alerts::default(), Stats::default());
    let key = token::submission_key();
    let page = DeskPage { frame, filter, refused, key, board, alerts, stats };
    page::show_as(failure.status(), &page)
}
