//! Values of the API as people read them: amounts, and what an event changed.

use std::collections::{BTreeMap, BTreeSet};
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

/// Stands where there is no value.
const NOTHING: &str = "–";

/// One field before and after an event.
pub(crate) struct Change {
    pub(crate) field: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// The fields in which two objects differ, however deep they lie; the tag of an event is no field.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    leaves("", before, &mut old);
    leaves("", after, &mut new);
    let fields: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let shown = |leaves: &BTreeMap<String, String>, field: &str| {
        leaves.get(field).map_or_else(|| NOTHING.to_owned(), Clone::clone)
    };
    let all = fields.into_iter().map(|field| Change {
        before: shown(&old, field),
        after: shown(&new, field),
        field: field.clone(),
    });
    all.filter(|change| change.before != change.after).collect()
}

/// Every value that has no parts, under its path.
fn leaves(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    let below = |name: &str| {
        let name = name.replace('_', " ");
        if path.is_empty() { name } else { format!("{path} › {name}") }
    };
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| *name != "type") {
                leaves(&below(name), value, found);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, value) in items.iter().enumerate() {
                leaves(&below(&(index + 1).to_string()), value, found);
            }
        }
        Value::Null => {}
        Value::Array(items) if items.is_empty() => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            found.insert(path.to_owned(), text(value));
        }
    }
}

/// A value in one line.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
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

    #[test]
    fn a_change_deep_inside_is_named_by_its_path() {
        let quote = |status: &str| json!({ "quotes": [{ "status": status, "follow_ups": [] }] });
        let changes = changes(&quote("DRAFT"), &quote("SENT"));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].field, "quotes › 1 › status");
        assert!(super::changes(&json!({ "notes": null }), &json!({})).is_empty());
    }
}
