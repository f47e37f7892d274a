//! Scheduling: teams and when they work, free times, visits.

mod blocks;
mod bookings;
mod calendar;
mod facts;
mod hours;
mod instants;
mod jobs;
mod occurrences;
mod orders;
mod photos;
mod sent;
mod slots;
mod subscriptions;
mod teams;

use domain::access::Permission;

pub use self::occurrences::{OccurrenceError, Occurrences, Outcome};
pub use self::photos::{PhotoOptions, Photos};
use crate::cursor::continued;
use crate::route::Routes;

/// Whoever sends teams and workers out.
const DISPATCH: &[Permission] = &[Permission::BookingsAssign];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(teams::routes())
        .merge(hours::routes())
        .merge(blocks::routes())
        .merge(slots::routes())
        .merge(bookings::routes())
        .merge(calendar::routes())
        .merge(subscriptions::routes())
        .merge(orders::routes())
        .merge(photos::routes())
        .merge(jobs::routes())
}
