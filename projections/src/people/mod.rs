//! Read models of the people who clean.

pub mod worker_list;
