//! Somebody who was to come comes no more: the others come without them, or nobody is named any more.

use chrono::{DateTime, Utc};

use super::Details;
use super::event::BookingEvent;
use super::placement::Placement;
use super::status::Status;
use crate::id::WorkerId;

impl Details {
    /// Of visits that are to come only: whoever was there was there.
    pub(super) fn release(&self, worker: WorkerId, at: DateTime<Utc>) -> Vec<BookingEvent> {
        let before = self.placement.clone();
        let is_to_come = matches!(self.status, Status::Pending | Status::Confirmed)
            && before.window.starts_at > at;
        if !is_to_come || !before.crew.contains(&worker) {
            return Vec::new();
        }
        let others = before.crew.iter().filter(|one| **one != worker);
        let crew: Vec<WorkerId> = others.copied().collect();
        // Who leads still leads; else the first of those who are left.
        let kept = before.lead_worker.filter(|lead| *lead != worker);
        let lead_worker = kept.or_else(|| crew.first().copied());
        let placement = Placement { lead_worker, crew, ..before.clone() };
        vec![if placement.crew.is_empty() {
            BookingEvent::CrewCleared { placement, before, at }
        } else {
            BookingEvent::CrewAssigned { placement, before, at }
        }]
    }
}
