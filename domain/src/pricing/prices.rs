//! One version of the prices, and the arithmetic that turns a request into an estimate.
//!
//! 1. The discount never touches add-ons; the total is never negative.
//! 2. Billed hours are team times time on site, and time on site is a multiple of the step.
//! 3. A version never changes: its digest stands in every estimate.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::digest;
use super::rates::Rates;
use crate::sales::estimate::{Estimate, EstimateInput};

static ECONOMY_V1: LazyLock<Prices> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    Prices::parse(include_str!("economy_v1.json")).expect("economy_v1.json is a price book")
});

/// One version of the prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prices {
    id: String,
    version: String,
    hash: String,
    rates: Rates,
}

/// What an organisation charges that has published nothing of its own.
pub fn economy_v1() -> &'static Prices {
    &ECONOMY_V1
}

impl Prices {
    /// Reads a version from a file; rows may stand in any order.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        let mut json: Value = serde_json::from_str(text)?;
        let mut taken = |name: &str| {
            let field = json.as_object_mut().and_then(|fields| fields.remove(name));
            serde_json::from_value::<String>(field.unwrap_or_default())
        };
        let (id, version) = (taken("id")?, taken("version")?);
        Ok(Self::of(id, version, serde_json::from_value(json)?))
    }

    /// The version of these rates that is called so.
    pub fn of(id: String, version: String, rates: Rates) -> Self {
        let rates = rates.sorted();
        let mut json = json!(rates);
        json["id"] = id.as_str().into();
        json["version"] = version.as_str().into();
        Self { id, version, hash: digest::of(&json), rates }
    }

    /// Digest of the numbers, whatever their layout in a file.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// As it stands in everything that was priced by it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.id, self.version)
    }

    /// The numbers.
    pub const fn rates(&self) -> &Rates {
        &self.rates
    }

    /// What the visit would cost.
    pub fn estimate(&self, input: &EstimateInput) -> Estimate {
        let rates = &self.rates;
        let base = rates.base_milli_hours(input);
        let multiplier =
            rates.multiplier_permille.get(&input.cleaning_type).copied().unwrap_or(1000);
        let extra = rates.extra_milli_hours(input);
        // Exact for the multipliers in use; a finer price book would round up to 3.6 seconds.
        let hours = (ceil_div(base * multiplier, 1000) + extra).max(rates.minimum_milli_hours);
        let team = rates.team_size(hours);
        let on_site =
            ceil_div(hours, team * rates.on_site_step_milli_hours) * rates.on_site_step_milli_hours;
        let billed = team * on_site;
        let labor = half_up(billed * rates.hourly_rate_cents, 1000);
        let share = rates.discount_permille.get(&input.frequency).copied().unwrap_or(0);
        let discount = half_up(labor * share, 1000);
        let add_ons = rates.add_ons_cents(input);
        Estimate {
            pricing_config_id: self.id.clone(),
            pricing_config_version: self.version.clone(),
            config_hash: self.hash.clone(),
            currency: rates.currency.clone(),
            rate_cents: rates.hourly_rate_cents,
            base_milli_hours: base,
            multiplier_permille: multiplier,
            extra_milli_hours: extra,
            cleaner_milli_hours: hours,
            minimum_milli_hours: rates.minimum_milli_hours,
            team_size: team,
            on_site_milli_hours: on_site,
            billed_milli_hours: billed,
            labor_cents: labor,
            discount_cents: discount,
            add_ons_cents: add_ons,
            total_cents: labor - discount + add_ons,
        }
    }
}

fn ceil_div(amount: i64, by: i64) -> i64 {
    (amount + by - 1).div_euclid(by)
}

fn half_up(amount: i64, by: i64) -> i64 {
    (2 * amount + by).div_euclid(2 * by)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use strum::VariantArray;

    use super::*;
    use crate::sales::estimate::{AddOn, CleaningType, Frequency};

    fn estimate(json: &Value) -> Estimate {
        economy_v1().estimate(&EstimateInput::parse(json).unwrap())
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
        // Stands in estimates of years ago.
        let digest = "sha256:a4520dc4deeeb5ef1cf5b01afe2e32f698847ec169609899cbde867094f472fb";
        assert_eq!(economy_v1().hash(), digest);
        let text = include_str!("economy_v1.json");
        let compact = serde_json::from_str::<Value>(text).unwrap().to_string();
        assert_eq!(Prices::parse(&compact).unwrap().hash(), economy_v1().hash());
        let dearer = text.replace("3500,", "3600,");
        assert_ne!(Prices::parse(&dearer).unwrap().hash(), economy_v1().hash());
    }

    #[test]
    fn every_product_of_the_book_is_a_whole_thousandth() {
        for row in &economy_v1().rates.base {
            for share in economy_v1().rates.multiplier_permille.values() {
                assert_eq!(row.milli_hours * share % 1000, 0);
            }
        }
        assert_eq!(economy_v1().rates.add_on_cents.len(), AddOn::VARIANTS.len());
        assert_eq!(economy_v1().rates.multiplier_permille.len(), CleaningType::VARIANTS.len());
        assert_eq!(economy_v1().rates.discount_permille.len(), Frequency::VARIANTS.len());
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
            let e = economy_v1().estimate(&input);
            prop_assert!(e.total_cents >= 0);
            prop_assert_eq!(e.total_cents, e.labor_cents - e.discount_cents + e.add_ons_cents);
            prop_assert_eq!(e.billed_milli_hours, e.team_size * e.on_site_milli_hours);
            prop_assert_eq!(e.on_site_milli_hours % 500, 0);
            prop_assert!(e.billed_milli_hours >= e.cleaner_milli_hours);
            let bare = EstimateInput { add_ons: BTreeMap::new(), ..input };
            prop_assert_eq!(economy_v1().estimate(&bare).discount_cents, e.discount_cents);
        }
    }
}
