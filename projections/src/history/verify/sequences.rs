//! The last event number seen of every stream, in little memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use domain::recorded::Recorded;

/// Streams are told apart by 128 bits of two keyed hashes: nobody can aim for a collision, and chance does not.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    seeds: (RandomState, RandomState),
    last: HashMap<(u64, u64), i32>,
}

impl Sequences {
    /// Takes the event's number; the one that was expected instead, if it is another.
    pub(super) fn take(&mut self, event: &Recorded) -> Option<i32> {
        let stream = (event.aggregate_type.as_str(), event.aggregate_id.as_str());
        let key = (self.seeds.0.hash_one(stream), self.seeds.1.hash_one(stream));
        let last = self.last.entry(key).or_insert(0);
        let expected = last.saturating_add(1);
        *last = event.sequence;
        (event.sequence != expected).then_some(expected)
    }
}
