//! What an organisation has decided about those who clean: what an hour costs, when the office looks at somebody, and what
//! they should have shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::policies::{Wrong, is_word};

/// Highest rate of an hour, as of single workers.
const MOST_CENTS: i64 = 100_000;

/// Skills that ask for certificates at most.
const MOST_SKILLS: usize = 50;

/// Certificates that one skill asks for at most.
const MOST_NAMES: usize = 10;

/// How workers are paid and looked after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkerPolicy {
    /// What an hour costs of somebody of whom nobody said otherwise, in cents.
    pub hourly_rate_cents: i64,
    /// After so many days without a visit that is done the office is told.
    pub idle_days: u16,
    /// After so many days it is pressing.
    pub long_idle_days: u16,
    /// So many of the latest ratings are set against all before.
    pub latest_ratings: u16,
    /// The office is told once the latest are worse by so many thousandths of a star on average.
    pub rating_drop_permille: u16,
    /// Which certificates somebody should have who can do something, by the word for what they can do.
    pub required_certificates: BTreeMap<String, Vec<String>>,
}

impl Default for WorkerPolicy {
    fn default() -> Self {
        let required = [("window_cleaning", "Ladder Safety"), ("deep_clean", "Chemical Handling")];
        let required = required.map(|(skill, name)| (skill.to_owned(), vec![name.to_owned()]));
        Self {
            hourly_rate_cents: 2_500,
            idle_days: 30,
            long_idle_days: 60,
            latest_ratings: 3,
            rating_drop_permille: 500,
            required_certificates: required.into(),
        }
    }
}

impl WorkerPolicy {
    /// Whether nothing else was decided: then it is not written down with every price book.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Names everything that cannot be meant, as it is sent.
    pub(super) fn check(&self, wrong: &mut Wrong) {
        wrong.unless(
            (0..=MOST_CENTS).contains(&self.hourly_rate_cents),
            "workers.hourly_rate_cents",
            "Input should be from 0 to 100000",
        );
        for (field, days) in
            [("workers.idle_days", self.idle_days), ("workers.long_idle_days", self.long_idle_days)]
        {
            wrong.unless((1..=365).contains(&days), field, "Input should be from 1 to 365");
        }
        wrong.unless(
            self.idle_days <= self.long_idle_days,
            "workers.long_idle_days",
            "Input should not be less than idle_days",
        );
        wrong.unless(
            (1..=50).contains(&self.latest_ratings),
            "workers.latest_ratings",
            "Input should be from 1 to 50",
        );
        wrong.unless(
            (100..=4_000).contains(&self.rating_drop_permille),
            "workers.rating_drop",
            "Input should be from 0.1 to 4",
        );
        wrong.unless(
            self.required_certificates.len() <= MOST_SKILLS
                && self.required_certificates.iter().all(|(skill, names)| is_asked(skill, names)),
            "workers.required_certificates",
            "At most 50 words like window_cleaning, with 1 to 10 names of 1 to 120 characters each",
        );
    }
}

/// As skills are kept in the files of workers, and certificates there are called.
fn is_asked(skill: &str, names: &[String]) -> bool {
    let is_written = |one: char| one == '_' || (one.is_alphanumeric() && !one.is_uppercase());
    is_word(skill, 40)
        && skill.chars().all(is_written)
        && (1..=MOST_NAMES).contains(&names.len())
        && names.iter().all(|name| is_word(name, 120))
}
