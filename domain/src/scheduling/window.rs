//! A span of time, half-open: what ends at ten leaves ten o'clock free.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// From its first instant to the first that no longer belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// First instant.
    pub starts_at: DateTime<Utc>,
    /// First instant after it.
    pub ends_at: DateTime<Utc>,
}

impl Window {
    /// `None` if it would be empty.
    pub fn new(starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> Option<Self> {
        (starts_at < ends_at).then_some(Self { starts_at, ends_at })
    }

    /// As long as `minutes`, which are more than none.
    pub fn of_minutes(starts_at: DateTime<Utc>, minutes: u32) -> Self {
        Self { starts_at, ends_at: starts_at + TimeDelta::minutes(minutes.max(1).into()) }
    }

    /// How long, in whole minutes.
    pub fn minutes(self) -> u32 {
        u32::try_from((self.ends_at - self.starts_at).num_minutes()).unwrap_or(u32::MAX)
    }

    /// Whether they share an instant.
    pub fn overlaps(self, other: Self) -> bool {
        self.starts_at < other.ends_at && other.starts_at < self.ends_at
    }

    /// Longer by `by` on both sides.
    #[must_use]
    pub fn widened(self, by: TimeDelta) -> Self {
        Self { starts_at: self.starts_at - by, ends_at: self.ends_at + by }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(from: i64, until: i64) -> Window {
        let at = |minutes| DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes);
        Window::new(at(from), at(until)).unwrap()
    }

    #[test]
    fn what_ends_when_the_other_starts_does_not_overlap() {
        assert!(!window(0, 60).overlaps(window(60, 120)));
        assert!(window(0, 61).overlaps(window(60, 120)));
        assert!(window(0, 60).widened(TimeDelta::minutes(1)).overlaps(window(60, 120)));
    }

    #[test]
    fn an_empty_span_is_none() {
        assert_eq!(Window::new(DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH), None);
        assert_eq!(window(0, 90).minutes(), 90);
    }
}
