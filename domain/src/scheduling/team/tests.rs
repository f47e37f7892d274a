//! The life of a team, given, when, then.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::America::Edmonton;
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use uuid::Uuid;

use super::*;

fn at(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
}

fn worker() -> WorkerId {
    Uuid::from_u128(9).into()
}

fn created() -> TeamEvent {
    let (team_id, name) = (Uuid::from_u128(1).into(), "Team A".to_owned());
    TeamEvent::Created { team_id, number: 1, name, at: at(0) }
}

fn led() -> TeamEvent {
    TeamEvent::Configured { setup: Setup { lead: Some(worker()), ..Setup::default() }, at: at(1) }
}

fn given(events: &[TeamEvent]) -> AggregateTestExecutor<Team> {
    TestFramework::with(()).given(events.to_vec())
}

fn folded(events: &[TeamEvent]) -> Team {
    let mut team = Team::default();
    for event in events {
        team.apply(event.clone());
    }
    team
}

fn rename(name: &str) -> TeamCommand {
    TeamCommand::Rename { name: name.to_owned(), now: at(5) }
}

fn configure(setup: Setup, lead_is_member: bool) -> TeamCommand {
    TeamCommand::Configure { setup, lead_is_member, now: at(5) }
}

#[test]
fn a_name_is_held_by_one_team_whatever_its_case() {
    let claims = Team::reservations(&created());
    assert_eq!(
        claims,
        [
            Reservation::Claim { scope: NAMES, value: "team a".to_owned() },
            Reservation::Claim { scope: NUMBERS, value: "1".to_owned() },
        ]
    );
    let events = folded(&[created()]).decide(rename(" TEAM A ")).unwrap();
    assert_eq!(Team::reservations(&events[0]), []);
    let events = folded(&[created()]).decide(rename("Team B")).unwrap();
    assert_eq!(Team::reservations(&events[0]).len(), 2);
    given(&[created()]).when(rename("Team A")).then_expect_events(vec![]);
    given(&[created()]).when(rename("  ")).then_expect_error(TeamError::BadName);
}

#[test]
fn who_leads_is_a_member_and_leads_no_more_once_gone() {
    let setup = Setup { lead: Some(worker()), ..Setup::default() };
    given(&[created()])
        .when(configure(setup.clone(), false))
        .then_expect_error(TeamError::LeadNotMember);
    given(&[created()]).when(configure(setup, true)).then_expect_events(vec![
        TeamEvent::Configured {
            setup: Setup { lead: Some(worker()), ..Setup::default() },
            at: at(5),
        },
    ]);
    let left = TeamCommand::Left { worker: worker(), now: at(6) };
    let gone = TeamEvent::Configured { setup: Setup::default(), at: at(6) };
    given(&[created(), led()]).when(left.clone()).then_expect_events(vec![gone]);
    given(&[created()]).when(left).then_expect_events(vec![]);
}

#[test]
fn a_colour_is_a_colour() {
    for (colour, is_good) in
        [("#00ff7F", true), ("#00ff7", false), ("green", false), ("#00gg00", false)]
    {
        let setup = Setup { calendar_color: Some(colour.to_owned()), ..Setup::default() };
        assert_eq!(
            folded(&[created()]).decide(configure(setup, false)).is_ok(),
            is_good,
            "{colour}"
        );
    }
}

#[test]
fn hours_of_a_weekday_replace_the_usual_ones() {
    let hours = |opens: u32, closes: u32| OpeningHours {
        opens: NaiveTime::from_hms_opt(opens, 0, 0).unwrap(),
        closes: NaiveTime::from_hms_opt(closes, 0, 0).unwrap(),
    };
    let set = |weekday, hours| TeamCommand::SetHours { weekday, hours, now: at(5) };
    // The fourth of March 2026 is a Wednesday.
    let events = folded(&[created()]).decide(set(2, Some(hours(10, 12)))).unwrap();
    let team = folded(&[vec![created()], events].concat());
    let details = team.details().unwrap();
    let day = |date: &str| details.working_time(date.parse().unwrap(), Edmonton).unwrap().minutes();
    assert_eq!((day("2026-03-04"), day("2026-03-05")), (120, 540));
    assert!(team.decide(set(2, Some(hours(10, 12)))).unwrap().is_empty());
    let closed = team.decide(set(6, Some(hours(0, 0)))).unwrap();
    let closed = folded(&[vec![created()], closed].concat());
    let sunday = "2026-03-08".parse().unwrap();
    assert_eq!(closed.details().unwrap().working_time(sunday, Edmonton), None);
    assert_eq!(team.decide(set(7, None)).unwrap_err(), TeamError::BadWeekday);
}

#[test]
fn a_team_with_visits_to_make_is_not_archived() {
    let archive = |future: Vec<BookingId>| TeamCommand::Archive { future, now: at(5) };
    let waiting = vec![Uuid::from_u128(4).into()];
    given(&[created()])
        .when(archive(waiting.clone()))
        .then_expect_error(TeamError::HasFutureBookings(waiting));
    let archived = TeamEvent::Archived { at: at(5) };
    given(&[created()]).when(archive(vec![])).then_expect_events(vec![archived.clone()]);
    given(&[created(), archived.clone()]).when(archive(vec![])).then_expect_events(vec![]);
    let back = TeamCommand::Reinstate { now: at(6) };
    let reinstated = TeamEvent::Reinstated { at: at(6) };
    given(&[created(), archived]).when(back).then_expect_events(vec![reinstated]);
}
