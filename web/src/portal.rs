//! What workers and clients see of themselves: coming in at their portals, who they are, where they are signed in.
//!
//! The browser keeps the token of the API itself, so a restart of this process turns nobody out.

mod book;
mod client;
mod door;
mod jobs;
mod photos;
mod subscriptions;
mod visits;
mod worker;

use axum::Router;
use serde::Deserialize;

pub(crate) use self::door::{Door, Guest};
use crate::SiteState;
use crate::moment::Moment;

pub(crate) fn routes() -> Router<SiteState> {
    Router::new()
        .merge(worker::routes())
        .merge(jobs::routes())
        .merge(client::routes())
        .merge(visits::routes())
        .merge(book::routes())
        .merge(subscriptions::routes())
}

/// One login of somebody, or a link on its way to them.
#[derive(Deserialize)]
struct Login {
    session_id: String,
    state: String,
    started_at: Option<Moment>,
    expires_at: Moment,
    is_current: bool,
}

impl Login {
    fn is_there(&self) -> bool {
        matches!(self.state.as_str(), "open" | "link_sent")
    }

    /// The state in words.
    fn said(&self) -> &str {
        match self.state.as_str() {
            "open" if self.is_current => "This one",
            "open" => "Signed in",
            "link_sent" => "Link sent",
            "revoked" => "Ended",
            "expired" => "Over",
            other => other,
        }
    }
}

#[derive(Deserialize)]
struct Logins {
    sessions: Vec<Login>,
}
