//! The books as they are read.

pub mod accounting_months;
pub mod budgets;
pub mod categories;
pub mod deposit_refunds;
pub mod expenses;
pub mod instalments;
pub mod ledger;
pub mod records;
pub mod snapshots;
