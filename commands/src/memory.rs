//! Aggregates as they were when last seen: a starting point for the next decision, never trusted.
//!
//! What is decided on an old state is refused by the log, and a refusal based on one is decided again on a fresh one.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::event::EventSourced;
use domain::id::OrgId;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::stream::Folded;

/// Not touched for longer, an aggregate is read again.
const IDLE: Duration = Duration::from_mins(10);

type Key = (OrgId, &'static str, String);

/// The aggregates that were touched last.
#[derive(Clone)]
pub(crate) struct Memory(Cache<Key, Arc<Place>>);

/// Where one aggregate is kept. Its state changes in place: to the cache, a new value would be a new entry.
pub(crate) struct Place(Mutex<Known>);

struct Known {
    version: i32,
    /// A [`Folded`].
    folded: Arc<dyn Any + Send + Sync>,
}

impl Memory {
    /// Room for `capacity` aggregates.
    pub(crate) fn new(capacity: u64) -> Self {
        Self(
            Cache::builder()
                .max_capacity(capacity)
                // What was touched last is what staff work on next; how often it was touched before says little.
                .eviction_policy(EvictionPolicy::lru())
                .time_to_idle(IDLE)
                .build(),
        )
    }

    /// Where an aggregate is kept, if it is.
    pub(crate) fn place<A: EventSourced>(&self, org: OrgId, id: &str) -> Option<Arc<Place>> {
        self.0.get(&(org, A::TYPE, id.to_owned()))
    }

    /// Keeps an aggregate that was not kept before.
    pub(crate) fn keep<A: EventSourced>(&self, org: OrgId, id: &str, folded: Folded<A>) {
        let place = Place(Mutex::new(Known::of(folded)));
        self.0.insert((org, A::TYPE, id.to_owned()), Arc::new(place));
    }
}

impl Place {
    /// The aggregate as it was.
    pub(crate) fn folded<A: EventSourced>(&self) -> Option<Arc<Folded<A>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&known.folded).downcast().ok()
    }

    /// The aggregate is known to be like this, unless something newer is known already.
    pub(crate) fn learn<A: EventSourced>(&self, folded: Folded<A>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if folded.version >= known.version {
            *known = Known::of(folded);
        }
    }
}

impl Known {
    fn of<A: EventSourced>(folded: Folded<A>) -> Self {
        Self { version: folded.version, folded: Arc::new(folded) }
    }
}
