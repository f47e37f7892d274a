//! Values of the API as people read them: amounts, and what an event changed.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

/// An amount of a price: the one place where the API speaks in decimals.
#[derive(Clone, Copy, Deserialize)]
#[serde(transparent)]
pub(crate) struct Dollars(f64);

impl Dollars {
    /// As a number field takes it.
    pub(crate) fn plain(self) -> String {
        format!("{:.2}", self.0)
    }

    pub(crate) fn is_some(self) -> bool {
        self.0 > 0.0
    }
}

impl fmt::Display for Dollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${:.2}", self.0)
    }
}

/// Cents as an amount, `1234.50`.
pub(crate) fn amount(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

/// An amount as somebody typed it, in cents; at most two decimals.
pub(crate) fn cents(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || fraction.len() > 2 || !digits(fraction) {
        return None;
    }
    let whole: i64 = whole.parse().ok()?;
    let fraction: i64 = format!("{fraction:0<2}").parse().ok()?;
    whole.checked_mul(100)?.checked_add(fraction)
}

/// One field before and after an event.
pub(crate) struct Change {
    pub(crate) field: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// The fields in which two objects differ; the tag of an event is no field.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let keys = |value: &Value| -> Vec<String> {
        value.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    };
    let all: BTreeSet<String> = keys(before).into_iter().chain(keys(after)).collect();
    let fields = all.into_iter().filter(|key| key != "type" && before[key] != after[key]);
    fields
        .map(|field| Change {
            before: text(&before[&field]),
            after: text(&after[&field]),
            field: field.replace('_', " "),
        })
        .collect()
}

/// A value in one line.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let pairs = fields.iter().map(|(name, value)| format!("{name}: {}", text(value)));
            pairs.collect::<Vec<_>>().join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_read_and_shown_without_rounding() {
        for (text, read) in [("185", 18500), ("185.5", 18550), ("185,05", 18505), ("0.01", 1)] {
            assert_eq!(cents(text), Some(read), "{text}");
        }
        for bad in ["", "-1", "1.005", "1e3", ".5", "12 000", "99999999999999999999"] {
            assert_eq!(cents(bad), None, "{bad}");
        }
        assert_eq!(amount(18505), "185.05");
        assert_eq!(amount(-5), "-0.05");
    }

    #[test]
    fn only_what_differs_is_a_change() {
        let before = json!({ "type": "x", "status": "NEW", "notes": null, "beds": 2 });
        let after = json!({ "type": "y", "status": "LOST", "loss_reason": "far", "beds": 2 });
        let changes = changes(&before, &after);
        let fields: Vec<&str> = changes.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["loss reason", "status"]);
        assert_eq!((changes[1].before.as_str(), changes[1].after.as_str()), ("NEW", "LOST"));
    }
}
