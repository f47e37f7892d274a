//! What an organisation has decided about the times at which visits begin.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::policies::Wrong;

/// What times are offered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchedulingPolicy {
    /// Minutes between two times that are offered.
    pub slot_duration_minutes: u16,
    /// Minutes kept free after each visit.
    pub buffer_minutes: u16,
    /// Hours from now to the first time that is offered.
    pub lead_time_hours: u16,
    /// Days from now to the last time that customers may choose; left out where it is a year.
    #[serde(skip_serializing_if = "is_a_year")]
    pub horizon_days: u16,
    /// Most visits of one team on a day; none is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bookings_per_day: Option<u16>,
}

impl Default for SchedulingPolicy {
    fn default() -> Self {
        Self {
            slot_duration_minutes: 30,
            buffer_minutes: 30,
            lead_time_hours: 0,
            horizon_days: A_YEAR,
            max_bookings_per_day: None,
        }
    }
}

impl SchedulingPolicy {
    /// The first moment at which a visit that a customer chooses may begin.
    pub fn earliest(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::hours(self.lead_time_hours.into())
    }

    /// The last one.
    pub fn latest(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + TimeDelta::days(self.horizon_days.into())
    }

    /// Names everything that cannot be meant, as it is sent.
    pub(super) fn check(&self, wrong: &mut Wrong) {
        wrong.unless(
            (5..=240).contains(&self.slot_duration_minutes),
            "scheduling.slot_duration_minutes",
            "Input should be from 5 to 240",
        );
        let buffer = "scheduling.buffer_minutes";
        wrong.unless(self.buffer_minutes <= 240, buffer, "Input should be from 0 to 240");
        wrong.hours(self.lead_time_hours, "scheduling.lead_time_hours");
        wrong.unless(
            (1..=3650).contains(&self.horizon_days),
            "scheduling.horizon_days",
            "Input should be from 1 to 3650",
        );
        wrong.unless(
            u32::from(self.horizon_days) * 24 > self.lead_time_hours.into(),
            "scheduling.horizon_days",
            "Input should be further ahead than lead_time_hours",
        );
        wrong.unless(
            self.max_bookings_per_day.is_none_or(|most| (1..=1000).contains(&most)),
            "scheduling.max_bookings_per_day",
            "Input should be from 1 to 1000, or null",
        );
    }
}

const A_YEAR: u16 = 365;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
fn is_a_year(days: &u16) -> bool {
    *days == A_YEAR
}
