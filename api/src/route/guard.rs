//! Stands before every handler and holds its caller to the rule of the route.

use std::sync::Arc;

use axum::extract::{Request, State};
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
    match admit(&app, rule, &mut parts).await {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(app: &AppState, rule: Rule, request: &mut Parts) -> Result<(), Problem> {
    if let Some(caller) = who(app, rule.access, request).await? {
        request.extensions.insert(caller);
    }
    if rule.key == Key::Required && !request.headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(Problem::new(Code::KeyMissing));
    }
    request.extensions.insert(rule);
    Ok(())
}

async fn who(app: &AppState, access: Access, request: &Parts) -> Result<Option<Caller>, Problem> {
    let permissions = match access {
        Access::Monitor | Access::Public => return Ok(None),
        Access::SignedIn => &[][..],
        Access::Staff(permissions) => permissions,
    };
    let info = request.extensions.get::<Arc<RequestInfo>>();
    let info = info.ok_or_else(|| Problem::new(Code::Internal))?;
    let caller = caller::sign_in(app, &request.headers, info).await?;
    match permissions.last() {
        Some(named) if !permissions.iter().any(|one| caller.may(*one)) => {
            Err(Problem::forbidden(*named))
        }
        _ => Ok(Some(caller)),
    }
}
