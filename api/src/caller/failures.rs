//! Notices when a guess is the last one for a while, so that the audit log can tell it. Guessing is ended elsewhere, by
//! counts that all processes share; this one only tells what it saw itself.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{Context, SHA256};

/// Names and addresses to remember before the oldest are swept out.
const CAPACITY: usize = 20_000;

/// A name at an address; hashed, because names may be mistyped passwords.
type Key = [u8; 32];

fn key(username: &str, address: IpAddr) -> Key {
    let mut sha = Context::new(&SHA256);
    sha.update(address.to_string().as_bytes());
    sha.update(b" ");
    sha.update(username.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(sha.finish().as_ref());
    key
}

/// The failed logins of the last minutes.
pub(crate) struct Failures {
    allowed: usize,
    window: TimeDelta,
    seen: Mutex<HashMap<Key, VecDeque<DateTime<Utc>>>>,
}

impl Failures {
    pub(super) fn new(allowed: usize, window: TimeDelta) -> Self {
        Self { allowed, window, seen: Mutex::default() }
    }

    /// Counts a failure; whether it was the last that is allowed.
    pub(crate) fn record(&self, username: &str, address: IpAddr, now: DateTime<Utc>) -> bool {
        let key = key(username, address);
        let mut seen = self.lock();
        let window = self.window;
        if seen.len() >= CAPACITY {
            seen.retain(|_, times| times.back().is_some_and(|last| *last + window > now));
        }
        // Full of fresh failures: an attack from everywhere.
        if seen.len() >= CAPACITY && !seen.contains_key(&key) {
            return false;
        }
        let times = seen.entry(key).or_default();
        while times.front().is_some_and(|first| *first + window <= now) {
            times.pop_front();
        }
        times.push_back(now);
        times.len() == self.allowed
    }

    pub(crate) fn forget(&self, username: &str, address: IpAddr) {
        self.lock().remove(&key(username, address));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, VecDeque<DateTime<Utc>>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_guess_is_told_once_and_forgotten_with_its_time() {
        let failures = Failures::new(3, TimeDelta::minutes(15));
        let here = IpAddr::from([203, 0, 113, 1]);
        let at = |minute| DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
        let told: Vec<_> =
            (0..4).map(|minute| failures.record("owner", here, at(minute))).collect();
        assert_eq!(told, [false, false, true, false]);
        failures.forget("owner", here);
        assert!(!failures.record("owner", here, at(5)));
        assert!(!failures.record("owner", here, at(30)));
    }
}
