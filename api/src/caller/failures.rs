//! Slows down whoever guesses passwords, without locking out whoever knows them elsewhere.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use ring::digest::{Context, SHA256};

/// Failures that a forgetful person may need.
const ALLOWED: usize = 10;

/// How long a failure counts.
const WINDOW: TimeDelta = TimeDelta::minutes(15);

/// Names and addresses to remember before the oldest are swept out.
const CAPACITY: usize = 20_000;

/// A name at an address; hashed, because names may be mistyped passwords.
pub(crate) type Key = [u8; 32];

pub(crate) fn key(username: &str, address: IpAddr) -> Key {
    let mut sha = Context::new(&SHA256);
    sha.update(address.to_string().as_bytes());
    sha.update(b" ");
    sha.update(username.as_bytes());
    let mut key = [0; 32];
    key.copy_from_slice(sha.finish().as_ref());
    key
}

/// The failed logins of the last minutes.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<Key, VecDeque<DateTime<Utc>>>>);

impl Failures {
    /// The seconds to wait, if there were too many.
    pub(crate) fn check(&self, key: &Key, now: DateTime<Utc>) -> Result<(), u64> {
        let mut failures = self.lock();
        let Some(times) = failures.get_mut(key) else { return Ok(()) };
        while times.front().is_some_and(|first| *first + WINDOW <= now) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= ALLOWED => {
                let wait = *first + WINDOW - now;
                Err(u64::try_from(wait.num_seconds() + 1).unwrap_or(1))
            }
            _ => Ok(()),
        }
    }

    /// Counts a failure; whether it was the last that is allowed.
    pub(crate) fn record(&self, key: Key, now: DateTime<Utc>) -> bool {
        let mut failures = self.lock();
        if failures.len() >= CAPACITY {
            failures.retain(|_, times| times.back().is_some_and(|last| *last + WINDOW > now));
        }
        // Full of fresh failures: an attack from everywhere, which counting by address cannot stop anyway.
        if failures.len() < CAPACITY || failures.contains_key(&key) {
            let times = failures.entry(key).or_default();
            times.push_back(now);
            return times.len() == ALLOWED;
        }
        false
    }

    pub(crate) fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, VecDeque<DateTime<Utc>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([203, 0, 113, last])
    }

    #[test]
    fn the_eleventh_guess_waits_until_the_first_is_forgotten() {
        let failures = Failures::default();
        let start = DateTime::UNIX_EPOCH;
        let guess = key("owner", address(1));
        for second in 0..10 {
            let now = start + TimeDelta::seconds(second);
            assert_eq!(failures.check(&guess, now), Ok(()));
            assert_eq!(failures.record(guess, now), second == 9);
        }
        let now = start + TimeDelta::seconds(60);
        assert_eq!(failures.check(&guess, now), Err(14 * 60 + 1));
        assert_eq!(failures.check(&key("owner", address(2)), now), Ok(()));
        assert_eq!(failures.check(&key("admin", address(1)), now), Ok(()));
        assert_eq!(failures.check(&guess, start + WINDOW), Ok(()));
    }

    #[test]
    fn signing_in_clears_the_account() {
        let failures = Failures::default();
        let guess = key("owner", address(1));
        for _ in 0..10 {
            failures.record(guess, DateTime::UNIX_EPOCH);
        }
        failures.forget(&guess);
        assert_eq!(failures.check(&guess, DateTime::UNIX_EPOCH), Ok(()));
    }
}
