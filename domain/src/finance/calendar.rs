//! When the goods and services tax of a quarter is due.

use chrono::{Datelike, NaiveDate};

use super::month::Month;

/// A quarter for which tax is told and paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarter {
    /// `GST Q1 2026`.
    pub label: String,
    /// Its first day.
    pub first: NaiveDate,
    /// Its last day.
    pub last: NaiveDate,
    /// Until when: the last day of the month after it. Source: the rules of the business, 7.2.
    pub due_on: NaiveDate,
}

impl Quarter {
    fn of(year: i32, number: u32) -> Option<Self> {
        let first = NaiveDate::from_ymd_opt(year, number * 3 - 2, 1)?;
        let last = Month::of(first).next().next();
        Some(Self {
            label: format!("GST Q{number} {year}"),
            first,
            last: last.last(),
            due_on: last.next().last(),
        })
    }
}

/// The quarters whose tax is due from `from` to `to`, in order.
pub fn due_between(from: NaiveDate, to: NaiveDate) -> Vec<Quarter> {
    // The last quarter of a year is due in the next.
    let years = from.year() - 1..=to.year();
    let quarters = years.flat_map(|year| (1..=4).filter_map(move |n| Quarter::of(year, n)));
    quarters.filter(|quarter| (from..=to).contains(&quarter.due_on)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tax_of_a_quarter_is_due_a_month_after_it() {
        let [from, to] = ["2026-01-01", "2026-12-31"].map(|day| day.parse().unwrap());
        let due = due_between(from, to);
        let told: Vec<_> =
            due.iter().map(|one| (one.label.as_str(), one.due_on.to_string())).collect();
        let told: Vec<_> = told.iter().map(|(label, due)| (*label, due.as_str())).collect();
        assert_eq!(
            told,
            [
                ("GST Q4 2025", "2026-01-31"),
                ("GST Q1 2026", "2026-04-30"),
                ("GST Q2 2026", "2026-07-31"),
                ("GST Q3 2026", "2026-10-31"),
            ]
        );
        assert_eq!(
            (due[1].first.to_string(), due[1].last.to_string()),
            ("2026-01-01".to_owned(), "2026-03-31".to_owned())
        );
    }
}
