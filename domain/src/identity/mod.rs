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
