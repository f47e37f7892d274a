//! The people whose homes are cleaned, for staff.

mod clients;

use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    clients::routes()
}
