//! What was spent, and what the tax office got, in double entry. Each event says all there is to know.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Account, Books, Entry, Posted};
use crate::finance::expense::{ExpenseEvent, Terms};
use crate::finance::instalment::TaxInstalmentEvent;
use crate::settings::org::Currency;

/// What follows from what happened to an expense.
pub fn expense(books: &Books, event: &ExpenseEvent) -> Posted {
    match event {
        ExpenseEvent::Recorded { terms, currency, at, .. } => {
            Posted::all(spent(books, terms, (*currency, 1), *at))
        }
        ExpenseEvent::Corrected { terms, before, currency, at, .. } => {
            let undone = spent(books, before, (*currency, -1), *at);
            Posted::all(undone.into_iter().chain(spent(books, terms, (*currency, 1), *at)))
        }
        // The cost stays on its own day, whether or not its month is closed.
        ExpenseEvent::Paid { terms, currency, at, .. } => {
            let day = terms.paid_day().unwrap_or(terms.occurred_on);
            Posted::all([settled(books, terms, (*currency, 1), (day, *at))])
        }
        ExpenseEvent::PaymentCorrected { terms, before, currency, at, .. } => {
            let part = |terms: &Terms, times| {
                let day = terms.paid_day()?;
                Some(settled(books, terms, (*currency, times), (day, *at)))
            };
            Posted::all([part(before, -1), part(terms, 1)].into_iter().flatten())
        }
        ExpenseEvent::Voided { before, currency, at, .. } => {
            Posted::all(spent(books, before, (*currency, -1), *at))
        }
    }
}

/// Once, or once less: the cost, and what was paid for it on a later day.
fn spent(
    books: &Books,
    terms: &Terms,
    (currency, times): (Currency, i64),
    at: DateTime<Utc>,
) -> Vec<Entry> {
    let (amount, tax) = (terms.amount_cents * times, terms.tax_cents * times);
    let from = match (&terms.payment_method, terms.paid_on) {
        (Some(_), None) => Account::Cash,
        (Some(_), Some(_)) | (None, _) => Account::AccountsPayable,
    };
    let label = || Some(terms.category_id.to_string());
    let cost = Entry::on(books.day(terms.occurred_on, at), currency, None)
        .labelled(Account::Expense, amount, label())
        .labelled(Account::TaxRecoverable, tax, label())
        .labelled(from, -(amount + tax), label());
    let later = terms.payment_method.as_ref().and(terms.paid_on);
    let later = later.map(|day| settled(books, terms, (currency, times), (day, at)));
    [Some(cost), later].into_iter().flatten().collect()
}

/// What was owed for it is paid, or paid once less.
fn settled(
    books: &Books,
    terms: &Terms,
    (currency, times): (Currency, i64),
    (day, at): (NaiveDate, DateTime<Utc>),
) -> Entry {
    let cents = (terms.amount_cents + terms.tax_cents) * times;
    let label = || Some(terms.category_id.to_string());
    Entry::on(books.day(day, at), currency, None)
        .labelled(Account::AccountsPayable, cents, label())
        .labelled(Account::Cash, -cents, label())
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
