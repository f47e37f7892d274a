//! One entry a minute for whoever keeps asking for what they may not have.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use domain::id::OrgId;

/// After an entry, this long the same is only counted.
const WINDOW: TimeDelta = TimeDelta::minutes(1);

/// Callers and routes to remember; when there are more, all of them fresh, every denial is noted.
const CAPACITY: usize = 20_000;

/// Who asked for what: organisation, login, action.
pub(super) type Key = (OrgId, String, String);

#[derive(Debug)]
struct Seen {
    since: DateTime<Utc>,
    left_out: u32,
}

/// The denials of the last minute.
#[derive(Debug, Default)]
pub(crate) struct Sampler(Mutex<HashMap<Key, Seen>>);

impl Sampler {
    /// Whether one more is to be noted; then also how many were not, since the last that was.
    pub(super) fn admit(&self, key: Key, now: DateTime<Utc>) -> Option<u32> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = all.get_mut(&key) {
            // A clock that was set back must not silence anybody.
            if seen.since <= now && now < seen.since + WINDOW {
                seen.left_out = seen.left_out.saturating_add(1);
                return None;
            }
            let left_out = seen.left_out;
            *seen = Seen { since: now, left_out: 0 };
            return Some(left_out);
        }
        if all.len() >= CAPACITY {
            all.retain(|_, seen| now < seen.since + WINDOW);
        }
        if all.len() < CAPACITY {
            all.insert(key, Seen { since: now, left_out: 0 });
        }
        Some(0)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_first_of_a_minute_is_noted_and_the_next_tells_of_the_others() {
        let sampler = Sampler::default();
        let key = |who: &str| (OrgId::from(Uuid::nil()), who.to_owned(), "lead.update".to_owned());
        let at = |seconds| DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds);
        assert_eq!(sampler.admit(key("a"), at(0)), Some(0));
        assert_eq!(sampler.admit(key("a"), at(30)), None);
        assert_eq!(sampler.admit(key("a"), at(59)), None);
        assert_eq!(sampler.admit(key("b"), at(59)), Some(0));
        assert_eq!(sampler.admit(key("a"), at(60)), Some(2));
        assert_eq!(sampler.admit(key("a"), at(90)), None);
        assert_eq!(sampler.admit(key("a"), at(10)), Some(1));
    }

    #[test]
    fn memory_is_bounded_and_nobody_gets_lost_for_it() {
        let sampler = Sampler::default();
        let now = DateTime::UNIX_EPOCH;
        let key = |n: usize| (OrgId::from(Uuid::nil()), n.to_string(), String::new());
        for n in 0..=CAPACITY {
            assert_eq!(sampler.admit(key(n), now), Some(0));
        }
        assert_eq!(sampler.admit(key(CAPACITY), now), Some(0));
        assert_eq!(sampler.0.lock().unwrap().len(), CAPACITY);
        assert_eq!(sampler.admit(key(CAPACITY), now + WINDOW), Some(0));
        assert_eq!(sampler.0.lock().unwrap().len(), 1);
    }
}
