//! The list of workers as a table for spreadsheets.

use std::borrow::Cow;

use super::worker_list::Row;
use crate::spreadsheet;

/// In the order of the cells.
const HEADER: [&str; 13] = [
    "worker_id",
    "name",
    "phone",
    "email",
    "role",
    "team_id",
    "team_name",
    "is_active",
    "archived_at",
    "rating_avg",
    "rating_count",
    "skills",
    "created_at",
];

/// A line of names, then one for each of `rows`; `team` says what a team is called.
pub fn table(rows: &[Row], team: impl Fn(i32) -> Option<String>) -> Result<Vec<u8>, csv::Error> {
    let mut all = spreadsheet::lines([HEADER.map(Cow::Borrowed)].into_iter())?;
    all.extend(spreadsheet::lines(rows.iter().map(|row| cells(row, team(row.team))))?);
    Ok(all)
}

fn cells(row: &Row, team: Option<String>) -> [Cow<'_, str>; 13] {
    let own = Cow::<str>::Owned;
    let rating = row.rating_avg().map(|count| format!("{}.{:02}", count / 100, count % 100));
    [
        own(row.worker_id.to_string()),
        Cow::Borrowed(row.name.as_str()),
        Cow::Borrowed(row.phone.as_str()),
        own(row.email.clone().unwrap_or_default()),
        own(row.role.clone().unwrap_or_default()),
        own(row.team.to_string()),
        own(team.unwrap_or_default()),
        own(row.archived_at.is_none().to_string()),
        own(row.archived_at.map(|at| at.to_rfc3339()).unwrap_or_default()),
        own(rating.unwrap_or_default()),
        own(row.rating_count.to_string()),
        own(row.skills.join(";")),
        own(row.hired_at.to_rfc3339()),
    ]
}
