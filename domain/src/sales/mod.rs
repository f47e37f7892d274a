//! Selling: estimates and leads.

pub mod estimate;
pub mod estimate_wire;
pub mod lead;
