//! The desk of the dispatcher: the board of a day, what needs an eye, who could go, and what people are told.
//!
//! Visits are changed by the same commands as everywhere else.

mod alerts;
mod board;
mod changes;
mod context;
mod day;
mod figures;
mod notify;
mod stream;
mod suggest;
mod ways;
mod zones;

pub(crate) use self::alerts::found as alerts_of;
pub(crate) use self::day::{Day, People};
pub(crate) use self::stream::Boards;
pub(super) use self::suggest::{Free, free_workers, ranked};
use crate::route::{Routes, Rule, staff};

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(board::routes())
        .merge(stream::routes())
        .merge(figures::routes())
        .merge(alerts::routes())
        .merge(ways::routes())
        .merge(suggest::routes())
        .merge(changes::routes())
        .merge(notify::routes())
        .merge(context::routes())
        .merge(zones::routes())
}

/// Whoever sends people out, where there is a schedule.
const fn desk() -> Rule {
    staff(super::DISPATCH).feature(domain::settings::feature::Feature::Schedule)
}
