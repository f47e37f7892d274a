//! What callers ask of the books: days, pages, and changes of single fields.

use chrono::NaiveDate;
use domain::finance::month::Month;
use domain::id::OrgId;

use crate::cursor;
use crate::extract::limit;
use crate::problem::Problem;
pub(super) use crate::scheduling::instants::near;
use crate::scheduling::sent::Sent;
use crate::state::App;

/// The end of which day something is asked for: today's, if nothing is said.
pub(super) async fn as_of(
    app: &App,
    org: OrgId,
    asked: Option<NaiveDate>,
) -> Result<NaiveDate, Problem> {
    match asked {
        Some(day) => near("as_of", day),
        None => app.today(org).await,
    }
}

/// A day on which something happened: tomorrow at the latest, for days begin earlier elsewhere.
pub(super) async fn happened(
    app: &App,
    org: OrgId,
    (field, day): (&str, NaiveDate),
) -> Result<NaiveDate, Problem> {
    let tomorrow = app.today(org).await?.succ_opt();
    if tomorrow.is_some_and(|tomorrow| day > tomorrow) {
        return Err(Problem::field(field, "Input should not be in the future"));
    }
    near(field, day)
}

/// A first and a last day, in this order.
pub(super) fn days(from: NaiveDate, to: NaiveDate) -> Result<(NaiveDate, NaiveDate), Problem> {
    let (from, to) = (near("from", from)?, near("to", to)?);
    if from > to {
        return Err(Problem::field("to", "Input should not be before from"));
    }
    Ok((from, to))
}

/// As [`days`], where each may be left out.
pub(super) fn maybe_days(
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<(Option<NaiveDate>, Option<NaiveDate>), Problem> {
    if let Some((from, to)) = from.zip(to) {
        days(from, to)?;
    }
    let from = from.map(|day| near("from", day)).transpose()?;
    Ok((from, to.map(|day| near("to", day)).transpose()?))
}

/// A month that the books reach.
pub(super) fn month(field: &str, text: &str) -> Result<Month, Problem> {
    text.parse().map_err(|_| Problem::field(field, "Input should be a month like 2030-01"))
}

/// As it shall be: what was left out stays, and what must be something is not removed.
pub(super) fn kept<T>(field: &str, sent: Sent<T>, before: T) -> Result<T, Problem> {
    match sent {
        Sent::LeftOut => Ok(before),
        Sent::Null => Err(Problem::field(field, "Input should not be null")),
        Sent::Value(value) => Ok(value),
    }
}

/// Which page of a list, and how long it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) number: i64,
    pub(super) size: i64,
}

impl Page {
    /// Of at most `most` rows, `usual` of them if nothing is asked; not together with a cursor.
    pub(super) fn asked(
        (page, size): (Option<i64>, Option<i64>),
        (usual, most): (i64, i64),
        cursor: Option<&str>,
    ) -> Result<Self, Problem> {
        let size = match size {
            None => usual,
            Some(size) => limit(Some(size), most).map_err(|_| {
                Problem::field("page_size", format!("Input should be from 1 to {most}"))
            })?,
        };
        match page.unwrap_or(1) {
            number @ 1..=10_000 if number == 1 || cursor.is_none() => Ok(Self { number, size }),
            _ => Err(Problem::field("page", "Input should be from 1 to 10000, without a cursor")),
        }
    }

    pub(super) const fn skipped(self) -> i64 {
        (self.number - 1) * self.size
    }

    /// The last of `rows` if others may follow.
    pub(super) fn last<T>(self, rows: &[T]) -> Option<&T> {
        cursor::last_of_full(rows, self.size)
    }
}

/// The row behind which a page begins, as a text: a day and whatever tells rows of that day apart.
pub(super) fn shown(day: NaiveDate, id: impl std::fmt::Display) -> String {
    cursor::sealed(&format!("{day}_{id}"))
}

/// What a caller sends back of that.
pub(super) fn behind<T: std::str::FromStr>(
    asked: Option<&str>,
) -> Result<Option<(NaiveDate, T)>, Problem> {
    let read = |text: &str| {
        let (day, id) = cursor::opened(text)?.split_once('_')?;
        let day = near("cursor", day.parse().ok()?).ok()?;
        Some((day, id.parse().ok()?))
    };
    let wrong = || Problem::field("cursor", "Not a next_cursor of this list");
    asked.map(|text| read(text).ok_or_else(wrong)).transpose()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_leads_back_to_where_it_was_made() {
        let day = "2030-01-31".parse().unwrap();
        let cursor = shown(day, Uuid::max());
        assert_eq!(behind::<Uuid>(Some(&cursor)).unwrap(), Some((day, Uuid::max())));
        for bad in ["", "_", "2030-01-31", "2030-01-31_x", "9999-01-01_0"] {
            assert!(behind::<Uuid>(Some(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn pages_are_counted_from_one() {
        let page = Page::asked((Some(3), None), (25, 100), None).unwrap();
        assert_eq!((page.size, page.skipped()), (25, 50));
        for (number, size, cursor) in [(0, 1, None), (1, 101, None), (2, 1, Some("c"))] {
            assert!(Page::asked((Some(number), Some(size)), (25, 100), cursor).is_err());
        }
    }

    #[test]
    fn days_are_near_and_in_order() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert!(days(day("2030-01-02"), day("2030-01-01")).is_err());
        assert!(days(day("1970-01-01"), day("2030-01-01")).is_err());
        assert!(maybe_days(None, Some(day("9999-01-01"))).is_err());
        assert!(maybe_days(Some(day("2030-01-01")), None).is_ok());
    }
}
