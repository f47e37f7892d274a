//! Which waiting decisions may share a transaction.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use domain::id::OrgId;
use uuid::Uuid;

use crate::append::Decision;
use crate::lane::Job;

/// Something that at most one decision of a batch may touch.
#[derive(Hash)]
enum Thing<'a> {
    Stream(OrgId, &'static str, &'a str),
    Command(OrgId, Uuid),
    Claim(OrgId, &'static str, &'a str),
    Resource(OrgId, Uuid),
    Person(OrgId, Uuid),
}

/// Things by their hashes: two that are taken for each other only keep one decision waiting for the next batch.
#[derive(Default)]
struct Things {
    hashes: RandomState,
    seen: HashSet<u64>,
}

impl Things {
    fn hold(&self, thing: &Thing<'_>) -> bool {
        self.seen.contains(&self.hashes.hash_one(thing))
    }

    fn add(&mut self, thing: &Thing<'_>) {
        self.seen.insert(self.hashes.hash_one(thing));
    }
}

/// Takes up to `cap` jobs that do not touch each other, sorted by organisation; the rest waits in order.
///
/// A job is held back too when an earlier one that touches the same thing is: nobody overtakes.
pub(crate) fn pick(
    mut jobs: impl ExactSizeIterator<Item = Job>,
    cap: usize,
) -> (Vec<Job>, VecDeque<Job>) {
    let mut batch = Vec::with_capacity(jobs.len().min(cap));
    let mut later = VecDeque::new();
    // A lone job is in nobody's way.
    if jobs.len() <= 1 && cap > 0 {
        batch.extend(jobs.next());
        return (batch, later);
    }
    let mut taken = Things::default();
    let mut shared = Things::default();
    for job in jobs {
        let mut free = batch.len() < cap;
        touches(&job.decision, |thing| free &= !taken.hold(&thing) && !shared.hold(&thing));
        uses(&job.decision, |thing| free &= !taken.hold(&thing));
        touches(&job.decision, |thing| taken.add(&thing));
        uses(&job.decision, |thing| shared.add(&thing));
        if free {
            batch.push(job);
        } else {
            later.push_back(job);
        }
    }
    batch.sort_by_key(|job| job.decision.org); // stable: within an organisation, first come first served
    (batch, later)
}

/// What a decision must have to itself.
fn touches<'a>(decision: &'a Decision, mut each: impl FnMut(Thing<'a>)) {
    let org = decision.org;
    each(Thing::Stream(org, decision.aggregate_type, &decision.aggregate_id));
    each(Thing::Command(org, decision.command_id.as_uuid()));
    for (scope, value, _) in &decision.claims {
        each(Thing::Claim(org, scope, value));
    }
    for slot in &decision.slots {
        each(Thing::Resource(org, slot.resource));
    }
    let made = decision.new_keys.iter().map(|key| key.subject);
    for subject in made.chain(decision.erases.iter().copied()) {
        each(Thing::Person(org, subject.as_uuid()));
    }
}

/// The people whose keys a decision needs: any number may, but not beside one that makes or destroys the key.
fn uses<'a>(decision: &'a Decision, mut each: impl FnMut(Thing<'a>)) {
    for subject in &decision.uses {
        each(Thing::Person(decision.org, subject.as_uuid()));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use domain::id::SubjectId;
    use proptest::prelude::*;
    use tokio::sync::oneshot;

    use super::*;
    use crate::append::NewKey;

    fn job(org: u128, stream: u8, person: u8, erases: bool) -> Job {
        let subject: SubjectId = Uuid::from_u128(u128::from(person)).into();
        let decision = Decision {
            org: Uuid::from_u128(org).into(),
            aggregate_type: "lead",
            aggregate_id: stream.to_string(),
            expected: 0,
            command_id: Uuid::now_v7().into(),
            fingerprint: [0; 32],
            metadata: String::new(),
            at: None,
            events: Vec::new(),
            claims: Vec::new(),
            release_slots: false,
            slots: Vec::new(),
            new_keys: Vec::<NewKey>::new(),
            uses: if erases { Vec::new() } else { vec![subject] },
            erases: if erases { vec![subject] } else { Vec::new() },
            beside: Vec::new(),
        };
        Job::new(decision, oneshot::channel().0).0
    }

    proptest! {
        #[test]
        fn a_batch_never_touches_a_stream_twice_and_nobody_overtakes(
            plan in prop::collection::vec((0..3_u128, 0..6_u8, 0..4_u8, any::<bool>()), 0..60),
            cap in 1..20_usize,
        ) {
            let mut order: HashMap<Uuid, usize> = HashMap::new();
            let jobs: Vec<_> = plan.iter().enumerate().map(|(n, &(org, stream, person, erases))| {
                let job = job(org, stream, person, erases);
                order.insert(job.decision.command_id.as_uuid(), n);
                job
            }).collect();
            let total = jobs.len();
            let (batch, later) = pick(jobs.into_iter(), cap);
            prop_assert_eq!(batch.len() + later.len(), total);
            prop_assert!(batch.len() <= cap);

            let stream = |job: &Job| (job.decision.org, job.decision.aggregate_id.clone());
            let streams: HashSet<_> = batch.iter().map(stream).collect();
            prop_assert_eq!(streams.len(), batch.len());
            let place = |job: &Job| order[&job.decision.command_id.as_uuid()];
            for early in &batch {
                let overtaken = later.iter().any(|late| stream(late) == stream(early) && place(late) < place(early));
                prop_assert!(!overtaken);
            }
            for erasing in batch.iter().filter(|job| !job.decision.erases.is_empty()) {
                let org = erasing.decision.org;
                let used = batch.iter().any(|job| job.decision.org == org && job.decision.uses.contains(&erasing.decision.erases[0]));
                prop_assert!(!used);
            }
        }
    }
}
