//! The books: what is written into them by hand, and what they say.

mod accounting_months;
mod asked;
mod balance;
mod budgets;
mod cashflow;
mod categories;
mod deposits;
mod expenses;
mod explain;
mod instalments;
mod ledger;
mod periods;
mod pnl;
mod snapshots;
mod spent;
mod tax_export;
mod taxes;

use commands::{Beside, CommandError, Context};
use domain::access::Permission;
use domain::finance::FinanceError;
use domain::finance::budget::MONTHS;
use domain::finance::cash::DATES;
use domain::finance::category::NAMES;
use domain::finance::month::Month;
use domain::finance::period::CLOSED;
use domain::settings::feature::Feature;
use serde_json::json;

use crate::problem::Problem;
use crate::route::{Routes, Rule, staff};
use crate::state::App;

const VIEW: &[Permission] = &[Permission::FinanceView];
const MANAGE: &[Permission] = &[Permission::FinanceManage];

pub(crate) fn routes() -> Routes {
    Routes::default()
        .merge(categories::routes())
        .merge(expenses::routes())
        .merge(spent::routes())
        .merge(budgets::routes())
        .merge(snapshots::routes())
        .merge(instalments::routes())
        .merge(ledger::routes())
        .merge(taxes::routes())
        .merge(tax_export::routes())
        .merge(pnl::routes())
        .merge(cashflow::routes())
        .merge(balance::routes())
        .merge(deposits::routes())
        .merge(periods::routes())
        .merge(accounting_months::routes())
}

const fn view() -> Rule {
    staff(VIEW).feature(Feature::Finance)
}

const fn manage() -> Rule {
    staff(MANAGE).feature(Feature::Finance)
}

/// Lets a command be carried out only while the books of these months are open: one that is closed at the same time undoes it.
///
/// A month that still goes on cannot be closed, so most commands need not look.
pub(crate) async fn while_open(
    app: &App,
    context: &mut Context,
    months: impl IntoIterator<Item = Month>,
) -> Result<(), Problem> {
    let now = Month::of(app.today(context.org).await?);
    for month in months.into_iter().filter(|month| *month < now) {
        let name = month.to_string();
        // Whoever repeats a request is told again what became of it, whatever was closed since.
        if !context.request.keyed && app.bus.holder(context.org, CLOSED, &name).await?.is_some() {
            return Err(Problem::refused(&FinanceError::PeriodClosed(month)));
        }
        context.beside.push(Beside(json!({ "do": "books.keep_open", "month": name })));
    }
    Ok(())
}

/// What to answer when something was not written into the books.
fn refused(error: CommandError<FinanceError>) -> Problem {
    match error {
        CommandError::ClaimTaken { scope } if scope == NAMES => {
            Problem::refused(&FinanceError::NameTaken)
        }
        CommandError::ClaimTaken { scope } if scope == MONTHS => {
            Problem::refused(&FinanceError::BudgetTaken)
        }
        CommandError::ClaimTaken { scope } if scope == DATES => {
            Problem::refused(&FinanceError::DateTaken)
        }
        error => error.into(),
    }
}
