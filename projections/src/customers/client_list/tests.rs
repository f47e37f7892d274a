//! The list as events leave it.

use domain::customers::client::address::AddressInput;
use domain::customers::client::{Client, ClientEvent, Contact};
use domain::personal::Personal;
use domain::recorded::Recorded;
use domain::seal::SubjectKeys;
use uuid::Uuid;

use super::row::Row;
use super::{RowsById, fold};
use crate::fixture::{LEAD as CLIENT, at, erased, keys, recorded};

fn life() -> Vec<Recorded> {
    let client_id = CLIENT.into();
    let contact = |name, email| {
        let contact = Contact::parse(name, email, Some("780 555 0199")).unwrap();
        Personal::of(CLIENT.into(), contact)
    };
    let reason = Personal::of(CLIENT.into(), "Zoë is never at home".to_owned());
    let id = |number| Uuid::from_u128(number).into();
    let lives = |text: &str| {
        let typed = AddressInput { text: Some(text.to_owned()), ..AddressInput::default() };
        Personal::of(CLIENT.into(), typed.parse(true).unwrap())
    };
    let tags = Personal::of(CLIENT.into(), vec!["zones".to_owned()]);
    let (first, second) = (contact("Zoë", "zoe@example.org"), contact("Zoë Z", "z@example.org"));
    let events = [
        ClientEvent::Registered { client_id, contact: first, at: at(1) },
        ClientEvent::ContactChanged { client_id, contact: second, at: at(2) },
        ClientEvent::Blocked { client_id, reason, at: at(3) },
        ClientEvent::Archived { client_id, at: at(4) },
        ClientEvent::Unblocked { client_id, at: at(5) },
        ClientEvent::Restored { client_id, at: at(6) },
        ClientEvent::AddressAdded { address_id: id(1), address: lives("1 Zola Road"), at: at(7) },
        ClientEvent::AddressAdded { address_id: id(2), address: lives("2 Zola Road"), at: at(8) },
        ClientEvent::TagsSet { tags, at: at(9) },
        ClientEvent::AddressArchived { address_id: id(1), at: at(10) },
        ClientEvent::AddressRestored {
            address_id: id(2),
            address: lives("2 Zola Road"),
            at: at(11),
        },
        ClientEvent::Merged { client_id, into: Uuid::from_u128(70).into(), at: at(12) },
    ];
    let numbered = (1..).zip(&events);
    numbered.map(|(n, event)| recorded::<Client>(i64::from(n), n, CLIENT, event)).collect()
}

fn folded(events: &[Recorded], keys: &SubjectKeys) -> Row {
    let mut rows = RowsById::new();
    let events: Vec<&Recorded> = events.iter().collect();
    assert_eq!(fold(&mut rows, &events, keys), []);
    rows.remove(&CLIENT).unwrap()
}

#[test]
fn the_list_shows_the_client_as_the_events_left_them() {
    let log = life();
    let row = folded(&log[..4], &keys());
    assert_eq!((row.name.as_str(), row.email.as_str()), ("Zoë Z", "z@example.org"));
    assert_eq!((row.is_blocked, row.archived_at), (true, Some(at(4))));
    let row = folded(&log[..6], &keys());
    assert_eq!((row.is_blocked, row.archived_at, row.version), (false, None, 6));
    let row = folded(&log[..9], &keys());
    assert_eq!(
        (row.address.as_deref(), &row.tags[..]),
        (Some("1 Zola Road"), &["zones".to_owned()][..])
    );
    assert!(row.search().contains("1 zola road\nzones"), "{}", row.search());
    assert_eq!(folded(&log[..10], &keys()).address, None);
    assert_eq!(folded(&log[..11], &keys()).address.as_deref(), Some("2 Zola Road"));
    assert_eq!(folded(&log, &keys()).merged_into, Some(Uuid::from_u128(70)));
}

#[test]
fn an_erasure_leaves_what_a_rebuild_without_the_key_makes() {
    for end in 1..=life().len() {
        let mut log = life()[..end].to_vec();
        log.push(erased(100));
        let row = folded(&log, &keys());
        assert_eq!(row, folded(&log, &SubjectKeys::new()), "after {end}");
        assert!(!row.search().contains("zo") && !row.search().contains("0199"));
    }
}

#[test]
fn an_event_of_somebody_who_was_never_registered_parks_the_stream() {
    let log = life();
    let poison = fold(&mut RowsById::new(), &[&log[1]], &keys());
    assert_eq!(poison[0].reason, "the client was never registered");
}

#[test]
fn whoever_was_merged_follows_whoever_stayed() {
    let log = life();
    let mut rows = RowsById::new();
    let other = Uuid::from_u128(71);
    let earlier = Row { merged_into: Some(CLIENT), ..Row::registered(other, at(1)) };
    rows.insert(other, earlier);
    assert_eq!(fold(&mut rows, &log.iter().collect::<Vec<_>>(), &keys()), []);
    assert_eq!(rows[&other].merged_into, Some(Uuid::from_u128(70)));
}
