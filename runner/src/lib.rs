//! The one program, `cleaning`, in its roles.

pub mod audit;
pub mod cli;
pub mod config;
pub mod delivery;
pub mod demo;
pub mod jobs;
pub mod migrate;
pub mod organisations;
pub mod postgres;
pub mod rls;
pub mod roles;
pub mod second_factors;
pub mod secrets;
pub mod telemetry;
pub mod timers;

/// Half the time of a small request is allocation; this one takes less of it and gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
