//! The desk of the dispatcher: a day that moves by itself.

mod board;
mod changes;
mod shape;
mod stream;

use axum::Router;

use crate::SiteState;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new().merge(board::routes()).merge(changes::routes()).merge(stream::routes())
}
