//! The list as a table for spreadsheets.

use std::borrow::Cow;

use domain::invoicing::invoice::view;

use super::Item;
use crate::spreadsheet;

/// In the order of the cells.
const HEADER: [&str; 15] = [
    "invoice_id",
    "invoice_number",
    "status",
    "issue_date",
    "due_date",
    "currency",
    "subtotal_cents",
    "tax_cents",
    "total_cents",
    "paid_cents",
    "balance_due_cents",
    "customer_id",
    "customer_name",
    "customer_email",
    "booking_id",
];

/// The names of the columns.
pub fn header() -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines([HEADER.map(Cow::Borrowed)].into_iter())
}

/// One line for each of `items`.
pub fn rows(items: &[Item]) -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines(items.iter().map(cells))
}

fn cells(item: &Item) -> [Cow<'_, str>; 15] {
    let own = Cow::<str>::Owned;
    let it = &item.invoice;
    let maybe = |text: Option<String>| own(text.unwrap_or_default());
    [
        own(it.invoice_id.to_string()),
        own(it.number.to_string()),
        Cow::Borrowed(it.status.into()),
        own(it.issue_date.to_string()),
        maybe(it.due_date.map(|due| due.to_string())),
        Cow::Borrowed(it.currency.into()),
        own(it.totals.subtotal_cents.to_string()),
        own(it.totals.tax_cents.to_string()),
        own(it.totals.total_cents().to_string()),
        own(it.paid_cents().to_string()),
        own(it.balance_cents().to_string()),
        maybe(view::customer(it).map(|id| id.to_string())),
        Cow::Borrowed(&item.customer_name),
        maybe(item.customer_email.clone()),
        maybe(it.order.map(|id| id.to_string())),
    ]
}
