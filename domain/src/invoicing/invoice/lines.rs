//! What is charged, line by line, and what it comes to.

use serde::{Deserialize, Serialize};

use crate::id::SubjectId;
use crate::input::{Problems, text};
use crate::personal::Personal;

/// Lines of one invoice.
const MOST_LINES: usize = 50;

/// Of one thing.
const MOST_OF_ONE: u32 = 10_000;

/// A million dollars.
const DEAREST: i64 = 100_000_000;

/// Everything; rates are in parts per million.
const WHOLE: u32 = 1_000_000;

/// A line as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// For what, 1 to 255 characters.
    pub description: String,
    /// How many.
    pub qty: u32,
    /// For one.
    pub unit_price_cents: i64,
    /// In parts per million; `None` where no tax is due.
    pub tax_ppm: Option<u32>,
}

/// A line as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// For what. Free text, so it may name somebody.
    pub description: Personal<String>,
    /// How many.
    pub qty: u32,
    /// For one.
    pub unit_price_cents: i64,
    /// In parts per million; `None` where no tax is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_ppm: Option<u32>,
}

impl Line {
    /// Without tax.
    pub fn net_cents(&self) -> i64 {
        i64::from(self.qty) * self.unit_price_cents
    }

    /// To the nearest cent, halves up, for each line by itself.
    pub fn tax_cents(&self) -> i64 {
        share(self.net_cents(), i64::from(self.tax_ppm.unwrap_or(0)), i64::from(WHOLE))
    }

    fn is_taxed(&self) -> bool {
        self.tax_ppm.is_some_and(|rate| rate > 0)
    }
}

/// What lines come to, in cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// All lines without tax.
    pub subtotal_cents: i64,
    /// Those of them on which tax is due.
    pub taxable_cents: i64,
    /// The tax.
    pub tax_cents: i64,
}

impl Totals {
    /// The sum of lines.
    pub fn of(lines: &[Line]) -> Self {
        let taxed = lines.iter().filter(|line| line.is_taxed());
        Self {
            subtotal_cents: lines.iter().map(Line::net_cents).sum(),
            taxable_cents: taxed.map(Line::net_cents).sum(),
            tax_cents: lines.iter().map(Line::tax_cents).sum(),
        }
    }

    /// With tax.
    pub const fn total_cents(&self) -> i64 {
        self.subtotal_cents + self.tax_cents
    }

    /// The tax in the first `cents` of the total: parts taken one after the other add up to all of it.
    pub fn tax_in(&self, cents: i64) -> i64 {
        share(cents, self.tax_cents, self.total_cents())
    }

    /// Tax by taxable amount, in parts of ten thousand; `None` where nothing is taxable.
    pub fn basis(&self) -> Option<i64> {
        (self.taxable_cents > 0).then(|| share(self.tax_cents, 10_000, self.taxable_cents))
    }
}

/// `amount * part / whole` to the nearest integer, halves up; 0 of nothing.
pub fn share(amount: i64, part: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    let (amount, part, whole) = (i128::from(amount), i128::from(part), i128::from(whole));
    let doubled = 2 * amount * part + whole;
    i64::try_from(doubled.div_euclid(2 * whole)).unwrap_or(i64::MAX)
}

/// The lines, sealed for `subject`, or everything that is wrong with them.
pub(super) fn checked(new: Vec<NewLine>, subject: SubjectId) -> Result<Vec<Line>, Problems> {
    let mut problems = Problems::default();
    if new.is_empty() || new.len() > MOST_LINES {
        problems.push("items", format!("Input should have 1 to {MOST_LINES} items"));
        return Err(problems);
    }
    let mut lines = Vec::with_capacity(new.len());
    for (place, line) in new.into_iter().enumerate() {
        let field = |name: &str| format!("items.{place}.{name}");
        let description = text(&field("description"), &line.description, 1..=255);
        let description = problems.take(description).unwrap_or_default();
        if !(1..=MOST_OF_ONE).contains(&line.qty) {
            problems.push(field("qty"), format!("Input should be from 1 to {MOST_OF_ONE}"));
        }
        if !(0..=DEAREST).contains(&line.unit_price_cents) {
            problems
                .push(field("unit_price_cents"), format!("Input should be from 0 to {DEAREST}"));
        }
        if line.tax_ppm.is_some_and(|rate| rate > WHOLE) {
            problems.push(field("tax_rate"), "Input should be from 0 to 1");
        }
        lines.push(Line {
            description: Personal::of(subject, description),
            qty: line.qty,
            unit_price_cents: line.unit_price_cents,
            tax_ppm: line.tax_ppm,
        });
    }
    problems.or(lines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn line(qty: u32, unit_price_cents: i64, tax_ppm: Option<u32>) -> Line {
        let description = Personal::of(Uuid::nil().into(), "x".to_owned());
        Line { description, qty, unit_price_cents, tax_ppm }
    }

    #[test]
    fn every_regime_is_a_rate_of_a_line() {
        let gst = Totals::of(&[line(1, 15_000, None), line(1, 5_000, Some(50_000))]);
        assert_eq!((gst.tax_cents, gst.total_cents(), gst.basis()), (250, 20_250, Some(500)));
        let hst = Totals::of(&[line(1, 15_000, Some(130_000))]);
        assert_eq!((hst.tax_cents, hst.total_cents(), hst.basis()), (1_950, 16_950, Some(1_300)));
        assert_eq!(Totals::of(&[line(2, 100, None)]).basis(), None);
    }

    #[test]
    fn halves_of_a_cent_go_up() {
        assert_eq!(line(1, 10, Some(50_000)).tax_cents(), 1);
        assert_eq!(line(1, 9, Some(50_000)).tax_cents(), 0);
        assert_eq!(share(1, 1, 2), 1);
    }

    prop_compose! {
        fn any_line()(qty in 1..=MOST_OF_ONE, price in 0..=DEAREST, tax in prop::option::of(0..=WHOLE)) -> Line {
            line(qty, price, tax)
        }
    }

    proptest! {
        #[test]
        fn totals_are_the_sum_of_lines_and_no_tax_is_off_by_a_cent(lines in prop::collection::vec(any_line(), 1..50)) {
            let totals = Totals::of(&lines);
            prop_assert_eq!(totals.total_cents(), lines.iter().map(|one| one.net_cents() + one.tax_cents()).sum::<i64>());
            prop_assert!(totals.taxable_cents <= totals.subtotal_cents && totals.tax_cents <= totals.taxable_cents);
            for line in &lines {
                // Twice the difference from the exact tax is at most one cent.
                let exact = i128::from(line.net_cents()) * i128::from(line.tax_ppm.unwrap_or(0));
                let off = i128::from(line.tax_cents()) * i128::from(WHOLE) - exact;
                prop_assert!(-i128::from(WHOLE) / 2 < off && off <= i128::from(WHOLE) / 2);
            }
        }

        #[test]
        fn the_order_of_lines_does_not_matter(lines in prop::collection::vec(any_line(), 1..10)) {
            let backwards: Vec<Line> = lines.iter().rev().cloned().collect();
            prop_assert_eq!(Totals::of(&lines), Totals::of(&backwards));
        }

        #[test]
        fn parts_of_a_total_carry_all_of_its_tax(lines in prop::collection::vec(any_line(), 1..10), cuts in prop::collection::vec(0.0..1.0_f64, 0..5)) {
            let totals = Totals::of(&lines);
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any cut will do")]
            let mut ends: Vec<i64> = cuts.iter().map(|cut| (totals.total_cents() as f64 * cut) as i64).collect();
            ends.push(totals.total_cents());
            ends.sort_unstable();
            let (mut before, mut tax) = (0, 0);
            for end in ends {
                let part = totals.tax_in(end) - totals.tax_in(before);
                prop_assert!(part >= 0);
                (before, tax) = (end, tax + part);
            }
            prop_assert_eq!(tax, totals.tax_cents);
        }
    }
}
