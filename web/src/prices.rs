//! The price book: what can be had, what it costs, on which terms, and the versions of all that.

mod changes;
mod page;
mod shape;
pub(crate) mod term;
mod terms;
mod terms_form;
mod version;

use axum::Router;

use crate::SiteState;

/// Needed to change prices.
const MANAGE: &[&str] = &["pricing.manage"];

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .merge(page::routes())
        .merge(changes::routes())
        .merge(terms_form::routes())
        .merge(version::routes())
}
