//! Events whose link in the chain does not hold, and what explains them: two of them swapped, or each changed.

use domain::chain::Hash;
use domain::recorded::Recorded;

use super::finding::Defect;

/// How many are kept to be compared with each other; a log with more is damaged beyond swapping.
const KEPT: usize = 128;

/// An event that does not follow from the one before it.
#[derive(Debug)]
struct Suspect {
    /// With the position in which it was found standing.
    event: Recorded,
    /// What it says its position is, if that differs.
    says: Option<i64>,
    /// The hash stored with the event before it.
    before: Hash,
    is_hash_only: bool,
    is_explained: bool,
}

/// All of them, in order.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    kept: Vec<Suspect>,
    /// Positions of those that were not kept.
    others: Vec<i64>,
}

impl Suspects {
    pub(super) fn add(&mut self, event: Recorded, says: Option<i64>, before: Hash) {
        if self.kept.len() == KEPT {
            self.others.push(event.position);
            return;
        }
        let (is_hash_only, is_explained) = (false, false);
        self.kept.push(Suspect { event, says, before, is_hash_only, is_explained });
    }

    /// The event at `position` turned out to be intact: what follows it follows from its bytes.
    pub(super) fn clear(&mut self, position: i64) {
        if let Some(last) = self.kept.last_mut().filter(|last| last.event.position == position) {
            last.is_hash_only = true;
        }
    }

    pub(super) fn has(&self, position: i64) -> bool {
        let is_there = |suspect: &Suspect| suspect.event.position == position;
        self.kept.iter().any(is_there) || self.others.last() == Some(&position)
    }

    /// Whether one of them says that it belongs to `position`.
    pub(super) fn claims(&self, position: i64) -> bool {
        self.kept.iter().any(|suspect| suspect.says == Some(position))
    }

    /// Whether one of them is of that stream, so that holes in it are explained.
    pub(super) fn touch(&self, aggregate_type: &str, aggregate_id: &str) -> bool {
        self.kept.iter().any(|suspect| {
            suspect.event.aggregate_id == aggregate_id
                && suspect.event.aggregate_type == aggregate_type
        })
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len() + self.others.len()
    }

    /// What explains them.
    pub(super) fn resolve(mut self) -> Vec<Defect> {
        let mut defects = Vec::new();
        for i in 0..self.kept.len() {
            for j in i + 1..self.kept.len() {
                if !self.kept[i].is_explained && !self.kept[j].is_explained && self.swapped(i, j) {
                    let (position, with) =
                        (self.kept[i].event.position, self.kept[j].event.position);
                    defects.push(Defect::Swapped { position, with });
                }
            }
        }
        for suspect in self.kept.iter().filter(|suspect| !suspect.is_explained) {
            let position = suspect.event.position;
            defects.push(match suspect.says {
                Some(found) => Defect::Misplaced { position, found },
                None if suspect.is_hash_only => Defect::HashChanged { position },
                None => Defect::Changed { position },
            });
        }
        defects.extend(self.others.into_iter().map(|position| Defect::Changed { position }));
        defects
    }

    /// Whether the chain holds with the two in each other's place; if so, they and whom they cast doubt on are
    /// explained.
    fn swapped(&mut self, i: usize, j: usize) -> bool {
        let (first, second) = (&self.kept[i], &self.kept[j]);
        let original = EXCHANGES.iter().find_map(|exchange| {
            let here = exchange(&first.event, &second.event);
            let there = exchange(&second.event, &first.event);
            let is_next = there.position == here.position + 1;
            let before = if is_next { &here.hash } else { &second.before };
            let holds = here.expected_hash(&first.before) == here.hash
                && there.expected_hash(before) == there.hash;
            holds.then_some([here, there])
        });
        let Some(original) = original else { return false };
        self.kept[i].is_explained = true;
        self.kept[j].is_explained = true;
        for before in original {
            let after = before.position + 1;
            let next = self.kept.iter_mut().find(|suspect| suspect.event.position == after);
            if let Some(next) = next
                && next.event.expected_hash(&before.hash) == next.event.hash
            {
                next.is_explained = true;
            }
        }
        true
    }
}

/// From what stands in a place and in another, what stood in the first if this or that was exchanged.
type Exchange = fn(&Recorded, &Recorded) -> Recorded;

const EXCHANGES: &[Exchange] = &[
    // Whole rows.
    |here, there| Recorded { position: here.position, ..there.clone() },
    // Everything but the hash.
    |here, there| Recorded { position: here.position, hash: here.hash, ..there.clone() },
    // Everything but hash and time.
    |here, there| Recorded {
        position: here.position,
        hash: here.hash,
        recorded_at: here.recorded_at,
        ..there.clone()
    },
    // What happened, to whom it happened left in place.
    |here, there| Recorded {
        event_type: there.event_type.clone(),
        event_version: there.event_version.clone(),
        payload: there.payload.clone(),
        metadata: there.metadata.clone(),
        ..here.clone()
    },
    |here, there| Recorded {
        event_type: there.event_type.clone(),
        event_version: there.event_version.clone(),
        payload: there.payload.clone(),
        ..here.clone()
    },
    |here, there| Recorded {
        payload: there.payload.clone(),
        metadata: there.metadata.clone(),
        ..here.clone()
    },
    |here, there| Recorded { payload: there.payload.clone(), ..here.clone() },
    |here, there| Recorded { metadata: there.metadata.clone(), ..here.clone() },
    |here, there| Recorded { hash: there.hash, ..here.clone() },
    // The times.
    |here, there| Recorded { recorded_at: there.recorded_at, ..here.clone() },
];
