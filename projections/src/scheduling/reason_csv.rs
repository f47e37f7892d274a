//! Reasons as a table for spreadsheets.

use std::borrow::Cow;

use serde_json::Value;

use super::reason_log::Row;
use crate::spreadsheet;

/// In the order of the cells.
const HEADER: [&str; 7] =
    ["reason_id", "order_id", "kind", "code", "note", "created_by", "created_at"];

/// The line of names.
pub fn header() -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines([HEADER.map(Cow::Borrowed)].into_iter())
}

/// A line for each of `rows`.
pub fn lines(rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines(rows.iter().map(cells))
}

fn cells(row: &Row) -> [Cow<'_, str>; 7] {
    [
        row.reason_id.map(|id| id.to_string()).unwrap_or_default().into(),
        row.booking_id.to_string().into(),
        row.kind.as_str().into(),
        row.code.as_str().into(),
        row.note.as_ref().and_then(Value::as_str).unwrap_or_default().into(),
        row.made_by.as_deref().unwrap_or_default().into(),
        row.at.to_rfc3339().into(),
    ]
}
