//! Who the caller is and what the caller may do.

use serde_json::json;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::route::{Routes, signed_in};

pub(crate) fn routes() -> Routes {
    Routes::default().add(routes!(whoami), signed_in()).add(routes!(profile), signed_in())
}

/// Name, role and organisation of this login
#[utoipa::path(
    get,
    path = "/v1/admin/whoami",
    tag = "session",
    responses((status = 200, description = "This login", content_type = "application/json", example = json!({
        "username": "viewer", "role": "viewer", "org_id": "00000000-0000-0000-0000-000000000001"
    })))
)]
async fn whoami(caller: Caller) -> Result<Answer, Problem> {
    let (username, role) = (caller.username(), caller.role().key());
    Answer::json(&json!({ "username": username, "role": role, "org_id": caller.org() }))
}

/// What this login may do
#[utoipa::path(
    get,
    path = "/v1/admin/profile",
    tag = "session",
    responses((status = 200, description = "Its permission keys, sorted", content_type = "application/json", example = json!({
        "username": "viewer", "role": "viewer", "permissions": ["bookings.view", "contacts.view"]
    })))
)]
async fn profile(caller: Caller) -> Result<Answer, Problem> {
    let (username, role) = (caller.username(), caller.role().key());
    let mut permissions: Vec<&'static str> = caller.permissions().keys().collect();
    permissions.sort_unstable();
    Answer::json(&json!({ "username": username, "role": role, "permissions": permissions }))
}
