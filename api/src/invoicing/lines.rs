//! What is charged, as callers write it.

use domain::input::{Problems, decimals};
use domain::invoicing::invoice::lines::NewLine;
use domain::invoicing::invoice::{Details, Terms};
use serde::{Deserialize, Deserializer};
use serde_json::Number;
use utoipa::ToSchema;

use crate::problem::Problem;

/// Decimals of a rate.
const PLACES: usize = 6;

#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// 1 to 255 characters.
    description: String,
    /// 1 to 10000.
    qty: i64,
    /// For one.
    unit_price_cents: i64,
    /// `0.05` is 5 %; null for none. Left out, the rate of the price book.
    #[serde(default, deserialize_with = "sent")]
    #[schema(value_type = Option<f64>)]
    #[expect(clippy::option_option, reason = "null and left out are two things")]
    tax_rate: Option<Option<Number>>,
}

/// Tells null from what was left out.
#[expect(clippy::option_option, reason = "null and left out are two things")]
fn sent<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// The lines, with `usual` tax where nothing else is said.
pub(super) fn read(items: Vec<Item>, usual: u32) -> Result<Vec<NewLine>, Problem> {
    let mut problems = Problems::default();
    let mut lines = Vec::with_capacity(items.len());
    for (place, item) in items.into_iter().enumerate() {
        let tax_ppm = match item.tax_rate {
            None => Some(usual).filter(|rate| *rate > 0),
            Some(None) => None,
            Some(Some(rate)) => {
                let rate = decimals(&rate, PLACES).and_then(|rate| u32::try_from(rate).ok());
                if rate.is_none() {
                    let message = "Input should be from 0 to 1, with at most 6 decimals";
                    problems.push(format!("items.{place}.tax_rate"), message);
                }
                rate
            }
        };
        // What is no count at all is refused with the other counts.
        let qty = u32::try_from(item.qty).unwrap_or(0);
        let (description, unit_price_cents) = (item.description, item.unit_price_cents);
        lines.push(NewLine { description, qty, unit_price_cents, tax_ppm });
    }
    Ok(problems.or(lines)?)
}

/// What an invoice says already, as if it had been asked for.
pub(super) fn said(invoice: &Details) -> Terms {
    let lines = invoice.lines.iter().map(|line| NewLine {
        description: line.description.open().cloned().unwrap_or_default(),
        qty: line.qty,
        unit_price_cents: line.unit_price_cents,
        tax_ppm: line.tax_ppm,
    });
    Terms {
        lines: lines.collect(),
        issue_date: invoice.issue_date,
        due_date: invoice.due_date,
        notes: invoice.notes.as_ref().and_then(|notes| notes.open().cloned()),
    }
}
