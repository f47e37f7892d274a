//! The people whose homes are cleaned.

pub mod client;
pub mod standing;
