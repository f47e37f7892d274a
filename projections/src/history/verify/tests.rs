//! Every way of tampering with a log is found and named at its place.

use chrono::DateTime;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::history::checkpoint::SigningKey;
use crate::history::export::{End, Header, Line};

const KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const OTHER_KEY: &str = "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=";

fn org() -> OrgId {
    Uuid::from_u128(42).into()
}

/// Which position has the event at `index`.
fn place(index: usize) -> i64 {
    i64::try_from(index).unwrap() + 1
}

/// A log of `streams` as they take turns.
fn log(streams: &[u8]) -> Vec<Recorded> {
    let mut events: Vec<Recorded> = Vec::new();
    let mut previous = chain::genesis(org());
    for (i, stream) in streams.iter().enumerate() {
        let position = place(i);
        let id = Uuid::from_u128(u128::from(*stream)).to_string();
        let sequence = 1 + events.iter().filter(|event| event.aggregate_id == id).count();
        let mut event = Recorded {
            org: org(),
            position,
            recorded_at: DateTime::from_timestamp_micros(1_700_000_000_000_000 + position * 1_001)
                .unwrap(),
            aggregate_type: "lead".to_owned(),
            aggregate_id: id,
            sequence: i32::try_from(sequence).unwrap(),
            event_type: "contacted".to_owned(),
            event_version: "1".to_owned(),
            payload: format!(r#"{{"nr":{position}}}"#),
            metadata: format!(r#"{{"request_id":"{position}"}}"#),
            hash: [0; 32],
        };
        event.hash = event.expected_hash(&previous);
        previous = event.hash;
        events.push(event);
    }
    events
}

/// Makes the chain fit again from `index` on, as somebody who may write everything can.
fn relink(events: &mut [Recorded], index: usize) {
    for i in index..events.len() {
        let previous = if i == 0 { chain::genesis(org()) } else { events[i - 1].hash };
        events[i].hash = events[i].expected_hash(&previous);
    }
}

fn head_of(events: &[Recorded]) -> Head {
    let last = events.last().unwrap();
    Head { position: last.position, hash: last.hash, last: Some(last.position) }
}

fn report(events: &[Recorded], head: Option<Head>, witnesses: Witnesses) -> Report {
    let mut verifier = Verifier::new(org(), witnesses);
    for event in events {
        verifier.next(event);
    }
    verifier.finish(head)
}

fn defects(events: &[Recorded], head: Head) -> Vec<Defect> {
    let report = report(events, Some(head), Witnesses::none(org()));
    report.findings.into_iter().map(|finding| finding.defect).collect()
}

/// What was found, without the holes in streams that follow from it.
fn causes(events: &[Recorded], head: Head) -> Vec<Defect> {
    let mut found = defects(events, head);
    found.retain(|defect| !matches!(defect, Defect::SequenceBroken { .. }));
    found
}

fn two_places(length: usize) -> impl Strategy<Value = (usize, usize)> {
    (0..length, 0..length).prop_filter_map("two", |(a, b)| (a != b).then(|| (a.min(b), a.max(b))))
}

fn tampering() -> impl Strategy<Value = (Vec<Recorded>, usize, usize)> {
    (2_usize..40)
        .prop_flat_map(|n| (prop::collection::vec(0_u8..5, n), two_places(n)))
        .prop_map(|(streams, (a, b))| (log(&streams), a, b))
}

proptest! {
    #[test]
    fn an_untouched_log_is_clean((events, ..) in tampering()) {
        prop_assert_eq!(defects(&events, head_of(&events)), []);
    }

    #[test]
    fn a_changed_event_is_named((mut events, at, _) in tampering(), field in 0..9) {
        let head = head_of(&events);
        let event = &mut events[at];
        match field {
            0 => event.payload.push(' '),
            1 => event.metadata.push(' '),
            2 => event.event_type.push('x'),
            3 => event.event_version.push('x'),
            4 => event.aggregate_type.push('x'),
            5 => event.aggregate_id.push('x'),
            6 => event.sequence += 1,
            7 => event.recorded_at += chrono::TimeDelta::microseconds(1),
            _ => event.payload.clear(),
        }
        prop_assert_eq!(causes(&events, head), [Defect::Changed { position: place(at) }]);
    }

    #[test]
    fn a_changed_hash_is_told_from_a_changed_event((mut events, at, _) in tampering()) {
        let head = head_of(&events);
        events[at].hash[31] ^= 1;
        prop_assert_eq!(defects(&events, head), [Defect::HashChanged { position: place(at) }]);
    }

    #[test]
    fn removed_events_are_named((mut events, from, upto) in tampering()) {
        let head = head_of(&events);
        events.drain(from..upto);
        let (position, upto) = (place(from), place(upto) - 1);
        prop_assert_eq!(causes(&events, head), [Defect::Missing { position, upto }]);
    }

    #[test]
    fn a_removed_tail_is_named((mut events, at, _) in tampering()) {
        let head = head_of(&events);
        events.truncate(at);
        let (position, upto) = (place(at), head.position);
        let expected = Defect::Truncated { position, upto, witness: Witness::Head };
        prop_assert_eq!(causes(&events, head), [expected]);
    }

    #[test]
    fn swapped_rows_are_named((mut events, a, b) in tampering()) {
        let head = head_of(&events);
        events.swap(a, b);
        let (position, with) = (place(a), place(b));
        // As lines of an export, in the wrong order.
        prop_assert_eq!(defects(&events, head), [Defect::Swapped { position, with }]);
        // As rows of a table, with exchanged positions.
        events[a].position = position;
        events[b].position = with;
        prop_assert_eq!(defects(&events, head), [Defect::Swapped { position, with }]);
    }

    #[test]
    fn swapped_contents_are_named((mut events, a, b) in tampering(), what in 0..4) {
        let head = head_of(&events);
        let (left, right) = events.split_at_mut(b);
        let (first, second) = (&mut left[a], &mut right[0]);
        match what {
            0 => std::mem::swap(&mut first.payload, &mut second.payload),
            1 => std::mem::swap(&mut first.metadata, &mut second.metadata),
            2 => {
                std::mem::swap(&mut first.payload, &mut second.payload);
                std::mem::swap(&mut first.metadata, &mut second.metadata);
            }
            _ => {
                std::mem::swap(first, second);
                std::mem::swap(&mut first.position, &mut second.position);
                std::mem::swap(&mut first.hash, &mut second.hash);
            }
        }
        let (position, with) = (place(a), place(b));
        prop_assert_eq!(causes(&events, head), [Defect::Swapped { position, with }]);
    }

    #[test]
    fn a_repeated_event_is_named((mut events, at, _) in tampering()) {
        let head = head_of(&events);
        let again = events[at].clone();
        events.insert(at, again);
        prop_assert_eq!(defects(&events, head), [Defect::Repeated { position: place(at) }]);
    }

    #[test]
    fn a_rewritten_chain_is_found_by_its_checkpoint((mut events, a, b) in tampering()) {
        let key = SigningKey::parse(KEY).unwrap();
        let mut witnesses = Witnesses::none(org());
        for at in [a, b] {
            let event = &events[at];
            let signed = key.sign(org(), (event.position, event.hash), None, event.recorded_at);
            witnesses.add_checkpoint(&signed, &[key.public()]);
        }
        let changed = a + 1;
        events[changed].payload.push(' ');
        relink(&mut events, changed);
        let report = report(&events, Some(head_of(&events)), witnesses);
        let found: Vec<_> = report.findings.iter().map(|f| (f.code, f.defect.position())).collect();
        prop_assert_eq!(found, [("rewritten", place(b))]);
        prop_assert_eq!((report.confirmed_by, report.confirmed_upto), (1, place(a)));
    }

    #[test]
    fn an_event_rewritten_with_its_hash_is_named_by_an_export((mut events, at, _) in tampering()) {
        let mut witnesses = Witnesses::none(org());
        witnesses.add_anchors(events.iter().map(Anchor::exported));
        let head = head_of(&events);
        events[at].payload.push(' ');
        let previous = if at == 0 { chain::genesis(org()) } else { events[at - 1].hash };
        events[at].hash = events[at].expected_hash(&previous);
        let report = report(&events, Some(head), witnesses);
        let found: Vec<_> = report.findings.iter().map(|f| (f.code, f.defect.position())).collect();
        prop_assert_eq!(found, [("rewritten", place(at))]);
    }

    #[test]
    fn any_order_of_any_events_is_survived(
        (events, ..) in tampering(), picks in prop::collection::vec(any::<prop::sample::Index>(), 0..60),
    ) {
        let picked: Vec<Recorded> = picks.iter().map(|pick| pick.get(&events).clone()).collect();
        let is_same = picked == events;
        prop_assert_eq!(defects(&picked, head_of(&events)).is_empty(), is_same);
    }
}

#[test]
fn every_one_of_several_defects_is_named() {
    let mut events = log(&[0; 30]);
    let head = head_of(&events);
    events[2].payload.push(' ');
    events.swap(10, 15);
    events[10].position = 11;
    events[15].position = 16;
    events[20].hash[0] ^= 1;
    events.truncate(28);
    events.remove(24);
    let codes: Vec<_> = causes(&events, head).iter().map(|d| (d.code(), d.position())).collect();
    assert_eq!(
        codes,
        [("changed", 3), ("swapped", 11), ("hash_changed", 21), ("missing", 25), ("truncated", 29)]
    );
}

#[test]
fn a_tail_removed_together_with_its_head_is_found_by_a_checkpoint() {
    let mut events = log(&[1, 2, 3, 1, 2]);
    let key = SigningKey::parse(KEY).unwrap();
    let mut witnesses = Witnesses::none(org());
    let last = &events[4];
    let signed = key.sign(org(), (5, last.hash), None, last.recorded_at);
    witnesses.add_checkpoint(&signed, &[]);
    events.truncate(3);
    let report = report(&events, Some(head_of(&events)), witnesses);
    let [finding] = report.findings.as_slice() else { panic!("{:?}", report.findings) };
    assert_eq!((finding.code, finding.defect.position()), ("truncated", 4));
    assert!(finding.message.contains("positions 4 to 5"), "{}", finding.message);
    assert!(finding.message.contains("signature not checked"), "{}", finding.message);
}

#[test]
fn a_checkpoint_of_another_key_bears_no_witness() {
    let events = log(&[1, 2, 3]);
    let forger = SigningKey::parse(OTHER_KEY).unwrap();
    let trusted = [SigningKey::parse(KEY).unwrap().public()];
    let mut claimed = forger.sign(org(), (2, [9; 32]), None, events[1].recorded_at);
    let mut witnesses = Witnesses::none(org());
    witnesses.add_checkpoint(&claimed, &trusted);
    claimed.key_id = trusted[0].id();
    witnesses.add_checkpoint(&claimed, &trusted);
    let report = report(&events, Some(head_of(&events)), witnesses);
    let codes: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["unknown_key", "bad_signature"]);
}

#[test]
fn events_behind_the_head_and_a_wrong_head_are_named() {
    let events = log(&[1, 2, 3]);
    let head = Head { last: Some(5), ..head_of(&events) };
    assert_eq!(defects(&events, head), [Defect::BeyondHead { position: 4, upto: 5 }]);
    let head = Head { hash: [7; 32], ..head_of(&events) };
    assert_eq!(defects(&events, head), [Defect::HeadMismatch { position: 3 }]);
}

#[test]
fn a_hole_in_a_stream_is_named_even_if_the_chain_holds() {
    let mut events = log(&[1, 2, 1]);
    events[2].sequence = 3;
    relink(&mut events, 2);
    let found = defects(&events, head_of(&events));
    let [Defect::SequenceBroken { position: 3, expected: 2, found: 3, .. }] = found.as_slice()
    else {
        panic!("{found:?}");
    };
}

#[test]
fn a_log_damaged_everywhere_gives_a_bounded_report() {
    let mut events = log(&[0; 3_000]);
    let head = head_of(&events);
    for event in &mut events {
        event.payload.push(' ');
    }
    let report = report(&events, Some(head), Witnesses::none(org()));
    assert_eq!(report.findings.len() + report.unlisted, 3_000);
    assert_eq!(report.findings.len(), FINDINGS);
}

#[test]
fn a_finding_tells_its_place_in_fields_and_in_a_sentence() {
    let finding = Finding::new(org(), Defect::Missing { position: 3, upto: 5 });
    let json = serde_json::to_value(&finding).unwrap();
    assert_eq!(json["code"], "missing");
    assert_eq!((&json["position"], &json["upto"]), (&3.into(), &5.into()));
    assert_eq!(json["message"], "positions 3 to 5 are missing");
}

/// An export of `events`, ended by a checkpoint.
fn export(events: &[Recorded]) -> Vec<String> {
    let now = DateTime::UNIX_EPOCH;
    let head = head_of(events);
    let end = SigningKey::parse(KEY).unwrap().sign(org(), (head.position, head.hash), None, now);
    let mut lines = vec![serde_json::to_string(&Header::new(org(), now)).unwrap()];
    let body =
        events.iter().map(|event| serde_json::to_string(&Line::from(event.clone())).unwrap());
    lines.extend(body);
    lines.push(serde_json::to_string(&End::Checkpoint(end)).unwrap());
    lines
}

fn found_in(lines: &[String]) -> Vec<(&'static str, i64)> {
    let trusted = [SigningKey::parse(KEY).unwrap().public()];
    let text = lines.join("\n");
    let (_, report) = verify_export(text.as_bytes(), &trusted, &[], |_| {}).unwrap();
    report.findings.iter().map(|finding| (finding.code, finding.defect.position())).collect()
}

#[test]
fn an_export_proves_itself() {
    let events = log(&[1, 2, 1, 3]);
    let text = export(&events).join("\n");
    let trusted = [SigningKey::parse(KEY).unwrap().public()];
    let mut seen = Vec::new();
    let (_, report) =
        verify_export(text.as_bytes(), &trusted, &[], |event| seen.push(event.clone())).unwrap();
    assert!(report.is_clean(), "{:?}", report.findings);
    assert_eq!((report.events, report.confirmed_upto), (4, 4));
    assert_eq!(seen, events);
}

#[test]
fn tampering_with_an_export_is_named() {
    let good = export(&log(&[1, 2, 1, 3, 2, 2]));

    let mut lines = good.clone();
    lines[3] = lines[3].replace("contacted", "contacteD");
    assert_eq!(found_in(&lines), [("changed", 3)]);

    let mut lines = good.clone();
    lines[3] = "{\"position\":3".to_owned();
    assert_eq!(found_in(&lines), [("unreadable", 3)]);

    let mut lines = good.clone();
    lines.remove(6);
    assert_eq!(found_in(&lines), [("truncated", 6)]);

    let mut lines = good.clone();
    lines.truncate(5);
    assert_eq!(found_in(&lines), [("unfinished", 5)]);

    let mut lines = good.clone();
    lines.swap(2, 5);
    assert_eq!(found_in(&lines), [("swapped", 2)]);

    let mut lines = good.clone();
    lines[7] = lines[7].replace("\"position\":6", "\"position\":5");
    lines.remove(6);
    assert!(found_in(&lines).contains(&("bad_signature", 5)));

    let mut lines = good;
    lines[7] = format!(r#"{{"head":{{"position":6,"hash":"{}"}}}}"#, "00".repeat(32));
    assert_eq!(found_in(&lines), [("unsigned", 6), ("head_mismatch", 6)]);
}
