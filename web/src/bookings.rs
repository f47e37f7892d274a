//! Visits as staff see and move them, and the board of a day.

mod board;
mod changes;
mod choices;
mod list;
mod new;
mod record;
mod shape;

use axum::Router;

use crate::SiteState;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .merge(new::routes())
        .merge(list::routes())
        .merge(record::routes())
        .merge(changes::routes())
        .merge(board::routes())
}
