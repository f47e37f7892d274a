//! Profit and loss: by what came in and went out, or by what was earned and spent.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use domain::id::OrgId;
use projections::finance::categories::{self, Counted, Spent};
use projections::finance::ledger::{self, Flow, Ledger};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use utoipa_axum::routes;
use uuid::Uuid;

use super::cashflow::{CUSTOMERS, MONEY, by_label};
use super::explain::{self, Figure};
use super::{asked, view};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, flag};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;
use crate::table;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(profit_and_loss), view())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PnlQuery {
    /// First day.
    from: NaiveDate,
    /// Last day.
    to: NaiveDate,
    /// `cash` (the default): what customers paid, on the day on which it came in; `accrual`: what was charged, on the day of its
    /// invoice.
    basis: Option<String>,
    /// Whether tax counts; if left out, it does by cash and does not by accrual.
    include_tax: Option<bool>,
    /// `json` (the default) or `csv`.
    format: Option<String>,
    /// `1`: also the first lines of the ledger behind each figure, and where the others are.
    explain: Option<u8>,
}

const CASH: [Figure; 3] = [
    Figure::of("revenue", &MONEY, &CUSTOMERS),
    Figure::of("expenses", &MONEY, &["expense"]),
    Figure::of("dispute_losses", &["dispute_losses"], &[]),
];

/// Money comes with the tax in it, so that is taken off in lines of its own.
const CASH_WITHOUT_TAX: [Figure; 3] = [
    Figure::of("revenue", &MONEY, &CUSTOMERS).without_tax(),
    Figure::of("expenses", &MONEY, &["expense"]).without_tax(),
    Figure::of("dispute_losses", &["dispute_losses"], &[]),
];

const ACCRUAL: [Figure; 3] = [
    Figure::of("revenue", &["revenue", "tax_payable"], &["invoice"]),
    Figure::of("expenses", &["expense", "tax_recoverable"], &[]),
    Figure::of("dispute_losses", &["dispute_losses"], &[]),
];

const WITHOUT_TAX: [Figure; 3] = [
    Figure::of("revenue", &["revenue"], &["invoice"]),
    Figure::of("expenses", &["expense"], &[]),
    Figure::of("dispute_losses", &["dispute_losses"], &[]),
];

/// One line of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Side {
    label: String,
    id: Option<Uuid>,
    /// As it counts: with tax, or without.
    total: i64,
    tax: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Report {
    revenue: Vec<Side>,
    expenses: Vec<Side>,
    losses: i64,
    /// By cash, what the bank took is in what customers paid.
    losses_in_revenue: bool,
}

impl Report {
    fn sum(sides: &[Side]) -> (i64, i64) {
        (sides.iter().map(|one| one.total).sum(), sides.iter().map(|one| one.tax).sum())
    }

    fn net(&self) -> i64 {
        Self::sum(&self.revenue).0 - Self::sum(&self.expenses).0 - self.losses_beside()
    }

    /// What is not counted anywhere else.
    const fn losses_beside(&self) -> i64 {
        if self.losses_in_revenue { 0 } else { self.losses }
    }

    /// `section,label,total_cents,tax_cents`. Names of categories are the only words in it.
    fn table(&self) -> Result<Vec<u8>, csv::Error> {
        let part = |section: &str, side: &Side| {
            [section.to_owned(), side.label.clone(), side.total.to_string(), side.tax.to_string()]
        };
        let mut rows: Vec<[String; 4]> =
            self.revenue.iter().map(|side| part("revenue", side)).collect();
        rows.extend(self.expenses.iter().map(|side| part("expenses", side)));
        let alone = |section: &str, cents: i64| {
            [section.to_owned(), String::new(), cents.to_string(), "0".to_owned()]
        };
        // Its lines come to the net, so what is in one of them already is no other.
        if self.losses_beside() != 0 {
            rows.push(alone("dispute_losses", self.losses_beside()));
        }
        rows.push(alone("net", self.net()));
        ledger::report_rows(&rows)
    }
}

/// Reads the report of some days. The tax of what was paid is known of payments of invoices; of deposits it is when they are
/// counted for one.
async fn report(
    db: &mut PgConnection,
    org: OrgId,
    range: (NaiveDate, NaiveDate),
    (cash, with_tax): (bool, bool),
    currency: &str,
) -> Result<Report, Problem> {
    let flows = ledger::flows(db, org, range, currency).await?;
    let revenue = if cash {
        let tax = ledger::tax_summary(db, org, range, currency).await?.own;
        by_method(&flows, (tax.collected_cents, with_tax))
    } else {
        earned(&flows, with_tax)
    };
    let mut expenses = if cash {
        let paid = categories::spent(db, org, range, Counted::Paid(currency)).await?;
        paid.into_iter().map(|one| paid_out(one, with_tax)).collect()
    } else {
        let mut expenses = spent(&flows, with_tax);
        let ids: Vec<Uuid> = expenses.iter().filter_map(|side| side.id).collect();
        let names = categories::names(db, org, &ids).await?;
        for side in &mut expenses {
            let name = side.id.and_then(|id| names.get(&id));
            side.label = name.cloned().unwrap_or_default();
        }
        expenses
    };
    expenses.sort_by(|a, b| (&a.label, a.id).cmp(&(&b.label, b.id)));
    let lost = flows.iter().filter(|flow| flow.account == "dispute_losses");
    let losses = lost.map(Flow::net_cents).sum();
    Ok(Report { revenue, expenses, losses, losses_in_revenue: cash })
}

fn by_method(flows: &[Flow], (tax, with_tax): (i64, bool)) -> Vec<Side> {
    let mut sides: Vec<Side> = by_label(flows, &CUSTOMERS)
        .into_iter()
        .map(|(label, total)| Side { label: label.to_owned(), total, ..Side::default() })
        .collect();
    // The tax is of all of them together.
    let total = if with_tax { 0 } else { -tax };
    if tax != 0 {
        sides.push(Side { label: "tax".to_owned(), total, tax, id: None });
    }
    sides
}

fn earned(flows: &[Flow], with_tax: bool) -> Vec<Side> {
    let of = |account: &str| -> i64 {
        let own =
            flows.iter().filter(|flow| flow.account == account && flow.source_type == "invoice");
        -own.map(Flow::net_cents).sum::<i64>()
    };
    let (net, tax) = (of("revenue"), of("tax_payable"));
    let total = if with_tax { net + tax } else { net };
    vec![Side { label: "invoices".to_owned(), total, tax, id: None }]
}

fn paid_out(paid: Spent, with_tax: bool) -> Side {
    let Spent { category_id, name, total_cents, tax_cents, .. } = paid;
    let total = if with_tax { total_cents + tax_cents } else { total_cents };
    Side { label: name, id: Some(category_id), total, tax: tax_cents }
}

fn spent(flows: &[Flow], with_tax: bool) -> Vec<Side> {
    let mut sides: BTreeMap<Uuid, Side> = BTreeMap::new();
    for flow in flows {
        let (is_net, is_tax) = (flow.account == "expense", flow.account == "tax_recoverable");
        let category = flow.label.as_deref().and_then(|label| label.parse::<Uuid>().ok());
        let Some(id) = category.filter(|_| is_net || is_tax) else { continue };
        let side = sides.entry(id).or_default();
        side.id = Some(id);
        if is_net || with_tax {
            side.total += flow.net_cents();
        }
        if is_tax {
            side.tax += flow.net_cents();
        }
    }
    sides.into_values().filter(|side| (side.total, side.tax) != (0, 0)).collect()
}

/// What came in or was earned in a time, less what was spent; also as CSV
#[utoipa::path(
    get,
    path = "/v1/admin/finance/pnl",
    tag = "finance",
    params(PnlQuery),
    responses((status = 200, description = "As JSON, or as CSV with the columns `section,label,total_cents,tax_cents`. By cash, what was lost to disputes has left the revenue already (`dispute`), and is told beside it; by accrual it is taken off the net", content_type = "application/json", example = json!({
        "basis": "cash", "include_tax": true, "from": "2030-01-01", "to": "2030-01-31", "currency": "CAD",
        "revenue_cents": 18900, "revenue": [{ "label": "etransfer", "total_cents": 18900, "tax_cents": 0 }],
        "expenses_cents": 10500, "expenses": [{ "category_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "label": "Fuel",
            "total_cents": 10500, "tax_cents": 500 }],
        "dispute_losses_cents": 0, "net_cents": 8400
    })))
)]
async fn profit_and_loss(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<PnlQuery>,
) -> Result<Response, Problem> {
    let (org, range) = (caller.org(), asked::days(asked.from, asked.to)?);
    let cash = match asked.basis.as_deref() {
        None | Some("cash") => true,
        Some("accrual") => false,
        Some(_) => return Err(Problem::field("basis", "Input should be cash or accrual")),
    };
    let as_table = match asked.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(Problem::field("format", "Input should be json or csv")),
    };
    let (with_tax, explain) = (asked.include_tax.unwrap_or(cash), flag("explain", asked.explain)?);
    let currency: &'static str = crate::invoicing::settings(&app, org).await?.currency.into();
    let reached = fresh.reach(&app, org, &[Ledger::NAME, FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin_steady(&app.reads, org).await?;
    let report = report(&mut tx, org, range, (cash, with_tax), currency).await?;
    if as_table {
        let table = report.table().map_err(|error| Problem::internal(&error))?;
        return Ok(table::file("pnl.csv", table));
    }
    let mut body = shown(&report, range, (cash, with_tax), currency);
    if explain {
        let figures = match (cash, with_tax) {
            (true, true) => &CASH,
            (true, false) => &CASH_WITHOUT_TAX,
            (false, true) => &ACCRUAL,
            (false, false) => &WITHOUT_TAX,
        };
        let days = (Some(range.0), range.1);
        body["explain"] = explain::all(&mut tx, org, figures, days, currency).await?;
    }
    Ok(reached.mark(Answer::json(&body)?).into_response())
}

fn shown(
    report: &Report,
    (from, to): (NaiveDate, NaiveDate),
    (cash, with_tax): (bool, bool),
    currency: &str,
) -> Value {
    let revenue = |side: &Side| json!({ "label": side.label, "total_cents": side.total, "tax_cents": side.tax });
    let expense = |side: &Side| {
        json!({
            "category_id": side.id, "label": side.label, "total_cents": side.total,
            "tax_cents": side.tax,
        })
    };
    let ((earned, earned_tax), (spent, spent_tax)) =
        (Report::sum(&report.revenue), Report::sum(&report.expenses));
    json!({
        "basis": if cash { "cash" } else { "accrual" },
        "include_tax": with_tax,
        "from": from,
        "to": to,
        "currency": currency,
        "revenue_cents": earned,
        "revenue_tax_cents": earned_tax,
        "revenue": report.revenue.iter().map(revenue).collect::<Vec<_>>(),
        "expenses_cents": spent,
        "expenses_tax_cents": spent_tax,
        "expenses": report.expenses.iter().map(expense).collect::<Vec<_>>(),
        "dispute_losses_cents": report.losses,
        "net_cents": report.net(),
    })
}
