//! What an organisation pays for, and how much it may therefore have.

pub mod account;
pub mod plan;
