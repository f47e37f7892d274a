//! The projection engine on a real database.

mod broken_log;
mod effects;
mod erasure;
mod exactly_once;
mod fairness;
mod leads;
mod log;
mod poison;
mod setting;
mod waking;
