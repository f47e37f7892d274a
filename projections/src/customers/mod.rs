//! Read models of the people whose homes are cleaned.

pub mod client_list;
