//! Clients as staff see them: found, and everything about one of them.

mod changes;
pub(crate) mod choice;
mod list;
mod record;
mod shape;

use axum::Router;

use crate::SiteState;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().merge(list::routes()).merge(record::routes()).merge(changes::routes())
}
