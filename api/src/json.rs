//! Reads the JSON of a body, and says in our words what is wrong with it.

use std::fmt;

use domain::input::Problems;
use serde::de::{DeserializeOwned, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use serde_path_to_error::{Path, Segment};

use crate::extract::unusable;
use crate::problem::{Code, Problem};

/// Reads JSON, telling apart what is not JSON from what does not fit.
pub(crate) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::new(Code::InvalidUtf8))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json);
    let read = read.map_err(|error| misfit(&dotted(error.path()), error.inner()))?;
    json.end().map_err(|error| misfit("", &error))?;
    if text.contains("\\u0000") {
        refuse_nul(text)?;
    }
    Ok(read)
}

/// As [`parse`], for readers that look at everything: no field is given twice anywhere.
pub(crate) fn parse_once(body: &[u8]) -> Result<Value, Problem> {
    parse::<Once>(body).map(|once| once.0)
}

/// A value in which no name occurs twice in an object: which of the two is meant would be a guess.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Once;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Once, E> {
        Ok(Once(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Once, E> {
        Ok(Once(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Once, A::Error> {
        let mut all = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            all.push(item);
        }
        Ok(Once(all.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Once, A::Error> {
        let mut all = Map::new();
        while let Some((name, Once(value))) = fields.next_entry::<String, Once>()? {
            if all.contains_key(&name) {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
            all.insert(name, value);
        }
        Ok(Once(all.into()))
    }
}

/// As fields are named everywhere: `items.0.qty`.
fn dotted(path: &Path) -> String {
    let mut named = String::new();
    for segment in path {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { variant } => variant.clone(),
            Segment::Unknown => "?".to_owned(),
        };
        if !named.is_empty() {
            named.push('.');
        }
        named.push_str(&part);
    }
    named
}

fn misfit(path: &str, error: &serde_json::Error) -> Problem {
    if error.is_data() {
        Problem::invalid(unusable(path, &error.to_string()))
    } else {
        Problem::new(Code::MalformedJson)
    }
}

/// No text of ours contains NUL, and PostgreSQL could not store it as `jsonb`.
fn refuse_nul(text: &str) -> Result<(), Problem> {
    let json: Value = serde_json::from_str(text).map_err(|error| misfit("", &error))?;
    let mut problems = Problems::default();
    find_nul(&json, "", &mut problems);
    Ok(problems.or(())?)
}

fn find_nul(json: &Value, path: &str, problems: &mut Problems) {
    let below =
        |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match json {
        Value::String(text) if text.contains('\0') => {
            problems.push(path, "NUL characters are not permitted");
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_nul(item, &below(&index.to_string()), problems);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.contains('\0') {
                    let shown = below(&name.replace('\0', "\u{FFFD}"));
                    problems.push(shown, "NUL characters are not permitted");
                }
                find_nul(value, &below(name), problems);
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Change {
        #[serde(rename = "status")]
        _status: String,
        #[serde(rename = "note")]
        _note: Option<String>,
    }

    fn refusal(body: &[u8]) -> String {
        format!("{:?}", parse::<Change>(body).unwrap_err())
    }

    #[test]
    fn what_is_not_json_is_told_apart_from_what_does_not_fit() {
        assert!(refusal(b"{\"status\":").contains("malformed_json"));
        assert!(refusal(b"{} x").contains("validation_failed"));
        assert!(refusal(b"{\"status\":\"LOST\"} x").contains("malformed_json"));
        assert!(refusal(b"{\"status\":\"\xff\"}").contains("invalid_utf8"));
        assert!(refusal(b"{}").contains(r#"field: "status", message: "Field required""#));
        assert!(
            refusal(b"{\"status\":\"LOST\",\"x\":1}")
                .contains(r#"field: "x", message: "Extra inputs are not permitted""#)
        );
        let wrong = refusal(b"{\"status\":7}");
        assert!(wrong.contains(r#"field: "status", message: "Expected a string""#), "{wrong}");
    }

    #[test]
    fn a_field_in_a_list_is_named_by_its_place() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Order {
            #[serde(rename = "items")]
            _items: Vec<Change>,
        }

        let named = |body: &[u8]| format!("{:?}", parse::<Order>(body).unwrap_err());
        let wrong = named(br#"{"items":[{"status":"a"},{"status":7}]}"#);
        assert!(wrong.contains(r#"field: "items.1.status""#), "{wrong}");
        let missing = named(br#"{"items":[{}]}"#);
        assert!(missing.contains(r#"field: "items.0.status""#), "{missing}");
        let unknown = named(br#"{"items":[{"status":"a","x":1}]}"#);
        assert!(unknown.contains(r#"field: "items.0.x""#), "{unknown}");
        let item = named(br#"{"items":[7]}"#);
        assert!(item.contains(r#"field: "items.0""#), "{item}");
    }

    #[test]
    fn nul_is_refused_and_its_field_named() {
        let refused = refusal(br#"{"status":"LOST","note":"a\u0000b"}"#);
        assert!(refused.contains(r#"field: "note""#));
        assert!(parse::<Change>(br#"{"status":"LOST","note":"a\\u0000b"}"#).is_ok());
        let refused = parse::<Value>(br#"{"snapshot":{"\u0000x":1}}"#).unwrap_err();
        let refused = format!("{refused:?}");
        assert!(refused.contains("snapshot.\u{FFFD}x"), "{refused}");
    }

    #[test]
    fn a_field_that_is_given_twice_is_named() {
        let twice = br#"{"name":"a","inputs":{"beds":1,"beds":2}}"#;
        let refused = format!("{:?}", parse_once(twice).unwrap_err());
        assert!(refused.contains("Given more than once") && refused.contains("beds"), "{refused}");
        let all = r#"{"a":[null,true,-1,18446744073709551615,1.5,"x",{"b":{}}]}"#;
        assert_eq!(parse_once(all.as_bytes()).unwrap().to_string(), all);
    }
}
