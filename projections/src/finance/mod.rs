//! The books as they are read.

pub mod budgets;
pub mod categories;
pub mod expenses;
pub mod instalments;
pub mod ledger;
pub mod records;
pub mod snapshots;
