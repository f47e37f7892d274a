//! From when on a client gives cause for concern: what the organisation decides about it.
//!
//! The figures themselves are kept by a read model; time alone changes what they mean, so it is judged when it is read.

use serde::{Deserialize, Serialize};

use crate::input::Problems;

/// When somebody complains often, is hard to please, or seems to be leaving.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientPolicy {
    /// Complaints and ratings count for so many days.
    pub watch_days: u16,
    /// So many complaints are many.
    pub many_complaints: u16,
    /// An average of so many thousandths of a point, or less, is low.
    pub low_average_permille: u16,
    /// A rating of so many points, or less, is low.
    pub low_rating: u16,
    /// So many low ratings are enough, whatever the average.
    pub many_low_ratings: u16,
    /// Not visited for so many days: one point towards leaving.
    pub late_days: u16,
    /// Not visited for so many days: three points.
    pub lost_days: u16,
    /// Not visited for so many thousandths of the usual time between visits: one point.
    pub late_gap_permille: u16,
    /// Not visited for so many: two points.
    pub lost_gap_permille: u16,
    /// From so many points on somebody may be leaving.
    pub medium_from: u16,
    /// From so many points on they most likely are.
    pub high_from: u16,
}

impl Default for ClientPolicy {
    fn default() -> Self {
        Self {
            watch_days: 90,
            many_complaints: 3,
            low_average_permille: 3000,
            low_rating: 2,
            many_low_ratings: 2,
            late_days: 45,
            lost_days: 60,
            late_gap_permille: 1500,
            lost_gap_permille: 2000,
            medium_from: 1,
            high_from: 3,
        }
    }
}

/// Complaints and ratings of one client that are looked at; more of them mean no more.
pub const LOOKED_AT: u16 = 100;

impl ClientPolicy {
    /// Whether nothing else was decided: then it is not written down with every price book.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Names everything that cannot be meant, as it is sent.
    pub fn check(&self) -> Result<(), Problems> {
        let mut wrong = Problems::default();
        let mut within = |value: u16, least: u16, most: u16, field: &str| {
            if !(least..=most).contains(&value) {
                wrong.push(
                    format!("clients.{field}"),
                    format!("Input should be from {least} to {most}"),
                );
            }
        };
        within(self.watch_days, 1, 730, "watch_days");
        within(self.many_complaints, 1, LOOKED_AT, "many_complaints");
        within(self.low_average_permille, 1000, 5000, "low_average");
        within(self.low_rating, 1, 5, "low_rating");
        within(self.many_low_ratings, 1, LOOKED_AT, "many_low_ratings");
        within(self.late_days, 1, 3650, "late_days");
        within(self.lost_days, 1, 3650, "lost_days");
        within(self.late_gap_permille, 1000, 20_000, "late_gap");
        within(self.lost_gap_permille, 1000, 20_000, "lost_gap");
        within(self.medium_from, 1, 10, "medium_from");
        within(self.high_from, 1, 10, "high_from");
        for (early, late, field) in [
            (self.late_days, self.lost_days, "lost_days"),
            (self.late_gap_permille, self.lost_gap_permille, "lost_gap"),
            (self.medium_from, self.high_from, "high_from"),
        ] {
            if late < early {
                wrong.push(format!("clients.{field}"), "Input should not be less than the other");
            }
        }
        wrong.or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_cannot_be_meant_is_named_at_once() {
        assert_eq!(ClientPolicy::default().check(), Ok(()));
        let odd =
            ClientPolicy { watch_days: 0, low_rating: 6, lost_days: 44, ..ClientPolicy::default() };
        let wrong = odd.check().unwrap_err();
        let fields: Vec<_> = wrong.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(fields, ["clients.watch_days", "clients.low_rating", "clients.lost_days"]);
        assert!(!odd.is_usual());
    }
}
