//! Why a visit took longer, or cost something else: a fixed list for each.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// A reason of one of two kinds; a code of the wrong kind cannot be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "code", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ReasonCode {
    /// It took longer than planned.
    TimeOverrun(Overrun),
    /// It cost something else.
    PriceAdjust(Adjustment),
}

/// Why it took longer.
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
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Overrun {
    /// Nobody opened.
    AccessDelay,
    /// Dirtier than it was said to be.
    ExtraDirt,
    /// The customer wanted more.
    ClientRequest,
    /// Something was missing.
    SuppliesMissing,
    /// It was planned too short.
    EstimateWrong,
    /// No place for the car.
    ParkingDelay,
    /// Something else.
    Other,
}

/// Why it cost something else.
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
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum Adjustment {
    /// An extra was added.
    AddonAdded,
    /// Something could break.
    DamageRisk,
    /// A promotion.
    DiscountPromo,
    /// The customer was not content.
    ClientComplaint,
    /// More was done.
    ExtraService,
    /// Something else.
    Other,
}

impl ReasonCode {
    /// Reads both words; `None` if they do not go together.
    pub fn parse(kind: &str, code: &str) -> Option<Self> {
        match kind {
            "TIME_OVERRUN" => code.parse().ok().map(Self::TimeOverrun),
            "PRICE_ADJUST" => code.parse().ok().map(Self::PriceAdjust),
            _ => None,
        }
    }

    /// Both words.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::TimeOverrun(code) => ("TIME_OVERRUN", code.into()),
            Self::PriceAdjust(code) => ("PRICE_ADJUST", code.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_with_its_own_kind_only() {
        let parking = ReasonCode::parse("TIME_OVERRUN", "PARKING_DELAY").unwrap();
        assert_eq!(parking.words(), ("TIME_OVERRUN", "PARKING_DELAY"));
        assert_eq!(ReasonCode::parse("PRICE_ADJUST", "PARKING_DELAY"), None);
        assert_eq!(ReasonCode::parse("OTHER", "OTHER"), None);
        let json = serde_json::to_value(parking).unwrap();
        assert_eq!(json, serde_json::json!({ "kind": "TIME_OVERRUN", "code": "PARKING_DELAY" }));
    }
}
