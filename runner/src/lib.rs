//! The one program, `cleaning`, in its roles.

pub mod config;
pub mod migrate;
pub mod postgres;
pub mod secrets;
pub mod telemetry;
