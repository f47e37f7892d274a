//! The audit log as a table for spreadsheets.

use std::borrow::Cow;

use chrono::SecondsFormat;
use serde_json::Value;

use super::Entry;
use crate::spreadsheet;

/// In the order of the cells.
const HEADER: [&str; 19] = [
    "created_at",
    "outcome",
    "action",
    "admin_role",
    "actor",
    "actor_user_id",
    "resource_type",
    "resource_id",
    "status_code",
    "request_id",
    "correlation_id",
    "client_ip",
    "user_agent_hash",
    "metadata",
    "before",
    "after",
    "position",
    "number",
    "audit_id",
];

/// The names of the columns.
pub fn header() -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines([HEADER.map(Cow::Borrowed)].into_iter())
}

/// One line for each of `entries`.
pub fn rows(entries: &[Entry]) -> Result<Vec<u8>, csv::Error> {
    spreadsheet::lines(entries.iter().map(cells))
}

fn cells(entry: &Entry) -> [Cow<'_, str>; 19] {
    let text = |text: &Option<String>| Cow::Owned(text.clone().unwrap_or_default());
    let json =
        |json: &Option<Value>| Cow::Owned(json.as_ref().map(Value::to_string).unwrap_or_default());
    let number = |number: Option<i64>| {
        Cow::Owned(number.map(|number| number.to_string()).unwrap_or_default())
    };
    [
        Cow::Owned(entry.created_at.to_rfc3339_opts(SecondsFormat::Micros, true)),
        Cow::Borrowed(entry.outcome.as_str()),
        Cow::Borrowed(entry.action.as_str()),
        Cow::Borrowed(entry.admin_role.as_str()),
        Cow::Borrowed(entry.actor.as_str()),
        Cow::Owned(entry.actor_user_id.map(|id| id.to_string()).unwrap_or_default()),
        text(&entry.resource_type),
        text(&entry.resource_id),
        number(entry.status_code.map(i64::from)),
        text(&entry.request_id),
        text(&entry.correlation_id),
        text(&entry.client_ip),
        text(&entry.user_agent_hash),
        Cow::Owned(entry.metadata.to_string()),
        json(&entry.before),
        json(&entry.after),
        number(Some(entry.position)),
        number(Some(entry.number)),
        Cow::Owned(entry.audit_id.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cell_is_one_cell_and_never_a_formula() {
        let entry = Entry {
            audit_id: Uuid::nil(),
            created_at: DateTime::UNIX_EPOCH,
            admin_role: "=cmd()".to_owned(),
            actor: "a,\"b\"\r\nc".to_owned(),
            actor_user_id: None,
            action: "@x".to_owned(),
            resource_type: Some("+1".to_owned()),
            resource_id: Some("-1".to_owned()),
            metadata: json!({ "a": "b" }),
            outcome: "denied".to_owned(),
            status_code: Some(403),
            request_id: None,
            correlation_id: Some("\t=1".to_owned()),
            client_ip: None,
            user_agent_hash: None,
            before: None,
            after: Some(json!({})),
            position: 7,
            number: 1,
        };
        let text = String::from_utf8(rows(&[entry]).unwrap()).unwrap();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let read: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(read.len(), 1);
        let cells: Vec<_> = read[0].iter().collect();
        assert_eq!(
            cells[..5],
            ["1970-01-01T00:00:00.000000Z", "denied", "'@x", "'=cmd()", "a,\"b\"\r\nc"]
        );
        assert_eq!((cells[6], cells[7], cells[10]), ("'+1", "-1", "'\t=1"));
        assert_eq!(cells.len(), HEADER.len());
        assert!(header().unwrap().starts_with(b"created_at,outcome,"));
    }
}
