//! The rules of a client: given, when, then.

use chrono::TimeDelta;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::prelude::*;
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

fn address_id(number: u128) -> AddressId {
    Uuid::from_u128(number).into()
}

fn typed(text: &str) -> address::AddressInput {
    address::AddressInput { text: Some(text.to_owned()), ..address::AddressInput::default() }
}

fn added(number: u128, text: &str, is_first: bool) -> ClientEvent {
    let address = Personal::of(id().into(), typed(text).parse(is_first).unwrap());
    ClientEvent::AddressAdded { address_id: address_id(number), address, at: at(3) }
}

fn about(number: u128, step: AddressStep) -> ClientCommand {
    ClientCommand::Address { address_id: address_id(number), step, now: at(3) }
}

#[test]
fn addresses_are_added_changed_and_put_away() {
    let home = || about(1, AddressStep::Add(typed("1 Elm")));
    given(&[registered()]).when(home()).then_expect_events(vec![added(1, "1 Elm", true)]);
    let first = [registered(), added(1, "1 Elm", true)];
    given(&first).when(home()).then_expect_error(ClientError::AddressExists);
    let cabin = about(2, AddressStep::Add(typed("Cabin")));
    given(&first).when(cabin).then_expect_events(vec![added(2, "Cabin", false)]);
    let changed = ClientEvent::AddressChanged {
        address_id: address_id(1),
        address: Personal::of(id().into(), typed("2 Oak").parse(true).unwrap()),
        at: at(3),
    };
    let change = |text| about(1, AddressStep::Change(typed(text)));
    given(&first).when(change("2 Oak")).then_expect_events(vec![changed]);
    given(&first).when(change("1 Elm")).then_expect_events(vec![]);
    let nothing = about(1, AddressStep::Change(address::AddressInput::default()));
    given(&first).when(nothing).then_expect_error(ClientError::NothingSupplied);
    for step in [AddressStep::Change(typed("x")), AddressStep::Archive, AddressStep::Restore] {
        given(&first).when(about(9, step)).then_expect_error(ClientError::AddressNotFound);
    }
}

#[test]
fn an_address_that_is_put_away_comes_back_as_it_was() {
    let first = [registered(), added(1, "1 Elm", true)];
    let away = ClientEvent::AddressArchived { address_id: address_id(1), at: at(3) };
    given(&first).when(about(1, AddressStep::Archive)).then_expect_events(vec![away.clone()]);
    given(&first).when(about(1, AddressStep::Restore)).then_expect_events(vec![]);
    let gone = [&first[..], &[away]].concat();
    let back = ClientEvent::AddressRestored {
        address_id: address_id(1),
        address: Personal::of(id().into(), typed("1 Elm").parse(true).unwrap()),
        at: at(3),
    };
    given(&gone).when(about(1, AddressStep::Archive)).then_expect_events(vec![]);
    given(&gone).when(about(1, AddressStep::Restore)).then_expect_events(vec![back]);
}

fn some_step() -> impl Strategy<Value = (u128, AddressStep)> {
    let words = prop::option::of("[ a-z]{0,520}");
    let input = (words.clone(), words).prop_map(|(label, text)| address::AddressInput {
        label,
        text,
        ..address::AddressInput::default()
    });
    let step = prop_oneof![
        input.clone().prop_map(AddressStep::Add),
        input.prop_map(AddressStep::Change),
        Just(AddressStep::Archive),
        Just(AddressStep::Restore),
    ];
    (0..70_u128, step)
}

proptest! {
    #[test]
    fn whatever_is_done_with_addresses_they_stay_few_well_formed_and_apart(
        steps in prop::collection::vec(some_step(), 0..150),
    ) {
        let mut client = Client::default();
        client.apply(registered());
        for (number, step) in steps {
            let before = client.details().unwrap().addresses.clone();
            let is_known = before.iter().any(|one| one.address_id == address_id(number));
            let adds = matches!(step, AddressStep::Add(_));
            let Ok(events) = client.decide(about(number, step)) else { continue };
            prop_assert!(events.len() <= 1 && adds != is_known);
            for event in events {
                client.apply(event);
            }
            let after = &client.details().unwrap().addresses;
            // Nothing goes, and only the one that is named changes.
            prop_assert_eq!(after.len(), before.len() + usize::from(adds));
            for (was, is) in before.iter().zip(after) {
                prop_assert!(was == is || is.address_id == address_id(number));
            }
        }
        let all = &client.details().unwrap().addresses;
        prop_assert!(all.len() <= 50);
        let ids: std::collections::HashSet<_> = all.iter().map(|one| one.address_id).collect();
        prop_assert_eq!(ids.len(), all.len());
        for one in all {
            let address = one.address.open().unwrap();
            prop_assert!((1..=50).contains(&address.label.chars().count()));
            prop_assert!((1..=500).contains(&address.text.chars().count()));
            prop_assert_eq!(address.text.trim(), address.text.as_str());
        }
    }
}

#[test]
fn nobody_lives_in_more_than_fifty_places() {
    let mut all = vec![registered()];
    all.extend((0..50).map(|number| added(number, "1 Elm", number == 0)));
    let one_more = about(50, AddressStep::Add(typed("1 Elm")));
    given(&all).when(one_more).then_expect_error(ClientError::TooManyAddresses);
}

#[test]
fn tags_are_a_change_only_if_they_differ() {
    let set = |tags: &[&str]| ClientCommand::SetTags {
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        now: at(3),
    };
    let tags = Personal::of(id().into(), vec!["VIP".to_owned()]);
    let known = ClientEvent::TagsSet { tags, at: at(3) };
    given(&[registered()]).when(set(&[" VIP ", "vip"])).then_expect_events(vec![known.clone()]);
    given(&[registered(), known]).when(set(&["VIP", "Vip"])).then_expect_events(vec![]);
    given(&[registered()]).when(set(&[])).then_expect_events(vec![]);
}

fn said(rating: i64, visit: Option<Visit>) -> ClientCommand {
    ClientCommand::RecordFeedback(Feedback {
        feedback_id: Uuid::from_u128(8),
        visit,
        rating,
        comment: Some(" dusty ".to_owned()),
        by: crate::scheduling::booking::Party::Client,
        now: at(4),
    })
}

#[test]
fn about_one_visit_there_is_one_word() {
    let visit = Visit { booking: Uuid::from_u128(9).into(), is_theirs: true };
    let recorded = ClientEvent::FeedbackRecorded {
        feedback_id: Uuid::from_u128(8),
        booking: Some(visit.booking),
        rating: 2,
        comment: Some(Personal::of(id().into(), "dusty".to_owned())),
        by: crate::scheduling::booking::Party::Client,
        at: at(4),
    };
    given(&[registered()]).when(said(2, Some(visit))).then_expect_events(vec![recorded.clone()]);
    let claim = Reservation::Claim { scope: REVIEWED, value: visit.booking.to_string() };
    assert_eq!(Client::reservations(&recorded), [claim]);
    let again = given(&[registered(), recorded]).when(said(5, Some(visit)));
    again.then_expect_error(ClientError::FeedbackExists);
    let foreign = Visit { is_theirs: false, ..visit };
    given(&[registered()])
        .when(said(5, Some(foreign)))
        .then_expect_error(ClientError::VisitNotFound);
    for rating in [0, 6, -1, 257] {
        let problems = crate::input::Problems::one("rating", "Input should be from 1 to 5");
        let refused = given(&[registered()]).when(said(rating, None));
        refused.then_expect_error(ClientError::Invalid(problems));
    }
}

fn merge(into: u128) -> ClientCommand {
    let client_id = Uuid::from_u128(into).into();
    let into = Survivor { client_id, is_known: true, is_merged: false };
    ClientCommand::Merge { into, now: at(5) }
}

fn merged(into: u128) -> ClientEvent {
    ClientEvent::Merged { client_id: id(), into: Uuid::from_u128(into).into(), at: at(5) }
}

#[test]
fn a_client_is_merged_once_and_asked_nothing_more() {
    given(&[registered()]).when(merge(7)).then_expect_events(vec![merged(7)]);
    let gone = [registered(), merged(7)];
    given(&gone).when(merge(7)).then_expect_events(vec![]);
    given(&gone).when(merge(8)).then_expect_error(ClientError::Merged);
    let asked = [
        about(1, AddressStep::Add(typed("1 Elm"))),
        ClientCommand::Restore { now: at(6) },
        ClientCommand::Block { reason: "x".to_owned(), now: at(6) },
        said(5, None),
    ];
    for command in asked {
        given(&gone).when(command).then_expect_error(ClientError::Merged);
    }
    assert_eq!(Client::beside(&merged(7)).unwrap()["do"], "clients.merge");
    let mut client = Client::default();
    for event in gone {
        client.apply(event);
    }
    assert_eq!(client.may_sign_in().unwrap_err(), ClientError::Merged);
}

#[test]
fn nobody_is_merged_into_themselves_into_nobody_or_out_of_a_block() {
    given(&[registered()]).when(merge(6)).then_expect_error(ClientError::MergeSelf);
    given(&[registered(), blocked()]).when(merge(7)).then_expect_error(ClientError::MergeBlocked);
    let into = |is_known, is_merged| {
        let client_id = Uuid::from_u128(7).into();
        ClientCommand::Merge { into: Survivor { client_id, is_known, is_merged }, now: at(5) }
    };
    given(&[registered()]).when(into(false, false)).then_expect_error(ClientError::NotFound);
    given(&[registered()]).when(into(true, true)).then_expect_error(ClientError::SurvivorMerged);
}

#[test]
fn whoever_stays_knows_who_went() {
    let other: ClientId = Uuid::from_u128(5).into();
    let absorb = || ClientCommand::Absorb { other, now: at(5) };
    let absorbed = ClientEvent::Absorbed { other, at: at(5) };
    given(&[registered()]).when(absorb()).then_expect_events(vec![absorbed.clone()]);
    given(&[registered(), absorbed]).when(absorb()).then_expect_events(vec![]);
}
