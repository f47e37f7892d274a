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

/// Cents as an amount of dollars, `-$1234.50`.
pub(crate) fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}${}.{:02}", cents / 100, cents % 100)
}

/// A number kept in units of `places` decimals, without zeros at its end.
pub(crate) fn decimal(units: i64, places: usize) -> String {
    let digits = format!("{:0>width$}", units.unsigned_abs(), width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    let sign = if units < 0 { "-" } else { "" };
    let rest = rest.trim_end_matches('0');
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

/// A share of one in percent.
pub(crate) fn percent(share: f64) -> String {
    let digits = format!("{:.4}", share * 100.0);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An amount as somebody typed it, in cents; at most two decimals.
pub(crate) fn cents(text: &str) -> Option<i64> {
    let text = text.trim();
    units(text.strip_prefix('$').unwrap_or(text).trim_start(), 2)
}

/// A number as somebody typed it, in units of `places` decimals. A comma stands between thousands or before the decimals.
pub(crate) fn units(text: &str, places: usize) -> Option<i64> {
    let (whole, rest) = match text.split_once('.') {
        Some((whole, rest)) => (ungrouped(whole)?, rest),
        None => match (ungrouped(text), text.split_once(',')) {
            (Some(whole), _) => (whole, ""),
            (None, Some((whole, rest))) if is_number(whole) => (whole.to_owned(), rest),
            (None, _) => return None,
        },
    };
    if rest.len() > places || !(rest.is_empty() || is_number(rest)) {
        return None;
    }
    format!("{whole}{rest:0<places$}").parse().ok()
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A whole number without the commas between its thousands.
fn ungrouped(text: &str) -> Option<String> {
    let mut groups = text.split(',');
    let first = groups.next().filter(|group| is_number(group))?;
    let mut whole = first.to_owned();
    for group in groups {
        if first.len() > 3 || first.starts_with('0') || group.len() != 3 || !is_number(group) {
            return None;
        }
        whole.push_str(group);
    }
    Some(whole)
}

/// With a capital letter at its beginning.
pub(crate) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A sentence about cents with its numbers in dollars.
pub(crate) fn in_dollars(sentence: &str) -> String {
    let word = |word: &str| match word.parse() {
        Ok(cents) => dollars(cents),
        Err(_) => word.to_owned(),
    };
    sentence.split(' ').map(word).collect::<Vec<_>>().join(" ")
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
        let plain = [("185", 18500), ("185.5", 18550), ("185,05", 18505), ("0.01", 1)];
        let grouped =
            [("1,000.50", 100_050), (" 1000.5 ", 100_050), ("$12,345,678", 1_234_567_800)];
        for (text, read) in plain.into_iter().chain(grouped) {
            assert_eq!(cents(text), Some(read), "{text}");
        }
        let torn = ["1,00.50", "1000,000", ",500", "1,000,00", "$", "1.000,50"];
        let bad = ["", "-1", "1.005", "1e3", ".5", "12 000", "99999999999999999999"];
        for bad in bad.into_iter().chain(torn) {
            assert_eq!(cents(bad), None, "{bad}");
        }
        assert_eq!(amount(18505), "185.05");
        assert_eq!((amount(-5), dollars(-1_250)), ("-0.05".to_owned(), "-$12.50".to_owned()));
    }

    #[test]
    fn a_comma_means_the_same_in_every_number() {
        assert_eq!((units("1,000", 3), units("1,5", 3)), (Some(1_000_000), Some(1_500)));
        assert_eq!((units("0,125", 3), units("0,125", 2)), (Some(125), None));
    }

    #[test]
    fn numbers_lose_the_zeros_at_their_end() {
        assert_eq!((decimal(3_000, 3), decimal(2_500, 3)), ("3".to_owned(), "2.5".to_owned()));
        assert_eq!((decimal(5, 1), decimal(-25, 1)), ("0.5".to_owned(), "-2.5".to_owned()));
        assert_eq!((percent(0.05), percent(0.07125)), ("5".to_owned(), "7.125".to_owned()));
    }

    #[test]
    fn a_sentence_about_cents_is_told_in_dollars() {
        let said = in_dollars("Input should be from 1 to 100000000");
        assert_eq!(said, "Input should be from $0.01 to $1000000.00");
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
