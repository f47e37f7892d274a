//! Portals: workers come in by phone and password, clients by a link that is sent to them, each to what is theirs.

mod caller;
mod client;
mod link;
mod listed;
mod own;
mod policy;
mod sessions;
mod shared;
mod staff;
mod worker;

pub(crate) use self::caller::{Portal, PortalCaller, sign_in};
pub(crate) use self::client::portal as address;
pub use self::link::{LinkError, Links, Made, Wanted};
pub use self::policy::PortalPolicy;
pub use self::shared::SharedLogin;
use crate::route::Routes;

pub(super) fn routes() -> Routes {
    Routes::default()
        .merge(worker::routes())
        .merge(client::routes())
        .merge(own::routes())
        .merge(staff::routes())
}
