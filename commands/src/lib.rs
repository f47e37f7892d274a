//! The write side: carries a command to its aggregate and the events to the log.
//!
//! [`CommandBus::execute`] loads an aggregate, lets it decide and hands the decision to an append lane. A lane takes
//! whatever decisions wait while the previous transaction flushes and writes them in one statement, see `lane`.

mod append;
pub mod attempts;
mod batch;
mod bus;
mod context;
mod decide;
mod error;
mod fate;
mod figures;
mod hint;
mod holdings;
mod keys;
mod lane;
mod memory;
mod organisation;
mod reader;
mod stream;
mod tenant;

pub use append::{Beside, Decision, NewEvent, NewKey, Outcome, Slot};
pub use bus::{BusOptions, CommandBus, Loaded};
pub use context::{Context, Done, RequestKey};
pub use error::{CommandError, LoadError};
pub use hint::CHANNEL as LOG_MOVED;
pub use holdings::Taken;
pub use keys::{RotationError, rotate as rotate_keys};
