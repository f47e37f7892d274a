//! The life of a booking, given, when, then.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::prelude::*;
use uuid::Uuid;

use super::addons::Offered;
use super::reason::{Overrun, ReasonCode};
use super::*;
use crate::id::{BookingId, LeadId, TeamId, WorkerId};
use crate::refusal::{Kind, Refusal};
use crate::sales::estimate::CleaningType;
use crate::scheduling::search::{Obstacle, ObstacleKind};
use crate::scheduling::terms::cancellation::Notice;
use crate::scheduling::terms::deposit::Downgrade;
use crate::scheduling::terms::policies::BookingPolicies;
use crate::scheduling::terms::risk::{Band, History};
use crate::scheduling::window::Window;

/// The visit of most tests starts a week after it was asked for.
const WEEK: i64 = 7 * 24 * 60;

pub(super) fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn booking_id() -> BookingId {
    Uuid::from_u128(1).into()
}

fn team(number: u128) -> TeamId {
    Uuid::from_u128(100 + number).into()
}

fn worker(number: u128) -> WorkerId {
    Uuid::from_u128(200 + number).into()
}

fn window(from: i64) -> Window {
    Window::of_minutes(at(from), 120)
}

fn crew(numbers: &[u128]) -> Crew {
    let member =
        |number: &u128| CrewMember { worker: worker(*number), team: team(1), is_active: true };
    Crew {
        lead: numbers.first().map(|n| worker(*n)),
        members: numbers.iter().map(member).collect(),
    }
}

fn asked() -> Request {
    Request {
        booking_id: booking_id(),
        origin: Origin::Public,
        client: Some(Uuid::from_u128(2).into()),
        lead: Some(LeadId::from(Uuid::from_u128(3))),
        address: None,
        subscription: None,
        place: None,
        missing_contact: Vec::new(),
        is_blocked: false,
        block_override: None,
        team: team(1),
        crew: Crew::default(),
        window: window(WEEK),
        service: Some(CleaningType::Deep),
        total_cents: Some(20_000),
        price_book: Some("economy/v1".to_owned()),
        addons: Vec::new(),
        obstacles: Vec::new(),
        forced: None,
        history: History::default(),
        policies: BookingPolicies::default(),
        decided_by: "economy/v1".to_owned(),
        named_deposit_cents: None,
        unpayable: None,
        now: at(0),
    }
}

fn request(change: impl FnOnce(&mut Request)) -> BookingCommand {
    let mut request = asked();
    change(&mut request);
    BookingCommand::Request(Box::new(request))
}

/// Somebody known, who owes no deposit.
fn trusted(request: &mut Request) {
    request.service = Some(CleaningType::Standard);
    request.history.was_visited = true;
}

/// Asked for, with a deposit of 7000 that nobody paid.
pub(super) fn booked() -> Vec<BookingEvent> {
    requested(|_| {})
}

fn requested(change: impl FnOnce(&mut Request)) -> Vec<BookingEvent> {
    Booking::default().decide(request(change)).unwrap()
}

fn confirmed() -> Vec<BookingEvent> {
    let mut events = requested(trusted);
    events.push(BookingEvent::Confirmed { cause: Confirmation::Staff, at: at(1) });
    events
}

pub(super) fn with(mut events: Vec<BookingEvent>, more: BookingEvent) -> Vec<BookingEvent> {
    events.push(more);
    events
}

fn done() -> Vec<BookingEvent> {
    with(confirmed(), BookingEvent::Completed { actual_minutes: 100, at: at(WEEK + 100) })
}

fn given(events: Vec<BookingEvent>) -> AggregateTestExecutor<Booking> {
    TestFramework::with(()).given(events)
}

pub(super) fn folded(events: Vec<BookingEvent>) -> Booking {
    let mut booking = Booking::default();
    for event in events {
        booking.apply(event);
    }
    booking
}

pub(super) fn refused(events: Vec<BookingEvent>, command: BookingCommand) -> BookingError {
    folded(events).decide(command).unwrap_err()
}

fn change() -> Change {
    Change {
        window: None,
        team: None,
        crew: None,
        obstacles: Vec::new(),
        by: Party::Staff,
        forced: None,
        policies: BookingPolicies::default(),
        decided_by: "economy/v1".to_owned(),
        unpayable: None,
        now: at(10),
    }
}

fn place(edit: impl FnOnce(&mut Change)) -> BookingCommand {
    let mut change = change();
    edit(&mut change);
    BookingCommand::Place(Box::new(change))
}

fn pay(payment: &str, now: i64) -> BookingCommand {
    let step = DepositStep::Pay { payment_id: payment.to_owned(), amount_cents: 7_000 };
    BookingCommand::Deposit { step, now: at(now) }
}

fn deposit(step: DepositStep) -> BookingCommand {
    BookingCommand::Deposit { step, now: at(10) }
}

fn cancel(by: Party, now: i64) -> BookingCommand {
    BookingCommand::Cancel { by, reason: Some("moved away".to_owned()), now: at(now) }
}

fn paid(payment: &str, now: i64) -> BookingEvent {
    came(payment, (7_000, 0), now)
}

pub(super) fn came(
    payment: &str,
    (amount_cents, short_cents): (i64, i64),
    now: i64,
) -> BookingEvent {
    let payment_id = payment.to_owned();
    BookingEvent::DepositPaid { payment_id, amount_cents, short_cents, at: at(now) }
}

fn slots(event: &BookingEvent) -> Vec<Reservation> {
    Booking::reservations(event)
}

#[test]
fn asking_fixes_risk_deposit_and_what_cancelling_costs() {
    let events = requested(|_| {});
    let names: Vec<&'static str> = events.iter().map(Into::into).collect();
    assert_eq!(
        names,
        ["requested", "risk_assessed", "deposit_decided", "cancellation_policy_fixed"]
    );
    let booking = folded(events);
    let details = booking.details().unwrap();
    assert_eq!(details.risk.as_ref().unwrap().reasons, ["new_client"]);
    assert_eq!(details.deposit.as_ref().unwrap().amount_cents, Some(7_000));
    assert_eq!(details.deposit_status, Some(DepositStatus::Pending));
    assert_eq!(details.cancellation.as_ref().unwrap().partial_percent, 40);
}

#[test]
fn its_time_is_taken_with_the_way_to_the_next_visit_for_team_and_crew() {
    let events = requested(|request| request.crew = crew(&[1, 2]));
    let reserved = slots(&events[0]);
    let until = at(WEEK + 120 + 30);
    let slot = |resource| Reservation::Slot { resource, from: at(WEEK), until };
    assert_eq!(
        reserved,
        [slot(team(1).as_uuid()), slot(worker(1).as_uuid()), slot(worker(2).as_uuid())]
    );
}

#[test]
fn nobody_books_the_past_without_a_contact_or_when_blocked() {
    let in_past = request(|request| request.now = request.window.starts_at);
    assert_eq!(refused(vec![], in_past), BookingError::StartInPast);
    let nameless = request(|request| request.missing_contact = vec!["phone", "address"]);
    let error = refused(vec![], nameless);
    assert_eq!((error.kind(), error.problems().len()), (Kind::Invalid, 2));
    let blocked = request(|request| request.is_blocked = true);
    assert_eq!(refused(vec![], blocked), BookingError::ClientBlocked);
    let excused = requested(|request| {
        request.is_blocked = true;
        request.block_override = Some("paid what was open".to_owned());
    });
    let BookingEvent::Requested(excused) = &excused[0] else { panic!() };
    assert!(excused.block_overridden.is_some());
}

#[test]
fn what_stands_in_the_way_is_named() {
    let holiday = Obstacle {
        kind: ObstacleKind::AvailabilityBlock,
        reference: "7".to_owned(),
        window: window(WEEK + 60),
        note: Some("holiday".to_owned()),
    };
    let later = Obstacle { window: window(WEEK + 120), ..holiday.clone() };
    let hindered = request(|request| request.obstacles = vec![holiday.clone(), later]);
    let error = refused(vec![], hindered);
    assert_eq!(error, BookingError::Hindered(vec![holiday]));
    assert_eq!(error.member().unwrap().1[0]["kind"], "availability_block");
}

#[test]
fn a_deposit_that_is_owed_comes_before_the_confirmation() {
    let confirm = || BookingCommand::Confirm { now: at(5) };
    assert_eq!(refused(requested(|_| {}), confirm()), BookingError::DepositUnpaid);
    let by_staff = BookingEvent::Confirmed { cause: Confirmation::Staff, at: at(5) };
    given(requested(trusted)).when(confirm()).then_expect_events(vec![by_staff]);
    given(confirmed()).when(confirm()).then_expect_events(vec![]);
    assert_eq!(refused(done(), confirm()), BookingError::IllegalState(Status::Done));
}

#[test]
fn a_paid_deposit_confirms_unless_a_person_has_to_look() {
    let confirmed = BookingEvent::Confirmed { cause: Confirmation::Deposit, at: at(10) };
    given(requested(|_| {}))
        .when(pay("p1", 10))
        .then_expect_events(vec![paid("p1", 10), confirmed]);
    let risky = requested(|request| request.history.cancelled = 2);
    assert_eq!(folded(risky.clone()).details().unwrap().risk.as_ref().unwrap().band, Band::High);
    given(risky).when(pay("p1", 10)).then_expect_events(vec![paid("p1", 10)]);
}

#[test]
fn a_deposit_is_paid_once_all_of_it_came() {
    let part = |payment: &str, amount_cents| {
        deposit(DepositStep::Pay { payment_id: payment.to_owned(), amount_cents })
    };
    let first = came("p1", (1, 6_999), 10);
    given(requested(|_| {})).when(part("p1", 1)).then_expect_events(vec![first.clone()]);
    let begun = with(requested(|_| {}), first);
    assert_eq!(
        folded(begun.clone()).details().unwrap().deposit_status,
        Some(DepositStatus::Pending)
    );
    assert_eq!(
        refused(begun.clone(), BookingCommand::Confirm { now: at(11) }),
        BookingError::DepositUnpaid
    );
    // Nobody loses the time who paid part of it.
    given(begun.clone()).when(deposit(DepositStep::Expire)).then_expect_events(vec![]);
    let confirmed = BookingEvent::Confirmed { cause: Confirmation::Deposit, at: at(10) };
    let all = vec![came("p2", (6_999, 0), 10), confirmed];
    given(begun).when(part("p2", 6_999)).then_expect_events(all);
}

#[test]
fn a_payment_is_taken_note_of_once_and_in_every_state() {
    let once = with(requested(|_| {}), paid("p1", 10));
    given(once).when(pay("p1", 11)).then_expect_events(vec![]);
    let cancelled = folded(requested(|_| {})).decide(cancel(Party::Client, 5)).unwrap();
    let cancelled = [requested(|_| {}), cancelled].concat();
    given(cancelled).when(pay("late", 20)).then_expect_events(vec![paid("late", 20)]);
}

#[test]
fn what_comes_late_never_undoes_what_was_paid() {
    let paid = with(requested(|_| {}), paid("p1", 10));
    for step in [
        DepositStep::Fail,
        DepositStep::Expire,
        DepositStep::Waive(Downgrade::CheckoutUnavailable),
        DepositStep::Request { checkout_id: "c".to_owned() },
    ] {
        given(paid.clone()).when(deposit(step)).then_expect_events(vec![]);
    }
}

#[test]
fn a_deposit_that_is_not_paid_in_time_gives_the_time_back() {
    let expire = |now| BookingCommand::Deposit { step: DepositStep::Expire, now: at(now) };
    // Its checkout may end before.
    given(requested(|_| {})).when(expire(29)).then_expect_events(vec![]);
    let events = folded(requested(|_| {})).decide(expire(30)).unwrap();
    assert_eq!(slots(&events[1]), [Reservation::ReleaseSlots]);
    let booking = folded([requested(|_| {}), events].concat());
    let details = booking.details().unwrap();
    assert_eq!(details.status, Status::Cancelled);
    assert_eq!(details.deposit_status, Some(DepositStatus::Expired));
}

#[test]
fn a_deposit_that_cannot_be_paid_is_let_go() {
    let waive = deposit(DepositStep::Waive(Downgrade::StripeUnavailable));
    let events = folded(requested(|_| {})).decide(waive).unwrap();
    let booking = folded([requested(|_| {}), events].concat());
    let details = booking.details().unwrap();
    assert!(!details.owes_deposit());
    assert_eq!(details.deposit_status, None);
    let at_once = requested(|request| request.unpayable = Some(Downgrade::StripeUnavailable));
    assert!(!folded(at_once).details().unwrap().owes_deposit());
}

#[test]
fn moving_takes_the_new_time_in_the_same_event() {
    let moved = place(|change| change.window = Some(window(WEEK + 600)));
    let events = folded(confirmed()).decide(moved).unwrap();
    let [BookingEvent::Rescheduled { before, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(before.window, window(WEEK));
    assert_eq!(slots(&events[0])[0], Reservation::ReleaseSlots);
    assert_eq!(slots(&events[0]).len(), 2);
}

#[test]
fn a_longer_visit_is_planned_longer() {
    let longer = Window::of_minutes(at(WEEK), 180);
    let events = folded(confirmed()).decide(place(|c| c.window = Some(longer))).unwrap();
    let booking = folded([confirmed(), events].concat());
    assert_eq!(booking.details().unwrap().planned_minutes, 180);
}

#[test]
fn customers_move_in_time_and_not_too_often() {
    let by_client = |now| {
        place(move |change| {
            change.by = Party::Client;
            change.window = Some(window(WEEK + 600));
            change.now = at(now);
        })
    };
    let late = WEEK - 24 * 60 + 1;
    assert_eq!(refused(confirmed(), by_client(late)), BookingError::NoticeTooShort);
    let moved = folded(confirmed()).decide(by_client(10)).unwrap();
    let again = place(|change| {
        change.by = Party::Client;
        change.window = Some(window(WEEK));
    });
    let moved = [confirmed(), moved].concat();
    assert_eq!(refused(moved.clone(), again), BookingError::RescheduleLimit);
    // Staff may, always.
    assert!(folded(moved).decide(place(|c| c.window = Some(window(WEEK)))).is_ok());
    let closed = place(|change| {
        change.by = Party::Client;
        change.window = Some(window(WEEK + 600));
        change.policies.reschedule.allowed = false;
    });
    assert_eq!(refused(confirmed(), closed), BookingError::RescheduleNotAllowed);
}

#[test]
fn force_puts_hours_and_distance_aside_and_nothing_else() {
    let obstacle =
        |kind| Obstacle { kind, reference: String::new(), window: window(WEEK + 600), note: None };
    let forced = |kind| {
        place(move |change| {
            change.window = Some(window(WEEK + 600));
            change.obstacles = vec![obstacle(kind)];
            change.forced = Some("the customer insists".to_owned());
        })
    };
    let events = folded(confirmed()).decide(forced(ObstacleKind::OutsideHours)).unwrap();
    let [BookingEvent::Rescheduled { placement, forced: Some(_), .. }] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(placement.buffer_minutes, 0);
    for kind in [ObstacleKind::AvailabilityBlock, ObstacleKind::Blackout, ObstacleKind::Booking] {
        assert!(matches!(refused(confirmed(), forced(kind)), BookingError::Hindered(_)));
    }
}

#[test]
fn a_crew_works_here_and_in_this_team() {
    let assign = |crew: Crew| place(move |change| change.crew = Some(crew));
    let events = folded(confirmed()).decide(assign(crew(&[2, 1, 2]))).unwrap();
    let [BookingEvent::CrewAssigned { placement, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((placement.lead_worker, placement.crew.len()), (Some(worker(2)), 2));
    let mut idle = crew(&[1]);
    idle.members[0].is_active = false;
    assert_eq!(refused(confirmed(), assign(idle)), BookingError::WorkerInactive);
    let mut foreign = crew(&[1]);
    foreign.members[0].team = team(2);
    assert_eq!(refused(confirmed(), assign(foreign)), BookingError::WorkerOtherTeam);
    let absent = Crew { lead: Some(worker(9)), ..crew(&[1]) };
    assert_eq!(refused(confirmed(), assign(absent)), BookingError::WorkerOtherTeam);
    let cleared = [confirmed(), events].concat();
    let cleared = folded(cleared).decide(assign(Crew::default())).unwrap();
    assert!(matches!(cleared[..], [BookingEvent::CrewCleared { .. }]));
}

#[test]
fn another_team_comes_without_the_crew_of_the_first() {
    let crewed = requested(|request| request.crew = crew(&[1]));
    let events = folded(crewed).decide(place(|c| c.team = Some(team(2)))).unwrap();
    let [BookingEvent::TeamAssigned { placement, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!((placement.lead_worker, placement.crew.len()), (None, 0));
}

#[test]
fn whoever_is_there_is_not_moved_but_helped() {
    let there = with(confirmed(), BookingEvent::Started { worker: None, at: at(WEEK) });
    let moved = place(|change| change.window = Some(window(WEEK + 600)));
    assert_eq!(refused(there.clone(), moved), BookingError::IllegalState(Status::InProgress));
    assert!(folded(there).decide(place(|c| c.crew = Some(crew(&[1])))).is_ok());
    assert_eq!(refused(confirmed(), place(|_| {})), BookingError::NothingSupplied);
}

#[test]
fn only_the_crew_starts_what_is_confirmed() {
    let start =
        |number: Option<u128>| BookingCommand::Start { worker: number.map(worker), now: at(WEEK) };
    assert_eq!(refused(confirmed(), start(Some(1))), BookingError::NotAssigned);
    let pending = requested(trusted);
    assert_eq!(refused(pending, start(None)), BookingError::IllegalState(Status::Pending));
    let started = BookingEvent::Started { worker: None, at: at(WEEK) };
    given(confirmed()).when(start(None)).then_expect_events(vec![started.clone()]);
    given(with(confirmed(), started)).when(start(None)).then_expect_events(vec![]);
}

#[test]
fn who_is_at_no_checkout_has_two_days_to_pay_and_at_most_until_the_visit() {
    let due = |origin, starts: i64| {
        let events = requested(|request| {
            request.origin = origin;
            request.named_deposit_cents = Some(5_000);
            request.window = window(starts);
        });
        let decided = events.iter().find_map(|event| match event {
            BookingEvent::DepositDecided { deposit, .. } => deposit.due_at,
            _ => None,
        });
        decided.map(|due| (due - at(0)).num_minutes())
    };
    assert_eq!(due(Origin::Staff, WEEK), Some(2 * 24 * 60));
    assert_eq!(due(Origin::Staff, 300), Some(300));
    assert_eq!(due(Origin::Client, WEEK), Some(30));
}

#[test]
fn the_crew_begins_at_most_twelve_hours_before_the_visit() {
    let crewed = with(
        requested(|request| (trusted(request), request.crew = crew(&[1])).0),
        BookingEvent::Confirmed { cause: Confirmation::Staff, at: at(1) },
    );
    let start = |who, now| BookingCommand::Start { worker: who, now: at(now) };
    let twelve_hours_before = WEEK - 12 * 60;
    let early = start(Some(worker(1)), twelve_hours_before - 1);
    assert_eq!(refused(crewed.clone(), early), BookingError::NotYet);
    assert!(folded(crewed.clone()).decide(start(Some(worker(1)), twelve_hours_before)).is_ok());
    assert!(folded(crewed).decide(start(None, 10)).is_ok());
}

#[test]
fn customers_move_visits_neither_to_now_nor_to_the_far_future() {
    let moved = |to: i64, by: Party| {
        place(move |change| {
            change.window = Some(window(to));
            change.by = by;
            change.policies.scheduling.lead_time_hours = 3;
            change.policies.scheduling.horizon_days = 30;
        })
    };
    let days = |days: i64| days * 24 * 60;
    assert_eq!(refused(confirmed(), moved(2 * 60, Party::Client)), BookingError::TooSoon);
    assert_eq!(refused(confirmed(), moved(days(31), Party::Client)), BookingError::TooFar);
    assert!(folded(confirmed()).decide(moved(days(29), Party::Client)).is_ok());
    assert!(folded(confirmed()).decide(moved(days(31), Party::Staff)).is_ok());
    assert_eq!(refused(confirmed(), moved(-5, Party::Staff)), BookingError::StartInPast);
}

#[test]
fn it_is_completed_once_with_its_minutes() {
    let complete = |actual_minutes, checklist_open| BookingCommand::Complete {
        actual_minutes,
        checklist_open,
        now: at(WEEK + 100),
    };
    let completed = BookingEvent::Completed { actual_minutes: 100, at: at(WEEK + 100) };
    given(confirmed()).when(complete(100, false)).then_expect_events(vec![completed.clone()]);
    assert_eq!(slots(&completed), [Reservation::ReleaseSlots]);
    assert_eq!(refused(done(), complete(100, false)), BookingError::AlreadyCompleted);
    assert_eq!(refused(confirmed(), complete(100, true)), BookingError::ChecklistOpen);
    assert_eq!(refused(confirmed(), complete(0, false)).kind(), Kind::Invalid);
    let cancelled = folded(confirmed()).decide(cancel(Party::Staff, 5)).unwrap();
    let cancelled = [confirmed(), cancelled].concat();
    let error = refused(cancelled, complete(100, false));
    assert_eq!(error, BookingError::IllegalState(Status::Cancelled));
}

#[test]
fn cancelling_comes_to_what_was_promised() {
    let booking = folded(with(requested(|_| {}), paid("p1", 10)));
    let hours = |hours: i64| WEEK - hours * 60;
    for (now, notice, refund) in [
        (hours(72), Notice::Free, 7_000),
        (hours(60), Notice::Partial, 2_800),
        (hours(1), Notice::Late, 0),
    ] {
        let events = booking.decide(cancel(Party::Client, now)).unwrap();
        let [BookingEvent::Cancelled { settlement, .. }] = &events[..] else { panic!() };
        assert_eq!((settlement.notice, settlement.refund_cents), (notice, refund));
        assert_eq!(slots(&events[0]), [Reservation::ReleaseSlots]);
    }
}

#[test]
fn an_exception_gives_everything_back() {
    let what = Override::CancellationException { granted: true };
    let grant =
        |reason: &str| BookingCommand::Override { what, reason: reason.to_owned(), now: at(20) };
    assert_eq!(refused(confirmed(), grant(" ")), BookingError::ReasonRequired);
    let paid = with(requested(|_| {}), paid("p1", 10));
    let granted = folded(paid.clone()).decide(grant("illness")).unwrap();
    let excused = folded([paid, granted].concat());
    assert!(excused.decide(grant("illness")).unwrap().is_empty());
    let events = excused.decide(cancel(Party::Client, WEEK - 1)).unwrap();
    let [BookingEvent::Cancelled { settlement, .. }] = &events[..] else { panic!() };
    assert_eq!(settlement.refund_cents, 7_000);
    // After the visit too, but nothing else.
    assert!(folded(done()).decide(grant("illness")).is_ok());
}

#[test]
fn staff_say_why_they_cancel_and_nothing_is_cancelled_twice() {
    let silent = BookingCommand::Cancel { by: Party::Staff, reason: None, now: at(5) };
    assert_eq!(refused(confirmed(), silent), BookingError::ReasonRequired);
    let cancelled = folded(confirmed()).decide(cancel(Party::Staff, 5)).unwrap();
    given([confirmed(), cancelled].concat())
        .when(cancel(Party::Client, 6))
        .then_expect_events(vec![]);
    assert_eq!(refused(done(), cancel(Party::Staff, 5)), BookingError::IllegalState(Status::Done));
    let there = with(confirmed(), BookingEvent::Started { worker: None, at: at(WEEK) });
    let error = refused(there.clone(), cancel(Party::Client, WEEK));
    assert_eq!(error, BookingError::IllegalState(Status::InProgress));
    assert!(folded(there).decide(cancel(Party::Staff, WEEK)).is_ok());
}

#[test]
fn whoever_decides_otherwise_says_why_and_not_after_the_visit() {
    let overrides = [
        Override::Risk { band: Band::Low, score: 0 },
        Override::Deposit { amount_cents: 0 },
        Override::Cancellation { free_hours: 2, partial_hours: 1, partial_percent: 10 },
    ];
    for what in overrides {
        let command =
            |reason: &str| BookingCommand::Override { what, reason: reason.to_owned(), now: at(9) };
        let events = folded(requested(|_| {})).decide(command("a friend")).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!(refused(requested(|_| {}), command("")), BookingError::ReasonRequired);
        let error = refused(done(), command("a friend"));
        assert_eq!(error, BookingError::IllegalState(Status::Done));
    }
    let named = Override::Deposit { amount_cents: 0 };
    let waived = BookingCommand::Override { what: named, reason: "known".to_owned(), now: at(9) };
    let events = folded(requested(|_| {})).decide(waived).unwrap();
    let free = folded([requested(|_| {}), events].concat());
    assert!(free.decide(BookingCommand::Confirm { now: at(10) }).is_ok());
}

#[test]
fn extras_keep_their_price_and_lengthen_the_visit() {
    let line =
        AddonLine { addon_id: Uuid::from_u128(5), qty: 2, unit_price_cents: 1_000, minutes: 20 };
    let offered = |line: &AddonLine, is_active| Offered { line: line.clone(), is_active };
    let set = |offered: Vec<Offered>| BookingCommand::SetAddons { offered, now: at(9) };
    let events = folded(confirmed()).decide(set(vec![offered(&line, true)])).unwrap();
    let [BookingEvent::AddonsSet { planned_minutes: 160, total_cents: Some(22_000), .. }] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    let with_one = [confirmed(), events].concat();
    let same = set(vec![offered(&line, true)]);
    given(with_one.clone()).when(same).then_expect_events(vec![]);
    let none = folded(with_one).decide(set(vec![])).unwrap();
    assert!(matches!(none[..], [BookingEvent::AddonsSet { planned_minutes: 120, .. }]));
    for bad in [vec![offered(&line, false)], vec![offered(&line, true), offered(&line, true)]] {
        assert_eq!(refused(confirmed(), set(bad)), BookingError::AddonInvalid);
    }
    assert_eq!(refused(done(), set(vec![])), BookingError::IllegalState(Status::Done));
}

#[test]
fn a_base_charge_is_fixed_once() {
    let fix = |amount_cents| BookingCommand::FixBaseCharge { amount_cents, now: at(9) };
    let fixed = BookingEvent::BaseChargeFixed { amount_cents: 20_000, at: at(9) };
    given(confirmed()).when(fix(20_000)).then_expect_events(vec![fixed.clone()]);
    given(with(confirmed(), fixed)).when(fix(1)).then_expect_events(vec![]);
}

#[test]
fn another_customer_has_another_place_in_their_own_words() {
    let (home, words) = (Uuid::from_u128(70).into(), || Some("12 Elm".to_owned()));
    let change = BookingCommand::ChangeAddress { address: home, place: words(), now: at(2) };
    let moved = folded(confirmed()).decide(change.clone()).unwrap();
    let here = [confirmed(), moved].concat();
    assert_eq!(folded(here.clone()).decide(change.clone()).unwrap(), []);
    let at_home = folded(here.clone());
    let place = at_home.details().unwrap().requested.place.clone().unwrap();
    assert_eq!(place, Personal::of(Uuid::from_u128(2).into(), "12 Elm".to_owned()));
    let client = Uuid::from_u128(8).into();
    let other = |place| BookingCommand::ChangeClient { client, address: None, place, now: at(3) };
    let booking = folded([here.clone(), at_home.decide(other(None)).unwrap()].concat());
    let details = booking.details().unwrap();
    assert_eq!((details.address, &details.requested.place), (None, &None));
    let booking = folded([here, at_home.decide(other(words())).unwrap()].concat());
    let place = booking.details().unwrap().requested.place.clone().unwrap();
    assert_eq!(place.subject(), Uuid::from_u128(8).into());
    assert_eq!(refused(done(), change), BookingError::IllegalState(Status::Done));
}

#[test]
fn a_reason_is_written_down_under_the_key_of_the_customer() {
    let code = ReasonCode::TimeOverrun(Overrun::ParkingDelay);
    let (reason_id, by) = (Uuid::from_u128(3), None);
    let note = Some("no spot".to_owned());
    let command = BookingCommand::LogReason { code, note, reason_id, by, now: at(9) };
    let events = folded(confirmed()).decide(command).unwrap();
    let [BookingEvent::ReasonLogged { note: Some(note), .. }] = &events[..] else { panic!() };
    assert_eq!(note.subject(), Uuid::from_u128(2).into());
}

#[test]
fn out_of_sight_and_back_again() {
    let set = |archived| BookingCommand::SetArchived { archived, now: at(9) };
    given(confirmed()).when(set(false)).then_expect_events(vec![]);
    let archived = BookingEvent::Archived { at: at(9) };
    given(confirmed()).when(set(true)).then_expect_events(vec![archived.clone()]);
    let back = BookingEvent::Unarchived { at: at(9) };
    given(with(confirmed(), archived)).when(set(false)).then_expect_events(vec![back]);
}

#[test]
fn nothing_can_be_asked_of_what_nobody_asked_for() {
    assert_eq!(refused(vec![], BookingCommand::Confirm { now: at(1) }), BookingError::NotFound);
    assert_eq!(refused(confirmed(), request(|_| {})), BookingError::AlreadyRequested);
}

/// Any command, at any moment of the fortnight around the visit.
fn any_command() -> impl Strategy<Value = BookingCommand> {
    let now = 0..2 * WEEK;
    prop_oneof![
        now.clone().prop_map(|now| BookingCommand::Confirm { now: at(now) }),
        (now.clone(), 0..3 * WEEK, any::<bool>()).prop_map(|(now, start, client)| {
            place(|change| {
                change.window = Some(window(start));
                change.by = if client { Party::Client } else { Party::Staff };
                change.now = at(now);
            })
        }),
        (0_u128..3, 0_u128..3).prop_map(|(team_of, size)| {
            place(|change| {
                change.team = Some(team(team_of));
                change.crew = Some(crew(&(0..size).collect::<Vec<_>>()));
            })
        }),
        now.clone().prop_map(|now| BookingCommand::Start { worker: None, now: at(now) }),
        (0_u32..300, now.clone()).prop_map(|(actual_minutes, now)| BookingCommand::Complete {
            actual_minutes,
            checklist_open: false,
            now: at(now),
        }),
        (any::<bool>(), now.clone()).prop_map(|(client, now)| {
            cancel(if client { Party::Client } else { Party::Staff }, now)
        }),
        (0_u8..3, now.clone()).prop_map(|(payment, now)| pay(&format!("p{payment}"), now)),
        (0_u8..3, 0_u128..4, 1_i64..9_000).prop_map(|(payment, refund, amount_cents)| {
            let payment_id = format!("p{payment}");
            let refund_id = Uuid::from_u128(refund).into();
            deposit(DepositStep::Refunded(WentBack { payment_id, refund_id, amount_cents }))
        }),
        now.clone()
            .prop_map(|now| BookingCommand::Deposit { step: DepositStep::Expire, now: at(now) }),
        now.clone()
            .prop_map(|now| BookingCommand::Deposit { step: DepositStep::Fail, now: at(now) }),
        (0_i64..30_000, now).prop_map(|(amount_cents, now)| BookingCommand::Override {
            what: Override::Deposit { amount_cents },
            reason: "so".to_owned(),
            now: at(now),
        }),
    ]
}

proptest! {
    #[test]
    fn no_sequence_of_commands_breaks_what_must_always_hold(
        commands in prop::collection::vec(any_command(), 0..30),
    ) {
        let mut booking = folded(requested(|_| {}));
        let mut holds_time = true;
        let mut seen_payments = BTreeSet::new();
        for command in commands {
            let before = booking.clone();
            let went_back = matches!(&command, BookingCommand::Deposit { step: DepositStep::Refunded(_), .. });
            let Ok(events) = booking.decide(command) else { continue };
            // One command takes or gives back the time at most once.
            let placements = events.iter().filter(|event| !slots(event).is_empty()).count();
            prop_assert!(placements <= 1);
            for event in events {
                match slots(&event).as_slice() {
                    [] => {}
                    [Reservation::ReleaseSlots] => holds_time = false,
                    [Reservation::ReleaseSlots, taken @ ..] => {
                        prop_assert!(holds_time && !taken.is_empty());
                    }
                    other => prop_assert!(false, "{other:?}"),
                }
                if let BookingEvent::DepositPaid { payment_id, .. } = &event {
                    prop_assert!(seen_payments.insert(payment_id.clone()));
                }
                booking.apply(event);
            }
            let (was, is) = (before.details().unwrap(), booking.details().unwrap());
            prop_assert_eq!(is.status.takes_time(), holds_time);
            prop_assert!(!was.status.is_final() || was.status == is.status);
            prop_assert!(is.placement.lead_worker.is_none_or(|w| is.placement.crew.contains(&w)));
            prop_assert!(is.planned_minutes >= is.placement.window.minutes());
            if let Some(settlement) = is.settlement.filter(|_| was.settlement.is_none()) {
                prop_assert!((0..=is.paid_cents()).contains(&settlement.refund_cents));
            }
            prop_assert!(is.paid_cents() >= 0);
            if was.deposit_status == Some(DepositStatus::Paid) && !went_back {
                prop_assert_eq!(is.deposit_status, Some(DepositStatus::Paid));
            }
        }
    }
}

#[test]
fn only_a_promised_visit_at_that_very_time_is_reminded_of() {
    let remind = |starts| BookingCommand::Remind { starts_at: at(starts), now: at(WEEK - 1440) };
    let due = BookingEvent::ReminderDue { starts_at: at(WEEK), at: at(WEEK - 1440) };
    given(confirmed()).when(remind(WEEK)).then_expect_events(vec![due]);
    given(confirmed()).when(remind(WEEK + 60)).then_expect_events(vec![]);
    given(requested(trusted)).when(remind(WEEK)).then_expect_events(vec![]);
    given(done()).when(remind(WEEK)).then_expect_events(vec![]);
}

#[test]
fn nobody_is_missed_who_began_or_whose_visit_was_moved_or_is_not_promised() {
    let note = |starts, now| BookingCommand::NoteNoShow { starts_at: at(starts), now: at(now) };
    let missed = BookingEvent::NoShow { starts_at: at(WEEK), at: at(WEEK + 30) };
    given(confirmed()).when(note(WEEK, WEEK + 30)).then_expect_events(vec![missed]);
    given(confirmed()).when(note(WEEK + 60, WEEK + 30)).then_expect_events(vec![]);
    given(confirmed()).when(note(WEEK, WEEK - 30)).then_expect_events(vec![]);
    given(requested(trusted)).when(note(WEEK, WEEK + 30)).then_expect_events(vec![]);
    given(done()).when(note(WEEK, WEEK + 30)).then_expect_events(vec![]);
    let began = with(confirmed(), BookingEvent::Started { worker: None, at: at(WEEK) });
    given(began).when(note(WEEK, WEEK + 30)).then_expect_events(vec![]);
}

/// The deposit that follows from moving a visit to `starts`, if one does.
fn deposit_after(events: Vec<BookingEvent>, starts: i64, anew: bool) -> Option<DepositTerms> {
    let moved = place(|change| {
        change.window = Some(window(starts));
        change.policies.reschedule.reevaluate_deposit = anew;
    });
    match &folded(events).decide(moved).unwrap()[..] {
        [BookingEvent::Rescheduled { .. }] => None,
        [BookingEvent::Rescheduled { .. }, BookingEvent::DepositDecided { deposit, .. }] => {
            Some(deposit.clone())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_deposit_is_decided_anew_only_where_the_policies_say_so_and_nobody_paid() {
    let (late, short) = (10 + 47 * 60, 10 + 20 * 60);
    let rate = |terms: Option<DepositTerms>| terms.and_then(|terms| terms.permille);
    assert_eq!(deposit_after(requested(|_| {}), late, false), None);
    assert_eq!(rate(deposit_after(requested(|_| {}), late, true)), Some(400));
    assert_eq!(rate(deposit_after(requested(|_| {}), short, true)), Some(500));
    // Whoever owed nothing may owe something now, and the other way round.
    assert_eq!(rate(deposit_after(requested(trusted), short, true)), Some(500));
    let hasty = requested(|request| {
        trusted(request);
        request.window = window(short);
    });
    let free = deposit_after(hasty, WEEK, true);
    assert_eq!(free.map(|terms| terms.required), Some(false));
    let paid = [requested(|_| {}), folded(requested(|_| {})).decide(pay("p", 1)).unwrap()].concat();
    assert_eq!(deposit_after(paid, short, true), None);
    let named = requested(|request| request.named_deposit_cents = Some(4_000));
    assert_eq!(rate(deposit_after(named, short, true)), None);
    let by_telephone = requested(|request| request.unpayable = Some(Downgrade::NobodyAtCheckout));
    assert_eq!(deposit_after(by_telephone, short, true), None);
}

#[test]
fn a_deposit_is_due_before_the_visit_wherever_it_is_moved_to() {
    let named = || {
        requested(|request| {
            (request.origin, request.named_deposit_cents) = (Origin::Staff, Some(4_000));
        })
    };
    let earlier = deposit_after(named(), 60, false).unwrap();
    assert_eq!((earlier.due_at, earlier.amount_cents), (Some(at(60)), Some(4_000)));
    assert_eq!(deposit_after(named(), WEEK + 60, false), None);
}

#[test]
fn moving_and_cancelling_late_cost_what_the_terms_say() {
    let moved = place(|change| {
        (change.window, change.by) = (Some(window(WEEK + 60)), Party::Client);
        change.policies.reschedule.fee_cents = 1_500;
    });
    let mut events = confirmed();
    let booking = folded(events.clone());
    events.extend(booking.decide(moved).unwrap());
    let booking = folded(events);
    assert_eq!(booking.details().unwrap().moving_fee_cents, 1_500);
    assert_eq!(booking.details().unwrap().cancellation_fee_cents(), 0);
}

#[test]
fn another_address_of_the_same_client_is_no_other_client() {
    let (client, other) = (Uuid::from_u128(2).into(), Uuid::from_u128(7).into());
    let address = Some(Uuid::from_u128(9).into());
    let change = |client| BookingCommand::ChangeClient { client, address, place: None, now: at(9) };
    let same = folded(confirmed()).decide(change(client)).unwrap();
    assert!(matches!(same[..], [BookingEvent::AddressChanged { .. }]), "{same:?}");
    let changed = folded(confirmed()).decide(change(other)).unwrap();
    assert!(matches!(changed[..], [BookingEvent::ClientChanged { .. }]), "{changed:?}");
    let booking = folded([confirmed(), changed].concat());
    assert_eq!(booking.details().unwrap().lead(), None, "whoever asked has no part in it");
}

#[test]
fn words_about_a_visit_are_its_customers() {
    let whose = |change: fn(&mut Request)| match requested(change).remove(0) {
        BookingEvent::Requested(requested) => {
            let own = Booking::reservations(&BookingEvent::Requested(requested.clone()))
                .iter()
                .any(|one| matches!(one, Reservation::NewSubject(_)));
            let place = requested.place.map(|place| place.subject());
            (place, own)
        }
        other => panic!("{other:?}"),
    };
    let at_home = |request: &mut Request| request.place = Some("12 Sample Street".to_owned());
    let client = SubjectId::from(Uuid::from_u128(2));
    assert_eq!(whose(|r| r.place = Some("12 Sample Street".to_owned())), (Some(client), false));
    let lead = SubjectId::from(Uuid::from_u128(3));
    assert_eq!(whose(|r| (r.place, r.client) = (Some("x".to_owned()), None)), (Some(lead), false));
    let nobody = requested(|r| {
        at_home(r);
        (r.client, r.lead) = (None, None);
    });
    assert_eq!(
        Booking::reservations(&nobody[0])[0],
        Reservation::NewSubject(booking_id().as_uuid().into())
    );
}

#[test]
fn a_reason_puts_hours_and_distance_aside_from_the_beginning() {
    let closed = Obstacle {
        kind: ObstacleKind::OutsideHours,
        reference: String::new(),
        window: window(WEEK),
        note: None,
    };
    let refusal = refused(vec![], request(|r| r.obstacles = vec![closed.clone()]));
    assert!(matches!(refusal, BookingError::Hindered(_)), "{refusal:?}");
    let events = requested(|r| {
        r.obstacles = vec![closed];
        r.forced = Some("They leave at eight".to_owned());
    });
    let BookingEvent::Requested(requested) = &events[0] else { panic!("{events:?}") };
    assert_eq!(requested.placement.buffer_minutes, 0);
    assert!(requested.forced.is_some());
    assert_eq!(
        refused(vec![], request(|r| r.forced = Some(" ".to_owned()))),
        BookingError::ReasonRequired
    );
}

#[test]
fn whoever_comes_no_more_is_left_out_of_what_is_to_come_and_of_nothing_else() {
    let to_come = || {
        requested(|request| {
            request.crew = crew(&[1, 2]);
        })
    };
    let release = |number, now| BookingCommand::Release { worker: worker(number), now: at(now) };
    let after = |number, now, events: Vec<BookingEvent>| {
        let mut booking = folded(events.clone());
        let decided = booking.decide(release(number, now)).unwrap();
        for event in &decided {
            booking.apply(event.clone());
        }
        (decided.len(), booking.details().unwrap().placement.clone())
    };
    let (count, placement) = after(1, 1, to_come());
    assert_eq!((count, placement.crew), (1, vec![worker(2)]));
    // The next one leads.
    assert_eq!(placement.lead_worker, Some(worker(2)));
    assert_eq!(after(3, 1, to_come()).0, 0);
    assert_eq!(after(1, WEEK, to_come()).0, 0);
    let alone = requested(|request| request.crew = crew(&[1]));
    let (_, placement) = after(1, 1, alone);
    assert_eq!((placement.crew, placement.lead_worker), (Vec::new(), None));
}
