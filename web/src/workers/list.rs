//! The list of workers: searched, filtered, page by page.

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::routing::get;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use super::shape;
use crate::form::{Answer, Fields, Form};
use crate::page::{self, Frame};
use crate::teams::shape::Team;
use crate::visitor::Staff;
use crate::{SiteState, teams};

/// What the list can be asked for, beside the page.
const FILTERS: [&str; 7] =
    ["q", "active_state", "skills", "rating_min", "status", "availability", "has_expiring_certs"];

pub(super) fn routes() -> Router<SiteState> {
    Router::new().route("/workers", get(list))
}

#[derive(Default, Deserialize)]
struct Page {
    items: Vec<Item>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    worker_id: String,
    name: String,
    phone: String,
    role: Option<String>,
    team_id: i32,
    is_active: bool,
    rating_avg: Option<f64>,
    rating_count: u32,
    skills: Vec<String>,
}

impl Item {
    fn team(&self, teams: &[Team]) -> String {
        shape::team(teams, self.team_id)
    }

    fn rating(&self) -> String {
        match self.rating_avg {
            Some(average) => format!("{average:.2} ({})", self.rating_count),
            None => "–".to_owned(),
        }
    }
}

#[derive(Template)]
#[template(path = "workers.html")]
struct ListPage {
    frame: Frame,
    filter: Form,
    page: Page,
    teams: Vec<Team>,
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
        query.append_pair("cursor", cursor);
        Some(format!("/workers?{}", query.finish()))
    }
}

async fn list(State(site): State<SiteState>, staff: Staff, Query(fields): Query<Fields>) -> Answer {
    let mut asked: Vec<(&str, &str)> = FILTERS.map(|name| (name, fields.get(name))).to_vec();
    asked.push(("cursor", fields.get("cursor")));
    let answer = site.api.query(&staff, &["v1", "admin", "workers"], &asked).await;
    let teams = teams::all(&site, &staff).await?;
    let filter = Form::new("filter", fields);
    match answer {
        Ok(reply) => {
            let frame = Frame::staff(&staff, "workers", reply.stale);
            page::show(&ListPage { frame, filter, page: reply.read()?, teams })
        }
        Err(failure) if failure.is_about_input() => {
            let (frame, page) = (Frame::staff(&staff, "workers", false), Page::default());
            let filter = filter.refused(&failure);
            page::show_as(failure.status(), &ListPage { frame, filter, page, teams })
        }
        Err(failure) => Err(failure),
    }
}
