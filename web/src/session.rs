//! Who is signed in: kept in this process, so a restart signs everybody out.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use tokio::time::Instant;

/// A working day and the evening.
pub(crate) const LIFE: Duration = Duration::from_hours(12);

/// More than one installation has staff; bounds the memory.
const CAPACITY: usize = 10_000;

/// One login of one person in one browser.
pub(crate) struct Session {
    pub(crate) id: String,
    /// The Basic header for the API.
    pub(crate) authorization: HeaderValue,
    /// Which organisation, where the name alone does not tell.
    pub(crate) org: Option<HeaderValue>,
    pub(crate) username: String,
    pub(crate) role: String,
    pub(crate) permissions: BTreeSet<String>,
    pub(crate) csrf: String,
    /// How much of the log this person has seen, so that they read their own writes.
    pub(crate) seen: AtomicI64,
    pub(crate) expires: Instant,
}

impl Session {
    /// Remembers the position that a command of this person reached.
    pub(crate) fn saw(&self, position: i64) {
        self.seen.fetch_max(position, Ordering::Relaxed);
    }

    pub(crate) fn seen(&self) -> i64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// Whether the role holds one of `permissions`; the API decides, this only leaves out forms it would refuse.
    pub(crate) fn may(&self, permissions: &[&str]) -> bool {
        permissions.iter().any(|one| self.permissions.contains(*one))
    }
}

/// All sessions of this process, by the digest of their id.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Arc<Session>>>);

impl Sessions {
    /// Adds a session; if there is no room, the one that ends soonest makes way.
    pub(crate) fn open(&self, place: [u8; 32], session: Session, now: Instant) {
        let mut all = self.lock();
        if all.len() >= CAPACITY {
            all.retain(|_, session| session.expires > now);
        }
        if all.len() >= CAPACITY {
            let soonest = all.iter().min_by_key(|(_, session)| session.expires);
            if let Some(place) = soonest.map(|(place, _)| *place) {
                all.remove(&place);
            }
        }
        all.insert(place, Arc::new(session));
    }

    pub(crate) fn find(&self, place: &[u8; 32], now: Instant) -> Option<Arc<Session>> {
        let mut all = self.lock();
        let found = all.get(place)?.clone();
        if found.expires > now {
            return Some(found);
        }
        all.remove(place);
        None
    }

    pub(crate) fn close(&self, place: &[u8; 32]) {
        self.lock().remove(place);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Arc<Session>>> {
        // No code that holds the lock can leave the map half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn session(expires: Instant) -> Session {
        Session {
            id: String::new(),
            authorization: HeaderValue::from_static("Basic x"),
            org: None,
            username: "owner".to_owned(),
            role: "owner".to_owned(),
            permissions: BTreeSet::new(),
            csrf: String::new(),
            seen: AtomicI64::new(0),
            expires,
        }
    }

    #[test]
    fn a_session_ends_with_its_time() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        sessions.open([1; 32], session(now + LIFE), now);
        assert!(sessions.find(&[1; 32], now + LIFE - Duration::from_secs(1)).is_some());
        assert!(sessions.find(&[1; 32], now + LIFE).is_none());
        assert!(sessions.find(&[1; 32], now).is_none(), "it is gone for good");
    }

    #[test]
    fn the_number_of_sessions_is_bounded() {
        let (sessions, now) = (Sessions::default(), Instant::now());
        for number in 0..=CAPACITY as u64 {
            let mut place = [0; 32];
            place[..8].copy_from_slice(&number.to_be_bytes());
            sessions.open(place, session(now + LIFE + Duration::from_secs(number)), now);
        }
        assert_eq!(sessions.lock().len(), CAPACITY);
        assert!(sessions.find(&[0; 32], now).is_none(), "the oldest made way");
    }

    #[test]
    fn what_was_seen_never_shrinks() {
        let session = session(Instant::now());
        session.saw(7);
        session.saw(3);
        assert_eq!(session.seen(), 7);
    }
}
