//! Signing in, and who may: tokens, sessions, members and roles.

mod auth;
mod members;
mod password;
mod people;
mod roles;
mod sessions;
mod tokens;

pub(crate) use self::members::temporary_password;
pub(crate) use self::password::Hashing;
pub use self::password::PasswordCost;
pub(crate) use self::sessions::{SignedIn, by_token};
pub use self::tokens::{TokenKeyError, Tokens};
use crate::route::Routes;

pub(crate) fn routes() -> Routes {
    Routes::default().merge(auth::routes()).merge(people::routes()).merge(roles::routes())
}
