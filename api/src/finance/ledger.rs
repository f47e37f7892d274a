//! The ledger, line by line, and what it adds up to.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use domain::finance::ledger::Account;
use domain::id::OrgId;
use domain::settings::org::Currency;
use projections::finance::ledger::{self, Balance, Filter, Ledger, Line, PAGE};
use projections::finance::records::FinanceRecords;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;
use utoipa_axum::routes;
use uuid::Uuid;

use super::asked;
use super::view;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::cursor::{self, continued};
use crate::extract::{Parameters, flag, limit};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::{App, AppState};
use crate::table::{self, Pages};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(ledger_lines), view())
        .add(routes!(ledger_table), view().leaves("ledger_entry.export"))
        .add(routes!(trial_balance), view())
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LedgerQuery {
    /// One or more accounts, with commas between them.
    account: Option<String>,
    /// First day.
    from: Option<NaiveDate>,
    /// Last day.
    to: Option<NaiveDate>,
    /// One or more of `invoice`, `payment`, `booking`, `expense` and `tax_instalment`, with commas between them.
    source: Option<String>,
    /// The id of one of these.
    source_id: Option<String>,
    invoice_id: Option<Uuid>,
    /// `CAD` or `USD`; all, if left out.
    currency: Option<String>,
    /// `owed` or `overpaid`: only what belongs to invoices of which something is left to be paid at the end of the last day, or of
    /// which more was paid than they come to.
    standing: Option<String>,
    /// `1`: also the tax in what customers paid (`tax_collected`, once it counts for an invoice) and in what was paid for expenses
    /// (`tax_paid`), as lines that take it off the money. They belong to no entry, and are listed whatever the accounts.
    without_tax: Option<u8>,
    /// `X-Next-Cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 500, else 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
}

const SOURCES: [&str; 5] = ["invoice", "payment", "booking", "expense", "tax_instalment"];

impl LedgerQuery {
    fn filter(&self) -> Result<Filter, Problem> {
        let (from, to) = asked::maybe_days(self.from, self.to)?;
        let named = self.account.as_deref().into_iter().flat_map(|all| all.split(','));
        let accounts = named.map(|one| one.trim().parse::<Account>().map(Into::into));
        let accounts = accounts.collect::<Result<Vec<&'static str>, _>>();
        let unknown = |_| {
            let all: Vec<&str> = Account::VARIANTS.iter().map(Into::into).collect();
            Problem::field("account", format!("Input should be of: {}", all.join(", ")))
        };
        let named = self.source.as_deref().into_iter().flat_map(|all| all.split(','));
        let sources: Vec<String> = named.map(|one| one.trim().to_owned()).collect();
        if sources.iter().any(|one| !SOURCES.contains(&one.as_str())) {
            let all = SOURCES.join(", ");
            return Err(Problem::field("source", format!("Input should be of: {all}")));
        }
        let standing = self.standing.as_deref().map(str::parse).transpose();
        let standing =
            standing.map_err(|_| Problem::field("standing", "Input should be owed or overpaid"))?;
        let currency = self.currency.as_deref().map(str::parse::<Currency>).transpose();
        let currency =
            currency.map_err(|_| Problem::field("currency", "Input should be CAD or USD"))?;
        let (mut accounts, without_tax) =
            (accounts.map_err(unknown)?, flag("without_tax", self.without_tax)?);
        if without_tax && !accounts.is_empty() {
            accounts.extend(ledger::TAX_IN_MONEY);
        }
        Ok(Filter {
            standing,
            without_tax,
            accounts,
            from,
            to,
            sources,
            source_id: self.source_id.clone(),
            invoice: self.invoice_id,
            currency: currency.map(Into::into),
        })
    }
}

/// Position of an event and the line in it.
struct Place(i64, i32);

impl std::str::FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (position, line) = text.split_once('-').unwrap_or((text, ""));
        Ok(Self(position.parse()?, line.parse()?))
    }
}

/// A line, and by which id and position its event is found.
pub(super) fn shown(org: OrgId, line: &Line) -> Value {
    json!({
        "position": line.position,
        "line": line.line,
        "event_id": Uuid::new_v5(&org.as_uuid(), &line.position.to_be_bytes()),
        "day": line.day,
        "account": line.account,
        "debit_cents": line.debit_cents,
        "credit_cents": line.credit_cents,
        "currency": line.currency,
        "source_type": line.source_type,
        "source_id": line.source_id,
        "event_type": line.event_type,
        "invoice_id": line.invoice_id,
        "label": line.label,
    })
}

/// Lines of the ledger, by day and in the order of the log
#[utoipa::path(
    get,
    path = "/v1/admin/finance/ledger",
    tag = "finance",
    params(LedgerQuery),
    responses((status = 200, description = "One page, how many lines match, and what they come to; `X-Next-Cursor` says where the next page begins", content_type = "application/json", example = json!({
        "items": [{ "position": 12, "line": 1, "event_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2d", "day": "2030-01-05",
            "account": "receivable", "debit_cents": 18900, "credit_cents": 0, "currency": "CAD", "source_type": "invoice",
            "source_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "event_type": "issued",
            "invoice_id": "0198b0a4-6f0e-7cc0-8f57-0d4f9a6b1c2e", "label": null }],
        "total": 1, "debit_cents": 18900, "credit_cents": 0
    })))
)]
async fn ledger_lines(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<LedgerQuery>,
) -> Result<Answer, Problem> {
    let (org, filter, limit) = (caller.org(), asked.filter()?, limit(asked.limit, PAGE)?);
    let after = asked::behind::<Place>(asked.cursor.as_deref())?;
    let after = after.map(|(day, Place(position, line))| (day, position, line));
    let reached = fresh.reach(&app, org, &[Ledger::NAME, FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let lines = ledger::lines(&mut tx, org, &filter, after, limit).await?;
    let (total, debit, credit) = ledger::summary(&mut tx, org, &filter).await?;
    let next = cursor::last_of_full(&lines, limit);
    let next = next.map(|line| asked::shown(line.day, format!("{}-{}", line.position, line.line)));
    let items: Vec<Value> = lines.iter().map(|line| shown(org, line)).collect();
    let body =
        json!({ "items": items, "total": total, "debit_cents": debit, "credit_cents": credit });
    Ok(reached.mark(continued(Answer::json(&body)?, next.as_deref())))
}

async fn page(
    app: &App,
    org: OrgId,
    filter: &Filter,
    after: ledger::After,
) -> Result<Vec<Line>, sqlx::Error> {
    let mut tx = tenant::begin(&app.reads, org).await?;
    ledger::lines(&mut tx, org, filter, after, PAGE).await
}

/// The lines of the ledger that match, as CSV; that they were taken out is an entry of the audit log
#[utoipa::path(
    get,
    path = "/v1/admin/finance/ledger.csv",
    tag = "finance",
    params(LedgerQuery),
    responses((status = 200, description = "A line of names, then a line for each of them", content_type = "text/csv"))
)]
async fn ledger_table(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<LedgerQuery>,
) -> Result<Response, Problem> {
    let (org, filter) = (caller.org(), asked.filter()?);
    fresh.reach(&app, org, &[Ledger::NAME, FinanceRecords::NAME]).await?;
    let read = move |after| {
        let (app, filter) = (AppState::clone(&app), filter.clone());
        async move { page(&app, org, &filter, after).await }
    };
    let key = |last: &Line| (last.day, last.position, last.line);
    let pages = Pages { start: None, key, size: PAGE };
    table::long("ledger.csv", ledger::csv_header(), ledger::csv_rows, pages, read).await
}

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TrialQuery {
    /// At the end of this day; today, if left out.
    as_of: Option<NaiveDate>,
}

/// What stands on every account at the end of a day; left and right are the same
#[utoipa::path(
    get,
    path = "/v1/admin/finance/trial_balance",
    tag = "finance",
    params(TrialQuery),
    responses((status = 200, description = "Every account that was ever booked on", content_type = "application/json", example = json!({
        "as_of": "2030-01-31", "position": 12, "currency": "CAD", "debit_cents": 18900, "credit_cents": 18900, "other_currencies": [],
        "accounts": [{ "account": "receivable", "kind": "asset", "currency": "CAD", "debit_cents": 18900, "credit_cents": 0,
            "balance_cents": 18900 }]
    })))
)]
async fn trial_balance(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<TrialQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let as_of = asked::as_of(&app, org, asked.as_of).await?;
    let reached = fresh.reach(&app, org, &[Ledger::NAME]).await?;
    let mut tx = tenant::begin(&app.reads, org).await?;
    let balances = ledger::balances(&mut tx, org, (None, as_of)).await?;
    let position = ledger::reached(&mut tx, org).await?;
    drop(tx);
    let own: &'static str = crate::invoicing::settings(&app, org).await?.currency.into();
    let total = |currency: &str| {
        let of = || balances.iter().filter(|one| one.currency == currency);
        let left: i64 = of().map(|one| one.debit_cents).sum();
        let right: i64 = of().map(|one| one.credit_cents).sum();
        (left, right)
    };
    let others: BTreeSet<&str> =
        balances.iter().map(|one| one.currency.as_str()).filter(|one| *one != own).collect();
    let other = |currency: &&str| {
        let (debit_cents, credit_cents) = total(currency);
        json!({ "currency": currency, "debit_cents": debit_cents, "credit_cents": credit_cents })
    };
    let line = |one: &Balance| {
        let kind = one.account.parse::<Account>().map(|account| json!(account.kind()));
        json!({
            "account": one.account, "kind": kind.unwrap_or_default(), "currency": one.currency,
            "debit_cents": one.debit_cents, "credit_cents": one.credit_cents,
            "balance_cents": one.net_cents(),
        })
    };
    let body = json!({
        "as_of": as_of, "position": position, "currency": own,
        "debit_cents": total(own).0, "credit_cents": total(own).1,
        "other_currencies": others.iter().map(other).collect::<Vec<_>>(),
        "accounts": balances.iter().map(line).collect::<Vec<_>>(),
    });
    Ok(reached.mark(Answer::json(&body)?))
}
