//! The people who clean, for staff.

mod bulk;
mod entries;
mod export;
mod files;
mod filter;
mod team_ref;
mod workers;

use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(workers::routes())
        .merge(files::routes())
        .merge(entries::routes())
        .merge(bulk::routes())
        .merge(export::routes())
}
