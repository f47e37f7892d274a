//! The life of a subscription, given, when, then.

use chrono::TimeDelta;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use proptest::prelude::*;
use strum::VariantArray;
use uuid::Uuid;

use super::plan::Rhythm;
use super::*;
use crate::id::BookingId;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn booking() -> BookingId {
    Uuid::from_u128(7).into()
}

fn plan(frequency: Rhythm) -> Plan {
    Plan {
        frequency,
        start_date: date("2026-03-02"),
        preferred_weekday: None,
        preferred_day_of_month: None,
        base_service_type: "standard".to_owned(),
    }
}

fn start() -> SubscriptionCommand {
    SubscriptionCommand::Start(Origin {
        subscription_id: Uuid::from_u128(1).into(),
        client: Uuid::from_u128(2).into(),
        plan: plan(Rhythm::Weekly),
        price_cents: 10_500,
        price_book: Some("economy/v1".to_owned()),
        today: date("2026-03-01"),
        now: at(0),
    })
}

fn started() -> Vec<SubscriptionEvent> {
    Subscription::default().decide(start()).unwrap()
}

fn in_status(status: Status) -> Subscription {
    let mut it = folded(&started());
    let Subscription::Known(details) = &mut it else { panic!() };
    details.status = status;
    it
}

fn folded(events: &[SubscriptionEvent]) -> Subscription {
    let mut it = Subscription::default();
    for event in events {
        it.apply(event.clone());
    }
    it
}

fn given(events: Vec<SubscriptionEvent>) -> AggregateTestExecutor<Subscription> {
    TestFramework::with(()).given(events)
}

fn schedule(day: &str, today: &str) -> SubscriptionCommand {
    SubscriptionCommand::Schedule {
        date: date(day),
        booking: booking(),
        today: date(today),
        now: at(9),
    }
}

fn next_run(it: &Subscription) -> NaiveDate {
    it.details().unwrap().next_run
}

#[test]
fn it_begins_with_its_first_day_and_never_twice() {
    assert_eq!(next_run(&folded(&started())), date("2026-03-02"));
    given(started()).when(start()).then_expect_error(SubscriptionError::AlreadyStarted);
}

#[test]
fn each_day_becomes_one_booking_however_often_it_is_asked_for() {
    let once = folded(&started()).decide(schedule("2026-03-02", "2026-03-01")).unwrap();
    let once = [started(), once].concat();
    assert_eq!(next_run(&folded(&once)), date("2026-03-09"));
    given(once.clone()).when(schedule("2026-03-02", "2026-03-01")).then_expect_events(vec![]);
    given(once)
        .when(schedule("2026-03-16", "2026-03-01"))
        .then_expect_error(SubscriptionError::NotDue);
}

#[test]
fn what_was_missed_is_not_made_up_for() {
    let late = SubscriptionCommand::Skip {
        date: date("2026-03-02"),
        reason: SkipReason::Missed,
        today: date("2026-03-20"),
        now: at(9),
    };
    let events = folded(&started()).decide(late).unwrap();
    assert_eq!(next_run(&folded(&[started(), events].concat())), date("2026-03-23"));
}

#[test]
fn nobody_comes_while_it_is_paused_and_it_goes_on_ahead() {
    let pause = SubscriptionCommand::Pause { reason: Some("away".to_owned()), now: at(1) };
    let paused = [started(), folded(&started()).decide(pause).unwrap()].concat();
    given(paused.clone())
        .when(schedule("2026-03-02", "2026-03-01"))
        .then_expect_error(SubscriptionError::NotRunning(Status::Paused));
    let resume = SubscriptionCommand::Resume { today: date("2026-04-01"), now: at(2) };
    let resumed = folded(&paused).decide(resume).unwrap();
    assert_eq!(next_run(&folded(&[paused, resumed].concat())), date("2026-04-06"));
}

#[test]
fn another_plan_starts_tomorrow_at_the_earliest() {
    let monthly = Plan { preferred_day_of_month: Some(10), ..plan(Rhythm::Monthly) };
    let change = |plan: &Plan| SubscriptionCommand::ChangePlan {
        plan: plan.clone(),
        today: date("2026-03-10"),
        now: at(5),
    };
    let events = folded(&started()).decide(change(&monthly)).unwrap();
    assert_eq!(next_run(&folded(&[started(), events].concat())), date("2026-04-10"));
    let same = folded(&started()).decide(change(&plan(Rhythm::Weekly))).unwrap();
    assert!(same.is_empty());
}

#[test]
fn the_next_visit_moves_but_not_into_the_past() {
    let to = |day: &str| SubscriptionCommand::MoveNextRun {
        date: date(day),
        today: date("2026-03-02"),
        now: at(5),
    };
    given(started()).when(to("2026-03-01")).then_expect_error(SubscriptionError::DateInPast);
    let moved = SubscriptionEvent::NextRunMoved { next_run: date("2026-03-05"), at: at(5) };
    given(started()).when(to("2026-03-05")).then_expect_events(vec![moved]);
}

#[test]
fn the_table_of_states_is_the_whole_truth() {
    for from in Status::VARIANTS {
        let it = in_status(*from);
        let commands = [
            (Status::Paused, SubscriptionCommand::Pause { reason: None, now: at(3) }),
            (Status::Canceled, SubscriptionCommand::Cancel { reason: None, now: at(3) }),
            (Status::Active, SubscriptionCommand::Resume { today: date("2026-03-01"), now: at(3) }),
        ];
        for (to, command) in commands {
            let allowed = *from == to || from.next().contains(&to);
            assert_eq!(it.decide(command).is_ok(), allowed, "{from} → {to}");
        }
    }
}

proptest! {
    #[test]
    fn days_only_go_forward_and_none_comes_twice(
        rhythm in prop::sample::select(&[Rhythm::Weekly, Rhythm::Biweekly, Rhythm::Monthly][..]),
        delays in prop::collection::vec(0_u64..90, 1..20),
    ) {
        let mut it = folded(&started());
        let Subscription::Known(details) = &mut it else { panic!() };
        details.plan = plan(rhythm);
        let mut seen = std::collections::BTreeSet::new();
        for delay in delays {
            let due = next_run(&it);
            let today = due + Days::new(delay);
            let command = SubscriptionCommand::Schedule {
                date: due, booking: booking(), today, now: at(0),
            };
            for event in it.decide(command).unwrap() {
                it.apply(event);
            }
            prop_assert!(seen.insert(due));
            prop_assert!(next_run(&it) > due);
            prop_assert!(next_run(&it) >= today);
        }
    }
}

#[test]
fn nobody_begins_in_the_past_or_when_the_year_is_mistyped() {
    let begins = |day: &str| {
        let SubscriptionCommand::Start(mut origin) = start() else { panic!() };
        origin.plan.start_date = date(day);
        Subscription::default().decide(SubscriptionCommand::Start(origin)).map(|_| ())
    };
    assert_eq!(begins("2026-02-28"), Err(SubscriptionError::DateInPast));
    assert_eq!(begins("2026-03-01"), Ok(()));
    assert_eq!(begins("2028-03-01"), Ok(()));
    assert_eq!(begins("2028-03-02"), Err(SubscriptionError::DateTooFar));
    let far = SubscriptionCommand::MoveNextRun {
        date: date("9026-03-09"),
        today: date("2026-03-01"),
        now: at(1),
    };
    assert_eq!(folded(&started()).decide(far), Err(SubscriptionError::DateTooFar));
}
