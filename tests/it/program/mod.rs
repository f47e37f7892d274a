//! The program from outside: its roles, its exit codes, its logs.

mod dev;
mod logs;
mod migrate;
mod ready;
