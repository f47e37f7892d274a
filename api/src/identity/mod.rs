//! Signing in, and who may: tokens, sessions, second factors, members, roles, tokens of programs, break-glass, portals.

mod account;
mod api_tokens;
mod attempts;
mod auth;
mod bearer;
mod break_glass;
mod given;
mod listed;
mod members;
mod page;
mod password;
mod people;
mod policy;
mod portal;
mod roles;
mod second_factor;
mod sessions;
mod tokens;

pub(crate) use self::attempts::{Attempt, Guessed};
pub(crate) use self::bearer::{Bearer, Program, Seen, by_token};
pub(crate) use self::break_glass::held_open as break_glass;
pub(crate) use self::members::temporary_password;
pub(crate) use self::password::Hashing;
pub use self::password::PasswordCost;
pub use self::policy::{BasicPair, Lives, Lockout, StaffPolicy};
pub use self::portal::{LinkError, Links, Made, PortalPolicy, SharedLogin, Wanted};
pub(crate) use self::portal::{
    Portal, PortalCaller, address as portal_address, sign_in as at_portal,
};
pub(crate) use self::sessions::SignedIn;
pub use self::tokens::{TokenKeyError, Tokens};
use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(auth::routes())
        .merge(account::routes())
        .merge(second_factor::routes())
        .merge(listed::routes())
        .merge(people::routes())
        .merge(roles::routes())
        .merge(api_tokens::routes())
        .merge(break_glass::routes())
        .merge(portal::routes())
}
