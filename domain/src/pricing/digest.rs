//! The digest of a document, whatever the order and the layout of its fields.

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};
use serde_json::Value;

/// `sha256:` and the digest of `json` as canonical text.
pub(super) fn of(json: &Value) -> String {
    let mut canonical = String::new();
    write_canonical(json, &mut canonical);
    format!("sha256:{}", hex::encode(digest(&SHA256, canonical.as_bytes())))
}

/// JSON with sorted keys and no blanks. Sorted here, because whether `serde_json` sorts is a feature any crate may turn off.
fn write_canonical(json: &Value, out: &mut String) {
    match json {
        Value::Object(fields) => {
            let sorted: BTreeMap<_, _> = fields.iter().collect();
            write_all(out, ['{', '}'], sorted, |(key, value), out| {
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(value, out);
            });
        }
        Value::Array(items) => write_all(out, ['[', ']'], items, write_canonical),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&json.to_string());
        }
    }
}

fn write_all<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    out.push(open);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push(close);
}
