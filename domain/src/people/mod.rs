//! The people who clean.

pub mod compliance;
pub mod standing;
pub mod worker;
