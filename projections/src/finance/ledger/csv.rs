//! The ledger as a table for spreadsheets.

use std::borrow::Cow;

use super::Line;
use crate::spreadsheet;

/// In the order of the cells.
const HEADER: [&str; 12] = [
    "position",
    "line",
    "day",
    "account",
    "debit_cents",
    "credit_cents",
    "currency",
    "source_type",
    "source_id",
    "event_type",
    "invoice_id",
    "label",
];

/// The names of the columns.
pub fn header() -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines([HEADER.map(Cow::Borrowed)].into_iter())
}

/// One line for each of `lines`.
pub fn rows(lines: &[Line]) -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines(lines.iter().map(cells))
}

fn cells(line: &Line) -> [Cow<'_, str>; 12] {
    let own = |text: String| Cow::<str>::Owned(text);
    [
        own(line.position.to_string()),
        own(line.line.to_string()),
        own(line.day.to_string()),
        Cow::Borrowed(&line.account),
        own(line.debit_cents.to_string()),
        own(line.credit_cents.to_string()),
        Cow::Borrowed(&line.currency),
        Cow::Borrowed(&line.source_type),
        Cow::Borrowed(&line.source_id),
        Cow::Borrowed(&line.event_type),
        own(line.invoice_id.map(|id| id.to_string()).unwrap_or_default()),
        Cow::Borrowed(line.label.as_deref().unwrap_or_default()),
    ]
}

/// The table of a report: `section,label,total_cents,tax_cents`, and a line for each of `rows`.
pub fn report_rows(rows: &[[String; 4]]) -> Result<Vec<u8>, csv::Error> {
    let names = ["section", "label", "total_cents", "tax_cents"].map(Cow::Borrowed);
    let rows = rows.iter().map(|row| row.each_ref().map(|cell| Cow::Borrowed(cell.as_str())));
    spreadsheet::lines([names].into_iter().chain(rows))
}
