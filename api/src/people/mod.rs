//! The people who clean, for staff.

mod availability;
mod bulk;
pub(crate) mod compliance;
mod entries;
mod export;
mod files;
mod filter;
mod overview;
pub(crate) mod pages;
mod team_ref;
mod workers;

pub(crate) use self::files::average;
use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(workers::routes())
        .merge(files::routes())
        .merge(entries::routes())
        .merge(bulk::routes())
        .merge(export::routes())
        .merge(availability::routes())
        .merge(overview::routes())
}
