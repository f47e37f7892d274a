//! Ten Canadian holidays, and the day each falls on.

use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantArray};

/// A holiday that an organisation may keep. Those are the general holidays of Alberta, and Boxing Day.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantArray,
    strum::VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Holiday {
    /// 1 January.
    NewYearsDay,
    /// The third Monday of February.
    FamilyDay,
    /// Two days before Easter Sunday.
    GoodFriday,
    /// The last Monday before 25 May.
    VictoriaDay,
    /// 1 July.
    CanadaDay,
    /// The first Monday of September.
    LabourDay,
    /// The second Monday of October.
    Thanksgiving,
    /// 11 November.
    RemembranceDay,
    /// 25 December.
    ChristmasDay,
    /// 26 December.
    BoxingDay,
}

impl Holiday {
    /// The day it falls on, `None` beyond the years that calendars know.
    pub fn in_year(self, year: i32) -> Option<NaiveDate> {
        let day = |month, day| NaiveDate::from_ymd_opt(year, month, day);
        let monday = |month, n| NaiveDate::from_weekday_of_month_opt(year, month, Weekday::Mon, n);
        match self {
            Self::NewYearsDay => day(1, 1),
            Self::FamilyDay => monday(2, 3),
            Self::GoodFriday => easter(year)?.checked_sub_days(Days::new(2)),
            // The Monday of the week that ends with 24 May at the latest.
            Self::VictoriaDay => {
                (18..=24).filter_map(|n| day(5, n)).find(|day| day.weekday() == Weekday::Mon)
            }
            Self::CanadaDay => day(7, 1),
            Self::LabourDay => monday(9, 1),
            Self::Thanksgiving => monday(10, 2),
            Self::RemembranceDay => day(11, 11),
            Self::ChristmasDay => day(12, 25),
            Self::BoxingDay => day(12, 26),
        }
    }

    /// As it is written everywhere.
    pub fn key(self) -> &'static str {
        self.into()
    }
}

/// Easter Sunday of the Gregorian calendar, by the method of Meeus, Jones and Butcher.
fn easter(year: i32) -> Option<NaiveDate> {
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let leaps = (century - (century + 8) / 25 + 1) / 3;
    let epact = (19 * golden + century - century / 4 - leaps + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let days = epact + weekday - 7 * late + 114;
    let (month, day) = (u32::try_from(days / 31).ok()?, u32::try_from(days % 31 + 1).ok()?);
    NaiveDate::from_ymd_opt(year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the calendars of the government of Alberta.
    const KNOWN: [(i32, [&str; 10]); 3] = [
        (
            2024,
            [
                "01-01", "02-19", "03-29", "05-20", "07-01", "09-02", "10-14", "11-11", "12-25",
                "12-26",
            ],
        ),
        (
            2025,
            [
                "01-01", "02-17", "04-18", "05-19", "07-01", "09-01", "10-13", "11-11", "12-25",
                "12-26",
            ],
        ),
        (
            2026,
            [
                "01-01", "02-16", "04-03", "05-18", "07-01", "09-07", "10-12", "11-11", "12-25",
                "12-26",
            ],
        ),
    ];

    #[test]
    fn holidays_fall_on_the_days_that_calendars_print() {
        for (year, days) in KNOWN {
            let computed = Holiday::VARIANTS
                .iter()
                .map(|one| one.in_year(year).unwrap().format("%m-%d").to_string());
            assert_eq!(computed.collect::<Vec<_>>(), days, "{year}");
        }
    }

    #[test]
    fn easter_is_right_in_the_years_that_are_hard() {
        for (year, day) in [
            (1954, "04-18"),
            (1981, "04-19"),
            (2000, "04-23"),
            (2008, "03-23"),
            (2038, "04-25"),
            (2049, "04-18"),
            (2076, "04-19"),
        ] {
            assert_eq!(easter(year).unwrap().format("%m-%d").to_string(), day, "{year}");
        }
    }

    #[test]
    fn movable_holidays_stay_within_their_weeks() {
        for year in 1990..2100 {
            let day = |holiday: Holiday| holiday.in_year(year).unwrap();
            assert_eq!(day(Holiday::GoodFriday).weekday(), Weekday::Fri);
            let victoria = day(Holiday::VictoriaDay);
            assert!(victoria.weekday() == Weekday::Mon && (18..=24).contains(&victoria.day()));
        }
    }
}
