//! The books as those who keep them see them: a month on one page, expenses, budgets, cash, taxes, and the lines behind every figure.

mod books;
mod budgets;
mod cash;
mod expenses;
mod instalments;
mod ledger;
mod months;
mod overview;
mod taxes;

use axum::Router;

use crate::SiteState;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .merge(overview::routes())
        .merge(expenses::routes())
        .merge(taxes::routes())
        .merge(instalments::routes())
        .merge(cash::routes())
        .merge(budgets::routes())
        .merge(ledger::routes())
        .merge(months::routes())
}
