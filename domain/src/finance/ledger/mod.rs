//! The ledger: what each event means in double entry. Pure: the same log always makes the same lines.
//!
//! 1. The lines of every entry balance to the cent; no event is booked in part.
//! 2. Nothing is ever booked into a month that was closed at that place of the log: what belongs there and comes later stands
//!    on the day on which it was written down.
//! 3. Money is booked once: a payment by card when the provider tells of it, money that somebody writes down when they do.

mod books;
mod invoice;
mod money;
mod spending;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

pub use self::books::Books;
pub use self::invoice::InvoiceBook;
pub use self::money::{PaymentBook, deposit_by_hand, deposit_given_back};
pub use self::spending::{expense, instalment};
use crate::id::InvoiceId;
use crate::settings::org::Currency;

/// Where amounts stand.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Account {
    /// Money that somebody took or gave, by hand or at the bank.
    Cash,
    /// Money at the provider of card payments.
    StripeClearing,
    /// Money that a bank holds back while a payment is disputed.
    DisputedFunds,
    /// What customers owe for invoices.
    Receivable,
    /// Tax on expenses, to be claimed back.
    TaxRecoverable,
    /// What customers paid and no invoice was counted against yet.
    CustomerDeposits,
    /// Tax on invoices, less what was paid to the tax office.
    TaxPayable,
    /// Expenses that are still to be paid.
    AccountsPayable,
    /// What was charged, without tax and less credits.
    Revenue,
    /// What was spent, without tax.
    Expense,
    /// Payments that were lost to disputes.
    DisputeLosses,
}

/// What an account is in a balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// Had.
    Asset,
    /// Owed.
    Liability,
    /// Earned.
    Income,
    /// Spent.
    Cost,
}

impl Account {
    /// What it is in a balance.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Cash
            | Self::StripeClearing
            | Self::DisputedFunds
            | Self::Receivable
            | Self::TaxRecoverable => Kind::Asset,
            Self::CustomerDeposits | Self::TaxPayable | Self::AccountsPayable => Kind::Liability,
            Self::Revenue => Kind::Income,
            Self::Expense | Self::DisputeLosses => Kind::Cost,
        }
    }
}

/// One line of an entry: one of its two amounts is 0, the other more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Where.
    pub account: Account,
    /// Left.
    pub debit_cents: i64,
    /// Right.
    pub credit_cents: i64,
    /// Of money, how it was paid; of an expense, the id of its category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

/// Lines that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// On which day, on the clock of the organisation.
    pub day: NaiveDate,
    /// Of all its amounts.
    pub currency: Currency,
    /// For which invoice, if for one.
    pub invoice: Option<InvoiceId>,
    /// In order.
    pub lines: Vec<Line>,
}

impl Entry {
    /// Without lines.
    const fn on(day: NaiveDate, currency: Currency, invoice: Option<InvoiceId>) -> Self {
        Self { day, currency, invoice, lines: Vec::new() }
    }

    /// With one line more; less than nothing stands on the other side, and nothing stands nowhere.
    fn debit(self, account: Account, cents: i64) -> Self {
        self.labelled(account, cents, None)
    }

    /// As [`Self::debit`], on the other side.
    fn credit(self, account: Account, cents: i64) -> Self {
        self.labelled(account, -cents, None)
    }

    /// As [`Self::debit`], with a label.
    fn labelled(mut self, account: Account, cents: i64, label: Option<String>) -> Self {
        let (debit_cents, credit_cents) = (cents.max(0), (-cents).max(0));
        if cents != 0 {
            self.lines.push(Line { account, debit_cents, credit_cents, label });
        }
        self
    }

    /// Whether left and right are the same.
    pub fn balances(&self) -> bool {
        let net = |line: &Line| i128::from(line.debit_cents) - i128::from(line.credit_cents);
        self.lines.iter().map(net).sum::<i128>() == 0
    }
}

/// What counts of an invoice for tax on the day on which it was paid, or less than nothing when it goes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taxed {
    /// Of which payment.
    pub payment_id: String,
    /// For which invoice.
    pub invoice_id: InvoiceId,
    /// What people call it.
    pub invoice_number: String,
    /// On which day, on the clock of the organisation.
    pub day: NaiveDate,
    /// When.
    pub paid_at: DateTime<Utc>,
    /// How much.
    pub amount_cents: i64,
    /// Of it, tax.
    pub tax_cents: i64,
    /// Of both.
    pub currency: Currency,
}

/// What follows from an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Posted {
    /// In the ledger; each balances.
    pub entries: Vec<Entry>,
    /// For the tax office.
    pub taxed: Vec<Taxed>,
}

impl Posted {
    /// One entry, unless it says nothing.
    fn of(entry: Entry) -> Self {
        let mut posted = Self::default();
        posted.push(entry);
        posted
    }

    /// These, without those that say nothing.
    fn all(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut posted = Self::default();
        entries.into_iter().for_each(|entry| posted.push(entry));
        posted
    }

    fn push(&mut self, entry: Entry) {
        if !entry.lines.is_empty() {
            self.entries.push(entry);
        }
    }

    /// Whether left and right are the same in all of them.
    pub fn balances(&self) -> bool {
        self.entries.iter().all(Entry::balances)
    }
}
