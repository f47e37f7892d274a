//! The people who clean.

pub mod standing;
pub mod worker;
