//! What an event changed: the fields of its aggregate before and after, as far as everybody who audits may read them.
//!
//! States are those of the aggregate's own `apply`, without any key: personal values never get here. What is left out is
//! marked, so that a change is not hidden with its value.

use std::collections::{BTreeMap, HashMap};

use domain::id::OrgId;
use domain::personal::PLACEHOLDER;
use domain::recorded::Recorded;
use domain::seal::SubjectKeys;
use serde_json::{Map, Value};
use sqlx::PgConnection;

use crate::history::{entity, log};

/// Stands for a value that is a secret or says something about a person.
const REDACTED: &str = "[redacted]";

/// Longer texts are somebody's words.
const LONGEST: usize = 200;

/// Larger changes are told by the names of their fields.
const LARGEST: usize = 4096;

/// Nobody compares states behind this many events; their history is read event by event.
const DEEPEST: i32 = 2_000;

/// Fields with one of these in their name are nobody's to read. Events hold no secrets; this is the second lock.
const SECRET: [&str; 6] = ["password", "token", "secret", "hash", "recovery", "otp"];

/// In the order of the events asked for; `None` where there is nothing to compare.
pub(super) struct Changes {
    pub(super) before: Vec<Option<String>>,
    pub(super) after: Vec<Option<String>>,
}

impl Changes {
    /// Reads the streams of `events` from their beginnings, so that the result is the same in whatever batch they come.
    pub(super) async fn of(
        db: &mut PgConnection,
        org: OrgId,
        events: &[&Recorded],
    ) -> Result<Self, sqlx::Error> {
        let mut until: BTreeMap<(&str, &str), i32> = BTreeMap::new();
        for event in events.iter().filter(|event| event.sequence <= DEEPEST) {
            let last = until.entry((&event.aggregate_type, &event.aggregate_id)).or_default();
            *last = event.sequence.max(*last);
        }
        until.retain(|(kind, _), _| entity::entity(kind).is_some());
        let streams: Vec<_> = until.iter().map(|((kind, id), last)| (*kind, *id, *last)).collect();
        let mut told = if streams.is_empty() {
            HashMap::new()
        } else {
            compare(&log::streams(db, org, &streams).await?, events)
        };
        let pairs = events.iter().map(|event| told.remove(&event.position).unwrap_or_default());
        let (before, after) = pairs.unzip();
        Ok(Self { before, after })
    }
}

type Pair = (Option<String>, Option<String>);

/// Folds `streams`, each in order, and compares around those of `events`.
fn compare(streams: &[Recorded], events: &[&Recorded]) -> HashMap<i64, Pair> {
    let mut told: HashMap<i64, Pair> =
        events.iter().map(|event| (event.position, Pair::default())).collect();
    let keys = SubjectKeys::new();
    let mut of = None;
    let mut fold: Option<Box<dyn entity::Fold>> = None;
    for event in streams {
        let stream = Some((&event.aggregate_type, &event.aggregate_id));
        if of != stream {
            of = stream;
            fold = entity::entity(&event.aggregate_type).map(entity::Entity::begin);
        }
        let Some(fold) = fold.as_mut() else { continue };
        let wanted = told.get_mut(&event.position);
        let before = wanted.is_some().then(|| fold.fields());
        // What cannot be read changes nothing that could be compared.
        let _ = fold.apply(event, &keys);
        if let (Some(wanted), Some(before)) = (wanted, before) {
            *wanted = pair(event, &before, &fold.fields());
        }
    }
    told
}

fn pair(event: &Recorded, before: &Map<String, Value>, after: &Map<String, Value>) -> Pair {
    let (mut old, mut new) = (Map::new(), Map::new());
    differ(before, after, &mut old, &mut new);
    // Without keys one personal value looks like another: that it was changed is known from the event.
    if let Ok(Value::Object(payload)) = event.payload_json() {
        for (name, value) in payload {
            let is_personal = value.get("$sealed").is_some() || value.get("$personal").is_some();
            if is_personal && !new.contains_key(&name) {
                new.insert(name, REDACTED.into());
            }
        }
    }
    (text(old), text(new))
}

/// Puts what differs into `old` and `new`, redacted, as deep as both have the same shape.
fn differ(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    old: &mut Map<String, Value>,
    new: &mut Map<String, Value>,
) {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    for name in after.keys().chain(gone) {
        let (was, is) = (before.get(name), after.get(name));
        // A field that was not there and one without a value are the same.
        if was.unwrap_or(&Value::Null) == is.unwrap_or(&Value::Null) {
            continue;
        }
        if !is_secret(name)
            && let (Some(was), Some(is)) = (was.and_then(parts), is.and_then(parts))
        {
            let (mut inner_old, mut inner_new) = (Map::new(), Map::new());
            differ(&was, &is, &mut inner_old, &mut inner_new);
            if !inner_old.is_empty() {
                old.insert(name.clone(), inner_old.into());
            }
            if !inner_new.is_empty() {
                new.insert(name.clone(), inner_new.into());
            }
            continue;
        }
        for (value, into) in [(was, &mut *old), (is, &mut *new)] {
            if let Some(value) = value.filter(|value| !value.is_null()) {
                into.insert(name.clone(), redacted(name, value));
            }
        }
    }
}

/// An object, or a list as an object of its places.
fn parts(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(fields) => Some(fields.clone()),
        Value::Array(items) => {
            let named = items.iter().enumerate().map(|(n, item)| (n.to_string(), item.clone()));
            Some(named.collect())
        }
        _ => None,
    }
}

fn redacted(name: &str, value: &Value) -> Value {
    match value {
        _ if is_secret(name) => REDACTED.into(),
        Value::String(text) if text == PLACEHOLDER || text.contains('@') => REDACTED.into(),
        Value::String(text) if text.len() > LONGEST => {
            format!("[{} characters]", text.chars().count()).into()
        }
        Value::Array(items) => items.iter().map(|item| redacted("", item)).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), redacted(name, value)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

fn text(fields: Map<String, Value>) -> Option<String> {
    if fields.is_empty() {
        return None;
    }
    let names: Vec<_> = fields.keys().cloned().collect();
    let text = Value::Object(fields).to_string();
    if text.len() <= LARGEST {
        return Some(text);
    }
    let told = names.iter().take(50).map(|name| (name.clone(), Value::from("[large]")));
    Some(Value::Object(told.collect()).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fixture::{life, logged};

    fn difference(before: &Value, after: &Value) -> (Value, Value) {
        let (mut old, mut new) = (Map::new(), Map::new());
        differ(before.as_object().unwrap(), after.as_object().unwrap(), &mut old, &mut new);
        (old.into(), new.into())
    }

    #[test]
    fn only_what_differs_is_told_however_deep_it_lies() {
        let before = json!({ "a": { "b": 1, "c": [{ "d": 1 }, 2] }, "e": null, "f": "x" });
        let after = json!({ "a": { "b": 1, "c": [{ "d": 3 }, 2, 4] }, "f": "x" });
        let (old, new) = difference(&before, &after);
        assert_eq!(old, json!({ "a": { "c": { "0": { "d": 1 } } } }));
        assert_eq!(new, json!({ "a": { "c": { "0": { "d": 3 }, "2": 4 } } }));
    }

    #[test]
    fn secrets_persons_and_long_texts_are_told_by_their_place_only() {
        let after = json!({
            "password_hash": "argon", "refresh_token": { "x": 1 }, "email": "a@b.example", "name": PLACEHOLDER,
            "story": "w".repeat(201), "inner": { "totp_secret": "s", "fine": true },
        });
        let (_, new) = difference(&json!({}), &after);
        let expected = json!({
            "password_hash": REDACTED, "refresh_token": REDACTED, "email": REDACTED, "name": REDACTED,
            "story": "[201 characters]", "inner": { "totp_secret": REDACTED, "fine": true },
        });
        assert_eq!(new, expected);
    }

    #[test]
    fn a_large_change_is_told_by_its_fields() {
        let fields = (0..500).map(|n| (format!("field_{n:03}"), json!({ "some": "value" })));
        let told = text(Map::from_iter([("many".to_owned(), Value::Object(fields.collect()))]));
        assert_eq!(told.as_deref(), Some(r#"{"many":"[large]"}"#));
    }

    #[test]
    fn the_life_of_a_lead_is_told_without_a_word_about_the_person() {
        let log = logged(&life());
        let events: Vec<_> = log.iter().collect();
        let told = compare(&log, &events);
        assert_eq!(told.len(), log.len());
        for event in &log {
            let (before, after) = &told[&event.position];
            assert!(after.is_some(), "{} changed nothing", event.event_type);
            for text in [before, after].into_iter().flatten() {
                assert!(!text.contains("$sealed") && !text.contains(PLACEHOLDER), "{text}");
            }
        }
    }
}
