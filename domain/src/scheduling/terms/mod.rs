//! The terms of a booking: how risky it is, whether a deposit is asked for, what cancelling costs.
//!
//! 1. They are decided once, when the booking is asked for, and stand in its events: later policies do not change them.
//! 2. All arithmetic is in cents, minutes and thousandths.

pub mod cancellation;
pub mod deposit;
pub mod policies;
pub mod policies_wire;
pub mod risk;
mod times;
mod ways;
mod work;
mod workers;
