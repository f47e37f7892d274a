//! The terms on which visits are booked, in words.

use serde_json::{Map, Value};

use crate::{called, shown};

/// Terms about one thing.
pub(super) struct Section {
    pub(super) name: String,
    pub(super) lines: Vec<(String, String)>,
}

/// All of them, as the API has them; what is empty is left out.
pub(super) fn sections(policies: &Value) -> Vec<Section> {
    let all = policies.as_object().into_iter().flatten();
    let section = |(name, fields): (&String, &Value)| Section {
        name: called::words(name),
        lines: fields.as_object().map(|fields| lines(name, fields)).unwrap_or_default(),
    };
    all.map(section).filter(|section| !section.lines.is_empty()).collect()
}

fn lines(section: &str, fields: &Map<String, Value>) -> Vec<(String, String)> {
    let said = fields.iter().filter(|(_, value)| !is_nothing(value));
    said.map(|(name, value)| (called::term(section, name), line(name, value))).collect()
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Amounts are cents there, shares fractions.
fn line(name: &str, value: &Value) -> String {
    match (value.as_i64(), value.as_f64()) {
        (Some(cents), _) if name.ends_with("_cents") => shown::dollars(cents),
        (Some(number), _) if name.ends_with("percent") => format!("{number} %"),
        (None, Some(share)) if name.ends_with("percent") => format!("{} %", shown::percent(share)),
        _ => shown::text(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn terms_are_told_in_dollars_and_percent() {
        let policies = json!({
            "deposit": { "percent": 0.25, "minimum_cents": 5_000, "enabled": true, "notes": null },
            "cancellation": { "partial_percent": 50, "free_hours": 48 }, "work": {},
        });
        let sections = sections(&policies);
        assert_eq!(sections.len(), 2);
        let deposit = sections.iter().find(|one| one.name == "Deposit").unwrap();
        let line = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let said = [line("Asked for", "yes"), line("At least", "$50.00"), line("Usually", "25 %")];
        for one in said {
            assert!(deposit.lines.contains(&one), "{one:?} in {:?}", deposit.lines);
        }
        let gone = sections.iter().find(|one| one.name == "Cancellation").unwrap();
        assert!(gone.lines.contains(&line("Paid back in part", "50 %")), "{:?}", gone.lines);
    }
}
