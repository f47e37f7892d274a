//! The list as a table for spreadsheets.

use std::borrow::Cow;

use super::Item;
use crate::spreadsheet;

/// In the order of the cells.
const HEADER: [&str; 14] = [
    "booking_id",
    "starts_at",
    "ends_at",
    "duration_minutes",
    "status",
    "name",
    "email",
    "team_id",
    "assigned_worker_id",
    "service_type",
    "total_cents",
    "deposit_status",
    "risk_band",
    "created_at",
];

/// The names of the columns.
pub fn header() -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines([HEADER.map(Cow::Borrowed)].into_iter())
}

/// One line for each of `items`.
pub fn rows(items: &[Item]) -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines(items.iter().map(cells))
}

fn cells(item: &Item) -> [Cow<'_, str>; 14] {
    let own = Cow::<str>::Owned;
    let text = |text: &'_ Option<String>| own(text.clone().unwrap_or_default());
    [
        own(item.booking_id.to_string()),
        own(item.starts_at.to_rfc3339()),
        own(item.ends_at.to_rfc3339()),
        own(item.duration_minutes.to_string()),
        Cow::Borrowed(item.status.as_str()),
        Cow::Borrowed(item.lead_name.as_str()),
        text(&item.lead_email),
        own(item.team_id.to_string()),
        own(item.assigned_worker_id.map(|id| id.to_string()).unwrap_or_default()),
        text(&item.service_type),
        own(item.total_cents.map(|cents| cents.to_string()).unwrap_or_default()),
        text(&item.deposit_status),
        text(&item.risk_band),
        own(item.created_at.to_rfc3339()),
    ]
}
