//! Days, weeks and months.

use chrono::{Datelike, Days, NaiveDate};
use serde::Deserialize;

/// How long each row of a report is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub(super) enum Period {
    #[default]
    Day,
    /// From Monday.
    Week,
    Month,
}

impl Period {
    /// The first day of the one that `day` is in.
    pub(super) fn of(self, day: NaiveDate) -> NaiveDate {
        let back = match self {
            Self::Day => 0,
            Self::Week => day.weekday().num_days_from_monday(),
            Self::Month => day.day0(),
        };
        day.checked_sub_days(Days::new(back.into())).unwrap_or(day)
    }
}

/// `2030-03`.
pub(super) fn month(day: NaiveDate) -> String {
    day.format("%Y-%m").to_string()
}

/// How many months `later` is after `earlier`; less than none if it is before.
pub(super) fn months_between(earlier: NaiveDate, later: NaiveDate) -> i32 {
    let count = |day: NaiveDate| day.year() * 12 + i32::try_from(day.month0()).unwrap_or(0);
    count(later) - count(earlier)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let of = |period: Period, text: &str| period.of(day(text)).to_string();
        assert_eq!(of(Period::Day, "2030-03-10"), "2030-03-10");
        assert_eq!(of(Period::Week, "2030-03-10"), "2030-03-04");
        assert_eq!(of(Period::Week, "2030-03-04"), "2030-03-04");
        assert_eq!(of(Period::Month, "2030-03-31"), "2030-03-01");
        assert_eq!(months_between(day("2029-11-30"), day("2030-02-01")), 3);
        assert_eq!(months_between(day("2030-02-01"), day("2029-11-30")), -3);
    }
}
