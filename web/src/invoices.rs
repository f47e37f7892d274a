//! Invoices as staff see and change them, and as whoever is to pay sees one.

mod changes;
mod draft;
mod lines;
mod list;
mod own;
mod public;
mod record;
mod shape;
mod write;

use axum::Router;

use crate::SiteState;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .merge(write::routes())
        .merge(list::routes())
        .merge(record::routes())
        .merge(changes::routes())
        .merge(own::routes())
        .merge(public::routes())
}
