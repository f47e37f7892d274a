//! The policies as clients read and change them. Shares are decimal fractions there, and some fields have older names.

use serde_json::{Map, Number, Value, json};

use super::policies::BookingPolicies;
use crate::input::{Fields, Problems, decimals};

/// A field that is sent under another name, or in another unit, than it is kept.
struct Other {
    section: &'static str,
    sent: &'static str,
    kept: &'static str,
    is_share: bool,
}

const fn share(section: &'static str, sent: &'static str, kept: &'static str) -> Other {
    Other { section, sent, kept, is_share: true }
}

const fn name(section: &'static str, sent: &'static str, kept: &'static str) -> Other {
    Other { section, sent, kept, is_share: false }
}

const OTHERS: [Other; 15] = [
    share("deposit", "percent", "percent_permille"),
    share("deposit", "heavy_percent", "heavy_permille"),
    share("deposit", "short_notice_percent", "short_notice_permille"),
    share("deposit", "late_percent", "late_permille"),
    share("deposit", "high_value_percent", "high_value_permille"),
    name("cancellation", "window_hours", "partial_hours"),
    name("cancellation", "heavy_window_hours", "heavy_partial_hours"),
    name("cancellation", "refund_percent", "late_percent"),
    name("cancellation", "fee_cents", "late_fee_cents"),
    share("work", "overrun_threshold", "overrun_permille"),
    share("clients", "low_average", "low_average_permille"),
    share("clients", "late_gap", "late_gap_permille"),
    share("clients", "lost_gap", "lost_gap_permille"),
    share("workers", "rating_drop", "rating_drop_permille"),
    share("ways", "winter_multiplier", "winter_permille"),
];

/// Left out where they are kept, null where they are read.
const NULLABLE: [(&str, &str); 4] = [
    ("deposit", "notes"),
    ("cancellation", "notes"),
    ("payment_terms", "notes"),
    ("scheduling", "max_bookings_per_day"),
];

/// As they are kept, with what is left out there because nobody decided otherwise.
fn kept(policies: &BookingPolicies) -> Value {
    let mut kept = json!(policies);
    kept["clients"] = json!(policies.clients);
    kept["workers"] = json!(policies.workers);
    kept["ways"] = json!(policies.ways);
    kept["scheduling"]["horizon_days"] = json!(policies.scheduling.horizon_days);
    kept["work"]["thanks"] = json!(policies.work.thanks);
    kept["reschedule"]["reevaluate_deposit"] = json!(policies.reschedule.reevaluate_deposit);
    kept
}

/// All of them.
pub fn shown(policies: &BookingPolicies) -> Value {
    let mut shown = kept(policies);
    for (section, field) in NULLABLE {
        if let Some(fields) = shown[section].as_object_mut() {
            fields.entry(field).or_insert(Value::Null);
        }
    }
    for Other { section, sent, kept, is_share } in &OTHERS {
        let Some(fields) = shown[*section].as_object_mut() else { continue };
        let value = fields.remove(*kept).unwrap_or_default();
        let value = if *is_share { fraction(&value) } else { value };
        fields.insert((*sent).to_owned(), value);
    }
    shown
}

/// What is said among ourselves: who is trusted, how work is done and paid, who gives cause for concern.
const OWN: [&str; 5] = ["risk", "work", "clients", "workers", "ways"];

/// Those that everybody may know.
pub fn published(policies: &BookingPolicies) -> Value {
    let mut shown = shown(policies);
    if let Some(sections) = shown.as_object_mut() {
        sections.retain(|section, _| !OWN.contains(&section.as_str()));
    }
    shown
}

/// Policies to put in the place of others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoliciesChange(Vec<Change>);

/// One field, in the words in which it is kept.
#[derive(Clone, Debug, PartialEq)]
struct Change {
    section: String,
    field: String,
    value: Value,
    /// For whoever sent it.
    path: String,
}

impl PoliciesChange {
    /// Reads the body of a request; sections and fields that are left out stay.
    pub fn parse(json: &Value) -> Result<Self, Problems> {
        let known = shown(&BookingPolicies::default());
        let (mut changes, mut wrong) = (Vec::new(), Problems::default());
        let mut sections = Fields::of(json, "")?;
        for (section, known) in known.as_object().into_iter().flatten() {
            let Some(sent) = sections.sent(section) else { continue };
            let Some(known) = known.as_object() else { continue };
            let read = read(section, sent, known);
            changes.extend(wrong.take(read).into_iter().flatten());
        }
        wrong.absorb(sections.finish());
        wrong.or(Self(changes))
    }

    /// The policies after it.
    pub fn over(&self, before: &BookingPolicies) -> Result<BookingPolicies, Problems> {
        let mut wrong = Problems::default();
        let mut json = kept(before);
        let mut after = before.clone();
        for Change { section, field, value, path } in &self.0 {
            let place = &mut json[section][field];
            let kept = std::mem::replace(place, value.clone());
            // What serde says about a value repeats the value.
            if let Ok(read) = serde_json::from_value(json.clone()) {
                after = read;
            } else {
                json[section][field] = kept;
                wrong.push(path, "Input should have the shape of what is there");
            }
        }
        wrong.or(())?;
        after.check()?;
        Ok(after)
    }
}

fn read(section: &str, sent: &Value, known: &Map<String, Value>) -> Result<Vec<Change>, Problems> {
    let mut fields = Fields::of(sent, section)?;
    let mut changes = Vec::new();
    for name in known.keys() {
        let Some(value) = fields.sent(name) else { continue };
        let other = OTHERS.iter().find(|one| one.section == section && one.sent == name);
        let value = match other {
            Some(Other { is_share: true, .. }) => {
                let Some(share) = value.as_number().and_then(|number| decimals(number, 3)) else {
                    fields.problem(name, "Input should be a number with at most three decimals");
                    continue;
                };
                Value::from(share)
            }
            _ => value.clone(),
        };
        changes.push(Change {
            section: section.to_owned(),
            field: other.map_or(name.as_str(), |other| other.kept).to_owned(),
            value,
            path: format!("{section}.{name}"),
        });
    }
    fields.finish().or(changes)
}

/// Thousandths, shown only: nothing is ever computed with it.
fn fraction(permille: &Value) -> Value {
    let permille = permille.as_i64().and_then(|share| i32::try_from(share).ok());
    let number = permille.and_then(|share| Number::from_f64(f64::from(share) / 1000.0));
    number.map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(json: &Value) -> Result<BookingPolicies, Problems> {
        PoliciesChange::parse(json)?.over(&BookingPolicies::default())
    }

    fn wrong(json: &Value) -> Vec<String> {
        let problems = changed(json).unwrap_err();
        problems.as_slice().iter().map(|one| one.field.clone()).collect()
    }

    #[test]
    fn everything_that_is_shown_can_be_sent_back() {
        let policies = BookingPolicies::default();
        let shown = shown(&policies);
        assert_eq!(shown["deposit"]["percent"], 0.25);
        assert_eq!(shown["cancellation"]["window_hours"], 24);
        assert_eq!(shown["cancellation"]["refund_percent"], 0);
        assert_eq!(shown["scheduling"]["max_bookings_per_day"], Value::Null);
        assert_eq!(shown["work"]["overrun_threshold"], 1.2);
        assert_eq!(
            (&shown["clients"]["low_average"], &shown["clients"]["lost_gap"]),
            (&json!(3.0), &json!(2.0))
        );
        assert_eq!(
            (&shown["workers"]["rating_drop"], &shown["ways"]["winter_multiplier"]),
            (&json!(0.5), &json!(1.1))
        );
        assert_eq!(shown["ways"]["winter_months"], json!([1, 2, 3, 11, 12]));
        assert_eq!(changed(&shown).unwrap(), policies);
    }

    #[test]
    fn what_is_left_out_stays_and_null_takes_a_limit_away() {
        let limited = changed(&json!({ "scheduling": { "max_bookings_per_day": 3 } })).unwrap();
        assert_eq!(limited.scheduling.max_bookings_per_day, Some(3));
        let lifted =
            json!({ "scheduling": { "max_bookings_per_day": null, "buffer_minutes": 15 } });
        let lifted = PoliciesChange::parse(&lifted).unwrap().over(&limited).unwrap();
        assert_eq!(lifted.scheduling.max_bookings_per_day, None);
        assert_eq!(lifted.scheduling.buffer_minutes, 15);
        assert_eq!(lifted.deposit, limited.deposit);
        let none = json!({ "workers": { "required_certificates": {} } });
        assert!(changed(&none).unwrap().workers.required_certificates.is_empty());
        let share = changed(&json!({ "deposit": { "percent": 0.125 } })).unwrap();
        assert_eq!(share.deposit.percent_permille, 125);
    }

    #[test]
    fn what_cannot_be_read_or_meant_is_named_as_it_was_sent() {
        for (json, fields) in [
            (
                json!({ "deposit": { "percent": "a quarter", "due_days": -1 } }),
                vec!["deposit.percent"],
            ),
            (json!({ "deposit": { "percent": 0.1234 } }), vec!["deposit.percent"]),
            (json!({ "deposit": { "due_days": -1 } }), vec!["deposit.due_days"]),
            (json!({ "deposit": { "percent_permille": 1 } }), vec!["deposit.percent_permille"]),
            (json!({ "deposits": {} }), vec!["deposits"]),
            (json!({ "risk": [] }), vec!["risk"]),
            (json!({ "clients": { "low_average": 0.5 } }), vec!["clients.low_average"]),
            (json!({ "workers": { "rating_drop": 0.05 } }), vec!["workers.rating_drop"]),
            (
                json!({ "workers": { "required_certificates": { "windows": [] } } }),
                vec!["workers.required_certificates"],
            ),
            (json!({ "ways": { "winter_months": [0] } }), vec!["ways.winter_months"]),
            (json!({ "ways": { "winter_months": "all" } }), vec!["ways.winter_months"]),
            (json!({ "deposit": { "minimum_cents": 30_000 } }), vec!["deposit.maximum_cents"]),
            (json!([]), vec!["body"]),
        ] {
            assert_eq!(wrong(&json), fields, "{json}");
        }
    }

    #[test]
    fn the_public_is_not_told_whom_we_trust() {
        let published = published(&BookingPolicies::default());
        assert!(OWN.iter().all(|section| published.get(section).is_none()));
        assert!(published.get("reschedule").is_some());
    }
}
