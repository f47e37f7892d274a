//! Money that a provider takes for us, and what is disputed about it.

pub mod dispute;
pub mod notice;
pub mod payment;
