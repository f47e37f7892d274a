//! The price book: numbers as data, and the arithmetic that turns a request into an estimate.
//!
//! 1. The discount never touches add-ons; the total is never negative.
//! 2. Billed hours are team times time on site, and time on site is a multiple of the step.
//! 3. A published version never changes: its digest stands in every estimate.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::Value;

use super::estimate::{AddOn, CleaningType, Estimate, EstimateInput, Frequency};

static ECONOMY_V1: LazyLock<PriceBook> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    PriceBook::parse(include_str!("economy_v1.json")).expect("economy_v1.json is a price book")
});

/// One version of the prices. Times are thousandths of an hour, shares are thousandths.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceBook {
    id: String,
    version: String,
    #[serde(skip)]
    hash: String,
    currency: String,
    hourly_rate_cents: i64,
    minimum_milli_hours: i64,
    on_site_step_milli_hours: i64,
    teams: Vec<Team>,
    multiplier_permille: BTreeMap<CleaningType, i64>,
    heavy_grease: Vec<Grease>,
    multi_floor_milli_hours: i64,
    discount_permille: BTreeMap<Frequency, i64>,
    base: Vec<Base>,
    add_on_cents: BTreeMap<AddOn, i64>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    up_to_milli_hours: Option<i64>,
    size: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grease {
    up_to_beds: Option<u16>,
    milli_hours: i64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Base {
    beds: u16,
    baths: u16,
    milli_hours: i64,
}

/// The prices of today.
pub fn current() -> &'static PriceBook {
    &ECONOMY_V1
}

impl PriceBook {
    /// Reads a price book; rows may stand in any order.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let json: Value = serde_json::from_str(text)?;
        let mut canonical = String::new();
        write_canonical(&json, &mut canonical);
        let mut book: Self = serde_json::from_value(json)?;
        book.hash = format!("sha256:{}", hex::encode(digest(&SHA256, canonical.as_bytes())));
        book.base.sort_by_key(|row| (row.beds, row.baths));
        Ok(book)
    }

    /// Digest of the numbers, whatever their layout in the file.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What the visit would cost.
    pub fn estimate(&self, input: &EstimateInput) -> Estimate {
        let base = self.base_milli_hours(input);
        let multiplier =
            self.multiplier_permille.get(&input.cleaning_type).copied().unwrap_or(1000);
        let extra = self.extra_milli_hours(input);
        // Exact for the multipliers in use; a finer price book would round up to 3.6 seconds.
        let hours = (ceil_div(base * multiplier, 1000) + extra).max(self.minimum_milli_hours);
        let team = self.team_size(hours);
        let on_site =
            ceil_div(hours, team * self.on_site_step_milli_hours) * self.on_site_step_milli_hours;
        let billed = team * on_site;
        let labor = half_up(billed * self.hourly_rate_cents, 1000);
        let share = self.discount_permille.get(&input.frequency).copied().unwrap_or(0);
        let discount = half_up(labor * share, 1000);
        let add_ons = self.add_ons_cents(input);
        Estimate {
            pricing_config_id: self.id.clone(),
            pricing_config_version: self.version.clone(),
            config_hash: self.hash.clone(),
            currency: self.currency.clone(),
            rate_cents: self.hourly_rate_cents,
            base_milli_hours: base,
            multiplier_permille: multiplier,
            extra_milli_hours: extra,
            cleaner_milli_hours: hours,
            minimum_milli_hours: self.minimum_milli_hours,
            team_size: team,
            on_site_milli_hours: on_site,
            billed_milli_hours: billed,
            labor_cents: labor,
            discount_cents: discount,
            add_ons_cents: add_ons,
            total_cents: labor - discount + add_ons,
        }
    }

    /// The first row that is big enough, which is the exact row if there is one; beyond the last row, the last row.
    fn base_milli_hours(&self, input: &EstimateInput) -> i64 {
        let baths = input.baths_hundredths.div_ceil(100);
        let fitting = self.base.iter().find(|row| row.beds >= input.beds && row.baths >= baths);
        fitting.or(self.base.last()).map_or(0, |row| row.milli_hours)
    }

    fn extra_milli_hours(&self, input: &EstimateInput) -> i64 {
        let fits = |row: &&Grease| row.up_to_beds.is_none_or(|most| input.beds <= most);
        let grease = self.heavy_grease.iter().find(fits).filter(|_| input.heavy_grease);
        let floors = if input.multi_floor { self.multi_floor_milli_hours } else { 0 };
        grease.map_or(0, |row| row.milli_hours) + floors
    }

    fn team_size(&self, milli_hours: i64) -> i64 {
        let fits = |row: &&Team| row.up_to_milli_hours.is_none_or(|most| milli_hours <= most);
        self.teams.iter().find(fits).map_or(1, |row| row.size)
    }

    fn add_ons_cents(&self, input: &EstimateInput) -> i64 {
        let price = |add_on| self.add_on_cents.get(add_on).copied().unwrap_or(0);
        input.add_ons.iter().map(|(add_on, count)| price(add_on) * i64::from(*count)).sum()
    }
}

fn ceil_div(amount: i64, by: i64) -> i64 {
    (amount + by - 1).div_euclid(by)
}

fn half_up(amount: i64, by: i64) -> i64 {
    (2 * amount + by).div_euclid(2 * by)
}

/// JSON with sorted keys and no blanks. Sorted here, because whether `serde_json` sorts is a feature any crate may turn off.
fn write_canonical(json: &Value, out: &mut String) {
    match json {
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            write_all(out, ['{', '}'], sorted, |(key, value), out| {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(value, out);
            });
        }
        Value::Array(items) => write_all(out, ['[', ']'], items, write_canonical),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&json.to_string());
        }
    }
}

fn write_all<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;
    use strum::VariantArray;

    use super::*;

    fn estimate(json: &Value) -> Estimate {
        current().estimate(&EstimateInput::parse(json).unwrap())
    }

    #[test]
    fn each_rule_shows_in_its_numbers() {
        // beds, baths, kind, frequency, grease, floors → base, cleaner hours, team, on site, total
        let cases = [
            ((1, 1.0, "standard", "one_time", false, false), (2500, 3000, 1, 3000, 10_500)),
            ((0, 0.0, "standard", "one_time", false, false), (2500, 3000, 1, 3000, 10_500)),
            ((2, 1.5, "standard", "one_time", false, false), (3500, 3500, 1, 3500, 12_250)),
            ((2, 1.0, "deep", "weekly", false, false), (3000, 3600, 1, 4000, 12_600)),
            ((3, 3.0, "standard", "biweekly", false, false), (4500, 4500, 1, 4500, 14_962)),
            ((3, 2.0, "standard", "monthly", true, false), (4000, 5000, 2, 2500, 17_500)),
            ((4, 3.0, "move_out_empty", "one_time", true, true), (5000, 8250, 3, 3000, 31_500)),
            ((1, 3.0, "standard", "one_time", false, false), (4500, 4500, 1, 4500, 15_750)),
            ((5, 1.0, "standard", "one_time", true, false), (5500, 7000, 2, 3500, 24_500)),
            ((10, 10.0, "move_in_empty", "one_time", false, true), (6500, 9275, 3, 3500, 36_750)),
        ];
        for ((beds, baths, kind, frequency, grease, floors), expected) in cases {
            let sent = json!({ "beds": beds, "baths": baths, "cleaning_type": kind,
                "frequency": frequency, "heavy_grease": grease, "multi_floor": floors });
            let e = estimate(&sent);
            let found = (
                e.base_milli_hours,
                e.cleaner_milli_hours,
                e.team_size,
                e.on_site_milli_hours,
                e.total_cents,
            );
            assert_eq!(found, expected, "{sent}");
        }
    }

    #[test]
    fn add_ons_cost_what_the_book_says() {
        let all: serde_json::Map<_, _> = AddOn::VARIANTS
            .iter()
            .map(|add_on| {
                let wanted = if add_on.is_counted() { json!(2) } else { json!(true) };
                (<&str>::from(add_on).to_owned(), wanted)
            })
            .collect();
        let e = estimate(&json!({ "beds": 2, "baths": 1, "frequency": "weekly", "add_ons": all }));
        let once = 3000 + 2000 + 1000 + 4000 + 3000 + 2500;
        let twice = 2 * (1000 + 4500 + 9000 + 11_000 + 15_000 + 11_000 + 3500);
        assert_eq!((e.add_ons_cents, e.discount_cents), (once + twice, 1050));
    }

    #[test]
    fn the_layout_of_the_file_does_not_change_its_digest() {
        let text = include_str!("economy_v1.json");
        let compact = serde_json::from_str::<Value>(text).unwrap().to_string();
        assert_eq!(PriceBook::parse(&compact).unwrap().hash(), current().hash());
        let dearer = text.replace("3500,", "3600,");
        assert_ne!(PriceBook::parse(&dearer).unwrap().hash(), current().hash());
    }

    #[test]
    fn every_product_of_the_book_is_a_whole_thousandth() {
        for row in &current().base {
            for share in current().multiplier_permille.values() {
                assert_eq!(row.milli_hours * share % 1000, 0);
            }
        }
        assert_eq!(current().add_on_cents.len(), AddOn::VARIANTS.len());
        assert_eq!(current().multiplier_permille.len(), CleaningType::VARIANTS.len());
        assert_eq!(current().discount_permille.len(), Frequency::VARIANTS.len());
    }

    prop_compose! {
        fn any_input()(
            beds in 0..=10u16,
            baths_hundredths in 0..=1000u16,
            cleaning_type in proptest::sample::select(CleaningType::VARIANTS),
            frequency in proptest::sample::select(Frequency::VARIANTS),
            heavy_grease: bool,
            multi_floor: bool,
            add_ons in proptest::collection::btree_map(
                proptest::sample::select(AddOn::VARIANTS), 1..=1000u16, 0..13),
        ) -> EstimateInput {
            EstimateInput {
                beds, baths_hundredths, cleaning_type, heavy_grease, multi_floor, frequency, add_ons,
            }
        }
    }

    proptest! {
        #[test]
        fn every_estimate_keeps_the_promises_of_the_book(input in any_input()) {
            let e = current().estimate(&input);
            prop_assert!(e.total_cents >= 0);
            prop_assert_eq!(e.total_cents, e.labor_cents - e.discount_cents + e.add_ons_cents);
            prop_assert_eq!(e.billed_milli_hours, e.team_size * e.on_site_milli_hours);
            prop_assert_eq!(e.on_site_milli_hours % 500, 0);
            prop_assert!(e.billed_milli_hours >= e.cleaner_milli_hours);
            let bare = EstimateInput { add_ons: BTreeMap::new(), ..input };
            prop_assert_eq!(current().estimate(&bare).discount_cents, e.discount_cents);
        }
    }
}
