//! What people type into forms, as the API takes it: what cannot be read is told beside its field, before anything is asked.

use std::str::FromStr;

use serde::Serialize;
use serde_json::Value;

use crate::failure::{Failure, FieldError};
use crate::form::Fields;
use crate::shown;

/// How an amount is asked for again.
pub(crate) const AMOUNT: &str = "Write an amount such as 185 or 1,850.50";

/// Reads a form field by field.
pub(crate) struct Typed<'a> {
    fields: &'a Fields,
    wrong: Vec<FieldError>,
}

impl<'a> Typed<'a> {
    pub(crate) const fn new(fields: &'a Fields) -> Self {
        Self { fields, wrong: Vec::new() }
    }

    /// Dollars, as cents.
    pub(crate) fn cents(&mut self, name: &str) -> Value {
        self.amount(name, shown::cents)
    }

    /// As [`Self::cents`]; null if nothing was filled in.
    pub(crate) fn maybe_cents(&mut self, name: &str) -> Value {
        if self.fields.filled(name).is_some() { self.cents(name) } else { Value::Null }
    }

    /// As [`Self::cents`], and less than nothing with a minus before it.
    pub(crate) fn balance(&mut self, name: &str) -> Value {
        self.amount(name, |text| match text.strip_prefix(['-', '−']) {
            Some(owed) => shown::cents(owed).map(|cents| -cents),
            None => shown::cents(text),
        })
    }

    /// A number; null if nothing was filled in.
    pub(crate) fn number<T: FromStr + Serialize>(&mut self, name: &str) -> Value {
        let Some(text) = self.fields.filled(name) else { return Value::Null };
        let number = text.parse::<T>().ok().and_then(|number| serde_json::to_value(number).ok());
        number.unwrap_or_else(|| {
            self.wrong(name, "Write a number");
            Value::Null
        })
    }

    /// A decimal number in units of `places` decimals; null if nothing was filled in.
    pub(crate) fn units(&mut self, name: &str, places: usize) -> Value {
        let read = |text: &str| shown::units(text, places).map(Value::from);
        self.bare(name, "Write a number such as 3 or 2.5", read)
    }

    /// A share in percent, as a fraction of one; null if nothing was filled in.
    pub(crate) fn percent(&mut self, name: &str) -> Value {
        self.bare(name, "Write a share such as 5 or 12.5", fraction)
    }

    /// What was filled in, without a percent sign.
    fn bare(&mut self, name: &str, again: &str, read: impl Fn(&str) -> Option<Value>) -> Value {
        let Some(text) = self.fields.filled(name) else { return Value::Null };
        read(text.trim_end_matches('%').trim_end()).unwrap_or_else(|| {
            self.wrong(name, again);
            Value::Null
        })
    }

    /// Says what is wrong with a field.
    pub(crate) fn wrong(&mut self, name: &str, message: &str) {
        self.wrong.push(FieldError { field: name.to_owned(), message: message.to_owned() });
    }

    /// `body`, if everything in it could be read.
    pub(crate) fn read<T>(self, body: T) -> Result<T, Failure> {
        if self.wrong.is_empty() { Ok(body) } else { Err(Failure::unusable(self.wrong)) }
    }

    fn amount(&mut self, name: &str, read: impl Fn(&str) -> Option<i64>) -> Value {
        let cents = read(self.fields.get(name));
        if cents.is_none() {
            self.wrong(name, AMOUNT);
        }
        cents.map_or(Value::Null, Value::from)
    }
}

/// A percentage as a fraction, digit by digit: a division would leave dust behind the sixth decimal.
fn fraction(percent: &str) -> Option<Value> {
    let units = shown::units(percent, 4).filter(|units| *units < MOST_PERCENT)?;
    let number = format!("{}.{:06}", units / 1_000_000, units % 1_000_000).parse().ok()?;
    serde_json::Number::from_f64(number).map(Value::Number)
}

/// Shares have three digits before the point, and four behind it.
const MOST_PERCENT: i64 = 10_000_000;

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in pairs {
            fields.set(name, *value);
        }
        fields
    }

    #[test]
    fn what_was_typed_becomes_what_the_api_takes() {
        let typed = fields(&[
            ("price", " $1,000.5 "),
            ("cash", "-12"),
            ("minutes", "90"),
            ("tax", "5"),
            ("pst", "7.125 %"),
            ("least", "2.5"),
            ("off", "10 %"),
            ("many", "1,000"),
        ]);
        let mut typed = Typed::new(&typed);
        assert_eq!(typed.cents("price"), json!(100_050));
        assert_eq!(typed.maybe_cents("deposit"), Value::Null);
        assert_eq!(typed.balance("cash"), json!(-1_200));
        assert_eq!(typed.number::<u32>("minutes"), json!(90));
        assert_eq!(typed.number::<u32>("hours"), Value::Null);
        assert_eq!(typed.percent("tax"), json!(0.05));
        assert_eq!(typed.percent("pst"), json!(0.07125));
        assert_eq!(typed.units("least", 3), json!(2_500));
        assert_eq!(typed.units("off", 1), json!(100));
        assert_eq!(typed.units("many", 3), json!(1_000_000));
        assert!(typed.read(()).is_ok());
    }

    #[test]
    fn what_cannot_be_read_is_told_by_field() {
        let typed = fields(&[("price", "a lot"), ("minutes", "2h"), ("tax", "five")]);
        let mut typed = Typed::new(&typed);
        typed.cents("price");
        typed.cents("fee");
        typed.number::<u32>("minutes");
        typed.percent("tax");
        let failure = typed.read(()).unwrap_err();
        assert!(failure.is_about_input());
        let errors = &failure.refusal().unwrap().errors;
        let named: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, ["price", "fee", "minutes", "tax"]);
        assert_eq!(errors[0].message, AMOUNT);
    }
}
