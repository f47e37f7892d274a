//! The life of a price book, given, when, then.

use chrono::TimeDelta;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::pricing::catalogue::{AddonChange, ServiceAddonChange, ServiceChange};
use crate::pricing::rates_wire::RatesChange;
use crate::sales::estimate::EstimateInput;
use crate::scheduling::terms::policies_wire::PoliciesChange;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn given(events: &[PriceBookEvent]) -> AggregateTestExecutor<PriceBook> {
    TestFramework::with(()).given(events.to_vec())
}

fn edit(edit: Edit) -> PriceBookCommand {
    PriceBookCommand::Edit { edit, now: now() }
}

fn rates(json: &Value) -> Edit {
    Edit::Settings(RatesChange::parse(json, "rates").unwrap(), None)
}

fn dearer() -> Edit {
    rates(&json!({ "hourly_rate_cents": 4000 }))
}

fn named(name: &str) -> ServiceChange {
    ServiceChange { name: Some(name.to_owned()), ..ServiceChange::default() }
}

fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

/// Everything that follows when each is asked after the others.
fn after(edits: Vec<PriceBookCommand>) -> (PriceBook, Vec<PriceBookEvent>) {
    let (mut book, mut all) = (PriceBook::default(), Vec::new());
    for command in edits {
        let events = book.decide(command).unwrap();
        events.iter().cloned().for_each(|event| book.apply(event));
        all.extend(events);
    }
    (book, all)
}

fn opened() -> PriceBookEvent {
    PriceBookEvent::DraftOpened { from: 0, at: now() }
}

#[test]
fn a_change_without_a_draft_is_a_version_of_its_own() {
    let (book, events) =
        after(vec![edit(dearer()), edit(Edit::Settings(RatesChange::default(), Some(50_000)))]);
    let versions = events.iter().filter_map(|event| match event {
        PriceBookEvent::Published { version, hash, book, .. } => Some((*version, hash, book)),
        _ => None,
    });
    let versions: Vec<_> = versions.collect();
    assert_eq!((versions.len(), versions[0].0, versions[1].0), (2, 1, 2));
    assert_eq!(*versions[0].1, versions[0].2.hash());
    assert_ne!(versions[0].1, versions[1].1);
    assert_eq!((book.version, book.draft.is_none()), (2, true));
    assert_eq!((book.published.tax_ppm, book.prices().rates().hourly_rate_cents), (50_000, 4000));
}

#[test]
fn changes_are_collected_in_a_draft_until_it_is_published() {
    let draft = PriceBookCommand::OpenDraft { now: now() };
    let (book, events) = after(vec![draft.clone(), edit(dearer())]);
    assert_eq!(events.len(), 2);
    let input = EstimateInput::parse(&json!({ "beds": 2, "baths": 1 })).unwrap();
    assert_eq!(book.prices().estimate(&input).total_cents, 10_500);
    assert_eq!(book.edited().rates.hourly_rate_cents, 4000);
    given(&events).when(draft.clone()).then_expect_events(vec![]);

    let publish = PriceBookCommand::Publish { now: now() };
    let (book, _) = after(vec![draft, edit(dearer()), publish]);
    let estimate = book.prices().estimate(&input);
    assert_eq!((estimate.total_cents, book.prices().name()), (12_000, "price-book/v1".to_owned()));
    assert_eq!(estimate.pricing_config_version, "v1");
}

#[test]
fn what_was_discarded_is_forgotten_and_what_says_the_same_is_no_version() {
    let discard = PriceBookCommand::DiscardDraft { now: now() };
    let publish = PriceBookCommand::Publish { now: now() };
    given(&[opened()])
        .when(discard.clone())
        .then_expect_events(vec![PriceBookEvent::DraftDiscarded { at: now() }]);
    given(&[]).when(discard).then_expect_events(vec![]);
    given(&[]).when(publish.clone()).then_expect_events(vec![]);
    given(&[opened()])
        .when(publish)
        .then_expect_events(vec![PriceBookEvent::DraftDiscarded { at: now() }]);
    given(&[]).when(edit(rates(&json!({ "hourly_rate_cents": 3500 })))).then_expect_events(vec![]);
    let mut book = PriceBook::default();
    book.apply(opened());
    book.apply(PriceBookEvent::DraftDiscarded { at: now() });
    assert_eq!(book, PriceBook::default());
}

#[test]
fn services_are_told_apart_by_name_and_by_id() {
    let (_, events) = after(vec![edit(Edit::AddService(id(1), named("Standard")))]);
    given(&events)
        .when(edit(Edit::AddService(id(2), named(" standard "))))
        .then_expect_error(PriceBookError::NameTaken);
    given(&events)
        .when(edit(Edit::AddService(id(1), named("Other"))))
        .then_expect_error(PriceBookError::Exists);
    given(&events)
        .when(edit(Edit::ChangeService(id(1), named("Standard"))))
        .then_expect_events(vec![]);
    let missing = edit(Edit::ChangeService(id(2), named("Other")));
    given(&events).when(missing).then_expect_error(PriceBookError::ServiceNotFound);
    let missing = edit(Edit::RetireService(id(2)));
    given(&events).when(missing).then_expect_error(PriceBookError::ServiceNotFound);
    let (book, _) = after(vec![
        edit(Edit::AddService(id(1), named("Standard"))),
        edit(Edit::RetireService(id(1))),
    ]);
    assert_eq!((book.version, book.published.services.len()), (2, 0));
}

#[test]
fn what_belongs_to_a_service_is_changed_and_retired_with_it() {
    let oven = ServiceAddonChange {
        name: Some("Oven".to_owned()),
        price_cents: Some(3_000),
        active: None,
    };
    let dearer = ServiceAddonChange { price_cents: Some(3_500), ..ServiceAddonChange::default() };
    let mut steps = vec![
        edit(Edit::AddService(id(1), named("Deep"))),
        edit(Edit::AddServiceAddon(id(1), id(7), oven)),
        edit(Edit::ChangeServiceAddon(id(7), dearer)),
    ];
    let (book, events) = after(steps.clone());
    assert_eq!(book.published.service_addon(id(7)).unwrap().1.price_cents, 3_500);
    let none = ServiceAddonChange::default();
    given(&events)
        .when(edit(Edit::ChangeServiceAddon(id(7), none.clone())))
        .then_expect_events(vec![]);
    given(&events)
        .when(edit(Edit::ChangeServiceAddon(id(8), none.clone())))
        .then_expect_error(PriceBookError::AddonNotFound);
    given(&events)
        .when(edit(Edit::AddServiceAddon(id(2), id(8), none)))
        .then_expect_error(PriceBookError::ServiceNotFound);
    steps.push(edit(Edit::RetireServiceAddon(id(7))));
    assert!(after(steps).0.published.services[0].addons.is_empty());
}

#[test]
fn an_extra_has_a_code_of_its_own_and_its_price_is_that_of_estimates() {
    let new = AddonChange {
        name: Some("Garage".to_owned()),
        price_cents: Some(5_000),
        ..AddonChange::default()
    };
    let (book, events) = after(vec![edit(Edit::AddAddon(id(1), "garage".to_owned(), new.clone()))]);
    assert_eq!(book.published.addon(id(1)).unwrap().price_cents, 5_000);
    given(&events)
        .when(edit(Edit::AddAddon(id(2), "oven".to_owned(), new.clone())))
        .then_expect_error(PriceBookError::CodeTaken);
    let Err(PriceBookError::Invalid(problems)) =
        book.decide(edit(Edit::AddAddon(id(2), "No Code".to_owned(), new)))
    else {
        panic!("a code with a blank")
    };
    assert_eq!(problems.as_slice()[0].field, "code");
    let oven = book.published.addons[0].addon_id;
    let dearer = AddonChange { price_cents: Some(3_300), ..AddonChange::default() };
    let (book, _) = after(vec![edit(Edit::ChangeAddon(oven, dearer))]);
    let input = json!({ "beds": 2, "baths": 1, "add_ons": { "oven": true } });
    let estimate = book.prices().estimate(&EstimateInput::parse(&input).unwrap());
    assert_eq!(estimate.add_ons_cents, 3_300);
}

#[test]
fn terms_are_changed_one_by_one_and_those_that_cannot_be_meant_are_named() {
    let change = |json: Value| edit(Edit::Policies(PoliciesChange::parse(&json).unwrap()));
    let (book, _) = after(vec![
        change(json!({ "deposit": { "percent": 0.3 } })),
        change(json!({ "scheduling": { "max_bookings_per_day": 4 } })),
    ]);
    let policies = &book.published.policies;
    assert_eq!(
        (policies.deposit.percent_permille, policies.scheduling.max_bookings_per_day),
        (300, Some(4))
    );
    let Err(PriceBookError::Invalid(problems)) =
        book.decide(change(json!({ "cancellation": { "free_hours": 1 } })))
    else {
        panic!("free for longer than a part is paid back")
    };
    assert_eq!(problems.as_slice()[0].field, "cancellation.free_hours");
}
