//! Where the next page of a list begins.

use axum::http::{HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::answer::Answer;
use crate::problem::Problem;

/// Where the next page of a list begins whose body is the list alone.
const NEXT: HeaderName = HeaderName::from_static("x-next-cursor");

/// Says where the next page begins, if there is one.
pub(crate) fn continued(answer: Answer, next: Option<&str>) -> Answer {
    match next.map(HeaderValue::from_str) {
        Some(Ok(next)) => answer.with((NEXT, next)),
        _ => answer,
    }
}

/// The row behind which the next page begins, as a text for callers.
pub(crate) fn shown(at: DateTime<Utc>, id: Uuid) -> String {
    format!("{}_{}", at.timestamp_micros(), id.simple())
}

/// The row behind which a page begins, if it is not the first.
pub(crate) type After = Option<(DateTime<Utc>, Uuid)>;

/// What a caller sends back, if they send one.
pub(crate) fn asked(cursor: Option<&str>) -> Result<After, Problem> {
    let read = |text| read(text).ok_or_else(|| Problem::field("cursor", "Not a next_cursor"));
    cursor.map(read).transpose()
}

/// The last of `rows` if they fill a page of `limit`: then others may follow.
pub(crate) fn last_of_full<T>(rows: &[T], limit: i64) -> Option<&T> {
    rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|count| count == limit))
}

fn read(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = text.split_once('_')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

/// A page of a list that is there as a whole: what is behind the first `seen`, and where the next page begins.
pub(crate) fn part<T>(all: &[T], seen: Option<usize>, limit: i64) -> (&[T], Option<String>) {
    let from = seen.unwrap_or(0).min(all.len());
    let until = usize::try_from(limit).map_or(all.len(), |limit| all.len().min(from + limit));
    (&all[from..until], (until < all.len()).then(|| until.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_to_the_end() {
        let all = [1, 2, 3, 4, 5];
        assert_eq!(part(&all, None, 2), (&[1, 2][..], Some("2".to_owned())));
        assert_eq!(part(&all, Some(2), 2), (&[3, 4][..], Some("4".to_owned())));
        assert_eq!(part(&all, Some(4), 2), (&[5][..], None));
        assert_eq!(part(&all, Some(9), 2), (&[][..], None));
    }

    #[test]
    fn a_cursor_leads_back_to_where_it_was_made() {
        let at = DateTime::from_timestamp_micros(1_764_000_000_123_456).unwrap();
        let cursor = shown(at, Uuid::max());
        assert_eq!(asked(Some(&cursor)).unwrap(), Some((at, Uuid::max())));
        assert_eq!(asked(None).unwrap(), None);
        for bad in ["", "_", "1_x", "x_1", "99999999999999999999_0"] {
            assert!(asked(Some(bad)).is_err());
        }
    }
}
