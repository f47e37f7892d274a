//! Invoices as accountants take them out: one line for each, or for each payment.

use std::borrow::Cow;

use domain::invoicing::invoice::payment::Applied;
use domain::invoicing::invoice::{Details, view};

use super::Item;
use crate::spreadsheet;

const ACCOUNTING: [&str; 14] = [
    "invoice_number",
    "issue_date",
    "due_date",
    "status",
    "currency",
    "taxable_subtotal_cents",
    "tax_cents",
    "total_cents",
    "paid_cents",
    "payment_fees_cents",
    "balance_due_cents",
    "customer_id",
    "booking_id",
    "last_payment_at",
];

const LEDGER: [&str; 12] = [
    "invoice_number",
    "issue_date",
    "due_date",
    "status",
    "currency",
    "subtotal_cents",
    "tax_cents",
    "total_cents",
    "paid_cents",
    "balance_due_cents",
    "customer_id",
    "booking_id",
];

const PAYMENTS: [&str; 11] = [
    "payment_id",
    "invoice_number",
    "booking_id",
    "provider",
    "method",
    "status",
    "amount_cents",
    "currency",
    "received_at",
    "created_at",
    "refunded_cents",
];

/// What is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sheet {
    /// What an accountant enters.
    Accounting,
    /// What was sold.
    Ledger,
    /// What came in.
    Payments,
}

impl Sheet {
    /// The names of the columns.
    pub fn header(self) -> Result<Vec<u8>, csv::Error> {
        match self {
            Self::Accounting => spreadsheet::lines([ACCOUNTING.map(Cow::Borrowed)].into_iter()),
            Self::Ledger => spreadsheet::lines([LEDGER.map(Cow::Borrowed)].into_iter()),
            Self::Payments => spreadsheet::lines([PAYMENTS.map(Cow::Borrowed)].into_iter()),
        }
    }

    /// Its lines about `items`.
    pub fn rows(self, items: &[Item]) -> Result<Vec<u8>, csv::Error> {
        let invoices = items.iter().map(|item| &item.invoice);
        match self {
            Self::Accounting => spreadsheet::lines(invoices.map(accounting)),
            Self::Ledger => spreadsheet::lines(invoices.map(ledger)),
            Self::Payments => spreadsheet::lines(invoices.flat_map(|invoice| {
                invoice.payments.iter().map(move |payment| paid(invoice, payment))
            })),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "most are numbers")]
fn own(text: impl ToString) -> Cow<'static, str> {
    Cow::Owned(text.to_string())
}

fn maybe(text: Option<impl ToString>) -> Cow<'static, str> {
    Cow::Owned(text.map(|text| text.to_string()).unwrap_or_default())
}

fn accounting(it: &Details) -> [Cow<'_, str>; 14] {
    let last = it.payments.iter().map(|one| one.received_at).max();
    [
        own(it.number),
        own(it.issue_date),
        maybe(it.due_date),
        own(it.status),
        Cow::Borrowed(it.currency.into()),
        own(it.totals.taxable_cents),
        own(it.totals.tax_cents),
        own(it.totals.total_cents()),
        own(it.paid_cents()),
        // Stripe tells no fees in the messages that are read.
        own(0),
        own(it.balance_cents()),
        maybe(view::customer(it)),
        maybe(it.order),
        maybe(last.map(|at| at.to_rfc3339())),
    ]
}

fn ledger(it: &Details) -> [Cow<'_, str>; 12] {
    [
        own(it.number),
        own(it.issue_date),
        maybe(it.due_date),
        own(it.status),
        Cow::Borrowed(it.currency.into()),
        own(it.totals.subtotal_cents),
        own(it.totals.tax_cents),
        own(it.totals.total_cents()),
        own(it.paid_cents()),
        own(it.balance_cents()),
        maybe(view::customer(it)),
        maybe(it.order),
    ]
}

fn paid<'a>(it: &'a Details, one: &'a Applied) -> [Cow<'a, str>; 11] {
    [
        Cow::Borrowed(&one.payment_id),
        own(it.number),
        maybe(it.order),
        Cow::Borrowed(one.provider.map_or("deposit", Into::into)),
        own(one.method),
        Cow::Borrowed("SUCCEEDED"),
        own(one.amount_cents),
        Cow::Borrowed(it.currency.into()),
        own(one.received_at.to_rfc3339()),
        own(one.at.to_rfc3339()),
        own(one.refunded_cents),
    ]
}
