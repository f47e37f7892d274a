//! What a report can be asked for.

use chrono::{Datelike, Months, NaiveDate};
use chrono_tz::Tz;
use domain::scheduling::window::Window;
use serde::Deserialize;

use crate::extract::flag;
use crate::problem::Problem;
use crate::scheduling::instants;

/// No report covers more than three years.
const LONGEST: Months = Months::new(36);

/// Rows on a page at most.
const MOST: i64 = 1_000;

/// Rows on a page, if nothing else is said: a year of days.
const USUAL: i64 = 366;

/// Facts on a page at most, and if nothing else is said.
const FACTS: i64 = 500;
const FEW_FACTS: i64 = 100;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    #[default]
    Json,
    Csv,
}

/// How an answer is to be given, whatever it says.
#[derive(Clone, Debug, Default)]
pub(super) struct How {
    pub(super) as_of: Option<String>,
    pub(super) format: Option<Format>,
    pub(super) explain: Option<u8>,
    pub(super) explain_after: Option<i64>,
    pub(super) cursor: Option<usize>,
    pub(super) limit: Option<i64>,
}

impl How {
    pub(super) fn is_csv(&self) -> bool {
        self.format == Some(Format::Csv)
    }

    /// Rows of a page.
    pub(super) fn rows(&self) -> Result<i64, Problem> {
        within(self.limit, USUAL, MOST)
    }

    /// How many facts are wanted behind which position, if any are.
    pub(super) fn facts(&self) -> Result<Option<(i64, usize)>, Problem> {
        if !flag("explain", self.explain)? {
            return Ok(None);
        }
        let limit = within(self.limit.map(|limit| limit.min(FACTS)), FEW_FACTS, FACTS)?;
        let after = self.explain_after.unwrap_or(0);
        Ok(Some((after, usize::try_from(limit).unwrap_or(1))))
    }

    /// Refuses what no page can be made of, before anything is read.
    pub(super) fn checked(self) -> Result<Self, Problem> {
        self.rows()?;
        self.facts()?;
        Ok(self)
    }
}

fn within(asked: Option<i64>, usual: i64, most: i64) -> Result<i64, Problem> {
    let limit = asked.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    Err(Problem::field("limit", format!("Input should be from 1 to {MOST}")))
}

/// Days, both included, and the time they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    pub(super) window: Window,
}

impl Range {
    /// From the first of the month until today, where nothing else is said.
    pub(super) fn of(
        from: Option<NaiveDate>,
        to: Option<NaiveDate>,
        (today, zone): (NaiveDate, Tz),
    ) -> Result<Self, Problem> {
        let to = match (from, to) {
            (_, Some(to)) => to,
            (Some(from), None) => today.max(from),
            (None, None) => today,
        };
        let from = from.unwrap_or_else(|| to.with_day(1).unwrap_or(to));
        let window = instants::days(from, to, zone)?;
        if from.checked_add_months(LONGEST).is_none_or(|end| to >= end) {
            return Err(Problem::field("to", "Input should be less than three years after from"));
        }
        Ok(Self { from, to, window })
    }

    /// Whether something happened on one of these days.
    pub(super) fn holds(&self, at: chrono::DateTime<chrono::Utc>) -> bool {
        self.window.starts_at <= at && at < self.window.ends_at
    }
}

/// Reads from a query how the answer is to be given. A query that refuses what it does not know cannot be made of two, so each
/// names these fields itself.
macro_rules! says_how {
    ($query:ident) => {
        impl $query {
            pub(super) fn how(
                &self,
            ) -> Result<$crate::reports::asked::How, $crate::problem::Problem> {
                let how = $crate::reports::asked::How {
                    as_of: self.as_of.clone(),
                    format: self.format,
                    explain: self.explain,
                    explain_after: self.explain_after,
                    cursor: self.cursor,
                    limit: self.limit,
                };
                how.checked()
            }
        }
    };
}
pub(super) use says_how;

/// What most reports can be asked for.
#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RangeQuery {
    /// First day, on the clock of the organisation; the first of the month, if left out.
    pub(super) from: Option<NaiveDate>,
    /// Last day, less than three years later; today, if left out.
    pub(super) to: Option<NaiveDate>,
    /// A position of the log or an instant: the report as it was then.
    as_of: Option<String>,
    /// `json` (the default), or `csv`: the whole table.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// 1 shows the facts behind the figures, page by page, each with its event.
    #[param(minimum = 0, maximum = 1)]
    explain: Option<u8>,
    /// `explain.next_after` of the page before.
    explain_after: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<usize>,
    /// Rows of a page: 1 to 1000, else 366; of facts 500 at most, else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

says_how!(RangeQuery);

#[cfg(test)]
mod tests {
    use chrono_tz::America::Edmonton;

    use super::*;

    fn range(from: &str, to: &str) -> Result<Range, Problem> {
        let day = |text: &str| (!text.is_empty()).then(|| text.parse::<NaiveDate>().unwrap());
        let today = NaiveDate::from_ymd_opt(2030, 3, 15).unwrap();
        Range::of(day(from), day(to), (today, Edmonton))
    }

    #[test]
    fn a_range_is_the_month_so_far_unless_something_else_is_said() {
        let days = |from, to| {
            let range = range(from, to).unwrap();
            (range.from.to_string(), range.to.to_string())
        };
        let text = |one: &str, two: &str| (one.to_owned(), two.to_owned());
        assert_eq!(days("", ""), text("2030-03-01", "2030-03-15"));
        assert_eq!(days("2030-02-03", ""), text("2030-02-03", "2030-03-15"));
        assert_eq!(days("", "2029-12-24"), text("2029-12-01", "2029-12-24"));
        assert_eq!(days("2031-01-01", ""), text("2031-01-01", "2031-01-01"));
    }

    #[test]
    fn a_range_runs_forward_and_not_for_three_years() {
        assert!(range("2030-03-02", "2030-03-01").is_err());
        assert!(range("2027-03-01", "2030-02-28").is_ok());
        assert!(range("2027-03-01", "2030-03-01").is_err());
        assert!(range("1970-01-01", "1970-01-02").is_err());
    }
}
