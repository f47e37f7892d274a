//! One report on the page: its rows as texts, its bars, and where its table is.

use serde_json::Value;
use url::form_urlencoded::Serializer;

use super::kinds::{Column, Kind, Rows, Shape};
use super::parameters;
use crate::form::Fields;
use crate::shown;

/// Bars on the page at most: the last ones.
const BARS: usize = 60;

/// As wide as a bar and the gap behind it, and as high as the highest, in units of the picture.
const STEP: usize = 12;
const HEIGHT: i64 = 100;

pub(super) struct Cell {
    pub(super) label: &'static str,
    pub(super) text: String,
    pub(super) is_number: bool,
}

pub(super) struct Bar {
    pub(super) label: String,
    pub(super) text: String,
    pub(super) x: usize,
    pub(super) y: i64,
    pub(super) height: i64,
}

pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) rows: Vec<Vec<Cell>>,
    /// How many rows the whole report has.
    pub(super) total: u64,
    pub(super) bars: Vec<Bar>,
    /// What counts on which day.
    pub(super) basis: Vec<(String, String)>,
    pub(super) csv: String,
}

impl Section {
    pub(super) fn of(kind: &Kind, body: &Value, fields: &Fields) -> Self {
        let (rows, total) = match kind.rows {
            Rows::List(name) => {
                let rows = body[name].as_array().map_or(&[][..], Vec::as_slice);
                let total = body["total"].as_u64().unwrap_or(0);
                (rows.iter().map(|row| cells(kind.columns, row)).collect(), total)
            }
            Rows::Figures(figures) => (named(figures, body), 0),
        };
        let basis = body["basis"].as_object().into_iter().flatten();
        let basis = basis.map(|(figure, words)| {
            let figure = figure.trim_end_matches("_cents").replace('_', " ");
            (figure, words.as_str().unwrap_or_default().to_owned())
        });
        let mut query = Serializer::new(String::new());
        let asked = parameters(kind, fields);
        let given = asked.iter().filter(|(name, value)| !value.is_empty() && *name != "limit");
        // The page asks in its own words; only what it was asked for is repeated.
        let of_page = given.filter(|(name, _)| !kind.always.iter().any(|(own, _)| own == name));
        for (name, value) in of_page {
            query.append_pair(if *name == "day" { "to" } else { name }, value);
        }
        Self {
            name: kind.name,
            title: kind.title,
            columns: kind.columns,
            bars: kind.bars.map(|bars| drawn(kind, bars, body)).unwrap_or_default(),
            rows,
            total,
            basis: basis.collect(),
            csv: format!("/reports/{}.csv?{}", kind.name, query.finish()),
        }
    }

    /// Whether the whole report has more rows.
    pub(super) fn is_part(&self) -> bool {
        u64::try_from(self.rows.len()).is_ok_and(|count| self.total > count)
    }

    /// How wide the picture of the bars is.
    pub(super) fn width(&self) -> usize {
        self.bars.len() * STEP
    }
}

fn cells(columns: &[Column], row: &Value) -> Vec<Cell> {
    let cell = |(field, label, shape): &Column| Cell {
        label,
        text: text(&row[*field], *shape),
        is_number: shape.is_number(),
    };
    columns.iter().map(cell).collect()
}

/// A row for each figure: what it is called, and what it is.
fn named(figures: &[Column], body: &Value) -> Vec<Vec<Cell>> {
    let row = |(place, label, shape): &Column| {
        let value = body.pointer(place).unwrap_or(&Value::Null);
        let name = Cell { label: "", text: (*label).to_owned(), is_number: false };
        vec![name, Cell { label, text: text(value, *shape), is_number: true }]
    };
    figures.iter().map(row).collect()
}

fn text(value: &Value, shape: Shape) -> String {
    let nothing = || "–".to_owned();
    match shape {
        Shape::Text => value.as_str().map_or_else(nothing, str::to_owned),
        Shape::Count => value.as_i64().map_or_else(nothing, |count| count.to_string()),
        Shape::Money => value.as_i64().map_or_else(nothing, shown::dollars),
        Shape::Share => value.as_f64().map_or_else(nothing, percent),
        Shape::Shares => {
            let each = value.as_array().into_iter().flatten();
            let each = each.map(|share| share.as_f64().map_or_else(nothing, percent));
            each.collect::<Vec<_>>().join(" · ")
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn drawn(kind: &Kind, (label, value): (&str, &str), body: &Value) -> Vec<Bar> {
    let Rows::List(name) = kind.rows else { return Vec::new() };
    let rows = body[name].as_array().map_or(&[][..], Vec::as_slice);
    let rows = &rows[rows.len().saturating_sub(BARS)..];
    let shape = kind.columns.iter().find(|(field, ..)| *field == value).map(|(_, _, shape)| *shape);
    let amount = |row: &Value| row[value].as_i64().unwrap_or(0).max(0);
    let most = rows.iter().map(amount).max().unwrap_or(0);
    let bar = |(n, row): (usize, &Value)| {
        // Not more than the whole, whatever it comes to.
        let part = i128::from(amount(row)) * i128::from(HEIGHT) / i128::from(most.max(1));
        let height = i64::try_from(part).unwrap_or(HEIGHT);
        Bar {
            label: text(&row[label], Shape::Text),
            text: text(&row[value], shape.unwrap_or(Shape::Count)),
            x: n * STEP,
            y: HEIGHT - height,
            height,
        }
    };
    if most > 0 { rows.iter().enumerate().map(bar).collect() } else { Vec::new() }
}
