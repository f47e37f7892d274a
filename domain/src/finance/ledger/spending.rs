//! What was spent, and what the tax office got, in double entry. Each event says all there is to know.

use chrono::{DateTime, Utc};

use super::{Account, Books, Entry, Posted};
use crate::finance::expense::{ExpenseEvent, Terms};
use crate::finance::instalment::TaxInstalmentEvent;
use crate::settings::org::Currency;

/// What follows from what happened to an expense.
pub fn expense(books: &Books, event: &ExpenseEvent) -> Posted {
    match event {
        ExpenseEvent::Recorded { terms, currency, at, .. } => {
            Posted::of(spent(books, terms, (*currency, 1), *at))
        }
        ExpenseEvent::Corrected { terms, before, currency, at, .. } => {
            let mut posted = Posted::of(spent(books, before, (*currency, -1), *at));
            posted.push(spent(books, terms, (*currency, 1), *at));
            posted
        }
        ExpenseEvent::Voided { before, currency, at, .. } => {
            Posted::of(spent(books, before, (*currency, -1), *at))
        }
    }
}

/// Once, or once less.
fn spent(
    books: &Books,
    terms: &Terms,
    (currency, times): (Currency, i64),
    at: DateTime<Utc>,
) -> Entry {
    let (amount, tax) = (terms.amount_cents * times, terms.tax_cents * times);
    let from = match terms.payment_method {
        Some(_) => Account::Cash,
        None => Account::AccountsPayable,
    };
    Entry::on(books.day(terms.occurred_on, at), currency, None)
        .labelled(Account::Expense, amount, Some(terms.category_id.to_string()))
        .labelled(Account::TaxRecoverable, tax, Some(terms.category_id.to_string()))
        .labelled(from, -(amount + tax), Some(terms.category_id.to_string()))
}

/// What follows from what happened to an instalment of tax.
pub fn instalment(books: &Books, event: &TaxInstalmentEvent) -> Posted {
    use TaxInstalmentEvent as E;

    let (on, cents, currency, at) = match event {
        E::Paid { on, amount_cents, currency, at } => (on, *amount_cents, currency, at),
        E::PaymentWithdrawn { on, amount_cents, currency, at } => (on, -amount_cents, currency, at),
        E::Planned { .. } | E::Changed { .. } | E::Cancelled { .. } => return Posted::default(),
    };
    let entry = Entry::on(books.day(*on, *at), *currency, None);
    Posted::of(entry.debit(Account::TaxPayable, cents).credit(Account::Cash, cents))
}
