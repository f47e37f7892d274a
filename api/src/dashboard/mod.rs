//! The start page: the figures of the day, and what happened last.

mod activity;
mod ops;
mod today;

pub(crate) use self::ops::share;
use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default().merge(ops::routes()).merge(activity::routes())
}
