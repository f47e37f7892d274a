//! A private database server for the whole test run, and a fresh database for each test.

pub(crate) mod database;
pub(crate) mod program;

pub(crate) use database::TestDb;
pub(crate) use program::{Program, Served};
