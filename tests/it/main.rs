//! Black-box tests: the real program against a real PostgreSQL. One binary, a module per room.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod append;
mod chaos;
mod containers;
mod harness;
mod history;
mod house;
mod http;
mod launcher;
mod program;
mod projections;
mod rls;
mod year;
