//! A private database server for the whole test run, a fresh database for each test, and the program on top of it.

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod collector;
pub(crate) mod database;
mod fake;
pub(crate) mod logins;
pub(crate) mod program;
pub(crate) mod redis;
pub(crate) mod relay;
pub(crate) mod smtp;
pub(crate) mod stripe;
pub(crate) mod turnstile;

pub(crate) use app::App;
pub(crate) use client::Client;
pub(crate) use database::TestDb;
pub(crate) use program::{Program, Served};
