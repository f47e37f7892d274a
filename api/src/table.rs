//! Tables for spreadsheets as answers. One that may be long is sent as it is read, page by page.

use std::io;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::cursor::last_of_full;
use crate::problem::Problem;

/// Lines of a table, or why there are none.
type Lines = Result<Vec<u8>, csv::Error>;

/// What the rows of a long table are read by: where they begin, what tells a row by, and how many are read at once.
pub(crate) struct Pages<R, K> {
    /// The row behind which the table begins; `None` for all of it.
    pub(crate) start: Option<K>,
    /// By what a page finds the row behind which it begins.
    pub(crate) key: fn(&R) -> K,
    /// Rows of a page.
    pub(crate) size: i64,
}

/// A table, as a file of that name.
pub(crate) fn file(name: &str, table: impl Into<Body>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    (headers, table.into()).into_response()
}

/// A table however long, as a file of that name: the line `head`, then `lines` of each page that `read` finds behind a row.
///
/// The first page is read before anything is answered: a database that is away is a 503 and not half a file.
pub(crate) async fn long<R, K, E, Read>(
    name: &str,
    head: Lines,
    lines: impl Fn(&[R]) -> Lines + Send + 'static,
    pages: Pages<R, K>,
    read: impl Fn(Option<K>) -> Read + Send + 'static,
) -> Result<Response, Problem>
where
    R: Send + Sync + 'static,
    K: Send + 'static,
    E: Into<Problem>,
    Read: Future<Output = Result<Vec<R>, E>> + Send,
{
    let Pages { start, key, size } = pages;
    let first = read(start).await.map_err(Into::into)?;
    let head = head.map_err(|error| Problem::internal(&error))?;
    let rest =
        stream::try_unfold((Some(first), lines, read), move |(rows, lines, read)| async move {
            let Some(rows) = rows else { return Ok(None) };
            let text = lines(&rows).map_err(io::Error::other)?;
            let next = match last_of_full(&rows, size).map(key) {
                Some(after) => Some(read(Some(after)).await.map_err(cut_off)?),
                None => None,
            };
            Ok::<_, io::Error>(Some((text, (next, lines, read))))
        });
    let all = stream::once(async { Ok(head) }).chain(rest).map_ok(Bytes::from);
    Ok(file(name, Body::from_stream(all)))
}

/// Whoever reads learns that this is not all of it; why is logged where it is told.
fn cut_off(error: impl Into<Problem>) -> io::Error {
    io::Error::other(format!("the table ends early: {}", error.into().status()))
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::*;

    /// The numbers from 1 to `count`, three to a page; beyond `broken` nothing can be read.
    async fn numbers(start: Option<u8>, count: u8, broken: u8) -> Result<Response, Problem> {
        let lines = |rows: &[u8]| Ok(rows.iter().map(|row| row + b'0').collect());
        let pages = Pages { start, key: |last: &u8| *last, size: 3 };
        let read = move |after: Option<u8>| async move {
            let after = after.unwrap_or(0);
            if after >= broken {
                return Err(sqlx::Error::PoolTimedOut);
            }
            Ok((after + 1..=count).take(3).collect::<Vec<u8>>())
        };
        long("numbers.csv", Ok(b"#".to_vec()), lines, pages, read).await
    }

    async fn text(answer: Response) -> Result<Bytes, axum::Error> {
        to_bytes(answer.into_body(), usize::MAX).await
    }

    #[tokio::test]
    async fn every_row_behind_the_start_is_in_it_once_however_many_pages_they_fill() {
        for (start, count, all) in [
            (None, 0, "#"),
            (None, 2, "#12"),
            (None, 3, "#123"),
            (None, 7, "#1234567"),
            (Some(2), 7, "#34567"),
        ] {
            let answer = numbers(start, count, 100).await.unwrap();
            assert_eq!(
                answer.headers()[header::CONTENT_DISPOSITION],
                "attachment; filename=\"numbers.csv\""
            );
            assert_eq!(text(answer).await.unwrap(), all);
        }
    }

    #[tokio::test]
    async fn a_database_that_is_away_is_told_at_once_and_a_table_that_breaks_off_is_no_whole_one() {
        let refused = numbers(None, 7, 0).await.map(|_| ()).unwrap_err();
        assert_eq!(refused.status(), 503);
        assert!(text(numbers(None, 7, 3).await.unwrap()).await.is_err());
        assert!(text(numbers(None, 2, 3).await.unwrap()).await.is_ok());
    }
}
