//! The log as auditors see it: read in order, proved, signed, exported, and folded as of any moment.

pub mod checkpoint;
pub mod entity;
pub mod export;
pub mod log;
pub mod moment;
pub mod past;
pub mod repository;
pub mod verify;
