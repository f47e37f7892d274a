//! Scheduling: teams and when they work, free times, visits.

mod blocks;
mod bookings;
mod calendar;
mod clashes;
mod dispatcher;
mod external;
mod facts;
mod hours;
pub(crate) mod instants;
mod jobs;
mod occurrences;
mod orders;
mod photos;
mod plan;
mod portal_slots;
mod queue;
pub(crate) mod sent;
mod slots;
mod subscriptions;
mod suggestions;
mod taking;
mod team_figures;
mod teams;
mod worker_timeline;

use domain::access::Permission;

pub(crate) use self::bookings::{known, known_at};
pub(crate) use self::dispatcher::{Boards, Day, People, alerts_of};
pub use self::occurrences::{OccurrenceError, Occurrences, Outcome};
pub use self::photos::{PhotoOptions, Photos};
use crate::cursor::continued;
use crate::route::Routes;

/// Whoever sends teams and workers out.
const DISPATCH: &[Permission] = &[Permission::BookingsAssign];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(teams::routes())
        .merge(team_figures::routes())
        .merge(hours::routes())
        .merge(blocks::routes())
        .merge(slots::routes())
        .merge(portal_slots::routes())
        .merge(bookings::routes())
        .merge(calendar::routes())
        .merge(dispatcher::routes())
        .merge(external::routes())
        .merge(suggestions::routes())
        .merge(plan::routes())
        .merge(queue::routes())
        .merge(subscriptions::routes())
        .merge(orders::routes())
        .merge(photos::routes())
        .merge(jobs::routes())
        .merge(worker_timeline::routes())
}
