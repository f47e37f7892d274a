//! Follows the log of every organisation, in order, for every projection: exactly once, verified, fenced, fair.

pub(crate) mod apply;
pub(crate) mod build;
pub(crate) mod checkpoint;
mod chunk;
mod fault;
mod gauges;
mod lease;
pub(crate) mod parked;
mod progress;
mod target;
mod turn;
mod wait;
mod watch;
mod worker;

pub use build::{Build, Outdated, builds, outdated};
pub use chunk::{Break, Chunk, Limits, Mark, follow, read};
pub use fault::describe;
pub use progress::{Owner, PAGE, Parked, Progress, Stuck, owners, parked, progress, resume, stuck};
pub use target::Target;
pub use turn::Outcome;
pub use wait::{Waited, position, standing, wait_for};
pub use watch::Watch;
pub use worker::{CatchUpError, Options, Worker};
