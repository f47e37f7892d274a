//! The books: what was spent and what was planned, what the tax office is told and paid, which months are closed, and the
//! ledger that follows from everything that happens to money.

pub mod accounting_export;
pub mod budget;
pub mod calendar;
pub mod cash;
pub mod category;
mod checks;
mod error;
pub mod expense;
pub mod instalment;
pub mod ledger;
pub mod month;
pub mod period;
pub mod tax_export;

pub use self::error::FinanceError;

/// What deciding is in all of them.
type Decision<E> = Result<Vec<E>, FinanceError>;
