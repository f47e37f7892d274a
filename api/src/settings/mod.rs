//! Settings of the organisation, features, and what somebody wants on their own screens.

mod catalogue;
mod features;
mod installation;
mod known;
mod org;
mod preferences;
mod zone;

use domain::access::Permission;

pub use self::installation::{Email, Entry, Flag, Installation};
pub(crate) use self::known::Known;
pub(crate) use self::zone::tell_zone;
use crate::route::Routes;

/// Whoever sees the application sees how it is set up.
const READ: &[Permission] = &[Permission::CoreView];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(features::routes())
        .merge(org::routes())
        .merge(preferences::routes())
        .merge(installation::routes())
}
