//! Proves that a log is the one that was written: nothing changed, removed, swapped, added or cut off.
//!
//! [`Verifier`] is pure: it takes events one after the other, from a database or an export, and after a finding goes
//! on from the hash it found stored, so that the next defect is found too. It trusts nothing but its witnesses:
//! signed checkpoints, an export, the head of the log.

mod attempts;
mod database;
mod exported;
mod finding;
mod sequences;
mod suspects;
#[cfg(test)]
mod tests;
mod witness;

use domain::chain::{self, Hash};
use domain::id::OrgId;
use domain::recorded::Recorded;
use serde::Serialize;

pub use database::{Effort, verify};
pub use exported::verify_export;
pub use finding::{Defect, Finding, Witness};
pub use witness::{Anchor, Witnesses};

use super::log::Head;
use sequences::Sequences;
use suspects::Suspects;

/// A report names so many findings at most; a log with more is not what it was, and says so.
pub const FINDINGS: usize = 1_000;

/// What is known about a log once all of it was read.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whose log.
    pub org: OrgId,
    /// How many events were read.
    pub events: u64,
    /// The last position.
    pub position: i64,
    /// The chain up to there, as stored.
    #[serde(with = "hex")]
    pub hash: Hash,
    /// How many witnesses confirm the chain; a checkpoint whose signature was not checked does not.
    pub confirmed_by: usize,
    /// The last position that a witness confirms.
    pub confirmed_upto: i64,
    /// How many signatures could not be checked, because no key was given.
    pub unchecked_signatures: usize,
    /// The number of the last entry about what was tried; `None` where that chain is not at hand.
    pub attempts: Option<i64>,
    /// What is wrong, in the order of the log.
    pub findings: Vec<Finding>,
    /// How many more findings there are than could be listed.
    pub unlisted: usize,
}

impl Report {
    /// Whether nothing is wrong.
    pub const fn is_clean(&self) -> bool {
        self.findings.is_empty() && self.unlisted == 0
    }

    /// Of an organisation that has no log at all, though it should.
    pub fn without_log(org: OrgId) -> Self {
        let mut verifier = Verifier::new(org, Witnesses::none(org));
        verifier.found(Defect::Headless { position: 0 });
        verifier.finish(None)
    }
}

/// The end of what was read so far.
#[derive(Debug)]
struct Tip {
    /// The hash stored with the last event.
    stored: Hash,
    /// The hash it should have, if that is not the one stored.
    instead: Option<Hash>,
    /// Whether the next event must follow from it: not so behind a gap.
    is_known: bool,
}

/// Takes the events of one log in order and finds what is wrong with them.
#[derive(Debug)]
pub struct Verifier {
    org: OrgId,
    events: u64,
    /// The position that comes next.
    expected: i64,
    tip: Tip,
    /// An event out of place: the one after it tells what to make of it.
    held: Option<Recorded>,
    anchors: std::iter::Peekable<std::vec::IntoIter<Anchor>>,
    confirmed: (usize, i64),
    unchecked: usize,
    sequences: Sequences,
    suspects: Suspects,
    defects: Vec<Defect>,
    unlisted: usize,
}

impl Verifier {
    /// A verifier at the beginning of the log of `org`.
    pub fn new(org: OrgId, witnesses: Witnesses) -> Self {
        let (anchors, defects) = witnesses.into_parts();
        let unchecked = anchors.iter().filter(|anchor| !anchor.witness.is_trusted()).count();
        Self {
            org,
            events: 0,
            expected: 1,
            tip: Tip { stored: chain::genesis(org), instead: None, is_known: true },
            held: None,
            anchors: anchors.into_iter().peekable(),
            confirmed: (0, 0),
            unchecked,
            sequences: Sequences::default(),
            suspects: Suspects::default(),
            defects,
            unlisted: 0,
        }
    }

    /// Takes the next event as it was read.
    pub fn next(&mut self, event: &Recorded) {
        self.events += 1;
        let Some(held) = self.held.take() else { return self.place(event) };
        if held.position == self.expected + 1 && event.position == self.expected {
            self.misplaced(held);
            self.misplaced(event.clone());
        } else if event.position == self.expected + 1 {
            self.misplaced(held);
            self.place(event);
        } else {
            self.resume(&held);
            self.place(event);
        }
    }

    /// Takes note that the next event cannot even be read.
    pub(super) fn unreadable(&mut self, line: u64) {
        if let Some(held) = self.held.take() {
            self.resume(&held);
        }
        self.found(Defect::Unreadable { position: self.expected, line });
        self.expected += 1;
        self.tip.is_known = false;
    }

    /// The last position that was taken.
    pub(super) fn upto(&self) -> i64 {
        self.held.as_ref().map_or(0, |held| held.position).max(self.expected - 1)
    }

    /// Ends the log; `head` is what its own record says about its end, if there is one.
    pub fn finish(mut self, head: Option<Head>) -> Report {
        if let Some(held) = self.held.take() {
            if self.suspects.claims(self.expected) {
                self.misplaced(held);
            } else {
                self.resume(&held);
            }
        }
        let end = self.expected - 1;
        self.end(end, head);
        let suspects = std::mem::take(&mut self.suspects);
        self.defects.retain(|defect| {
            !matches!(defect, Defect::SequenceBroken { aggregate_type, aggregate_id, .. }
                if suspects.touch(aggregate_type, aggregate_id))
        });
        self.defects.extend(suspects.resolve());
        self.defects.sort_by_key(Defect::position);
        let unlisted = self.unlisted + self.defects.len().saturating_sub(FINDINGS);
        self.defects.truncate(FINDINGS);
        let (org, (confirmed_by, confirmed_upto)) = (self.org, self.confirmed);
        let findings = self.defects.into_iter().map(|defect| Finding::new(org, defect)).collect();
        Report {
            org,
            events: self.events,
            position: end,
            hash: self.tip.stored,
            confirmed_by,
            confirmed_upto,
            unchecked_signatures: self.unchecked,
            attempts: None,
            findings,
            unlisted,
        }
    }

    fn place(&mut self, event: &Recorded) {
        if event.position == self.expected {
            self.follow(event);
        } else {
            self.held = Some(event.clone());
        }
    }

    /// The event stands in the place of another: the log goes on behind it.
    fn misplaced(&mut self, mut event: Recorded) {
        let says = std::mem::replace(&mut event.position, self.expected);
        self.tip.stored = {
            let stored = event.hash;
            self.suspects.add(event, Some(says), self.tip.stored);
            stored
        };
        self.tip.instead = None;
        self.expected += 1;
    }

    /// The log goes on at the event, if that is not behind us.
    fn resume(&mut self, event: &Recorded) {
        if event.position < self.expected {
            self.found(Defect::Repeated { position: event.position });
            return;
        }
        self.found(Defect::Missing { position: self.expected, upto: event.position - 1 });
        self.tip.is_known = false;
        self.expected = event.position;
        self.follow(event);
    }

    fn follow(&mut self, event: &Recorded) {
        let before = self.tip.stored;
        let mut instead = None;
        let mut is_suspect = false;
        if self.tip.is_known {
            let computed = event.expected_hash(&before);
            if computed != event.hash {
                if self.follows_instead(event) {
                    self.suspects.clear(event.position - 1);
                } else {
                    is_suspect = true;
                    instead = Some(computed);
                    self.suspects_add(event, before);
                }
            }
        }
        self.tip = Tip { stored: event.hash, instead, is_known: true };
        self.compare(event, is_suspect);
        if let Some(expected) = self.sequences.take(event).filter(|_| !is_suspect) {
            self.found(Defect::SequenceBroken {
                position: event.position,
                aggregate_type: event.aggregate_type.clone(),
                aggregate_id: event.aggregate_id.clone(),
                expected,
                found: event.sequence,
            });
        }
        self.expected = event.position + 1;
    }

    /// Whether the event follows from what the one before it should be rather than from what is stored there.
    fn follows_instead(&self, event: &Recorded) -> bool {
        self.tip.instead.is_some_and(|instead| event.expected_hash(&instead) == event.hash)
    }

    fn suspects_add(&mut self, event: &Recorded, before: Hash) {
        if self.suspects.len() < FINDINGS {
            self.suspects.add(event.clone(), None, before);
        } else {
            self.unlisted += 1;
        }
    }

    /// Holds the event against what witnesses know about its position.
    fn compare(&mut self, event: &Recorded, is_suspect: bool) {
        while let Some(anchor) = self.anchors.next_if(|anchor| anchor.position <= event.position) {
            if anchor.position < event.position {
                continue;
            }
            if anchor.hash == event.hash {
                if anchor.witness.is_trusted() {
                    self.confirmed = (self.confirmed.0 + 1, event.position);
                }
            } else if !is_suspect {
                self.tip.instead = Some(anchor.hash);
                let intact_upto = self.confirmed.1;
                let (position, witness) = (event.position, anchor.witness);
                self.found(Defect::Rewritten { position, intact_upto, witness });
            }
        }
    }

    fn end(&mut self, end: i64, head: Option<Head>) {
        let mut cut: Option<(i64, Witness)> = None;
        if let Some(head) = head {
            if head.position > end {
                cut = Some((head.position, Witness::Head));
            } else if head.position == end && head.hash != self.tip.stored {
                if self.tip.instead == Some(head.hash) {
                    self.suspects.clear(end);
                } else if !self.suspects.has(end) {
                    self.found(Defect::HeadMismatch { position: end });
                }
            }
            if let Some(last) = head.last.filter(|last| *last > head.position) {
                self.found(Defect::BeyondHead { position: head.position + 1, upto: last });
            }
        }
        let anchors: Vec<Anchor> = self.anchors.by_ref().collect();
        for anchor in anchors {
            if anchor.position > end && cut.as_ref().is_none_or(|(upto, _)| anchor.position > *upto)
            {
                cut = Some((anchor.position, anchor.witness));
            }
        }
        if let Some((upto, witness)) = cut {
            self.found(Defect::Truncated { position: end + 1, upto, witness });
        }
    }

    fn found(&mut self, defect: Defect) {
        if self.defects.len() < FINDINGS {
            self.defects.push(defect);
        } else {
            self.unlisted += 1;
        }
    }
}
