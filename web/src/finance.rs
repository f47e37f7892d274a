//! The books as those who keep them see them: a month on one page, expenses, taxes, and the lines behind every figure.

mod expenses;
mod ledger;
mod overview;
mod taxes;

use axum::Router;

use crate::SiteState;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .merge(overview::routes())
        .merge(expenses::routes())
        .merge(taxes::routes())
        .merge(ledger::routes())
}
