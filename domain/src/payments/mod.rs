//! Money that a provider takes for us.

pub mod notice;
pub mod payment;
