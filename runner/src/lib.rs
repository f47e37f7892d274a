//! The one program, `cleaning`, in its roles.

pub mod cli;
pub mod config;
pub mod delivery;
pub mod demo;
pub mod migrate;
pub mod organisations;
pub mod postgres;
pub mod roles;
pub mod secrets;
pub mod telemetry;
pub mod timers;
