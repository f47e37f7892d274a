//! Who may act for an organisation: its members, their roles, their sessions.
//!
//! Events tell facts and are kept for ever; passwords, TOTP secrets and refresh tokens stand in side tables, written in the
//! transaction of the event they belong to.

pub mod api_token;
pub mod break_glass;
pub mod password;
pub mod portal;
pub mod session;
pub mod staff;

use crate::id::UserId;

/// What a sealed secret of a second factor is tied to: it opens for the user it was made for and for nobody else.
pub fn totp_binding(user: UserId) -> Vec<u8> {
    [b"totp", user.as_uuid().as_bytes().as_slice()].concat()
}
