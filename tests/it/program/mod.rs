//! The program from outside: its roles, its exit codes, its logs.

mod catalogue;
mod configuration;
mod degraded;
mod demo;
mod dev;
mod heartbeats;
mod jobs;
mod logs;
mod migrate;
mod monitors;
mod ready;
mod secrets;
mod shims;
mod traces;
