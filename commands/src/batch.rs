//! Which waiting decisions may share a transaction.

use std::collections::{HashSet, VecDeque};

use domain::id::OrgId;
use uuid::Uuid;

use crate::append::Decision;
use crate::lane::Job;

/// Something that at most one decision of a batch may touch.
#[derive(PartialEq, Eq, Hash)]
enum Touch {
    Stream(OrgId, &'static str, String),
    Command(OrgId, Uuid),
    Claim(OrgId, &'static str, String),
    Resource(OrgId, Uuid),
    Person(OrgId, Uuid),
}

/// Takes up to `cap` jobs that do not touch each other, sorted by organisation; the rest waits in order.
///
/// A job is held back too when an earlier one that touches the same thing is: nobody overtakes.
pub(crate) fn pick(jobs: impl Iterator<Item = Job>, cap: usize) -> (Vec<Job>, VecDeque<Job>) {
    let mut taken = HashSet::new();
    let mut shared = HashSet::new();
    let (mut batch, mut later) = (Vec::new(), VecDeque::new());
    for job in jobs {
        let touches = touches(&job.decision);
        let uses: Vec<_> = uses(&job.decision).collect();
        let free = batch.len() < cap
            && !touches.iter().any(|touch| taken.contains(touch) || shared.contains(touch))
            && !uses.iter().any(|touch| taken.contains(touch));
        taken.extend(touches);
        shared.extend(uses);
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
fn touches(decision: &Decision) -> Vec<Touch> {
    let org = decision.org;
    let mut touches = Vec::with_capacity(2);
    touches.push(Touch::Stream(org, decision.aggregate_type, decision.aggregate_id.clone()));
    touches.push(Touch::Command(org, decision.command_id.as_uuid()));
    for (scope, value, _) in &decision.claims {
        touches.push(Touch::Claim(org, scope, value.clone()));
    }
    for slot in &decision.slots {
        touches.push(Touch::Resource(org, slot.resource));
    }
    let made = decision.new_keys.iter().map(|key| key.subject);
    for subject in made.chain(decision.erases.iter().copied()) {
        touches.push(Touch::Person(org, subject.as_uuid()));
    }
    touches
}

/// The people whose keys a decision needs: any number may, but not beside one that makes or destroys the key.
fn uses(decision: &Decision) -> impl Iterator<Item = Touch> + '_ {
    decision.uses.iter().map(|subject| Touch::Person(decision.org, subject.as_uuid()))
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
