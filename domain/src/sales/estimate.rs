//! What an estimate is asked for and what it says, in integers: cents and thousandths of an hour.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr, VariantArray, VariantNames};

use crate::input::{Fields, Problems, hundredths_up};

/// Most of one counted add-on; keeps every sum far inside an `i64`.
const MOST_OF_ONE_ADD_ON: u16 = 1000;

/// What is to be cleaned, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EstimateInput {
    /// 0 to 10.
    pub beds: u16,
    /// 0 to 1000: a half bath counts 50.
    pub baths_hundredths: u16,
    /// How thoroughly.
    pub cleaning_type: CleaningType,
    /// A kitchen that needs more time.
    pub heavy_grease: bool,
    /// Stairs.
    pub multi_floor: bool,
    /// How often.
    pub frequency: Frequency,
    /// How many of each extra; none is left out.
    pub add_ons: BTreeMap<AddOn, u16>,
}

/// How thoroughly.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CleaningType {
    /// The usual visit.
    #[default]
    Standard,
    /// More than the usual visit.
    Deep,
    /// After moving out.
    MoveOutEmpty,
    /// Before moving in.
    MoveInEmpty,
}

/// How often.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Frequency {
    /// Once.
    #[default]
    OneTime,
    /// Every week.
    Weekly,
    /// Every second week.
    Biweekly,
    /// Every month.
    Monthly,
}

/// An extra with a price of its own.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AddOn {
    /// Inside of the oven.
    Oven,
    /// Inside of the fridge.
    Fridge,
    /// Inside of the microwave.
    Microwave,
    /// Inside of the cabinets.
    Cabinets,
    /// Up to five windows.
    #[serde(rename = "windows_up_to_5")]
    #[strum(serialize = "windows_up_to_5")]
    WindowsUpTo5,
    /// Balcony.
    Balcony,
    /// Beds to change.
    LinenBeds,
    /// Armchairs to steam.
    SteamArmchair,
    /// Two-seat sofas to steam.
    #[serde(rename = "steam_sofa_2")]
    #[strum(serialize = "steam_sofa_2")]
    SteamSofa2,
    /// Three-seat sofas to steam.
    #[serde(rename = "steam_sofa_3")]
    #[strum(serialize = "steam_sofa_3")]
    SteamSofa3,
    /// Sectional sofas to steam.
    SteamSectional,
    /// Mattresses to steam.
    SteamMattress,
    /// Spots on carpets.
    CarpetSpot,
}

impl AddOn {
    /// What it is called where nobody has named it otherwise.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Oven => "Inside of the oven",
            Self::Fridge => "Inside of the fridge",
            Self::Microwave => "Inside of the microwave",
            Self::Cabinets => "Inside of the cabinets",
            Self::WindowsUpTo5 => "Up to five windows",
            Self::Balcony => "Balcony",
            Self::LinenBeds => "Change of linen, one bed",
            Self::SteamArmchair => "Armchair, steamed",
            Self::SteamSofa2 => "Sofa with two seats, steamed",
            Self::SteamSofa3 => "Sofa with three seats, steamed",
            Self::SteamSectional => "Sectional sofa, steamed",
            Self::SteamMattress => "Mattress, steamed",
            Self::CarpetSpot => "Spot on a carpet",
        }
    }

    /// Whether it is counted; the others are wanted or not.
    pub const fn is_counted(self) -> bool {
        match self {
            Self::Oven
            | Self::Fridge
            | Self::Microwave
            | Self::Cabinets
            | Self::WindowsUpTo5
            | Self::Balcony => false,
            Self::LinenBeds
            | Self::SteamArmchair
            | Self::SteamSofa2
            | Self::SteamSofa3
            | Self::SteamSectional
            | Self::SteamMattress
            | Self::CarpetSpot => true,
        }
    }
}

impl EstimateInput {
    /// Reads the body of a request for an estimate.
    pub fn parse(json: &Value) -> Result<Self, Problems> {
        let mut fields = Fields::of(json, "")?;
        let input = Self::read(&mut fields);
        fields.finish().or(input)
    }

    /// Reads the fields of an estimate out of an object that may hold more; problems stay in `fields`.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            beds: fields.required_count("beds", 10),
            baths_hundredths: baths(fields),
            cleaning_type: fields.choice("cleaning_type"),
            heavy_grease: fields.flag("heavy_grease"),
            multi_floor: fields.flag("multi_floor"),
            frequency: fields.choice("frequency"),
            add_ons: add_ons(fields),
        }
    }
}

fn baths(fields: &mut Fields<'_>) -> u16 {
    let Some(value) = fields.required("baths") else { return 0 };
    let exact = value.as_number().and_then(hundredths_up).and_then(|n| u16::try_from(n).ok());
    exact.filter(|n| *n <= 1000).unwrap_or_else(|| {
        fields.problem("baths", "Input should be a number from 0 to 10");
        0
    })
}

fn add_ons(fields: &mut Fields<'_>) -> BTreeMap<AddOn, u16> {
    let Some(value) = fields.optional("add_ons") else { return BTreeMap::new() };
    let Some(mut wanted) = fields.problems.take(Fields::of(value, &fields.path("add_ons"))) else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for add_on in AddOn::VARIANTS {
        let count = if add_on.is_counted() {
            wanted.count(add_on.into(), MOST_OF_ONE_ADD_ON)
        } else {
            u16::from(wanted.flag(add_on.into()))
        };
        if count > 0 {
            found.insert(*add_on, count);
        }
    }
    fields.problems.absorb(wanted.finish());
    found
}

/// What a visit would cost, and how that came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Which price book.
    pub pricing_config_id: String,
    /// Which version of it.
    pub pricing_config_version: String,
    /// Digest of that version.
    pub config_hash: String,
    /// Currency of every amount.
    pub currency: String,
    /// Per cleaner and hour.
    pub rate_cents: i64,
    /// Before the kind of cleaning.
    pub base_milli_hours: i64,
    /// For the kind of cleaning.
    pub multiplier_permille: i64,
    /// Grease and stairs.
    pub extra_milli_hours: i64,
    /// Work in all, at least the minimum.
    pub cleaner_milli_hours: i64,
    /// The minimum of the price book.
    pub minimum_milli_hours: i64,
    /// Cleaners sent.
    pub team_size: i64,
    /// From arrival to departure.
    pub on_site_milli_hours: i64,
    /// Team times time on site.
    pub billed_milli_hours: i64,
    /// Billed hours times rate.
    pub labor_cents: i64,
    /// For coming often, on labour only.
    pub discount_cents: i64,
    /// Extras.
    pub add_ons_cents: i64,
    /// Labour less discount plus extras.
    pub total_cents: i64,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn explicit_nulls_become_defaults() {
        let nulls = json!({ "beds": 2, "baths": 1.5, "cleaning_type": null, "heavy_grease": null,
            "multi_floor": null, "frequency": null, "add_ons": { "oven": null, "linen_beds": null } });
        let expected = EstimateInput { beds: 2, baths_hundredths: 150, ..EstimateInput::default() };
        assert_eq!(EstimateInput::parse(&nulls), Ok(expected.clone()));
        assert_eq!(EstimateInput::parse(&json!({ "beds": 2.0, "baths": 1.5 })), Ok(expected));
    }

    #[test]
    fn unusable_values_are_named_by_their_path() {
        let cases = [
            (json!([]), "body"),
            (json!({ "baths": 1 }), "beds"),
            (json!({ "beds": 11, "baths": 1 }), "beds"),
            (json!({ "beds": -1, "baths": 1 }), "beds"),
            (json!({ "beds": 1.5, "baths": 1 }), "beds"),
            (json!({ "beds": null, "baths": 1 }), "beds"),
            (json!({ "beds": 1, "baths": 10.001 }), "baths"),
            (json!({ "beds": 1, "baths": -0.5 }), "baths"),
            (json!({ "beds": 1, "baths": "NaN" }), "baths"),
            (json!({ "beds": 1, "baths": 1, "cleaning_type": "quick" }), "cleaning_type"),
            (json!({ "beds": 1, "baths": 1, "frequency": 7 }), "frequency"),
            (json!({ "beds": 1, "baths": 1, "heavy_grease": "yes" }), "heavy_grease"),
            (json!({ "beds": 1, "baths": 1, "add_ons": [] }), "add_ons"),
            (json!({ "beds": 1, "baths": 1, "add_ons": { "roof": true } }), "add_ons.roof"),
            (json!({ "beds": 1, "baths": 1, "add_ons": { "oven": 1 } }), "add_ons.oven"),
            (
                json!({ "beds": 1, "baths": 1, "add_ons": { "linen_beds": -1 } }),
                "add_ons.linen_beds",
            ),
            (json!({ "beds": 1, "baths": 1, "colour": "red" }), "colour"),
        ];
        for (sent, field) in cases {
            let problems = EstimateInput::parse(&sent).unwrap_err();
            assert_eq!(problems.as_slice().len(), 1, "{sent}");
            assert_eq!(problems.as_slice()[0].field, field, "{sent}");
        }
    }

    #[test]
    fn every_add_on_keeps_its_name_in_storage_and_on_the_wire() {
        for add_on in AddOn::VARIANTS {
            let name: &str = add_on.into();
            assert_eq!(serde_json::to_value(add_on).unwrap(), name);
        }
    }
}
