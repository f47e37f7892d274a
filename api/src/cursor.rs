//! Where the next page of a list begins.
//!
//! A cursor is good for the list that it was made for: the same path, of the same organisation. Behind the row it names stands
//! a mark of both, so that one from elsewhere is refused instead of showing a page from the middle of nowhere. It keeps nothing
//! secret and nobody out: what a page shows is decided by who asks.

use std::str::FromStr;
use std::sync::Arc;

use axum::http::{HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use crate::answer::Answer;
use crate::problem::Problem;
use crate::request::RequestInfo;

/// Where the next page of a list begins whose body is the list alone.
const NEXT: HeaderName = HeaderName::from_static("x-next-cursor");

/// Says where the next page begins, if there is one.
pub(crate) fn continued(answer: Answer, next: Option<&str>) -> Answer {
    match next.map(HeaderValue::from_str) {
        Some(Ok(next)) => answer.with((NEXT, next)),
        _ => answer,
    }
}

/// The list that a request is about.
#[derive(Clone)]
struct List {
    path: String,
    info: Arc<RequestInfo>,
}

tokio::task_local! {
    static LIST: List;
}

/// Handles a request; the cursors that it shows and reads are those of the list at `path`.
pub(crate) async fn of_list<T>(
    path: String,
    info: Arc<RequestInfo>,
    handled: impl Future<Output = T>,
) -> T {
    LIST.scope(List { path, info }, handled).await
}

/// Of the list that is asked for, and of `row` in it: long enough that no other has it by chance.
fn mark(row: &str) -> String {
    let list = LIST.try_with(|list| {
        let org = list.info.who().map(|who| who.org.to_string());
        format!("{}\n{}", org.unwrap_or_default(), list.path)
    });
    let text = format!("{}\n{row}", list.unwrap_or_default());
    let hash = digest(&SHA256, text.as_bytes());
    hex::encode(hash).chars().take(16).collect()
}

/// The row behind which the next page begins, as a text for callers.
pub(crate) fn shown(at: DateTime<Utc>, id: Uuid) -> String {
    sealed(&format!("{}_{}", at.timestamp_micros(), id.simple()))
}

/// `row` with the mark of the list, for lists that name their rows otherwise.
pub(crate) fn sealed(row: &str) -> String {
    format!("{row}_{}", mark(row))
}

/// The row in what a caller sends back, if it is of this list.
pub(crate) fn opened(text: &str) -> Option<&str> {
    let (row, marked) = text.rsplit_once('_')?;
    (marked == mark(row)).then_some(row)
}

/// The row behind which a page begins, if it is not the first.
pub(crate) type After = Option<(DateTime<Utc>, Uuid)>;

/// What a caller sends back, if they send one.
pub(crate) fn asked(cursor: Option<&str>) -> Result<After, Problem> {
    cursor.map(|text| read(text).ok_or_else(unknown)).transpose()
}

/// The last of `rows` if they fill a page of `limit`: then others may follow.
pub(crate) fn last_of_full<T>(rows: &[T], limit: i64) -> Option<&T> {
    rows.last().filter(|_| i64::try_from(rows.len()).is_ok_and(|count| count == limit))
}

fn read(text: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (micros, id) = opened(text)?.split_once('_')?;
    Some((DateTime::from_timestamp_micros(micros.parse().ok()?)?, id.parse().ok()?))
}

/// As [`asked`], for lists that name their rows otherwise.
pub(crate) fn parsed<T: FromStr>(cursor: Option<&str>) -> Result<Option<T>, Problem> {
    let read = |text: &str| opened(text).and_then(|row| row.parse().ok());
    cursor.map(|text| read(text).ok_or_else(unknown)).transpose()
}

pub(crate) fn unknown() -> Problem {
    Problem::field("cursor", "Not a next_cursor of this list")
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
        let (row, _) = cursor.rsplit_once('_').unwrap();
        let forged = format!("{row}_0000000000000000");
        for bad in ["", "_", "1_x", "x_1", "99999999999999999999_0", row, &forged] {
            assert!(asked(Some(bad)).is_err());
        }
    }
}
