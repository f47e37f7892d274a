//! The numbers of a price book. Times are thousandths of an hour, shares are thousandths.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::VariantArray;

use crate::input::Problems;
use crate::sales::estimate::{AddOn, CleaningType, EstimateInput, Frequency};

/// More than any hour or any add-on costs; keeps every sum far inside an `i64`.
const MOST_CENTS: i64 = 1_000_000;

/// More than any visit takes.
const MOST_MILLI_HOURS: i64 = 100_000;

/// More rows than there are homes to tell apart.
const MOST_ROWS: usize = 200;

/// What is charged, and how long things take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Three letters.
    pub currency: String,
    /// For one cleaner.
    pub hourly_rate_cents: i64,
    /// Nobody comes for less.
    pub minimum_milli_hours: i64,
    /// Time on site is a multiple of this.
    pub on_site_step_milli_hours: i64,
    /// How many come, by how much there is to do; the last row has no end.
    pub teams: Vec<Team>,
    /// How much longer than a standard clean.
    pub multiplier_permille: BTreeMap<CleaningType, i64>,
    /// What a greasy kitchen adds; the last row has no end.
    pub heavy_grease: Vec<Grease>,
    /// What stairs add.
    pub multi_floor_milli_hours: i64,
    /// Off the labour of whoever is visited again and again.
    pub discount_permille: BTreeMap<Frequency, i64>,
    /// How long a standard clean takes, by rooms.
    pub base: Vec<Base>,
    /// What extras cost.
    pub add_on_cents: BTreeMap<AddOn, i64>,
}

/// How many come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// For as much as this.
    pub up_to_milli_hours: Option<i64>,
    /// So many.
    pub size: i64,
}

/// What a greasy kitchen adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grease {
    /// In homes of up to so many bedrooms.
    pub up_to_beds: Option<u16>,
    /// So much.
    pub milli_hours: i64,
}

/// How long a standard clean takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// Bedrooms.
    pub beds: u16,
    /// Bathrooms.
    pub baths: u16,
    /// So long.
    pub milli_hours: i64,
}

impl Rates {
    /// The rows of homes in the order in which they are looked through.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.base.sort_by_key(|row| (row.beds, row.baths));
        self
    }

    /// The first row that is big enough, which is the exact row if there is one; beyond the last row, the last row.
    pub(super) fn base_milli_hours(&self, input: &EstimateInput) -> i64 {
        let baths = input.baths_hundredths.div_ceil(100);
        let fitting = self.base.iter().find(|row| row.beds >= input.beds && row.baths >= baths);
        fitting.or(self.base.last()).map_or(0, |row| row.milli_hours)
    }

    pub(super) fn extra_milli_hours(&self, input: &EstimateInput) -> i64 {
        let fits = |row: &&Grease| row.up_to_beds.is_none_or(|most| input.beds <= most);
        let grease = self.heavy_grease.iter().find(fits).filter(|_| input.heavy_grease);
        let floors = if input.multi_floor { self.multi_floor_milli_hours } else { 0 };
        grease.map_or(0, |row| row.milli_hours) + floors
    }

    pub(super) fn team_size(&self, milli_hours: i64) -> i64 {
        let fits = |row: &&Team| row.up_to_milli_hours.is_none_or(|most| milli_hours <= most);
        self.teams.iter().find(fits).map_or(1, |row| row.size)
    }

    pub(super) fn add_ons_cents(&self, input: &EstimateInput) -> i64 {
        let price = |add_on| self.add_on_cents.get(add_on).copied().unwrap_or(0);
        input.add_ons.iter().map(|(add_on, count)| price(add_on) * i64::from(*count)).sum()
    }

    /// Names everything that cannot be meant.
    pub fn check(&self) -> Result<(), Problems> {
        let mut wrong = Problems::default();
        let mut must = |holds: bool, field: &str, message: &str| {
            if !holds {
                wrong.push(format!("rates.{field}"), message);
            }
        };
        let cents = |cents: i64| (0..=MOST_CENTS).contains(&cents);
        let hours = |hours: i64| (0..=MOST_MILLI_HOURS).contains(&hours);
        let money = "Input should be from 0 to 1000000 cents";
        let time = "Input should be from 0 to 100000 thousandths of an hour";
        must(is_currency(&self.currency), "currency", "Input should be three capital letters");
        must(cents(self.hourly_rate_cents), "hourly_rate_cents", money);
        must(hours(self.minimum_milli_hours), "minimum_milli_hours", time);
        must(hours(self.multi_floor_milli_hours), "multi_floor_milli_hours", time);
        must(
            (1..=10_000).contains(&self.on_site_step_milli_hours),
            "on_site_step_milli_hours",
            "Input should be from 1 to 10000 thousandths of an hour",
        );
        must(
            self.teams_rise(),
            "teams",
            "Rows should rise, of 1 to 20 people, the last without end",
        );
        must(self.grease_rises(), "heavy_grease", "Rows should rise, the last without end");
        must(
            has_all(&self.multiplier_permille, CleaningType::VARIANTS, 1..=10_000),
            "multiplier_permille",
            "Every cleaning type should have one, from 1 to 10000",
        );
        must(
            has_all(&self.discount_permille, Frequency::VARIANTS, 0..=1000),
            "discount_permille",
            "Every frequency should have one, from 0 to 1000",
        );
        must(
            has_all(&self.add_on_cents, AddOn::VARIANTS, 0..=MOST_CENTS),
            "add_on_cents",
            "Every add-on should have one, from 0 to 1000000 cents",
        );
        must(self.base_is_sound(), "base", "1 to 200 different rows of up to 100000 thousandths");
        wrong.or(())
    }

    fn teams_rise(&self) -> bool {
        let ends: Vec<_> = self.teams.iter().map(|row| row.up_to_milli_hours).collect();
        rises(&ends) && self.teams.iter().all(|row| (1..=20).contains(&row.size))
    }

    fn grease_rises(&self) -> bool {
        let ends: Vec<_> = self.heavy_grease.iter().map(|row| row.up_to_beds).collect();
        let hours = |row: &Grease| (0..=MOST_MILLI_HOURS).contains(&row.milli_hours);
        rises(&ends) && self.heavy_grease.iter().all(hours)
    }

    fn base_is_sound(&self) -> bool {
        let mut homes: Vec<_> = self.base.iter().map(|row| (row.beds, row.baths)).collect();
        homes.sort_unstable();
        homes.dedup();
        homes.len() == self.base.len()
            && (1..=MOST_ROWS).contains(&homes.len())
            && self.base.iter().all(|row| (1..=MOST_MILLI_HOURS).contains(&row.milli_hours))
    }
}

/// Whether these are the three letters of a currency.
pub(super) fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase())
}

/// Whether each end is behind the one before, and only the last is none.
fn rises<T: PartialOrd>(ends: &[Option<T>]) -> bool {
    let Some((None, before)) = ends.split_last() else { return false };
    before.len() < MOST_ROWS
        && before.iter().all(Option::is_some)
        && before.windows(2).all(|pair| pair[0] < pair[1])
}

fn has_all<K: Ord>(
    values: &BTreeMap<K, i64>,
    keys: &[K],
    allowed: std::ops::RangeInclusive<i64>,
) -> bool {
    keys.iter().all(|key| values.get(key).is_some_and(|value| allowed.contains(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::prices::economy_v1;

    fn wrong(change: impl FnOnce(&mut Rates)) -> Vec<String> {
        let mut rates = economy_v1().rates().clone();
        change(&mut rates);
        let problems = rates.check().err().unwrap_or_default();
        let bare = |field: &str| field.trim_start_matches("rates.").to_owned();
        problems.as_slice().iter().map(|one| bare(&one.field)).collect()
    }

    #[test]
    fn everything_that_cannot_be_meant_is_named() {
        assert_eq!(wrong(|_| ()), Vec::<String>::new());
        let both = wrong(|rates| {
            rates.hourly_rate_cents = -1;
            "cad".clone_into(&mut rates.currency);
        });
        assert_eq!(both, ["currency", "hourly_rate_cents"]);
        assert_eq!(wrong(|rates| rates.on_site_step_milli_hours = 0), ["on_site_step_milli_hours"]);
        assert_eq!(wrong(|rates| rates.teams.truncate(2)), ["teams"]);
        assert_eq!(wrong(|rates| rates.teams.swap(0, 1)), ["teams"]);
        assert_eq!(wrong(|rates| rates.heavy_grease.clear()), ["heavy_grease"]);
        assert_eq!(wrong(|rates| rates.base.push(rates.base[0].clone())), ["base"]);
        assert_eq!(wrong(|rates| rates.base.clear()), ["base"]);
        let without = wrong(|rates| {
            rates.multiplier_permille.remove(&CleaningType::Deep);
            rates.discount_permille.insert(Frequency::Weekly, 1001);
            rates.add_on_cents.insert(AddOn::Oven, -1);
        });
        assert_eq!(without, ["multiplier_permille", "discount_permille", "add_on_cents"]);
    }
}
