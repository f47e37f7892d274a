//! The people who clean.

pub mod worker;
