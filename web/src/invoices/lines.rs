//! The lines of an invoice, as a form has them: a row for each, some of them blank.

use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::form::{Fields, Form};
use crate::typed::Typed;

/// Rows of a form that nobody has filled in.
const FIRST: usize = 3;

/// Rows that are added at a time.
const MORE: usize = 3;

/// The API takes no more.
const MOST: usize = 50;

/// One row, with the names of its fields as the API tells of them.
pub(super) struct Row {
    pub(super) description: String,
    pub(super) qty: String,
    pub(super) price: String,
    pub(super) tax: String,
}

impl Row {
    pub(super) fn new(place: usize) -> Self {
        let name = |part: &str| format!("items.{place}.{part}");
        Self {
            description: name("description"),
            qty: name("qty"),
            price: name("unit_price_cents"),
            tax: name("tax_rate"),
        }
    }

    fn is_used(&self, fields: &Fields) -> bool {
        [&self.description, &self.price].into_iter().any(|name| fields.filled(name).is_some())
    }

    fn read(&self, typed: &mut Typed<'_>, fields: &Fields) -> Value {
        if fields.filled(&self.description).is_none() {
            typed.wrong(&self.description, "Write what is charged");
        }
        let qty = typed.number::<u32>(&self.qty);
        let mut line = Map::new();
        line.insert("description".to_owned(), fields.get(&self.description).into());
        line.insert("qty".to_owned(), if qty.is_null() { 1.into() } else { qty });
        line.insert("unit_price_cents".to_owned(), typed.cents(&self.price));
        // Left out, it is the usual rate; null is none.
        if fields.filled(&self.tax).is_some() {
            let rate = typed.percent(&self.tax);
            let is_none = rate.as_f64().is_some_and(|rate| rate <= 0.0);
            line.insert("tax_rate".to_owned(), if is_none { Value::Null } else { rate });
        }
        line.into()
    }
}

fn count(fields: &Fields) -> usize {
    fields.get("rows").parse().unwrap_or(FIRST).clamp(1, MOST)
}

pub(super) fn rows(fields: &Fields) -> Vec<Row> {
    (0..count(fields)).map(Row::new).collect()
}

pub(super) fn more(fields: &mut Fields) {
    let more = count(fields) + MORE;
    fields.set("rows", more.min(MOST).to_string());
}

/// The rows that are filled in, as the API takes them.
pub(super) fn read(fields: &Fields) -> Result<Vec<Value>, Failure> {
    let mut typed = Typed::new(fields);
    let used: Vec<Row> = rows(fields).into_iter().filter(|row| row.is_used(fields)).collect();
    if used.is_empty() {
        let first = Row::new(0);
        typed.wrong(&first.description, "Write at least one line");
    }
    let lines = used.iter().map(|row| row.read(&mut typed, fields)).collect();
    typed.read(lines)
}

/// The API counts the lines it was sent, people the rows they see.
pub(super) fn in_rows(mut form: Form) -> Form {
    let fields = &form.fields;
    let used = (0..count(fields)).filter(|place| Row::new(*place).is_used(fields));
    let used: Vec<usize> = used.collect();
    for error in &mut form.errors {
        let Some(rest) = error.field.strip_prefix("items.") else { continue };
        let Some((line, part)) = rest.split_once('.') else { continue };
        if let Some(row) = line.parse::<usize>().ok().and_then(|line| used.get(line)) {
            error.field = format!("items.{row}.{part}");
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in pairs {
            fields.set(name, *value);
        }
        fields
    }

    #[test]
    fn blank_rows_are_no_lines() {
        let typed = fields(&[
            ("items.0.description", "Lost key"),
            ("items.0.unit_price_cents", "1,025.00"),
            ("items.1.description", ""),
            ("items.2.description", "Soap"),
            ("items.2.qty", "3"),
            ("items.2.unit_price_cents", "4"),
            ("items.2.tax_rate", "0"),
        ]);
        let lines = read(&typed).unwrap();
        let said = json!([
            { "description": "Lost key", "qty": 1, "unit_price_cents": 102_500 },
            { "description": "Soap", "qty": 3, "unit_price_cents": 400, "tax_rate": null },
        ]);
        assert_eq!(Value::from(lines), said);
    }

    #[test]
    fn what_is_wrong_with_a_line_is_told_at_its_row() {
        let typed = fields(&[("items.2.description", "Soap"), ("items.2.unit_price_cents", "x")]);
        let failure = read(&typed).unwrap_err();
        assert_eq!(failure.refusal().unwrap().errors[0].field, "items.2.unit_price_cents");
        let form = Form::new("new", typed).with_error("items.0.qty", "Too many");
        assert_eq!(in_rows(form).error("items.2.qty").as_deref(), Some("Too many"));
        let nothing = read(&fields(&[])).unwrap_err();
        assert_eq!(nothing.refusal().unwrap().errors[0].field, "items.0.description");
    }
}
