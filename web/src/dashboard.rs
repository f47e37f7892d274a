//! The start page of staff: the figures of the day, and what happened last.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use crate::SiteState;
use crate::form::Answer;
use crate::moment::Moment;
use crate::page::{self, Frame};
use crate::shown;
use crate::visitor::Staff;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().route("/dashboard", get(dashboard))
}

#[derive(Deserialize)]
struct Ops {
    org_timezone: String,
    critical_alerts: Vec<Alert>,
    upcoming_events: Vec<Event>,
    worker_availability: Vec<Worker>,
    booking_status_today: Today,
    hero_metrics: Hero,
    revenue_week: Week,
    top_performers: Performers,
}

#[derive(Deserialize)]
struct Alert {
    severity: String,
    title: String,
    description: String,
    entity_ref: Reference,
}

#[derive(Deserialize)]
struct Reference {
    kind: Option<String>,
    id: Option<String>,
}

impl Reference {
    /// The page about it, if there is one.
    fn page(&self) -> Option<String> {
        let id = self.id.as_deref()?;
        match self.kind.as_deref()? {
            "booking" => Some(format!("/bookings/{id}")),
            "lead" => Some(format!("/leads/{id}")),
            "subscription" => Some(format!("/subscriptions/{id}")),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct Event {
    title: String,
    starts_at: Moment,
    entity_ref: Reference,
}

#[derive(Deserialize)]
struct Worker {
    name: String,
    available: bool,
    next_available_at: Option<Moment>,
}

#[derive(Deserialize)]
struct Today {
    totals: Counts,
    bands: Vec<Band>,
}

#[derive(Deserialize)]
struct Counts {
    total: u32,
    pending: u32,
    confirmed: u32,
    done: u32,
    cancelled: u32,
}

#[derive(Deserialize)]
struct Band {
    label: String,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Deserialize)]
struct Hero {
    bookings_today: u32,
    booked_revenue_today_cents: i64,
    workers_available: u32,
    workers_total: u32,
}

#[derive(Deserialize)]
struct Week {
    days: Vec<Day>,
    total_booked_revenue_cents: i64,
    goal: Option<Goal>,
}

#[derive(Deserialize)]
struct Day {
    date: String,
    booked_revenue_cents: i64,
}

#[derive(Deserialize)]
struct Goal {
    goal_cents: i64,
    remaining_cents: i64,
}

#[derive(Deserialize)]
struct Performers {
    workers: Vec<Performer>,
    clients: Vec<Performer>,
    teams: Vec<Performer>,
    services: Vec<Performer>,
}

#[derive(Deserialize)]
struct Performer {
    name: Option<String>,
    bookings: u32,
    booked_revenue_cents: i64,
}

impl Performers {
    fn sorts(&self) -> [(&'static str, &[Performer]); 4] {
        [
            ("Workers", &self.workers),
            ("Customers", &self.clients),
            ("Teams", &self.teams),
            ("Services", &self.services),
        ]
    }
}

impl Week {
    /// How tall the bar of a day is, in percent of the tallest.
    fn height(&self, day: &Day) -> i64 {
        let most = self.days.iter().map(|day| day.booked_revenue_cents).max().unwrap_or(0);
        if most > 0 { day.booked_revenue_cents * 100 / most } else { 0 }
    }
}

#[derive(Deserialize)]
struct Activity {
    items: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    created_at: Moment,
    action: String,
    role: String,
    entity_ref: Reference,
}

impl Entry {
    fn what(&self) -> String {
        self.action.replace(['.', '_'], " ")
    }
}

#[derive(Template)]
#[template(path = "dashboard.html")]
struct DashboardPage {
    frame: Frame,
    ops: Ops,
    activity: Activity,
}

impl DashboardPage {
    #[expect(
        clippy::unused_self,
        clippy::trivially_copy_pass_by_ref,
        reason = "as templates call it"
    )]
    fn dollars(&self, cents: &i64) -> String {
        shown::dollars(*cents)
    }
}

async fn dashboard(State(site): State<SiteState>, staff: Staff) -> Answer {
    let (ops, activity) = (["v1", "admin", "dashboard", "ops"], ["v1", "admin", "activity"]);
    let (ops, activity) = tokio::join!(
        site.api.query(&staff, &ops, &[]),
        site.api.query(&staff, &activity, &[("limit", "12")]),
    );
    let (ops, activity) = (ops?, activity?);
    let frame = Frame::staff(&staff, "dashboard", ops.stale);
    page::show(&DashboardPage { frame, ops: ops.read()?, activity: activity.read()? })
}
