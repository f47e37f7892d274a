//! What reports are made of: facts of the log, each with the position from which on it held.
//!
//! A report is made as of a position with the statements that make it now: rows behind that position do not count. Nothing
//! here adds anything up that a caller could not check row by row.

pub mod leads;
pub mod money;
pub mod people;
pub mod read;
pub mod sheet;
mod versions;
pub mod visits;
