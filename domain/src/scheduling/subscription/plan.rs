//! When the visits of a subscription are: every week, every second week, or every month.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::SubscriptionError;
use crate::input::text;

/// How often.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantNames,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Rhythm {
    /// Every week.
    Weekly,
    /// Every second week.
    Biweekly,
    /// Every month.
    Monthly,
}

/// When its visits are, and what is cleaned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// How often.
    pub frequency: Rhythm,
    /// None is earlier.
    pub start_date: NaiveDate,
    /// 0 is Monday; of weekly visits. Default: that of the first date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_weekday: Option<u8>,
    /// 1 to 31; of monthly visits. A shorter month has its last day instead. Default: that of the first date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_day_of_month: Option<u8>,
    /// What is cleaned.
    pub base_service_type: String,
}

impl Plan {
    /// Weekly visits have a weekday, monthly ones a day of the month.
    pub(super) fn checked(self) -> Result<Self, SubscriptionError> {
        let base_service_type = text("base_service_type", &self.base_service_type, 1..=100)
            .map_err(|_| SubscriptionError::BadPlan)?;
        let is_monthly = self.frequency == Rhythm::Monthly;
        let weekday = self.preferred_weekday.filter(|_| !is_monthly);
        let day = self.preferred_day_of_month.filter(|_| is_monthly);
        let fits =
            weekday.is_none_or(|day| day <= 6) && day.is_none_or(|day| (1..=31).contains(&day));
        if !fits {
            return Err(SubscriptionError::BadPlan);
        }
        Ok(Self {
            preferred_weekday: weekday,
            preferred_day_of_month: day,
            base_service_type,
            ..self
        })
    }

    /// The first visit that is not before `date`.
    pub fn first_on_or_after(&self, date: NaiveDate) -> NaiveDate {
        match self.frequency {
            Rhythm::Monthly => {
                let this = self.in_month_of(date);
                if this >= date { this } else { self.in_month_of(next_month(date)) }
            }
            Rhythm::Weekly | Rhythm::Biweekly => {
                let start = self.start_date.weekday().num_days_from_monday();
                let wanted = self.preferred_weekday.map_or(start, u32::from);
                let is = date.weekday().num_days_from_monday();
                later(date, u64::from((wanted + 7 - is) % 7))
            }
        }
    }

    /// The visit after the one on `date`.
    pub fn after(&self, date: NaiveDate) -> NaiveDate {
        match self.frequency {
            Rhythm::Weekly => later(date, 7),
            Rhythm::Biweekly => later(date, 14),
            Rhythm::Monthly => self.in_month_of(next_month(date)),
        }
    }

    /// The preferred day of the month of `date`, or its last.
    fn in_month_of(&self, date: NaiveDate) -> NaiveDate {
        let day = self.preferred_day_of_month.map_or(self.start_date.day(), u32::from);
        let fitting = (1..=day).rev().find_map(|day| date.with_day(day));
        fitting.unwrap_or(date)
    }
}

fn later(date: NaiveDate, days: u64) -> NaiveDate {
    date.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

/// The first day of the month after.
fn next_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).and_then(|first| first.checked_add_months(Months::new(1))).unwrap_or(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn plan(frequency: Rhythm, start: &str, weekday: Option<u8>, day: Option<u8>) -> Plan {
        Plan {
            frequency,
            start_date: date(start),
            preferred_weekday: weekday,
            preferred_day_of_month: day,
            base_service_type: "standard".to_owned(),
        }
    }

    #[test]
    fn a_month_without_that_day_has_its_last_one() {
        let monthly = plan(Rhythm::Monthly, "2024-01-31", None, None);
        let mut next = monthly.first_on_or_after(date("2024-01-31"));
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(next.to_string());
            next = monthly.after(next);
        }
        assert_eq!(seen, ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]);
    }

    #[test]
    fn the_first_visit_is_the_first_wanted_day_not_before_the_start() {
        let weekly = plan(Rhythm::Weekly, "2026-03-04", Some(0), None);
        assert_eq!(weekly.first_on_or_after(date("2026-03-04")), date("2026-03-09"));
        let same_day = plan(Rhythm::Biweekly, "2026-03-04", None, None);
        assert_eq!(same_day.first_on_or_after(date("2026-03-04")), date("2026-03-04"));
        assert_eq!(same_day.after(date("2026-03-04")), date("2026-03-18"));
        let monthly = plan(Rhythm::Monthly, "2026-03-20", None, Some(15));
        assert_eq!(monthly.first_on_or_after(date("2026-03-20")), date("2026-04-15"));
        let december = plan(Rhythm::Monthly, "2026-12-20", None, Some(15));
        assert_eq!(december.first_on_or_after(date("2026-12-20")), date("2027-01-15"));
    }

    #[test]
    fn a_weekday_is_of_weekly_visits_and_a_day_of_monthly_ones() {
        let both = plan(Rhythm::Monthly, "2026-03-04", Some(3), Some(4)).checked().unwrap();
        assert_eq!((both.preferred_weekday, both.preferred_day_of_month), (None, Some(4)));
        assert!(plan(Rhythm::Weekly, "2026-03-04", Some(7), None).checked().is_err());
        assert!(plan(Rhythm::Monthly, "2026-03-04", None, Some(32)).checked().is_err());
    }
}
