//! The people who clean, for staff.

mod team_ref;
mod workers;

use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    workers::routes()
}
