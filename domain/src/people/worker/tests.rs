//! The rules of a worker: given, when, then.

use chrono::TimeDelta;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::*;

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
    WorkerCommand::Hire { worker_id: id(), profile, team, now: at(0) }
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
    let moved =
        || WorkerEvent::Transferred { worker_id: id(), from: team(1), to: team(2), at: at(2) };
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
    let moved = WorkerEvent::Transferred { worker_id: id(), from: team(1), to: team(2), at: at(2) };
    assert_eq!(ends(&moved), "portal.move_worker");
}

#[test]
fn a_team_has_a_number_from_one() {
    assert_eq!((TeamNumber::parse(0), TeamNumber::parse(1)), (None, Some(TeamNumber::FIRST)));
}
