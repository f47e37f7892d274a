//! Duties that recur: each is done for a period or on a condition, by whichever process comes first.

pub mod export_accounting;
pub mod pulse;
pub mod rebuild_outdated;
pub mod sign_checkpoints;
pub mod sweep_photos;
