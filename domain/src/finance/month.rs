//! A month of the books, as `2026-01`.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::checks::is_near;

/// A calendar month on the clock of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month of a date.
    pub fn of(date: NaiveDate) -> Self {
        // Every month has a first day.
        Self(date.with_day(1).unwrap_or(date))
    }

    /// Its first day.
    pub const fn first(self) -> NaiveDate {
        self.0
    }

    /// Its last day.
    pub fn last(self) -> NaiveDate {
        self.next().0.pred_opt().unwrap_or(self.0)
    }

    /// The one after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(chrono::Months::new(1)).unwrap_or(self.0))
    }

    /// How many days it has.
    pub fn days(self) -> i64 {
        (self.next().0 - self.0).num_days()
    }

    /// Every month that has a day from `from` to `to`, in order.
    pub fn touched(from: NaiveDate, to: NaiveDate) -> impl Iterator<Item = Self> {
        let last = Self::of(to);
        let mut next = Some(Self::of(from)).filter(|first| *first <= last);
        std::iter::from_fn(move || {
            let month = next?;
            next = Some(month.next()).filter(|after| *after <= last && *after > month);
            Some(month)
        })
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.year(), self.0.month())
    }
}

/// Not a month that the books reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Input should be a near month like 2026-01")]
pub struct NoMonth;

impl FromStr for Month {
    type Err = NoMonth;

    fn from_str(text: &str) -> Result<Self, NoMonth> {
        let digits = text.len() == 7 && text.is_ascii();
        let first = digits.then(|| format!("{text}-01").parse::<NaiveDate>());
        first.and_then(Result::ok).filter(|day| is_near(*day)).map(Self).ok_or(NoMonth)
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_has_the_days_of_the_calendar() {
        let february: Month = "2028-02".parse().unwrap();
        assert_eq!((february.first(), february.last()), (day("2028-02-01"), day("2028-02-29")));
        assert_eq!((february.days(), february.next().to_string()), (29, "2028-03".to_owned()));
        assert_eq!(Month::of(day("2028-02-17")), february);
        for bad in ["2028-2", "2028-13", "2028-00", "1999-12", "2028-02-01", "x", "20２-01"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }

    #[test]
    fn months_are_touched_by_one_of_their_days() {
        let touched = |from, to| {
            Month::touched(day(from), day(to)).map(|one| one.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(touched("2026-12-31", "2027-01-01"), ["2026-12", "2027-01"]);
        assert_eq!(touched("2026-05-02", "2026-05-02"), ["2026-05"]);
        assert_eq!(touched("2026-06-01", "2026-05-31"), Vec::<String>::new());
    }
}
