//! The people who clean, for staff.

mod workers;

use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    workers::routes()
}
