//! Disputes as staff see and decide them.

mod changes;
mod list;
mod record;
mod shape;

use axum::Router;

use crate::SiteState;

/// The routes of the API.
const ALL: [&str; 3] = ["v1", "admin", "disputes"];

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().merge(list::routes()).merge(record::routes()).merge(changes::routes())
}
