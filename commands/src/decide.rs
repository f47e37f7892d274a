//! From a command to a decision the log can take: events sealed and digested, reservations beside them.

use std::sync::Arc;

use cqrs_es::event_sink::EventSink;
use cqrs_es::{Aggregate, DomainEvent};
use domain::event::{EventSourced, Reservation};
use domain::personal::may_be_open;
use domain::seal::{MasterKeys, SealError, SubjectKeys, seal_all};

use crate::append::{Beside, Decision, NewEvent, NewKey, Slot};
use crate::context::Context;
use crate::error::{BrokenHistory, CommandError};
use crate::keys;
use crate::stream::{Folded, Streams};

/// What `command` decides on the aggregate as it was `before`, ready for the log, and the aggregate after it.
pub(crate) async fn decide<A: EventSourced>(
    log: &Streams,
    ctx: &Context,
    id: &str,
    command: A::Command,
    before: &Folded<A>,
) -> Result<(Decision, Folded<A>), CommandError<A::Error>> {
    if let Some(expected) = ctx.expected_version
        && expected != before.version
    {
        return Err(CommandError::VersionMismatch { current: before.version });
    }
    let uses = before.state.subjects();
    if uses.iter().any(|subject| !before.keys.contains_key(subject)) {
        return Err(CommandError::SubjectErased);
    }
    let mut state = before.state.clone();
    let sink = EventSink::default();
    state.handle(command, &(), &sink).await.map_err(CommandError::Refused)?;
    let events = sink.collect().await;

    let mut decision = blank::<A>(ctx, id, before.version);
    decision.uses = uses;
    // A state in memory stays open when the key of somebody in it is destroyed, here or by another process: the log says
    // so, and it is decided again on what is left.
    let others = before.keys.keys().filter(|subject| !decision.uses.contains(subject));
    decision.uses.extend(others.copied().collect::<Vec<_>>());
    for event in &events {
        for reservation in A::reservations(event) {
            reserve(&mut decision, reservation);
        }
        decision.beside.extend(A::beside(event).map(Beside));
    }
    let keys = new_keys(&log.keys, &mut decision, &before.keys).map_err(BrokenHistory::from)?;
    decision.metadata = serde_json::to_string(&ctx.metadata()).map_err(BrokenHistory::from)?;
    let keys = encode_all::<A>(log, &mut decision, &events, keys).await?;
    decision.digest_events();
    let version = before.version;
    Ok((decision, Folded { state, version, keys }))
}

/// Makes the keys of people met for the first time; `made` starts as the list of whom.
fn new_keys(
    masters: &MasterKeys,
    decision: &mut Decision,
    known: &Arc<SubjectKeys>,
) -> Result<Arc<SubjectKeys>, SealError> {
    if decision.new_keys.is_empty() {
        return Ok(Arc::clone(known));
    }
    let mut keys = SubjectKeys::clone(known);
    for slot in &mut decision.new_keys {
        let (key, stored) = keys::make(masters, decision.org, slot.subject)?;
        keys.insert(slot.subject, key);
        *slot = stored;
    }
    Ok(Arc::new(keys))
}

fn blank<A: Aggregate>(ctx: &Context, id: &str, expected: i32) -> Decision {
    Decision {
        org: ctx.org,
        aggregate_type: A::TYPE,
        aggregate_id: id.to_owned(),
        expected,
        command_id: ctx.request.command_id,
        fingerprint: ctx.request.fingerprint,
        metadata: String::new(),
        at: ctx.recorded_at.map(|at| at.timestamp_micros()),
        events: Vec::new(),
        claims: Vec::new(),
        release_slots: false,
        slots: Vec::new(),
        new_keys: Vec::new(),
        uses: Vec::new(),
        erases: Vec::new(),
        beside: ctx.beside.clone(),
    }
}

fn reserve(decision: &mut Decision, reservation: Reservation) {
    match reservation {
        Reservation::Claim { scope, value } => decision.claims.push((scope, value, true)),
        Reservation::Release { scope, value } => decision.claims.push((scope, value, false)),
        Reservation::Slot { resource, from, until } => decision.slots.push(Slot {
            resource,
            from: from.timestamp_micros(),
            until: until.timestamp_micros(),
        }),
        Reservation::ReleaseSlots => decision.release_slots = true,
        Reservation::NewSubject(subject) => {
            decision.new_keys.push(NewKey { subject, master_version: 0, wrapped: Vec::new() });
        }
        Reservation::EraseSubject(subject) => decision.erases.push(subject),
    }
}

/// Encodes the events, and looks for the keys of people of whom this aggregate has not spoken before.
///
/// Whose key is gone, nothing more is written down about.
async fn encode_all<A: EventSourced>(
    log: &Streams,
    decision: &mut Decision,
    events: &[A::Event],
    mut keys: Arc<SubjectKeys>,
) -> Result<Arc<SubjectKeys>, CommandError<A::Error>> {
    loop {
        let encoded: Result<_, _> = events.iter().map(|event| encode::<A>(event, &keys)).collect();
        let missing = match encoded {
            Ok(encoded) => {
                decision.events = encoded;
                return Ok(keys);
            }
            Err(BrokenHistory::Seal(SealError::NoKey(subject))) => subject,
            Err(error) => return Err(error.into()),
        };
        let found = keys::fetch(&log.pool, &log.keys, decision.org, &[missing]).await?;
        if found.is_empty() {
            return Err(CommandError::SubjectErased);
        }
        // Erased before this is appended, they are not written about either.
        decision.uses.push(missing);
        Arc::make_mut(&mut keys).extend(found);
    }
}

fn encode<A: Aggregate>(event: &A::Event, keys: &SubjectKeys) -> Result<NewEvent, BrokenHistory> {
    let mut payload = serde_json::to_string(event)?;
    if may_be_open(&payload) {
        let mut json = serde_json::to_value(event)?;
        seal_all(&mut json, keys, &mut keys::random)?;
        payload = json.to_string();
    }
    let (event_type, event_version) = (event.event_type(), event.event_version());
    Ok(NewEvent { event_type, event_version, payload, digest: [0; 32] })
}
