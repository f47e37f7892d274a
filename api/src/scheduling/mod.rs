//! Scheduling: teams and when they work, free times, visits.

mod blocks;
mod bookings;
mod calendar;
mod facts;
mod hours;
mod instants;
mod sent;
mod slots;
mod teams;

use axum::http::{HeaderName, HeaderValue};
use domain::access::Permission;

use crate::answer::Answer;
use crate::route::Routes;

/// Whoever sends teams and workers out.
const DISPATCH: &[Permission] = &[Permission::BookingsAssign];

/// Where the next page of a list begins whose body is the list alone.
const NEXT: HeaderName = HeaderName::from_static("x-next-cursor");

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(teams::routes())
        .merge(hours::routes())
        .merge(blocks::routes())
        .merge(slots::routes())
        .merge(bookings::routes())
        .merge(calendar::routes())
}

/// Says where the next page begins, if there is one.
fn continued(answer: Answer, next: Option<&str>) -> Answer {
    match next.map(HeaderValue::from_str) {
        Some(Ok(next)) => answer.with((NEXT, next)),
        _ => answer,
    }
}
