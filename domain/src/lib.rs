//! The business and nothing else: no I/O, no clock, no SQL, no HTTP.
//!
//! `chain`, `recorded`, `personal` and `seal` define what one event of the log is, byte for byte; the write side
//! and the read side meet in those definitions and do not know each other. Everything else is business.

pub mod access;
pub mod attempt;
pub mod billing;
pub mod chain;
pub mod customers;
pub mod event;
pub mod finance;
pub mod id;
pub mod identity;
pub mod input;
pub mod invoicing;
pub mod organisation;
pub mod payments;
pub mod people;
pub mod personal;
pub mod policy;
pub mod pricing;
pub mod recorded;
pub mod refusal;
pub mod sales;
pub mod scheduling;
pub mod seal;
pub mod settings;
pub mod subject;
pub mod upcast;
