//! What an organisation has and owes at the end of a day, as it was booked then: an invoice counts if it was sent and not void.

use axum::extract::State;
use chrono::NaiveDate;
use projections::finance::ledger::{self, Balance, Ledger, Standing};
use projections::finance::records::FinanceRecords;
use projections::finance::snapshots;
use projections::{Projection, tenant};
use serde::Deserialize;
use serde_json::json;
use utoipa_axum::routes;

use super::explain::{self, Figure};
use super::{asked, view};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::extract::{Parameters, flag};
use crate::freshness::Freshness;
use crate::problem::Problem;
use crate::route::Routes;
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default().add(routes!(balance_sheet), view())
}

const FIGURES: [Figure; 7] = [
    Figure::of("ledger_cash", &["cash", "stripe_clearing", "disputed_funds"], &[]),
    Figure::receivable("receivables", Standing::Owed),
    Figure::receivable("customer_credits", Standing::Overpaid),
    Figure::of("tax_recoverable", &["tax_recoverable"], &[]),
    Figure::of("customer_deposits", &["customer_deposits"], &[]),
    Figure::of("tax_payable", &["tax_payable"], &[]),
    Figure::of("accounts_payable", &["accounts_payable"], &[]),
];

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BalanceQuery {
    /// At the end of this day; today, if left out.
    as_of: Option<NaiveDate>,
    /// `1`: also the first lines of the ledger behind each figure, and where the others are.
    explain: Option<u8>,
}

/// What there was and what was owed at the end of a day
#[utoipa::path(
    get,
    path = "/v1/admin/finance/balance_sheet",
    tag = "finance",
    params(BalanceQuery),
    responses((status = 200, description = "`cash_cents` and `equity_cents` are those of the last count of cash, if there is one; `ledger_…` are as booked", content_type = "application/json", example = json!({
        "as_of": "2030-01-31", "currency": "CAD",
        "assets": { "cash_cents": null, "ledger_cash_cents": 18900, "receivables_cents": 0, "open_invoices": 0,
            "tax_recoverable_cents": 0 },
        "liabilities": { "customer_deposits_cents": 0, "customer_credits_cents": 0, "tax_payable_cents": 900,
            "accounts_payable_cents": 0, "total_cents": 900 },
        "equity_cents": null, "ledger_equity_cents": 18000, "data_coverage_notes": []
    })))
)]
async fn balance_sheet(
    State(app): State<AppState>,
    caller: Caller,
    fresh: Freshness,
    Parameters(asked): Parameters<BalanceQuery>,
) -> Result<Answer, Problem> {
    let org = caller.org();
    let as_of = asked::as_of(&app, org, asked.as_of).await?;
    let explain = flag("explain", asked.explain)?;
    let currency: &'static str = crate::invoicing::settings(&app, org).await?.currency.into();
    let reached = fresh.reach(&app, org, &[Ledger::NAME, FinanceRecords::NAME]).await?;
    let mut tx = tenant::begin_steady(&app.reads, org).await?;
    let balances = ledger::balances(&mut tx, org, (None, as_of)).await?;
    let owed = ledger::owed(&mut tx, org, as_of, currency).await?;
    let counted = snapshots::latest(&mut tx, org, as_of).await?;
    let of = |accounts: &[&str]| -> i64 {
        let own = balances
            .iter()
            .filter(|one| one.currency == currency && accounts.contains(&one.account.as_str()));
        own.map(Balance::net_cents).sum()
    };
    let booked = of(&["cash", "stripe_clearing", "disputed_funds"]);
    let (recoverable, deposits) = (of(&["tax_recoverable"]), -of(&["customer_deposits"]));
    let (tax, payable) = (-of(&["tax_payable"]), -of(&["accounts_payable"]));
    let liabilities = deposits + owed.overpaid_cents + tax + payable;
    let others = owed.owed_cents + recoverable - liabilities;
    let cash = counted.as_ref().map(|count| count.cash_cents);
    let mut notes = Vec::new();
    if cash.is_none() {
        notes.push("Cash was not counted up to this day; what was booked is shown.");
    }
    if balances.iter().any(|one| one.currency != currency) {
        notes.push("Amounts in another currency are left out.");
    }
    let mut body = json!({
        "as_of": as_of,
        "currency": currency,
        "assets": {
            "cash_cents": cash, "cash_counted_on": counted.map(|count| count.as_of_date),
            "ledger_cash_cents": booked, "receivables_cents": owed.owed_cents,
            "open_invoices": owed.invoices, "tax_recoverable_cents": recoverable,
        },
        "liabilities": {
            "customer_deposits_cents": deposits, "customer_credits_cents": owed.overpaid_cents,
            "tax_payable_cents": tax, "accounts_payable_cents": payable, "total_cents": liabilities,
        },
        "equity_cents": cash.map(|cash| cash + others),
        "ledger_equity_cents": booked + others,
        "data_coverage_notes": notes,
    });
    if explain {
        body["explain"] = explain::all(&mut tx, org, &FIGURES, (None, as_of), currency).await?;
    }
    Ok(reached.mark(Answer::json(&body)?))
}
