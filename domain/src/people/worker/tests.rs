//! The rules of a worker: given, when, then.

use chrono::TimeDelta;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::file::{CertificateStatus, Entry, OnboardingStep};
use super::*;
use crate::refusal::Refusal;

fn id() -> WorkerId {
    Uuid::from_u128(5).into()
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
}

fn team(number: i32) -> TeamNumber {
    TeamNumber::parse(number).unwrap()
}

fn profile(phone: &str) -> Profile {
    Profile::parse("Dana", phone, None).unwrap()
}

fn hire() -> WorkerCommand {
    let (profile, team) = (profile("780-555-0199"), TeamNumber::FIRST);
    let opening = Opening::default();
    WorkerCommand::Hire { worker_id: id(), profile, team, opening, now: at(0) }
}

#[test]
fn a_file_may_begin_with_what_is_known_and_all_that_is_wrong_with_it_is_named() {
    let opening = |role: &str, skills: &[&str], cents| Opening {
        role: Some(role.to_owned()),
        skills: Some(skills.iter().map(|one| (*one).to_owned()).collect()),
        rate: Some((cents, day(5))),
    };
    let hire = |opening| {
        let (profile, team) = (profile("780-555-0199"), TeamNumber::FIRST);
        WorkerCommand::Hire { worker_id: id(), profile, team, opening, now: at(0) }
    };
    let qualified = WorkerEvent::Qualified {
        worker_id: id(),
        role: Some("lead".to_owned()),
        skills: vec!["deep_clean".to_owned()],
        at: at(0),
    };
    let rated =
        WorkerEvent::RateChanged { worker_id: id(), cents: 2_750, effective: day(5), at: at(0) };
    given(&[]).when(hire(opening("lead", &["Deep clean"], 2_750))).then_expect_events(vec![
        hired(),
        qualified,
        rated,
    ]);
    let wrong = Worker::default().decide(hire(opening("lead", &["a/b"], -1))).unwrap_err();
    let fields: Vec<_> = wrong.problems().iter().map(|one| one.field.as_str()).collect();
    assert_eq!(fields, ["skills.0", "hourly_rate_cents"]);
}

fn hired() -> WorkerEvent {
    let profile = Personal::of(id().into(), profile("780-555-0199"));
    WorkerEvent::Hired { worker_id: id(), profile, team: TeamNumber::FIRST, at: at(0) }
}

fn archived() -> WorkerEvent {
    WorkerEvent::Archived { worker_id: id(), at: at(1) }
}

fn given(events: &[WorkerEvent]) -> AggregateTestExecutor<Worker> {
    TestFramework::with(()).given(events.to_vec())
}

fn change(phone: Option<&str>, team: Option<TeamNumber>) -> WorkerCommand {
    WorkerCommand::Change { changes: Changes::parse(None, phone, None).unwrap(), team, now: at(2) }
}

#[test]
fn somebody_is_hired_once_under_a_key_of_their_own() {
    given(&[]).when(hire()).then_expect_events(vec![hired()]);
    given(&[hired()]).when(hire()).then_expect_error(WorkerError::AlreadyHired);
    assert_eq!(Worker::reservations(&hired()), [Reservation::NewSubject(id().into())]);
    let beside = Worker::beside(&hired()).unwrap();
    assert_eq!((&beside["phone"], &beside["team"]), (&json!("+17805550199"), &json!(1)));
}

#[test]
fn only_what_is_different_changes() {
    let other = "780-555-0100";
    let moved = || WorkerEvent::Transferred {
        worker_id: id(),
        from: team(1),
        to: team(2),
        effective: None,
        at: at(2),
    };
    given(&[hired()]).when(change(Some(other), Some(team(2)))).then_expect_events(vec![
        WorkerEvent::ProfileChanged {
            worker_id: id(),
            profile: Personal::of(id().into(), profile(other)),
            at: at(2),
        },
        moved(),
    ]);
    let same = change(Some("780-555-0199"), Some(team(1)));
    given(&[hired()]).when(same).then_expect_events(vec![]);
    given(&[hired(), moved()]).when(change(None, Some(team(2)))).then_expect_events(vec![]);
    given(&[hired()]).when(change(None, None)).then_expect_error(WorkerError::NothingSupplied);
}

#[test]
fn an_archived_worker_gets_no_password_until_reinstated() {
    let issue = || WorkerCommand::IssuePassword { expires_at: at(9) };
    let issued = || WorkerEvent::PasswordIssued { worker_id: id(), expires_at: at(9) };
    let reinstated = || WorkerEvent::Reinstated { worker_id: id(), at: at(3) };
    given(&[hired()]).when(issue()).then_expect_events(vec![issued()]);
    given(&[hired(), archived()]).when(issue()).then_expect_error(WorkerError::Archived);
    given(&[hired(), archived()])
        .when(WorkerCommand::ChangePassword)
        .then_expect_error(WorkerError::Archived);
    given(&[hired(), archived()])
        .when(WorkerCommand::Reinstate { now: at(3) })
        .then_expect_events(vec![reinstated()]);
    given(&[hired(), archived(), reinstated()]).when(issue()).then_expect_events(vec![issued()]);
    given(&[hired()])
        .when(WorkerCommand::ChangePassword)
        .then_expect_events(vec![WorkerEvent::PasswordChanged { worker_id: id() }]);
}

#[test]
fn archiving_and_reinstating_twice_changes_nothing() {
    let archive = || WorkerCommand::Archive { now: at(1) };
    given(&[hired()]).when(archive()).then_expect_events(vec![archived()]);
    given(&[hired(), archived()]).when(archive()).then_expect_events(vec![]);
    given(&[hired()]).when(WorkerCommand::Reinstate { now: at(1) }).then_expect_events(vec![]);
}

#[test]
fn nothing_is_asked_of_somebody_who_was_never_hired() {
    let commands = [
        change(None, Some(team(2))),
        WorkerCommand::ChangePassword,
        WorkerCommand::Archive { now: at(1) },
        WorkerCommand::Reinstate { now: at(1) },
    ];
    for command in commands {
        given(&[]).when(command).then_expect_error(WorkerError::NotFound);
    }
}

#[test]
fn what_ends_sessions_says_so_beside_the_event() {
    let ends = |event: &WorkerEvent| Worker::beside(event).unwrap()["do"].clone();
    assert_eq!(ends(&archived()), "portal.end_worker");
    assert_eq!(ends(&WorkerEvent::PasswordChanged { worker_id: id() }), "portal.revoke_all");
    let issued = WorkerEvent::PasswordIssued { worker_id: id(), expires_at: at(9) };
    assert_eq!(ends(&issued), "portal.revoke_all");
    let moved = WorkerEvent::Transferred {
        worker_id: id(),
        from: team(1),
        to: team(2),
        effective: None,
        at: at(2),
    };
    assert_eq!(ends(&moved), "portal.move_worker");
}

#[test]
fn a_team_has_a_number_from_one() {
    assert_eq!((TeamNumber::parse(0), TeamNumber::parse(1)), (None, Some(TeamNumber::FIRST)));
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2030, 1, day).unwrap()
}

fn file(entry: Entry) -> WorkerCommand {
    WorkerCommand::File { entry, by: "owner".to_owned(), now: at(3) }
}

fn transfer(to: i32, effective: NaiveDate) -> WorkerCommand {
    WorkerCommand::Transfer { to: team(to), effective, today: day(10), now: at(2) }
}

fn moved(effective: Option<NaiveDate>) -> WorkerEvent {
    WorkerEvent::Transferred { worker_id: id(), from: team(1), to: team(2), effective, at: at(2) }
}

fn planned(effective: NaiveDate) -> WorkerEvent {
    WorkerEvent::TransferPlanned { worker_id: id(), to: team(2), effective, at: at(2) }
}

#[test]
fn a_transfer_begins_with_its_day_and_may_lie_a_month_back() {
    given(&[hired()]).when(transfer(2, day(5))).then_expect_events(vec![moved(Some(day(5)))]);
    let long_ago = NaiveDate::from_ymd_opt(2029, 12, 1).unwrap();
    given(&[hired()]).when(transfer(2, long_ago)).then_expect_error(WorkerError::TransferTooEarly);
    given(&[hired()]).when(transfer(2, day(20))).then_expect_events(vec![planned(day(20))]);
    let due = |effective| WorkerCommand::TransferDue { to: team(2), effective, now: at(2) };
    given(&[hired(), planned(day(20))])
        .when(due(day(20)))
        .then_expect_events(vec![moved(Some(day(20)))]);
    // Planned anew for another day, the old day means nothing.
    given(&[hired(), planned(day(20)), planned(day(25))])
        .when(due(day(20)))
        .then_expect_events(vec![]);
    let dropped = WorkerEvent::TransferDropped { worker_id: id(), at: at(2) };
    given(&[hired(), planned(day(20))])
        .when(transfer(1, day(10)))
        .then_expect_events(vec![dropped]);
}

fn certificate(expires_at: Option<NaiveDate>) -> WorkerEvent {
    WorkerEvent::CertificateAdded {
        worker_id: id(),
        cert_id: Uuid::from_u128(8).into(),
        name: Personal::of(id().into(), "Ladder Safety".to_owned()),
        status: CertificateStatus::Active,
        issued_at: None,
        expires_at,
        at: at(3),
    }
}

#[test]
fn a_certificate_runs_out_once_and_only_after_its_last_day() {
    let cert_id = Uuid::from_u128(8).into();
    let first = DateTime::UNIX_EPOCH.date_naive();
    let expire = |minutes| WorkerCommand::ExpireCertificate { cert_id, now: at(minutes) };
    let expired = || WorkerEvent::CertificateExpired { worker_id: id(), cert_id, at: at(1440) };
    let held = || vec![hired(), certificate(Some(first))];
    given(&held()).when(expire(1439)).then_expect_events(vec![]);
    given(&held()).when(expire(1440)).then_expect_events(vec![expired()]);
    given(&[held(), vec![expired()]].concat()).when(expire(1441)).then_expect_events(vec![]);
    let archived = WorkerEvent::CertificateArchived { worker_id: id(), cert_id, at: at(4) };
    given(&[held(), vec![archived]].concat()).when(expire(1441)).then_expect_events(vec![]);
    given(&[hired(), certificate(None)]).when(expire(9999)).then_expect_events(vec![]);
    given(&[hired()]).when(expire(1)).then_expect_error(WorkerError::CertificateNotFound);
}

#[test]
fn a_visit_is_reviewed_once_and_the_rating_is_what_reviews_say() {
    let booking = |number| Uuid::from_u128(number).into();
    let review =
        |number, rating| file(Entry::Review { booking: booking(number), rating, comment: None });
    let reviewed = |number, rating| WorkerEvent::Reviewed {
        worker_id: id(),
        booking: booking(number),
        rating,
        comment: None,
        by: "owner".to_owned(),
        at: at(3),
    };
    given(&[hired()]).when(review(1, 4)).then_expect_events(vec![reviewed(1, 4)]);
    given(&[hired(), reviewed(1, 4)])
        .when(review(1, 5))
        .then_expect_error(WorkerError::AlreadyReviewed);
    let wrong = Problems::one("rating", "Input should be from 1 to 5");
    given(&[hired()]).when(review(1, 6)).then_expect_error(WorkerError::Invalid(wrong));
    let mut worker = Worker::default();
    for event in [hired(), reviewed(1, 4), reviewed(2, 5)] {
        worker.apply(event);
    }
    assert_eq!(worker.details().unwrap().file.rating(), (9, 2));
}

#[test]
fn an_hour_costs_what_was_decided_for_its_day() {
    let rate = |cents, effective| WorkerEvent::RateChanged {
        worker_id: id(),
        cents,
        effective,
        at: at(3),
    };
    let mut worker = Worker::default();
    for event in [hired(), rate(3_000, day(10)), rate(2_800, day(5)), rate(3_100, day(10))] {
        worker.apply(event);
    }
    let file = &worker.details().unwrap().file;
    let on = |number| file.rate_cents(day(number));
    assert_eq!((on(1), on(5), on(9), on(10)), (None, Some(2_800), Some(2_800), Some(3_100)));
}

#[test]
fn skills_are_words_and_steps_are_taken_once() {
    let skills = |all: &[&str]| {
        let skills = Some(all.iter().map(|one| (*one).to_owned()).collect());
        file(Entry::Qualify { role: None, skills })
    };
    let qualified = WorkerEvent::Qualified {
        worker_id: id(),
        role: None,
        skills: vec!["deep_clean".to_owned(), "window_cleaning".to_owned()],
        at: at(3),
    };
    given(&[hired()])
        .when(skills(&["Window cleaning", "deep_clean", "deep-clean"]))
        .then_expect_events(vec![qualified.clone()]);
    given(&[hired(), qualified])
        .when(skills(&["deep_clean", "window_cleaning"]))
        .then_expect_events(vec![]);
    let step = |done| file(Entry::Onboarding { step: OnboardingStep::DocsReceived, done });
    let set = WorkerEvent::OnboardingStepSet {
        worker_id: id(),
        step: OnboardingStep::DocsReceived,
        done: true,
        by: "owner".to_owned(),
        at: at(3),
    };
    given(&[hired()]).when(step(true)).then_expect_events(vec![set.clone()]);
    given(&[hired(), set]).when(step(true)).then_expect_events(vec![]);
    given(&[hired()]).when(step(false)).then_expect_events(vec![]);
}
