//! Lists of this area, a page at a time: the id of the last row asks for the next page.

use serde::Deserialize;
use uuid::Uuid;

use crate::cursor;
use crate::extract;
use crate::problem::Problem;

/// Most rows on a page.
const MOST: i64 = 200;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

impl Page {
    /// The id of the row behind which it begins, if it is not the first.
    pub(super) fn behind(&self) -> Result<Option<Uuid>, Problem> {
        cursor::parsed(self.cursor.as_deref())
    }

    /// How many rows are wanted.
    pub(super) fn limit(&self) -> Result<i64, Problem> {
        extract::limit(self.limit, MOST)
    }
}

/// Cuts `rows`, of which one more than `limit` was asked for, and tells where the next page begins if there is one.
pub(super) fn cut<T>(rows: &mut Vec<T>, limit: i64, id: impl Fn(&T) -> Uuid) -> Option<String> {
    let most = usize::try_from(limit).unwrap_or(1);
    let more = rows.len() > most;
    rows.truncate(most);
    rows.last().filter(|_| more).map(|row| cursor::sealed(&id(row).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_next_page_is_told_only_where_there_is_one() {
        let rows = || (1..=3).map(Uuid::from_u128).collect::<Vec<_>>();
        let mut longer = rows();
        let next = cut(&mut longer, 2, |row| *row).unwrap();
        assert_eq!(cursor::opened(&next), Some(&*Uuid::from_u128(2).to_string()));
        assert_eq!(longer.len(), 2);
        let mut exact = rows();
        assert_eq!(cut(&mut exact, 3, |row| *row), None);
        assert_eq!(exact.len(), 3);
    }
}
