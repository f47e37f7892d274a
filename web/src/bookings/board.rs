//! The board of a day: what each team does.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;

use super::shape::Item;
use crate::SiteState;
use crate::form::{Answer, Fields, Form};
use crate::moment::{self, Moment};
use crate::page::{self, Frame};
use crate::visitor::Staff;

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/board", get(board))
}

#[derive(Default, Deserialize)]
struct Calendar {
    from_date: String,
    teams: Vec<Team>,
}

#[derive(Deserialize)]
struct Team {
    name: String,
    days: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    opens_at: Option<Moment>,
    closes_at: Option<Moment>,
    bookings: Vec<Item>,
    minutes: u32,
    blocks: Vec<Block>,
}

#[derive(Deserialize)]
struct Block {
    #[serde(rename = "block_type")]
    kind: String,
    starts_at: Moment,
    ends_at: Moment,
    reason: Option<String>,
}

#[derive(Template)]
#[template(path = "board.html")]
struct BoardPage {
    frame: Frame,
    filter: Form,
    calendar: Calendar,
    may_add: bool,
}

async fn board(
    State(site): State<SiteState>,
    staff: Staff,
    Query(fields): Query<Fields>,
) -> Answer {
    let as_of = moment::as_of(fields.get("as_of"));
    let day = fields.get("day");
    let path = ["v1", "admin", "schedule", "team_calendar"];
    let asked = [("from", day), ("to", day), ("as_of", as_of.as_str())];
    let answer = site.api.query(&staff, &path, &asked).await;
    let filter = Form::new("filter", fields);
    let may_add = staff.session.may(&["bookings.edit"]);
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "board", reply.stale);
            page::show(&BoardPage { frame, filter, calendar: reply.read()?, may_add })
        }
        Err(failure) if failure.is_about_input() => {
            let (frame, calendar) = (Frame::staff(&staff, "board", false), Calendar::default());
            let filter = filter.refused(&failure);
            page::show_as(failure.status(), &BoardPage { frame, filter, calendar, may_add })
        }
        Err(failure) => Err(failure),
    }
}
