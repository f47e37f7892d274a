//! The rules of a client: given, when, then.

use chrono::TimeDelta;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::*;

fn id() -> ClientId {
    Uuid::from_u128(6).into()
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn contact(email: &str) -> Contact {
    Contact::parse("Sam", email, None).unwrap()
}

fn registered() -> ClientEvent {
    let contact = Personal::of(id().into(), contact("sam@example.org"));
    ClientEvent::Registered { client_id: id(), contact, at: at(0) }
}

fn blocked() -> ClientEvent {
    let reason = Personal::of(id().into(), "never at home".to_owned());
    ClientEvent::Blocked { client_id: id(), reason, at: at(1) }
}

fn archived() -> ClientEvent {
    ClientEvent::Archived { client_id: id(), at: at(1) }
}

fn given(events: &[ClientEvent]) -> AggregateTestExecutor<Client> {
    TestFramework::with(()).given(events.to_vec())
}

#[test]
fn somebody_is_registered_once_under_a_key_of_their_own() {
    let register = || ClientCommand::Register {
        client_id: id(),
        contact: contact("Sam@example.org"),
        now: at(0),
    };
    given(&[]).when(register()).then_expect_events(vec![registered()]);
    given(&[registered()]).when(register()).then_expect_error(ClientError::AlreadyRegistered);
    assert_eq!(Client::reservations(&registered()), [Reservation::NewSubject(id().into())]);
    assert_eq!(Client::beside(&registered()).unwrap()["email"], "sam@example.org");
}

#[test]
fn another_address_is_a_change_and_the_same_is_none() {
    let change = |email| ClientCommand::ChangeContact {
        changes: Changes::parse(None, Some(email), None).unwrap(),
        now: at(2),
    };
    let changed = ClientEvent::ContactChanged {
        client_id: id(),
        contact: Personal::of(id().into(), contact("new@example.org")),
        at: at(2),
    };
    given(&[registered()]).when(change("new@example.org")).then_expect_events(vec![changed]);
    given(&[registered()]).when(change("sam@example.org")).then_expect_events(vec![]);
    let nothing = ClientCommand::ChangeContact { changes: Changes::default(), now: at(2) };
    given(&[registered()]).when(nothing).then_expect_error(ClientError::NothingSupplied);
}

#[test]
fn a_block_has_a_reason_and_holds_until_it_is_lifted() {
    let block = |reason: &str| ClientCommand::Block { reason: reason.to_owned(), now: at(1) };
    given(&[registered()]).when(block(" never at home ")).then_expect_events(vec![blocked()]);
    given(&[registered(), blocked()]).when(block("again")).then_expect_events(vec![]);
    for none in ["", "  ", &"x".repeat(501)] {
        given(&[registered()]).when(block(none)).then_expect_error(ClientError::NoReason);
    }
    let unblock = || ClientCommand::Unblock { now: at(2) };
    let unblocked = ClientEvent::Unblocked { client_id: id(), at: at(2) };
    given(&[registered(), blocked()]).when(unblock()).then_expect_events(vec![unblocked]);
    given(&[registered()]).when(unblock()).then_expect_events(vec![]);
}

#[test]
fn archiving_and_restoring_twice_changes_nothing() {
    let (archive, restore) =
        (|| ClientCommand::Archive { now: at(1) }, || ClientCommand::Restore { now: at(2) });
    let restored = ClientEvent::Restored { client_id: id(), at: at(2) };
    given(&[registered()]).when(archive()).then_expect_events(vec![archived()]);
    given(&[registered(), archived()]).when(archive()).then_expect_events(vec![]);
    given(&[registered(), archived()]).when(restore()).then_expect_events(vec![restored]);
    given(&[registered()]).when(restore()).then_expect_events(vec![]);
    assert_eq!(Client::beside(&archived()).unwrap()["do"], "portal.end_client");
}

#[test]
fn neither_the_blocked_nor_the_archived_use_the_portal() {
    let after = |events: &[ClientEvent]| {
        let mut client = Client::default();
        for event in events {
            client.apply(event.clone());
        }
        client.may_sign_in().map(|details| details.client_id)
    };
    assert_eq!(after(&[registered()]), Ok(id()));
    assert_eq!(after(&[registered(), blocked()]), Err(ClientError::Blocked));
    assert_eq!(after(&[registered(), archived()]), Err(ClientError::Archived));
    assert_eq!(after(&[registered(), blocked(), archived()]), Err(ClientError::Archived));
    let unblocked = ClientEvent::Unblocked { client_id: id(), at: at(2) };
    assert_eq!(after(&[registered(), blocked(), unblocked.clone()]), Ok(id()));
    assert_eq!(after(&[]), Err(ClientError::NotFound));
    let put = |event: &ClientEvent| Client::beside(event).unwrap()["do"].clone();
    assert_eq!(
        (put(&blocked()), put(&unblocked)),
        ("portal.block_client".into(), "portal.unblock_client".into())
    );
}

#[test]
fn nothing_is_asked_of_somebody_who_was_never_registered() {
    let commands = [
        ClientCommand::ChangeContact { changes: Changes::default(), now: at(1) },
        ClientCommand::Unblock { now: at(1) },
        ClientCommand::Archive { now: at(1) },
    ];
    for command in commands {
        given(&[]).when(command).then_expect_error(ClientError::NotFound);
    }
}
