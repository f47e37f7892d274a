//! What is asked of the settings, read from untrusted JSON.
//!
//! What is left out stays. Days and entries of the branding are changed one by one; null takes away a line or an entry.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use serde_json::Value;
use strum::VariantNames;

use super::{Currency, Language, Legal, ReferralTrigger};
use crate::input::{self, Fields, Problems};
use crate::settings::holiday::Holiday;
use crate::settings::hours::{Day, Hours};
use crate::settings::zone;

/// More would not be branding.
const ENTRIES: usize = 32;

/// The goal is an amount in cents: whole, and not below zero.
const REVENUE_GOAL: &str = "weekly_revenue_goal_cents";

/// A change of some settings; `None` and what is missing stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// IANA time zone.
    pub timezone: Option<String>,
    /// What prices are in.
    pub currency: Option<Currency>,
    /// What it writes in.
    pub language: Option<Language>,
    /// Hours of some days.
    pub business_hours: BTreeMap<Day, Hours>,
    /// All holidays it keeps.
    pub holidays: Option<BTreeSet<Holiday>>,
    /// Lines of the imprint; `None` removes one.
    pub legal: BTreeMap<Legal, Option<String>>,
    /// Entries of its looks; `None` removes one.
    pub branding: BTreeMap<String, Option<Value>>,
    /// When a referral is credited.
    pub referral_credit_trigger: Option<ReferralTrigger>,
    /// Whether the books are ready to be kept here.
    pub finance_ready: Option<bool>,
    /// Whether customers who have not paid in time are reminded by themselves.
    pub invoice_reminders: Option<bool>,
}

impl Change {
    /// Reads the body of a request.
    pub fn parse(json: &Value) -> Result<Self, Problems> {
        let mut fields = Fields::of(json, "")?;
        let change = Self {
            timezone: timezone(&mut fields),
            currency: word(&mut fields, "currency"),
            language: word(&mut fields, "language"),
            business_hours: hours(&mut fields).unwrap_or_default(),
            holidays: holidays(&mut fields),
            legal: legal(&mut fields),
            branding: branding(&mut fields).unwrap_or_default(),
            referral_credit_trigger: word(&mut fields, "referral_credit_trigger"),
            finance_ready: flag(&mut fields, "finance_ready"),
            invoice_reminders: flag(&mut fields, "invoice_reminders"),
        };
        fields.finish().or(change)
    }
}

impl Legal {
    /// The name of its field.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Name => "legal_name",
            Self::Bn => "legal_bn",
            Self::GstHst => "legal_gst_hst",
            Self::Address => "legal_address",
            Self::Phone => "legal_phone",
            Self::Email => "legal_email",
            Self::Website => "legal_website",
        }
    }

    const fn longest(self) -> usize {
        match self {
            Self::Name => 200,
            Self::Bn | Self::GstHst | Self::Phone => 32,
            Self::Address => 500,
            Self::Email | Self::Website => 254,
        }
    }
}

fn timezone(fields: &mut Fields<'_>) -> Option<String> {
    let name = fields.sent("timezone")?.as_str().filter(|name| zone::find(name).is_some());
    if name.is_none() {
        fields.problem("timezone", "Input should be an IANA time zone like America/Edmonton");
    }
    name.map(str::to_owned)
}

fn word<T: FromStr + VariantNames>(fields: &mut Fields<'_>, name: &'static str) -> Option<T> {
    let read = fields.sent(name)?.as_str().and_then(|word| word.parse().ok());
    if read.is_none() {
        let words = T::VARIANTS.join(", ");
        fields.problem(name, &format!("Input should be one of: {words}"));
    }
    read
}

fn flag(fields: &mut Fields<'_>, name: &'static str) -> Option<bool> {
    let read = fields.sent(name)?.as_bool();
    if read.is_none() {
        fields.problem(name, "Input should be a valid boolean");
    }
    read
}

fn hours(fields: &mut Fields<'_>) -> Option<BTreeMap<Day, Hours>> {
    const NAME: &str = "business_hours";
    let json = fields.sent(NAME)?;
    let Some(days) = json.as_object() else {
        fields.problem(NAME, "Input should be an object");
        return None;
    };
    let mut read = BTreeMap::new();
    for (name, json) in days {
        let Ok(day) = name.parse::<Day>() else {
            fields.problem(NAME, &format!("Days are named: {}", Day::VARIANTS.join(", ")));
            continue;
        };
        let hours = Hours::parse(json, &format!("{NAME}.{name}"));
        read.extend(fields.problems.take(hours).map(|hours| (day, hours)));
    }
    Some(read)
}

fn holidays(fields: &mut Fields<'_>) -> Option<BTreeSet<Holiday>> {
    let keys = fields.sent("holidays")?.as_array();
    let read = keys.and_then(|keys| {
        keys.iter().map(|key| key.as_str()?.parse::<Holiday>().ok()).collect::<Option<_>>()
    });
    if read.is_none() {
        let known = Holiday::VARIANTS.join(", ");
        fields.problem("holidays", &format!("Input should be a list of: {known}"));
    }
    read
}

fn legal(fields: &mut Fields<'_>) -> BTreeMap<Legal, Option<String>> {
    let mut read = BTreeMap::new();
    for line in <Legal as strum::VariantArray>::VARIANTS {
        let (name, longest) = (line.field(), line.longest());
        let text = match fields.sent(name) {
            None => continue,
            Some(Value::Null) => None,
            Some(_) => fields.text(name, longest),
        };
        let mut refuse = |message: &str| fields.problem(name, message);
        match (line, &text) {
            (Legal::Email, Some(text)) if input::address(text).is_none() => {
                refuse("Input should be an e-mail address");
            }
            (Legal::Website, Some(text)) if !is_web_address(text) => {
                refuse("Input should be an address that begins with https:// or http://");
            }
            _ => {}
        }
        read.insert(*line, text);
    }
    read
}

/// It will be a link: nothing but a page may stand there.
fn is_web_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic()))
}

fn branding(fields: &mut Fields<'_>) -> Option<BTreeMap<String, Option<Value>>> {
    const NAME: &str = "branding";
    let Some(entries) = fields.sent(NAME)?.as_object() else {
        fields.problem(NAME, "Input should be an object");
        return None;
    };
    if entries.len() > ENTRIES {
        fields.problem(NAME, &format!("Input should have at most {ENTRIES} entries"));
        return None;
    }
    let mut read = BTreeMap::new();
    for (name, value) in entries {
        if !is_name(name) {
            fields.problem(NAME, "Entries are named with 1 to 64 lower-case letters, digits and _");
            continue;
        }
        let fits = match value {
            Value::Null => true,
            _ if name == REVENUE_GOAL => value.as_i64().is_some_and(|cents| cents >= 0),
            Value::String(text) => text.chars().count() <= 2_000,
            Value::Bool(_) | Value::Number(_) => true,
            Value::Array(_) | Value::Object(_) => false,
        };
        if !fits {
            let what = if name == REVENUE_GOAL {
                "Input should be a whole number of cents, 0 or more"
            } else {
                "Input should be a text of at most 2000 characters, a number, a boolean or null"
            };
            fields.problem(&format!("{NAME}.{name}"), what);
            continue;
        }
        read.insert(name.clone(), Some(value.clone()).filter(|value| !value.is_null()));
    }
    Some(read)
}

fn is_name(name: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=64).contains(&name.len()) && name.bytes().all(letter)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sent_is_read_and_what_is_left_out_stays() {
        assert_eq!(Change::parse(&json!({})).unwrap(), Change::default());
        let change = Change::parse(&json!({
            "timezone": "Europe/Riga", "currency": "USD", "language": "ru", "finance_ready": true,
            "business_hours": { "sunday": { "enabled": true, "start": "10:00", "end": "14:30" } },
            "holidays": ["canada_day", "canada_day"], "legal_name": " Maple Ltd ", "legal_bn": null,
            "branding": { "weekly_revenue_goal_cents": 500_000, "colour": null },
            "referral_credit_trigger": "deposit_paid",
        }))
        .unwrap();
        assert_eq!(change.timezone.as_deref(), Some("Europe/Riga"));
        assert_eq!(change.currency, Some(Currency::Usd));
        assert_eq!(change.language, Some(Language::Ru));
        assert!(change.business_hours[&Day::Sunday].enabled);
        assert_eq!(change.holidays, Some(BTreeSet::from([Holiday::CanadaDay])));
        assert_eq!(change.legal[&Legal::Name].as_deref(), Some("Maple Ltd"));
        assert_eq!(change.legal[&Legal::Bn], None);
        assert_eq!(change.branding["colour"], None);
        assert_eq!(change.referral_credit_trigger, Some(ReferralTrigger::DepositPaid));
    }

    #[test]
    fn one_answer_names_everything_that_is_wrong() {
        let many: serde_json::Map<_, _> =
            (0..33).map(|n| (format!("e{n}"), Value::from(n))).collect();
        for (json, wrong) in [
            (json!({ "timezone": "Mars/Olympus", "currency": "EUR" }), "timezone currency"),
            (json!({ "timezone": null, "language": "fr" }), "timezone language"),
            (json!({ "holidays": ["easter"] }), "holidays"),
            (json!({ "holidays": "canada_day" }), "holidays"),
            (json!({ "business_hours": [] }), "business_hours"),
            (json!({ "business_hours": { "someday": {} } }), "business_hours"),
            (json!({ "business_hours": { "monday": null } }), "business_hours.monday"),
            (json!({ "legal_email": "nobody", "legal_name": 7 }), "legal_name legal_email"),
            (json!({ "legal_website": "javascript:alert(1)" }), "legal_website"),
            (json!({ "legal_phone": "1".repeat(33) }), "legal_phone"),
            (json!({ "branding": { "Colour": 1 } }), "branding"),
            (json!({ "branding": many }), "branding"),
            (json!({ "branding": { "logo": {} } }), "branding.logo"),
            (
                json!({ "branding": { "weekly_revenue_goal_cents": -1 } }),
                "branding.weekly_revenue_goal_cents",
            ),
            (json!({ "finance_ready": "yes", "tax": 5 }), "finance_ready tax"),
            (json!({ "invoice_reminders": 1 }), "invoice_reminders"),
            (json!({ "referral_credit_trigger": "never" }), "referral_credit_trigger"),
            (json!([]), "body"),
        ] {
            let problems = Change::parse(&json).unwrap_err();
            let names: Vec<_> = problems.as_slice().iter().map(|one| one.field.as_str()).collect();
            assert_eq!(names.join(" "), wrong, "{json}");
        }
    }
}
