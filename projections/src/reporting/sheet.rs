//! Reports as tables for spreadsheets: texts stay texts, numbers stay numbers.

use serde_json::{Map, Value};

use crate::spreadsheet;

/// A line of names, then a line for each of `rows`; what a row does not say stays empty.
pub fn table(columns: &[&str], rows: &[Map<String, Value>]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = spreadsheet::writer();
    writer.write_record(columns)?;
    for row in rows {
        writer.write_record(columns.iter().map(|name| cell(row.get(*name))))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => spreadsheet::safe(text).into_owned(),
        // A number that is less than nothing is no formula.
        Some(Value::Number(number)) => number.to_string(),
        Some(other) => spreadsheet::safe(&other.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_that_a_spreadsheet_would_compute_are_marked_and_numbers_are_not() {
        let row = json!({ "name": "=1+1", "cents": -5, "more": null });
        let rows = [row.as_object().unwrap().clone()];
        let csv = table(&["name", "cents", "more", "none"], &rows).unwrap();
        assert_eq!(String::from_utf8(csv).unwrap(), "name,cents,more,none\r\n'=1+1,-5,,\r\n");
    }
}
