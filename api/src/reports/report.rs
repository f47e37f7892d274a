//! A report as it is answered: as JSON, page by page, or as one table for a spreadsheet.

use axum::response::{IntoResponse, Response};
use domain::invoicing::invoice::lines::share;
use projections::reporting::sheet;
use serde_json::{Map, Value, json};

use super::asked::How;
use super::explain::Explain;
use super::then::Then;
use crate::answer::Answer;
use crate::cursor::part;
use crate::problem::Problem;
use crate::request::POSITION;
use crate::table;

pub(super) type Row = Map<String, Value>;

/// The fields of an object.
pub(super) fn row(value: Value) -> Row {
    match value {
        Value::Object(fields) => fields,
        _ => Row::new(),
    }
}

/// One figure in a line, for reports that are no table.
pub(super) fn figure(name: &str, value: impl Into<Value>) -> Row {
    row(json!({ "figure": name, "value": value.into() }))
}

/// Of 100, to two decimals, halves up; shown only. `null` of nothing.
#[expect(clippy::cast_precision_loss, reason = "no share is that exact")]
pub(super) fn percent(part: i64, whole: i64) -> Value {
    match whole {
        1.. => json!(share(part, 10_000, whole) as f64 / 100.0),
        _ => Value::Null,
    }
}

pub(super) struct Report {
    /// The name of the file.
    pub(super) name: &'static str,
    /// Which fact counts on which day, figure by figure.
    pub(super) basis: Value,
    /// What stands beside the rows.
    pub(super) about: Value,
    /// The columns of the table.
    pub(super) columns: &'static [&'static str],
    pub(super) rows: Vec<Row>,
    /// What the rows are called in JSON; `None` if all they say stands beside them.
    pub(super) list: Option<&'static str>,
    /// What stands in the table in place of `rows`, where that is something else.
    pub(super) sheet: Option<Vec<Row>>,
}

impl Report {
    pub(super) fn answer(
        self,
        then: &Then,
        how: &How,
        explain: Explain,
    ) -> Result<Response, Problem> {
        if how.is_csv() {
            let table = sheet::table(self.columns, self.sheet.as_ref().unwrap_or(&self.rows));
            let table = table.map_err(|error| Problem::internal(&error))?;
            let mut file = table::file(&format!("{}.csv", self.name), table);
            file.headers_mut().insert(POSITION, then.position.into());
            return Ok(file);
        }
        let mut body = row(self.about);
        body.insert("basis".to_owned(), self.basis);
        body.insert("timezone".to_owned(), then.zone.name().into());
        body.insert("as_of".to_owned(), json!({ "position": then.position }));
        if let Some(name) = self.list {
            let (rows, next) = part(&self.rows, how.cursor, how.rows()?);
            body.insert(name.to_owned(), json!(rows));
            body.insert("total".to_owned(), self.rows.len().into());
            body.insert("next_cursor".to_owned(), json!(next));
        }
        if let Some(facts) = explain.shown() {
            body.insert("explain".to_owned(), facts);
        }
        Ok(Answer::json(&body)?.reaching(then.position, then.is_stale).into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_to_a_hundredth_of_a_percent_and_there_is_none_of_nothing() {
        assert_eq!(percent(10_500, 18_000), json!(58.33));
        assert_eq!(percent(-1, 8), json!(-12.5));
        assert_eq!([percent(5, 0), percent(5, -1)], [Value::Null, Value::Null]);
    }
}
