//! Stands before every handler and holds its caller to the rule of the route.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::rule::{Access, Key, Rule};
use crate::caller::{self, Caller};
use crate::problem::{Code, Problem};
use crate::request::{IDEMPOTENCY_KEY, RequestInfo};
use crate::state::AppState;

/// Lets through whom the rule allows; the handler finds the caller and the rule among the extensions of the request.
pub(super) async fn guard(
    State((app, rule)): State<(AppState, Rule)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let info = parts.extensions.get::<Arc<RequestInfo>>().cloned();
    if let (Some(info), Ok(path)) =
        (&info, RawPathParams::from_request_parts(&mut parts, &app).await)
    {
        info.trail.held_to(rule, &path);
    }
    match admit(&app, rule, &mut parts).await {
        Ok(()) => {
            if let Some(info) = info {
                info.trail.admit();
            }
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(app: &AppState, rule: Rule, request: &mut Parts) -> Result<(), Problem> {
    if let Some(caller) = who(app, rule, request).await? {
        request.extensions.insert(caller);
    }
    if rule.key == Key::Required && !request.headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(Problem::new(Code::KeyMissing));
    }
    request.extensions.insert(rule);
    Ok(())
}

async fn who(app: &AppState, rule: Rule, parts: &Parts) -> Result<Option<Caller>, Problem> {
    if matches!(rule.access, Access::Monitor | Access::Public) {
        return Ok(None);
    }
    let info = parts.extensions.get::<Arc<RequestInfo>>();
    let info = info.ok_or_else(|| Problem::new(Code::Internal))?;
    let caller = caller::sign_in(app, parts, info).await?;
    if caller.must_change_password() && !rule.ungated {
        return Err(Problem::new(Code::PasswordChangeRequired));
    }
    match rule.access {
        Access::Owner if !caller.is_owner() => Err(Problem::owner_only()),
        Access::Staff(permissions) if !permissions.iter().any(|one| caller.may(*one)) => {
            Err(permissions.last().map_or_else(Problem::owner_only, |one| Problem::forbidden(*one)))
        }
        _ => Ok(Some(caller)),
    }
}
