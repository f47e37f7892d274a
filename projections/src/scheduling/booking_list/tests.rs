//! The list as events leave it.

use std::collections::HashMap;

use domain::customers::client::{Client, ClientEvent, Contact};
use domain::personal::{PLACEHOLDER, Personal};
use domain::recorded::Recorded;
use domain::seal::SubjectKeys;

use super::fold::List;
use super::row::Row;
use crate::fixture::{LEAD as PERSON, at, booked, erased, keys, recorded};

fn registered(position: i64, sequence: i32, name: &str) -> Recorded {
    let contact = Contact::parse(name, "zoe@example.org", Some("780 555 0199")).unwrap();
    let contact = Personal::of(PERSON.into(), contact);
    let client_id = PERSON.into();
    let event = match sequence {
        1 => ClientEvent::Registered { client_id, contact, at: at(1) },
        _ => ClientEvent::ContactChanged { client_id, contact, at: at(1) },
    };
    recorded::<Client>(position, sequence, PERSON, &event)
}

/// Whatever comes first, and wherever the log is cut.
fn folded(log: &[Recorded], keys: &SubjectKeys) -> Row {
    let mut list = List::new(HashMap::new(), HashMap::new());
    for event in log {
        assert_eq!(list.fold(&[event], keys), []);
    }
    list.rows.remove(&PERSON).unwrap()
}

#[test]
fn a_visit_is_listed_with_the_name_of_its_customer_as_it_is_now() {
    let mut log = vec![registered(1, 1, "Zoë")];
    log.extend(booked());
    let row = folded(&log, &keys());
    assert_eq!((row.shown.name.as_str(), row.status.as_str()), ("Zoë", "CANCELLED"));
    assert!(row.search().starts_with("zoë\nzoe@example.org"));
    log.push(registered(100, 2, "Zoë Z"));
    assert_eq!(folded(&log, &keys()).shown.name, "Zoë Z");
}

#[test]
fn an_erasure_leaves_what_a_rebuild_without_the_key_makes() {
    let mut log = vec![registered(1, 1, "Zoë")];
    log.extend(booked());
    for end in 2..=log.len() {
        let mut log = log[..end].to_vec();
        log.push(erased(100));
        let row = folded(&log, &keys());
        assert_eq!(row, folded(&log, &SubjectKeys::new()), "after {end}");
        assert_eq!(row.shown.name, PLACEHOLDER);
        assert!(!row.search().contains("zo"), "{}", row.search());
    }
}

#[test]
fn a_booking_that_was_never_asked_for_is_parked() {
    let mut list = List::new(HashMap::new(), HashMap::new());
    let log = booked();
    assert_eq!(list.fold(&[&log[1]], &keys())[0].reason, "the booking was never asked for");
}
