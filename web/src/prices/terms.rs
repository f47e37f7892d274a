//! The terms on which visits are booked, in words.

use serde_json::Value;

use super::term::{Kind, SECTIONS};
use crate::shown;

/// Terms about one thing.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) lines: Vec<(&'static str, String)>,
}

/// All of them that the API tells; what is empty is left out.
pub(super) fn sections(policies: &Value) -> Vec<Section> {
    let sections = SECTIONS.iter().map(|section| {
        let lines = section.terms.iter().filter_map(|term| {
            let value = &policies[section.name][term.name];
            let text = in_words(term.kind, value);
            (!text.is_empty()).then_some((term.label, text))
        });
        Section { title: section.title, lines: lines.collect() }
    });
    sections.filter(|section| !section.lines.is_empty()).collect()
}

/// As people read it.
fn in_words(kind: Kind, value: &Value) -> String {
    let text = typed(kind, value);
    match (kind, value) {
        (_, Value::Null) => String::new(),
        (Kind::Yes, Value::Bool(is_so)) => (if *is_so { "yes" } else { "no" }).to_owned(),
        (Kind::Dollars, _) => format!("${text}"),
        (Kind::Share | Kind::Percent, _) => format!("{text} %"),
        (Kind::Months, Value::Array(months)) => {
            let named = months.iter().filter_map(Value::as_u64).filter_map(month);
            named.collect::<Vec<_>>().join(", ")
        }
        _ => text.replace('\n', "; "),
    }
}

/// Months of the year, in order.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn month(number: u64) -> Option<&'static str> {
    MONTHS.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
}

/// As it is typed into a form; ticks say nothing.
pub(super) fn typed(kind: Kind, value: &Value) -> String {
    match (kind, value) {
        (Kind::Dollars, _) => value.as_i64().map(shown::amount).unwrap_or_default(),
        (Kind::Share, _) => value.as_f64().map(shown::percent).unwrap_or_default(),
        (Kind::List, Value::Array(items)) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        (Kind::Certificates, Value::Object(skills)) => {
            let line = |(skill, names): (&String, &Value)| {
                format!("{skill}: {}", typed(Kind::List, names))
            };
            skills.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        (Kind::Decimal, Value::Number(number)) => {
            let text = number.to_string();
            text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
        }
        (_, Value::Number(number)) => number.to_string(),
        (_, Value::String(text)) => text.clone(),
        _ => String::new(),
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
            "workers": { "required_certificates": { "deep_clean": ["A", "B"] }, "rating_drop": 0.5 },
            "ways": { "winter_months": [1, 12], "winter_multiplier": 1.0 },
        });
        let sections = sections(&policies);
        assert_eq!(sections.len(), 4);
        let has = |title: &str, line: (&str, &str)| {
            let section = sections.iter().find(|one| one.title == title).unwrap();
            let said = section.lines.iter().any(|(label, text)| (*label, text.as_str()) == line);
            assert!(said, "{line:?} in {:?}", section.lines);
        };
        for line in [("Ask for deposits", "yes"), ("At least", "$50.00"), ("Usually", "25 %")] {
            has("Deposits", line);
        }
        has("Cancelling", ("The part", "50 %"));
        has("Workers", ("Told if they are worse by stars", "0.5"));
        has("Ways between visits", ("Months of winter", "January, December"));
        has("Ways between visits", ("In winter, times as long", "1"));
        assert!(sections[2].lines.iter().any(|(_, text)| text == "deep_clean: A, B"));
    }
}
