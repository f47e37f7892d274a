//! The desk of the dispatcher: where visits are, what needs somebody's eye, who could go, and what people are told.
//!
//! Visits themselves are changed by the commands of bookings alone. Here is what only the desk knows.

pub mod alert;
pub mod alerts;
pub mod notice;
pub mod pin;
pub mod plan;
pub mod point;
pub mod route;
pub mod suggest;
pub mod zones;
