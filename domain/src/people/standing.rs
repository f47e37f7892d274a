//! How things stand with somebody who cleans: what the office should look at, computed whenever it is asked for.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use strum::IntoStaticStr;

use super::worker::file::Severity;
use crate::scheduling::terms::policies::WorkerPolicy;

/// More minutes than this on one day are many.
pub const HEAVY: i64 = 240;

/// How full a day is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// Nothing to do.
    Free,
    /// Up to four hours.
    Light,
    /// More.
    Heavy,
}

impl Load {
    /// Of a day with so many minutes of visits.
    pub const fn of(minutes: i64) -> Self {
        match minutes {
            ..=0 => Self::Free,
            1..=HEAVY => Self::Light,
            _ => Self::Heavy,
        }
    }
}

/// Stars, and how many ratings they are of: the latest, and all before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trend {
    /// Of the latest.
    pub latest: (i64, i64),
    /// Of those before.
    pub before: (i64, i64),
}

impl Trend {
    /// Whether the latest are worse on average by what the organisation wants to know of, or more; of fewer than it sets
    /// against the others nothing is said.
    pub fn drops(self, policy: &WorkerPolicy) -> bool {
        let ((latest, count), (before, earlier)) = (self.latest, self.before);
        let drop = i64::from(policy.rating_drop_permille) * count * earlier;
        count >= policy.latest_ratings.into()
            && earlier > 0
            && 1_000 * (before * count - latest * earlier) >= drop
    }
}

/// How pressing it is that somebody had no visit that is done since `since`; nothing if it is not.
pub fn quiet(policy: &WorkerPolicy, since: DateTime<Utc>, now: DateTime<Utc>) -> Option<Severity> {
    let steps = [(policy.long_idle_days, Severity::High), (policy.idle_days, Severity::Medium)];
    let is_over = |(days, _): &(u16, Severity)| now - since >= TimeDelta::days((*days).into());
    steps.into_iter().find(is_over).map(|(_, severity)| severity)
}

/// What became of the visits of somebody in some days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// All of them.
    pub jobs: i64,
    /// That are clean.
    pub done: i64,
    /// That were called off.
    pub cancelled: i64,
    /// When they were hired.
    pub hired_at: DateTime<Utc>,
}

/// Why the office looks at somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// Of three visits or more, 30 of a hundred were called off, or two.
    Cancellations,
    /// Hired within the last two weeks, and one visit is done at most.
    Newcomer,
}

impl Record {
    /// What stands out.
    pub fn flags(self, now: DateTime<Utc>) -> Vec<Flag> {
        let often = self.cancelled * 10 >= self.jobs * 3 || self.cancelled >= 2;
        let is_new = now - self.hired_at <= TimeDelta::days(14) && self.done <= 1;
        let flags = [(self.jobs >= 3 && often, Flag::Cancellations), (is_new, Flag::Newcomer)];
        flags.into_iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(days)
    }

    #[test]
    fn a_day_is_free_light_or_heavy() {
        assert_eq!(
            [0, 1, 240, 241].map(Load::of),
            [Load::Free, Load::Light, Load::Light, Load::Heavy]
        );
    }

    #[test]
    fn half_a_star_less_is_a_drop_and_a_little_less_is_none() {
        let policy = WorkerPolicy::default();
        let drops = |latest, before| Trend { latest, before }.drops(&policy);
        assert!(drops((12, 3), (9, 2)), "4 after 4.5");
        assert!(!drops((13, 3), (9, 2)), "4.33 after 4.5");
        assert!(!drops((2, 2), (10, 2)), "two are too few");
        assert!(!drops((3, 3), (0, 0)), "there was nothing before");
        let strict = WorkerPolicy {
            rating_drop_permille: 160,
            latest_ratings: 4,
            ..WorkerPolicy::default()
        };
        assert!(Trend { latest: (17, 4), before: (9, 2) }.drops(&strict), "4.25 after 4.5");
        assert!(!Trend { latest: (3, 3), before: (9, 2) }.drops(&strict), "three are too few");
    }

    #[test]
    fn a_month_without_work_is_told_and_two_press() {
        let usual = WorkerPolicy::default();
        assert_eq!(quiet(&usual, day(0), day(29)), None);
        assert_eq!(quiet(&usual, day(0), day(30)), Some(Severity::Medium));
        assert_eq!(quiet(&usual, day(0), day(60)), Some(Severity::High));
        let strict = WorkerPolicy { idle_days: 7, long_idle_days: 7, ..usual };
        assert_eq!(quiet(&strict, day(0), day(6)), None);
        assert_eq!(quiet(&strict, day(0), day(7)), Some(Severity::High));
    }

    #[test]
    fn cancellations_count_from_three_visits_on_and_newcomers_for_two_weeks() {
        let flags = |jobs, done, cancelled, days| {
            Record { jobs, done, cancelled, hired_at: day(0) }.flags(day(days))
        };
        assert_eq!(flags(2, 0, 2, 15), []);
        assert_eq!(flags(3, 2, 1, 15), [Flag::Cancellations], "a third");
        assert_eq!(flags(10, 9, 1, 15), []);
        assert_eq!(flags(10, 8, 2, 15), [Flag::Cancellations]);
        assert_eq!(flags(1, 1, 0, 14), [Flag::Newcomer]);
        assert_eq!(flags(2, 2, 0, 14), []);
    }
}
