//! How near and how far ahead a visit is when something is done about it.

use chrono::{DateTime, TimeDelta, Utc};

use super::Details;
use super::error::BookingError;
use crate::scheduling::terms::policies::SchedulingPolicy;

/// How long before its time a visit may begin: about its own day, wherever it is.
const EARLY: TimeDelta = TimeDelta::hours(12);

/// Whether a customer may choose `starts_at`.
pub fn check_notice(
    policy: &SchedulingPolicy,
    starts_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), BookingError> {
    if starts_at <= now {
        Err(BookingError::StartInPast)
    } else if starts_at < policy.earliest(now) {
        Err(BookingError::TooSoon)
    } else if starts_at > policy.latest(now) {
        Err(BookingError::TooFar)
    } else {
        Ok(())
    }
}

impl Details {
    /// Whether nobody can be there yet.
    pub(super) fn is_too_early(&self, now: DateTime<Utc>) -> bool {
        self.placement.window.starts_at - now > EARLY
    }
}
