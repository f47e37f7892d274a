//! What the books take: amounts that can be added up, and dates that somebody means.

use chrono::{Datelike, NaiveDate};

use crate::input::{Problems, free_text, text};

/// A hundred million dollars; more is a slip of the pen.
const MOST: i64 = 10_000_000_000;

/// Nobody keeps books for other years here.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2200;

/// Notes problems under the names of their fields.
pub(super) struct Checks(Problems);

impl Checks {
    pub(super) fn new() -> Self {
        Self(Problems::default())
    }

    /// From nothing to the most that is taken.
    pub(super) fn cents(&mut self, field: &str, cents: i64) {
        self.within(field, cents, 0);
    }

    /// As [`Self::cents`], also below nothing.
    pub(super) fn signed_cents(&mut self, field: &str, cents: i64) {
        self.within(field, cents, -MOST);
    }

    fn within(&mut self, field: &str, cents: i64, least: i64) {
        if !(least..=MOST).contains(&cents) {
            self.0.push(field, format!("Input should be from {least} to {MOST}"));
        }
    }

    pub(super) fn date(&mut self, field: &str, date: NaiveDate) {
        if !is_near(date) {
            self.0.push(field, "Input should be a near date");
        }
    }

    pub(super) fn line(&mut self, field: &str, raw: &str, most: usize) -> String {
        self.0.take(text(field, raw, 1..=most)).unwrap_or_default()
    }

    pub(super) fn lines(&mut self, field: &str, raw: &str, most: usize) -> String {
        self.0.take(free_text(field, raw, 1..=most)).unwrap_or_default()
    }

    /// Blank counts as nothing.
    pub(super) fn maybe(&mut self, field: &str, raw: Option<&str>, most: usize) -> Option<String> {
        let said = raw.map(|raw| free_text(field, raw, 0..=most));
        said.and_then(|said| self.0.take(said)).filter(|said| !said.is_empty())
    }

    pub(super) fn problem(&mut self, field: &str, message: &str) {
        self.0.push(field, message);
    }

    pub(super) fn or<T>(self, value: T) -> Result<T, Problems> {
        self.0.or(value)
    }
}

/// Whether the books reach there.
pub(super) fn is_near(date: NaiveDate) -> bool {
    YEARS.contains(&date.year())
}
