//! Workers as staff see them: who they are, and what is written down about them.

mod changes;
mod list;
mod new;
mod profile;
mod record;
mod shape;

use axum::Router;

use crate::SiteState;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .merge(list::routes())
        .merge(new::routes())
        .merge(record::routes())
        .merge(changes::routes())
        .merge(profile::routes())
}
