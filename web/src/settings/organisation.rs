//! Who the organisation is, and when it is open.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::form::{Fields, Form};

/// As the API calls them.
pub(crate) const WEEK: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What a form may leave empty.
const LEGAL: [&str; 7] = [
    "legal_name",
    "legal_bn",
    "legal_gst_hst",
    "legal_address",
    "legal_phone",
    "legal_email",
    "legal_website",
];

#[derive(Deserialize)]
pub(super) struct Organisation {
    pub(super) name: String,
    pub(super) timezone: String,
    pub(super) currency: String,
    pub(super) language: String,
    business_hours: BTreeMap<String, Hours>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Clone, Default, Deserialize)]
pub(super) struct Hours {
    pub(super) enabled: bool,
    pub(super) start: String,
    pub(super) end: String,
}

impl Organisation {
    pub(super) fn hours(&self, day: &str) -> Hours {
        self.business_hours.get(day).cloned().unwrap_or_default()
    }

    /// Whether a switch is on: as `form` has it if it was sent, else as it stands.
    pub(super) fn is_on(&self, name: &str, form: &Form) -> bool {
        if form.name.is_empty() {
            self.rest.get(name).and_then(Value::as_bool).unwrap_or_default()
        } else {
            form.has(name)
        }
    }

    /// A line of the imprint; empty if there is none.
    pub(super) fn legal(&self, name: &str) -> &str {
        self.rest.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

/// What is on or off; a form says nothing of what is off.
const SWITCHES: [&str; 2] = ["invoice_reminders", "finance_ready"];

/// What the form about the organisation asks for; an empty line of the imprint is taken out.
pub(super) fn change(fields: &Fields) -> Value {
    let mut body = Map::new();
    for name in ["timezone", "currency", "language"] {
        if let Some(value) = fields.filled(name) {
            body.insert(name.to_owned(), value.into());
        }
    }
    for name in LEGAL {
        body.insert(name.to_owned(), fields.filled(name).into());
    }
    for name in SWITCHES {
        body.insert(name.to_owned(), fields.filled(name).is_some().into());
    }
    body.into()
}

/// What the form about opening hours asks for, every day of the week.
pub(super) fn hours(fields: &Fields) -> Value {
    let day = |day: &&str| {
        let field = |part: &str| fields.get(&format!("{day}_{part}")).to_owned();
        let open = !field("enabled").is_empty();
        let hours = json!({ "enabled": open, "start": field("start"), "end": field("end") });
        ((*day).to_owned(), hours)
    };
    let days: Map<_, _> = WEEK.iter().map(day).collect();
    json!({ "business_hours": days })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_line_of_the_imprint_is_taken_out() {
        let mut fields = Fields::new();
        fields.set("timezone", "America/Toronto");
        fields.set("legal_name", "Maple Ltd");
        let body = change(&fields);
        assert_eq!(body["timezone"], "America/Toronto");
        assert_eq!(body["legal_name"], "Maple Ltd");
        assert!(body["legal_bn"].is_null() && body.get("legal_bn").is_some());
        assert!(body.get("currency").is_none());
    }

    #[test]
    fn a_switch_without_its_tick_is_off() {
        let mut fields = Fields::new();
        assert_eq!(change(&fields)["invoice_reminders"], false);
        fields.set("invoice_reminders", "on");
        assert_eq!(change(&fields)["invoice_reminders"], true);
    }

    #[test]
    fn a_day_without_its_tick_is_closed() {
        let mut fields = Fields::new();
        for (name, value) in
            [("monday_enabled", "on"), ("monday_start", "08:00"), ("monday_end", "17:00")]
        {
            fields.set(name, value);
        }
        let body = hours(&fields);
        let monday = json!({ "enabled": true, "start": "08:00", "end": "17:00" });
        assert_eq!(body["business_hours"]["monday"], monday);
        assert_eq!(body["business_hours"]["sunday"]["enabled"], false);
    }
}
