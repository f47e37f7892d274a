//! `GET /v1/admin/reports/receivables`: what each client owes, and for how long it has been overdue.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use domain::personal::PLACEHOLDER;
use domain::settings::feature::Feature;
use domain::settings::zone;
use projections::reporting::read::{self, Balance};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked::{Format, says_how};
use super::explain::{Explain, Fact};
use super::report::{Report, Row, row};
use super::then::Then;
use super::{FINANCE, report};
use crate::caller::Caller;
use crate::extract::Parameters;
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::scheduling::instants;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(receivables), report(FINANCE, Feature::FinanceReports))
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct AgeingQuery {
    /// What was left to pay at the end of this day, on the clock of the organisation; today, if left out.
    day: Option<NaiveDate>,
    /// A position of the log or an instant: the report as it was then.
    as_of: Option<String>,
    /// `json` (the default), or `csv`: the whole table.
    #[param(value_type = Option<String>)]
    format: Option<Format>,
    /// 1 shows the invoices behind the figures, page by page, each with the event that changed it last.
    #[param(minimum = 0, maximum = 1)]
    explain: Option<u8>,
    /// `explain.next_after` of the page before.
    explain_after: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<usize>,
    /// Rows of a page: 1 to 1000, else 366; of facts 500 at most, else 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<i64>,
}

says_how!(AgeingQuery);

/// For how long something has been overdue, by the figure that counts it.
const BUCKETS: [&str; 5] = [
    "current_cents",
    "days_1_30_cents",
    "days_31_60_cents",
    "days_61_90_cents",
    "days_over_90_cents",
];

const COLUMNS: [&str; 10] = [
    "customer_id",
    "customer",
    "currency",
    "invoices",
    "current_cents",
    "days_1_30_cents",
    "days_31_60_cents",
    "days_61_90_cents",
    "days_over_90_cents",
    "total_cents",
];

/// Which of [`BUCKETS`] something is in that has been overdue for so many days.
const fn bucket(days: i64) -> usize {
    match days {
        ..1 => 0,
        1..31 => 1,
        31..61 => 2,
        61..91 => 3,
        91.. => 4,
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Owed {
    invoices: i64,
    cents: [i64; 5],
}

impl Owed {
    fn add(&mut self, bucket: usize, cents: i64) {
        self.invoices += 1;
        self.cents[bucket] = self.cents[bucket].saturating_add(cents);
    }

    fn total(&self) -> i64 {
        self.cents.iter().fold(0, |sum, cents| sum.saturating_add(*cents))
    }

    fn into(self, line: &mut Row) {
        line.insert("invoices".to_owned(), self.invoices.into());
        let buckets = BUCKETS.iter().zip(self.cents);
        line.extend(buckets.map(|(name, cents)| ((*name).to_owned(), cents.into())));
        line.insert("total_cents".to_owned(), self.total().into());
    }
}

/// Whoever owes, and in what.
type Key = (Option<Uuid>, String);

fn key_of(key: &Key) -> Value {
    json!({ "customer_id": key.0, "currency": key.1 })
}

fn basis() -> Value {
    json!({
        "balance": "what was invoiced, less credited and paid, plus paid back, by the end of the day; invoices issued by then and not voided by then",
        "buckets": "days from the last day for payment to the day; invoices without one are current",
    })
}

fn totals(owed: &BTreeMap<Key, Owed>) -> Vec<Row> {
    let mut sums = BTreeMap::<&str, Owed>::new();
    for ((_, currency), own) in owed {
        let sum = sums.entry(currency).or_default();
        sum.invoices += own.invoices;
        sum.cents = std::array::from_fn(|n| sum.cents[n].saturating_add(own.cents[n]));
    }
    let line = |(currency, sum): (&str, Owed)| {
        let mut line = row(json!({ "currency": currency }));
        sum.into(&mut line);
        line
    };
    sums.into_iter().map(line).collect()
}

/// What clients owe by the end of a day, by how long it has been overdue; that it was read is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/reports/receivables",
    tag = "reports",
    params(AgeingQuery),
    responses((status = 200, description = "A row for each client and currency, the greatest first", content_type = "application/json", example = json!({
        "day": "2030-03-31", "items": [{ "customer_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "customer": "Sam Sample", "currency": "CAD",
            "invoices": 1, "current_cents": 0, "days_1_30_cents": 18900, "days_31_60_cents": 0, "days_61_90_cents": 0,
            "days_over_90_cents": 0, "total_cents": 18900 }],
        "totals": [], "total": 1, "next_cursor": null, "basis": {}, "timezone": "America/Edmonton", "as_of": { "position": 42 }
    })))
)]
async fn receivables(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<AgeingQuery>,
) -> Result<Response, Problem> {
    let how = asked.how()?;
    let mut then = Then::of(&app, &caller, fresh, how.as_of.as_deref()).await?;
    let day = asked.day.unwrap_or(then.today);
    instants::near("day", day)?;
    let at = then.at();
    let merges = read::merges(&mut then.db, at).await?;
    let (mut owed, mut explain) = (BTreeMap::<Key, Owed>::new(), Explain::asked(&how)?);
    let end =
        day.succ_opt().map_or(DateTime::<Utc>::MAX_UTC, |next| zone::start_of(next, then.zone));
    read::balances(&mut then.db, at, day, |balance: Balance| {
        let bucket = bucket(balance.due_date.map_or(0, |due| (day - due).num_days()));
        let customer = balance.customer_id.map(|id| merges.survivor(id));
        let key = (customer, balance.currency);
        if explain.is_wanted() {
            explain.say(&Fact {
                figure: BUCKETS[bucket],
                value: balance.balance_cents,
                row: key_of(&key),
                kind: "invoice",
                id: &balance.invoice_id.to_string(),
                day: balance.due_date.unwrap_or(balance.issue_date),
                at: end,
                position: balance.position,
            });
        }
        owed.entry(key).or_default().add(bucket, balance.balance_cents);
    })
    .await?;
    let people: Vec<Uuid> = owed.keys().filter_map(|(customer, _)| *customer).collect();
    let names = read::names(&mut then.db, at, &people).await?;
    let about = json!({ "day": day, "totals": totals(&owed) });
    let mut owed: Vec<(Key, Owed)> = owed.into_iter().collect();
    owed.sort_by_key(|(key, own)| (std::cmp::Reverse(own.total()), key.clone()));
    let line = |((customer, currency), own): (Key, Owed)| {
        let name = customer.map(|id| names.get(&id).map_or(PLACEHOLDER, String::as_str));
        let mut line =
            row(json!({ "customer_id": customer, "customer": name, "currency": currency }));
        own.into(&mut line);
        line
    };
    let rows = owed.into_iter().map(line).collect();
    let report = Report {
        name: "receivables",
        basis: basis(),
        about,
        columns: &COLUMNS,
        rows,
        list: Some("items"),
        sheet: None,
    };
    report.answer(&then, &how, explain)
}

#[cfg(test)]
mod tests {
    use super::bucket;

    #[test]
    fn every_day_is_in_one_bucket() {
        let days = [-5, 0, 1, 30, 31, 60, 61, 90, 91, 900];
        assert_eq!(days.map(bucket), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    }
}
