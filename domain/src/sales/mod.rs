//! Selling: price book, estimates and leads.

pub mod estimate;
pub mod estimate_wire;
pub mod lead;
pub mod price_book;
