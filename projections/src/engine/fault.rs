//! Failures of the database: how they are told, and how long what failed is left alone.

use std::collections::HashMap;
use std::time::Duration;

use domain::id::OrgId;
use tokio::time::Instant;

/// The first retry comes at once to a human, the last ones cost nothing.
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);

/// What went wrong, without anything that may quote a value.
pub fn describe(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default().into_owned();
            let place = error.constraint().or_else(|| error.table());
            place.map_or_else(|| code.clone(), |place| format!("{code} on {place}"))
        }
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Encode(_) => {
            "a value or a key cannot be read".to_owned()
        }
        other => other.to_string(),
    }
}

/// What failed lately.
#[derive(Debug, Default)]
pub(crate) struct Setbacks(HashMap<(OrgId, String), Setback>);

#[derive(Clone, Copy, Debug)]
struct Setback {
    pause: Duration,
    until: Instant,
}

impl Setbacks {
    /// Notes a failure; returns how long to leave it alone, twice as long each time.
    pub(crate) fn add(&mut self, org: OrgId, projection: &str, now: Instant) -> Duration {
        let known = self.0.get(&(org, projection.to_owned()));
        let pause = known.map_or(FIRST, |setback| LONGEST.min(setback.pause * 2));
        self.0.insert((org, projection.to_owned()), Setback { pause, until: now + pause });
        pause
    }

    /// It works again.
    pub(crate) fn forget(&mut self, org: OrgId, projection: &str) {
        if !self.0.is_empty() {
            self.0.remove(&(org, projection.to_owned()));
        }
    }

    /// Whether to leave it alone for now.
    pub(crate) fn hold(&self, org: OrgId, projection: &str, now: Instant) -> bool {
        !self.0.is_empty()
            && self.0.get(&(org, projection.to_owned())).is_some_and(|found| now < found.until)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_failure_is_left_alone_for_longer_until_it_works_again() {
        let (org, now) = (OrgId::from(Uuid::nil()), Instant::now());
        let mut setbacks = Setbacks::default();
        assert_eq!(setbacks.add(org, "lead_list", now), FIRST);
        assert_eq!(setbacks.add(org, "lead_list", now), FIRST * 2);
        assert!(setbacks.hold(org, "lead_list", now));
        assert!(!setbacks.hold(org, "lead_list", now + FIRST * 2));
        assert!(!setbacks.hold(org, "lead_detail", now));
        setbacks.forget(org, "lead_list");
        assert!(!setbacks.hold(org, "lead_list", now));
        assert_eq!(setbacks.add(org, "lead_list", now), FIRST);
    }

    #[test]
    fn no_pause_exceeds_the_longest() {
        let (org, now) = (OrgId::from(Uuid::nil()), Instant::now());
        let mut setbacks = Setbacks::default();
        for _ in 0..64 {
            setbacks.add(org, "lead_list", now);
        }
        assert_eq!(setbacks.add(org, "lead_list", now), LONGEST);
    }
}
