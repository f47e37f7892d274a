//! The list as a table for spreadsheets.

use std::borrow::Cow;

use super::Item;
use crate::spreadsheet;

/// In the order of the cells.
const HEADER: [&str; 15] = [
    "client_id",
    "name",
    "email",
    "phone",
    "address",
    "tags",
    "is_active",
    "is_blocked",
    "visits",
    "last_visit_at",
    "lifetime_value_cents",
    "complaints",
    "average_rating",
    "churn",
    "registered_at",
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
    let text = |text: &'_ Option<String>| own(text.clone().unwrap_or_default());
    [
        own(item.client_id.to_string()),
        Cow::Borrowed(&item.name),
        Cow::Borrowed(&item.email),
        text(&item.phone),
        text(&item.address),
        own(item.tags.join(", ")),
        own(item.is_active.to_string()),
        own(item.is_blocked.to_string()),
        own(item.visits.to_string()),
        own(item.last_visit_at.map(|at| at.to_rfc3339()).unwrap_or_default()),
        own(item.lifetime_value_cents.to_string()),
        own(item.complaints.to_string()),
        own(item.average_rating.map(|average| format!("{average:.2}")).unwrap_or_default()),
        Cow::Borrowed(&item.churn),
        own(item.registered_at.to_rfc3339()),
    ]
}
