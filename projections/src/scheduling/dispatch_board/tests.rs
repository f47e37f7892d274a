//! The desk as events leave it.

use std::collections::HashMap;

use domain::personal::Personal;
use domain::recorded::Recorded;
use domain::scheduling::dispatch::alert::{AlertEvent, DispatcherAlert};
use domain::scheduling::dispatch::pin::{PinEvent, VisitPin};
use domain::scheduling::dispatch::point::Point;

use super::fold::{Desk, Row};
use crate::fixture::{LEAD as VISIT, at, booked, erased, recorded, submitted};

fn pinned(position: i64) -> Recorded {
    let point = Point::of_degrees(53.5, -113.5).unwrap();
    let point = Personal::of(VISIT.into(), point);
    let event = PinEvent::Placed { booking_id: VISIT.into(), point, at: at(5) };
    recorded::<VisitPin>(position, 1, VISIT, &event)
}

fn folded(log: &[Recorded]) -> Desk {
    let mut desk = Desk::new(HashMap::new());
    assert_eq!(desk.fold(&log.iter().collect::<Vec<_>>()), []);
    desk
}

#[test]
fn a_visit_is_kept_sealed_with_when_it_was_called_off_and_by_whom() {
    let mut log = booked();
    log.push(pinned(50));
    let desk = folded(&log);
    let row = &desk.visits[&VISIT];
    for sealed in [&row.place, &row.pin] {
        let sealed = sealed.as_deref().unwrap();
        assert!(sealed.contains("$sealed") && !sealed.contains("Elm") && !sealed.contains("535"));
    }
    assert_eq!((row.cancelled_at, row.cancelled_by.as_deref()), (Some(at(4)), Some("staff")));
    assert_eq!((row.position, desk.moved), (50, Some(50)));
}

#[test]
fn it_is_the_same_wherever_the_log_is_cut() {
    let mut log = booked();
    log.push(pinned(50));
    let whole = folded(&log).visits;
    let mut rows: HashMap<_, Row> = HashMap::new();
    for event in &log {
        let mut desk = Desk::new(rows);
        assert_eq!(desk.fold(&[event]), []);
        rows = desk.visits;
    }
    assert_eq!(rows, whole);
}

#[test]
fn a_board_moves_with_what_it_shows_and_with_nothing_else() {
    let lead = crate::fixture::logged(&[submitted()]);
    assert_eq!(folded(&lead).moved, None);
    assert_eq!(folded(&[erased(7)]).moved, Some(7));
    let seen = AlertEvent::Acknowledged { until: at(30), at: at(0) };
    let mut event = recorded::<DispatcherAlert>(8, 1, VISIT, &seen);
    "abcd".clone_into(&mut event.aggregate_id);
    let desk = folded(&[event]);
    assert_eq!((desk.moved, desk.acks["abcd"]), (Some(8), (at(30), 8)));
}

#[test]
fn a_pin_without_a_visit_is_parked() {
    let mut desk = Desk::new(HashMap::new());
    assert_eq!(desk.fold(&[&pinned(1)])[0].reason, "there is no visit at the pin");
}
