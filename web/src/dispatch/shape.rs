//! The desk in the shape of the API, with what may be done next.

use serde::Deserialize;

use crate::moment::Moment;
use crate::shown;

/// A day.
#[derive(Default, Deserialize)]
pub(super) struct Board {
    pub(super) date: String,
    pub(super) timezone: String,
    pub(super) bookings: Vec<Visit>,
    pub(super) workers: Vec<Worker>,
    pub(super) zones: Vec<String>,
    pub(super) data_version: i64,
}

#[derive(Deserialize)]
pub(super) struct Visit {
    #[serde(rename = "booking_id")]
    pub(super) id: String,
    pub(super) status: String,
    pub(super) starts_at: Moment,
    pub(super) ends_at: Moment,
    local_starts_at: String,
    local_ends_at: String,
    pub(super) client: Customer,
    pub(super) address: Address,
    assigned_worker: Option<Assigned>,
    team_id: String,
    pub(super) team_name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Customer {
    pub(super) name: String,
    pub(super) phone: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Address {
    pub(super) formatted: Option<String>,
    pub(super) zone: Option<String>,
}

#[derive(Deserialize)]
struct Assigned {
    worker_id: String,
    name: Option<String>,
}

/// Somebody who can be sent.
#[derive(Deserialize)]
pub(super) struct Worker {
    #[serde(rename = "worker_id")]
    pub(super) id: String,
    pub(super) name: String,
    team_id: Option<String>,
}

impl Visit {
    /// On the clock of the day, hours and minutes.
    pub(super) fn begins(&self) -> &str {
        hours(&self.local_starts_at)
    }

    pub(super) fn ends(&self) -> &str {
        hours(&self.local_ends_at)
    }

    pub(super) fn worker(&self) -> &str {
        let name = self.assigned_worker.as_ref().map(|one| one.name.as_deref());
        name.map_or("", |name| name.unwrap_or("somebody who has left"))
    }

    pub(super) fn is_by(&self, worker: &Worker) -> bool {
        self.assigned_worker.as_ref().is_some_and(|one| one.worker_id == worker.id)
    }

    pub(super) fn team_has(&self, worker: &Worker) -> bool {
        worker.team_id.as_ref() == Some(&self.team_id)
    }

    /// Whether others may still come.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.status.as_str(), "DONE" | "CANCELLED")
    }

    pub(super) fn may_be_moved(&self) -> bool {
        matches!(self.status.as_str(), "PENDING" | "CONFIRMED")
    }

    /// The next status on the way, as the API and as people call it.
    pub(super) fn next(&self) -> Option<(&'static str, &'static str)> {
        match self.status.as_str() {
            "PENDING" => Some(("CONFIRMED", "Confirm")),
            "CONFIRMED" => Some(("IN_PROGRESS", "Start")),
            _ => None,
        }
    }
}

fn hours(local: &str) -> &str {
    local.split_once('T').map_or(local, |(_, hours)| hours)
}

/// What needs an eye.
#[derive(Default, Deserialize)]
pub(super) struct Alerts {
    pub(super) alerts: Vec<Alert>,
}

#[derive(Deserialize)]
pub(super) struct Alert {
    #[serde(rename = "alert_id")]
    pub(super) id: String,
    #[serde(rename = "type")]
    kind: String,
    pub(super) severity: String,
    pub(super) message: String,
    pub(super) since: Moment,
    pub(super) booking_ids: Vec<String>,
    /// Of a visit that could not be made from it, so that somebody has to make it.
    #[serde(default)]
    pub(super) subscription_id: Option<String>,
}

impl Alert {
    pub(super) fn title(&self) -> String {
        self.kind.replace('_', " ").to_lowercase()
    }
}

/// The day in figures.
#[derive(Default, Deserialize)]
pub(super) struct Stats {
    pub(super) planned_count: u32,
    pub(super) in_progress_count: u32,
    pub(super) done_count: u32,
    pub(super) cancelled_count: u32,
    booked_revenue_cents: i64,
}

impl Stats {
    pub(super) fn revenue(&self) -> String {
        shown::amount(self.booked_revenue_cents)
    }
}
