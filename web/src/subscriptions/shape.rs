//! Subscriptions in the shape of the API, with what staff may do next.

use serde::Deserialize;

use crate::moment::Moment;
use crate::shown;

/// Every status, in the order in which staff look for them.
pub(super) const STATUSES: [&str; 5] = ["ACTIVE", "PAUSED", "TRIAL", "INCOMPLETE", "CANCELED"];

/// A subscription, in a list or alone.
#[derive(Deserialize)]
pub(super) struct Subscription {
    #[serde(rename = "subscription_id")]
    pub(super) id: String,
    client_name: Option<String>,
    pub(super) status: String,
    pub(super) status_reason: Option<String>,
    frequency: String,
    preferred_weekday: Option<usize>,
    preferred_day_of_month: Option<u8>,
    #[serde(rename = "base_service_type")]
    pub(super) service: String,
    base_price: i64,
    pub(super) price_book: Option<String>,
    pub(super) next_run: Option<String>,
    pub(super) next_run_at: Option<Moment>,
    #[serde(rename = "last_visit")]
    pub(super) last: Option<Visit>,
}

/// A day that was decided about.
#[derive(Deserialize)]
pub(super) struct Visit {
    pub(super) date: String,
    pub(super) outcome: String,
    pub(super) booking_id: Option<String>,
    reason: Option<String>,
    pub(super) decided_at: Moment,
}

impl Subscription {
    pub(super) fn name(&self) -> &str {
        self.client_name.as_deref().unwrap_or("A client")
    }

    pub(super) fn price(&self) -> String {
        shown::dollars(self.base_price)
    }

    /// How often, and on which day where one was chosen.
    pub(super) fn rhythm(&self) -> String {
        const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        let often = self.frequency.to_lowercase();
        let weekday = self.preferred_weekday.and_then(|day| DAYS.get(day));
        match (weekday, self.preferred_day_of_month) {
            (Some(day), _) => format!("{often}, {day}"),
            (None, Some(day)) => format!("{often}, day {day}"),
            (None, None) => often,
        }
    }

    pub(super) fn may_rest(&self) -> bool {
        self.status == "ACTIVE"
    }

    pub(super) fn may_go_on(&self) -> bool {
        matches!(self.status.as_str(), "PAUSED" | "TRIAL" | "INCOMPLETE")
    }

    pub(super) fn may_end(&self) -> bool {
        self.status != "CANCELED"
    }
}

impl Visit {
    pub(super) fn is_skipped(&self) -> bool {
        self.outcome == "skipped"
    }

    /// Why nobody comes, in words.
    pub(super) fn why(&self) -> &str {
        match self.reason.as_deref() {
            Some("slot_taken") => "every team is taken",
            Some("client_blocked") => "the client is blocked",
            Some("closed") => "no team works then",
            Some("plan_limit") => "the plan has no room for more bookings",
            Some("missed") => "the day had passed",
            Some(_) => "it was refused",
            None => "",
        }
    }
}
