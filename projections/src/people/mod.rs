//! Read models of the people who clean.

pub mod worker_csv;
pub mod worker_history;
pub mod worker_list;
