//! A change of the numbers, read from untrusted JSON: what is left out stays.

use serde_json::Value;

use super::rates::Rates;
use crate::input::{Fields, Problems};

/// The names under which the numbers are sent. What extras cost stands at the extras.
const NAMES: [&str; 10] = [
    "currency",
    "hourly_rate_cents",
    "minimum_milli_hours",
    "on_site_step_milli_hours",
    "teams",
    "multiplier_permille",
    "heavy_grease",
    "multi_floor_milli_hours",
    "discount_permille",
    "base",
];

/// Numbers to put in the place of others; each is one of the above.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RatesChange(Vec<(&'static str, Value)>);

impl RatesChange {
    /// Reads an object that stands at `path`.
    pub fn parse(json: &Value, path: &str) -> Result<Self, Problems> {
        let mut fields = Fields::of(json, path)?;
        let sent = NAMES.iter().filter_map(|name| Some((*name, fields.sent(name)?.clone())));
        let sent = sent.collect();
        fields.finish().or(Self(sent))
    }

    /// The numbers after it.
    pub fn over(&self, before: &Rates) -> Result<Rates, Problems> {
        let mut after = before.clone();
        let mut wrong = Problems::default();
        for (name, value) in &self.0 {
            wrong.take(put(&mut after, name, value));
        }
        wrong.or(())?;
        after.check()?;
        Ok(after.sorted())
    }
}

fn put(rates: &mut Rates, name: &'static str, value: &Value) -> Result<(), Problems> {
    match name {
        "currency" => read(&mut rates.currency, name, value),
        "hourly_rate_cents" => read(&mut rates.hourly_rate_cents, name, value),
        "minimum_milli_hours" => read(&mut rates.minimum_milli_hours, name, value),
        "on_site_step_milli_hours" => read(&mut rates.on_site_step_milli_hours, name, value),
        "teams" => read(&mut rates.teams, name, value),
        "multiplier_permille" => read(&mut rates.multiplier_permille, name, value),
        "heavy_grease" => read(&mut rates.heavy_grease, name, value),
        "multi_floor_milli_hours" => read(&mut rates.multi_floor_milli_hours, name, value),
        "discount_permille" => read(&mut rates.discount_permille, name, value),
        _ => read(&mut rates.base, name, value),
    }
}

fn read<T: serde::de::DeserializeOwned>(
    into: &mut T,
    name: &str,
    value: &Value,
) -> Result<(), Problems> {
    // What serde says about a value repeats the value.
    *into = serde_json::from_value(value.clone()).map_err(|_| {
        Problems::one(format!("rates.{name}"), "Input should have the shape of what is there")
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pricing::prices::economy_v1;

    fn changed(json: &Value) -> Result<Rates, Problems> {
        RatesChange::parse(json, "rates")?.over(economy_v1().rates())
    }

    #[test]
    fn what_is_sent_is_put_in_its_place_and_the_rest_stays() {
        let before = economy_v1().rates();
        let base = json!([{ "beds": 2, "baths": 2, "milli_hours": 3000 }, { "beds": 1, "baths": 1, "milli_hours": 2000 }]);
        let after = changed(&json!({ "hourly_rate_cents": 4000, "base": base })).unwrap();
        assert_eq!((after.hourly_rate_cents, after.base[0].beds), (4000, 1));
        assert_eq!((&after.teams, &after.currency), (&before.teams, &before.currency));
        assert_eq!(changed(&json!({})).unwrap(), *before);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let json = json!({ "hourly_rate_cents": "much", "teams": [{ "size": 1.5 }] });
        let problems = changed(&json).unwrap_err();
        let names: Vec<_> = problems.as_slice().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(names, ["rates.hourly_rate_cents", "rates.teams"]);
        let negative = changed(&json!({ "hourly_rate_cents": -5 })).unwrap_err();
        assert_eq!(negative.as_slice()[0].field, "rates.hourly_rate_cents");
    }
}
