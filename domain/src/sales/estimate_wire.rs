//! Estimates as JSON: the one place where money and hours are decimals.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};
use strum::VariantArray;

use super::estimate::{AddOn, CleaningType, Estimate, EstimateInput, Frequency};

/// An estimate as clients read it. The order of the fields is part of the answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimateAnswer {
    /// Which price book.
    pub pricing_config_id: String,
    /// Which version of it.
    pub pricing_config_version: String,
    /// Digest of that version.
    pub config_hash: String,
    /// Dollars per cleaner and hour.
    pub rate: f64,
    /// Cleaners sent.
    pub team_size: i64,
    /// Hours.
    pub time_on_site_hours: f64,
    /// Hours.
    pub billed_cleaner_hours: f64,
    /// Dollars.
    pub labor_cost: f64,
    /// Dollars.
    pub discount_amount: f64,
    /// Dollars.
    pub add_ons_cost: f64,
    /// Dollars.
    pub total_before_tax: f64,
    /// Nothing is assumed: every input is asked for.
    pub assumptions: Vec<String>,
    /// Nothing can be missing.
    pub missing_info: Vec<String>,
    /// Always 1.
    pub confidence: f64,
    /// How it came about.
    pub breakdown: Breakdown,
}

/// How an estimate came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Breakdown {
    /// Hours.
    pub base_hours: f64,
    /// For the kind of cleaning.
    pub multiplier: f64,
    /// Hours.
    pub extra_hours: f64,
    /// Hours, at least the minimum.
    pub total_cleaner_hours: f64,
    /// The minimum, in hours.
    pub min_cleaner_hours_applied: f64,
    /// Cleaners sent.
    pub team_size: i64,
    /// Hours.
    pub time_on_site_hours: f64,
    /// Hours.
    pub billed_cleaner_hours: f64,
    /// Dollars.
    pub labor_cost: f64,
    /// Dollars.
    pub add_ons_cost: f64,
    /// Dollars.
    pub discount_amount: f64,
    /// Dollars.
    pub total_before_tax: f64,
}

impl From<&Estimate> for EstimateAnswer {
    fn from(e: &Estimate) -> Self {
        let breakdown = Breakdown {
            base_hours: thousandths(e.base_milli_hours),
            multiplier: thousandths(e.multiplier_permille),
            extra_hours: thousandths(e.extra_milli_hours),
            total_cleaner_hours: thousandths(e.cleaner_milli_hours),
            min_cleaner_hours_applied: thousandths(e.minimum_milli_hours),
            team_size: e.team_size,
            time_on_site_hours: thousandths(e.on_site_milli_hours),
            billed_cleaner_hours: thousandths(e.billed_milli_hours),
            labor_cost: dollars(e.labor_cents),
            add_ons_cost: dollars(e.add_ons_cents),
            discount_amount: dollars(e.discount_cents),
            total_before_tax: dollars(e.total_cents),
        };
        Self {
            pricing_config_id: e.pricing_config_id.clone(),
            pricing_config_version: e.pricing_config_version.clone(),
            config_hash: e.config_hash.clone(),
            rate: dollars(e.rate_cents),
            team_size: e.team_size,
            time_on_site_hours: breakdown.time_on_site_hours,
            billed_cleaner_hours: breakdown.billed_cleaner_hours,
            labor_cost: breakdown.labor_cost,
            discount_amount: breakdown.discount_amount,
            add_ons_cost: breakdown.add_ons_cost,
            total_before_tax: breakdown.total_before_tax,
            assumptions: Vec::new(),
            missing_info: Vec::new(),
            confidence: 1.0,
            breakdown,
        }
    }
}

impl EstimateAnswer {
    /// The integers behind the decimals, priced in `currency`, which the answer does not name.
    pub fn to_estimate(&self, currency: &str) -> Estimate {
        Estimate {
            pricing_config_id: self.pricing_config_id.clone(),
            pricing_config_version: self.pricing_config_version.clone(),
            config_hash: self.config_hash.clone(),
            currency: currency.to_owned(),
            rate_cents: units(self.rate, 100.0),
            base_milli_hours: units(self.breakdown.base_hours, 1000.0),
            multiplier_permille: units(self.breakdown.multiplier, 1000.0),
            extra_milli_hours: units(self.breakdown.extra_hours, 1000.0),
            cleaner_milli_hours: units(self.breakdown.total_cleaner_hours, 1000.0),
            minimum_milli_hours: units(self.breakdown.min_cleaner_hours_applied, 1000.0),
            team_size: self.team_size,
            on_site_milli_hours: units(self.time_on_site_hours, 1000.0),
            billed_milli_hours: units(self.billed_cleaner_hours, 1000.0),
            labor_cents: units(self.labor_cost, 100.0),
            discount_cents: units(self.discount_amount, 100.0),
            add_ons_cents: units(self.add_ons_cost, 100.0),
            total_cents: units(self.total_before_tax, 100.0),
        }
    }
}

/// The request for an estimate as a client would send it, every default written out.
#[derive(Serialize)]
pub struct InputAnswer<'a> {
    beds: u16,
    baths: f64,
    cleaning_type: CleaningType,
    heavy_grease: bool,
    multi_floor: bool,
    frequency: Frequency,
    add_ons: AddOnsAnswer<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    awaiting_field: Option<&'a str>,
}

impl<'a> InputAnswer<'a> {
    /// `awaiting_field` is the question at which whoever asks was left.
    pub fn of(input: &'a EstimateInput, awaiting_field: Option<&'a str>) -> Self {
        Self {
            beds: input.beds,
            baths: f64::from(input.baths_hundredths) / 100.0,
            cleaning_type: input.cleaning_type,
            heavy_grease: input.heavy_grease,
            multi_floor: input.multi_floor,
            frequency: input.frequency,
            add_ons: AddOnsAnswer(&input.add_ons),
            awaiting_field,
        }
    }
}

/// Every extra there is: how many of it, or whether it is wanted.
struct AddOnsAnswer<'a>(&'a BTreeMap<AddOn, u16>);

impl Serialize for AddOnsAnswer<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut shown = to.serialize_map(Some(AddOn::VARIANTS.len()))?;
        for add_on in AddOn::VARIANTS {
            let count = self.0.get(add_on).copied().unwrap_or(0);
            let name = <&str>::from(add_on);
            if add_on.is_counted() {
                shown.serialize_entry(name, &count)?;
            } else {
                shown.serialize_entry(name, &(count > 0))?;
            }
        }
        shown.end()
    }
}

fn dollars(cents: i64) -> f64 {
    decimal(cents) / 100.0
}

fn thousandths(units: i64) -> f64 {
    decimal(units) / 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "estimates stay far below 2^53 units")]
const fn decimal(units: i64) -> f64 {
    units as f64
}

#[expect(clippy::cast_possible_truncation, reason = "rounded first; out of range saturates")]
fn units(decimal: f64, per: f64) -> i64 {
    (decimal * per).round() as i64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pricing::prices;

    const REQUEST: &str = r#"{"beds":2,"baths":1,"cleaning_type":"standard"}"#;
    const ANSWER: &str = concat!(
        r#"{"pricing_config_id":"economy","pricing_config_version":"v1","config_hash":""#,
        "sha256:a4520dc4deeeb5ef1cf5b01afe2e32f698847ec169609899cbde867094f472fb",
        r#"","rate":35.0,"team_size":1,"time_on_site_hours":3.0,"billed_cleaner_hours":3.0,"#,
        r#""labor_cost":105.0,"discount_amount":0.0,"add_ons_cost":0.0,"total_before_tax":105.0,"#,
        r#""assumptions":[],"missing_info":[],"confidence":1.0,"breakdown":{"base_hours":3.0,"#,
        r#""multiplier":1.0,"extra_hours":0.0,"total_cleaner_hours":3.0,"#,
        r#""min_cleaner_hours_applied":3.0,"team_size":1,"time_on_site_hours":3.0,"#,
        r#""billed_cleaner_hours":3.0,"labor_cost":105.0,"add_ons_cost":0.0,"#,
        r#""discount_amount":0.0,"total_before_tax":105.0}}"#,
    );

    fn estimate(request: &str) -> Estimate {
        let input = EstimateInput::parse(&serde_json::from_str(request).unwrap()).unwrap();
        prices::economy_v1().estimate(&input)
    }

    #[test]
    fn the_same_request_and_version_give_the_same_bytes() {
        let answer = EstimateAnswer::from(&estimate(REQUEST));
        assert_eq!(serde_json::to_string(&answer).unwrap(), ANSWER);
    }

    #[test]
    fn an_answer_leads_back_to_its_integers() {
        let sent = r#"{"beds":4,"baths":2.5,"cleaning_type":"move_out_empty","heavy_grease":true,
            "frequency":"biweekly","add_ons":{"linen_beds":3,"oven":true}}"#;
        let estimate = estimate(sent);
        let answer = EstimateAnswer::from(&estimate);
        let text = serde_json::to_string(&answer).unwrap();
        let read: EstimateAnswer = serde_json::from_str(&text).unwrap();
        assert_eq!(read.to_estimate("CAD"), estimate);
    }

    #[test]
    fn a_request_is_shown_as_it_can_be_sent_again() {
        let sent = r#"{"beds":4,"baths":2.5,"frequency":"weekly","add_ons":{"steam_sofa_2":3,"oven":true}}"#;
        let input = EstimateInput::parse(&serde_json::from_str(sent).unwrap()).unwrap();
        assert_eq!(EstimateInput::parse(&json!(InputAnswer::of(&input, None))), Ok(input));
    }
}
