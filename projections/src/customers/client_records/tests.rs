//! What events say about clients.

use domain::customers::client::{Client, ClientEvent, NoteKind};
use domain::personal::Personal;
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent, Party};
use uuid::Uuid;

use super::fold::{Facts, Visit};
use crate::fixture::{LEAD as CLIENT, at, booked, recorded};

fn facts(log: &[Recorded]) -> Facts {
    let (facts, poison) = Facts::of(&log.iter().collect::<Vec<_>>());
    assert_eq!(poison, []);
    facts
}

#[test]
fn what_is_said_is_kept_sealed_with_who_said_it() {
    let note = ClientEvent::NoteAdded {
        note_id: Uuid::from_u128(20),
        kind: NoteKind::Complaint,
        text: Personal::of(CLIENT.into(), "Zoë was cross".to_owned()),
        by: Some("owner-first".to_owned()),
        at: at(5),
    };
    let said = ClientEvent::FeedbackRecorded {
        feedback_id: Uuid::from_u128(21),
        booking: Some(Uuid::from_u128(22).into()),
        rating: 2,
        comment: None,
        by: Party::Client,
        at: at(6),
    };
    let facts =
        facts(&[recorded::<Client>(3, 2, CLIENT, &note), recorded::<Client>(4, 3, CLIENT, &said)]);
    let note = &facts.notes[0];
    assert_eq!(
        (note.kind, note.made_by.as_deref(), note.position),
        ("COMPLAINT", Some("owner-first"), 3)
    );
    assert!(note.text.get("$sealed").is_some(), "{}", note.text);
    let said = &facts.feedback[0];
    assert_eq!(
        (said.rating, said.made_by, said.booking_id),
        (2, "client", Some(Uuid::from_u128(22)))
    );
    assert_eq!(facts.clients(), [CLIENT, CLIENT]);
}

#[test]
fn a_visit_counts_for_whom_it_is_once_it_is_done() {
    let mut log = booked();
    log.truncate(2);
    let done = BookingEvent::Completed { actual_minutes: 90, at: at(9) };
    log.push(recorded::<Booking>(9, 3, CLIENT, &done));
    let other = Uuid::from_u128(30);
    let moved = BookingEvent::ClientChanged {
        client: other.into(),
        address: None,
        place: None,
        at: at(10),
    };
    log.push(recorded::<Booking>(10, 4, CLIENT, &moved));
    let whole = facts(&log);
    let visit = Visit {
        client_id: Some(other),
        is_placed: true,
        address_id: None,
        total_cents: Some(12_000),
        done_at: Some(at(9)),
    };
    assert_eq!(whole.visits[&CLIENT], visit);
    assert_eq!(whole.clients(), [CLIENT, other], "whoever it was for before is judged anew too");
    // Cut elsewhere, only what is news is said.
    let rest = facts(&log[2..]);
    assert_eq!(rest.visits[&CLIENT], Visit { total_cents: None, ..visit });
}
