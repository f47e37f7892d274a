//! For auditors and operators: one thing's history, the log, signed heads, what goes out, what staff did.

mod audit;
mod effects;
mod entity;
mod log;

use axum::Router;
use serde_json::Value;

use crate::SiteState;

pub(crate) fn routes() -> Router<SiteState> {
    let log = Router::new().merge(entity::routes()).merge(log::routes());
    log.merge(effects::routes()).merge(audit::routes())
}

/// Who did it, in which role, as an event tells it.
fn actor(actor: &Value) -> String {
    let part = |name: &str| actor[name].as_str().unwrap_or("");
    let (kind, id, role) = (part("type"), part("id"), part("role"));
    if role.is_empty() || role == kind { format!("{kind} {id}") } else { format!("{role} {id}") }
}
