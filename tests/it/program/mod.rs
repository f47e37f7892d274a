//! The program from outside: its roles, its exit codes, its logs.

mod configuration;
mod demo;
mod dev;
mod heartbeats;
mod jobs;
mod logs;
mod migrate;
mod ready;
mod shims;
