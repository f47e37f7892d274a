//! Read models of the people whose homes are cleaned.

pub mod client_list;
pub mod client_records;
pub mod client_search;
pub mod ratings;
