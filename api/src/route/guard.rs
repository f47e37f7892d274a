//! Stands before every handler and holds its caller to the rule of the route.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::rule::{Access, Key, Rule};
use crate::caller::{self, Caller};
use crate::problem::{Code, Problem};
use crate::rate::{Bucket, Rate, Subject};
use crate::request::{IDEMPOTENCY_KEY, RequestInfo, This};
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
    let info = request.extensions.get::<Arc<RequestInfo>>().map(Arc::clone);
    let info = info.ok_or_else(|| Problem::new(Code::Internal))?;
    let caller = match rule.access {
        Access::Monitor | Access::Public => None,
        Access::SignedIn | Access::Staff(_) | Access::Owner => {
            Some(who(app, request, &info).await?)
        }
    };
    charge(app, rule.rate, caller.as_ref(), &info).await?;
    if let Some(caller) = caller {
        hold(rule, &caller)?;
        if let Some(feature) = rule.feature {
            let settings = app.settings.of(app, caller.org()).await?;
            if !settings.features.contain(feature) {
                return Err(Problem::feature_off(feature));
            }
        }
        request.extensions.insert(caller);
    }
    if rule.key == Key::Required && !request.headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(Problem::new(Code::KeyMissing));
    }
    request.extensions.insert(rule);
    Ok(())
}

/// Who asks. Whoever is not let in has a limit of its own, so that strangers do not use up that of their neighbours.
async fn who(app: &AppState, parts: &Parts, info: &RequestInfo) -> Result<Caller, Problem> {
    match caller::sign_in(app, parts, info).await {
        Err(problem) if problem.status() == StatusCode::UNAUTHORIZED => {
            let stranger = Subject::at(info.address());
            app.rate.charge(info, Bucket::Refused, stranger, app.now()).await?;
            Err(problem)
        }
        known => known,
    }
}

/// Takes the request from what whoever asks has left: people who are signed in by themselves, others by address.
async fn charge(
    app: &AppState,
    rate: Rate,
    caller: Option<&Caller>,
    info: &RequestInfo,
) -> Result<(), Problem> {
    let address = || Subject::at(info.address());
    let subject = caller.map_or_else(address, |caller| Subject::User(caller.id()));
    let bucket = match rate {
        Rate::Free => return Ok(()),
        Rate::Read => Bucket::Read,
        Rate::Write | Rate::Action(_) => Bucket::Write,
        Rate::SignIn => {
            return app.rate.charge(info, Bucket::SignIn, address(), app.now()).await;
        }
    };
    app.rate.charge(info, bucket, subject, app.now()).await?;
    if let (Rate::Action(name), Some(caller)) = (rate, caller) {
        let org = Subject::Org(caller.org().as_uuid());
        app.rate.charge(info, Bucket::Action(name), org, app.now()).await?;
    }
    Ok(())
}

/// Whether somebody we know may do this.
fn hold(rule: Rule, caller: &Caller) -> Result<(), Problem> {
    if caller.must_change_password() && !rule.ungated {
        return Err(Problem::new(Code::PasswordChangeRequired));
    }
    match rule.access {
        Access::Owner if !caller.is_owner() => Err(Problem::owner_only()),
        Access::Staff(permissions) if !permissions.iter().any(|one| caller.may(*one)) => {
            Err(permissions.last().map_or_else(Problem::owner_only, |one| Problem::forbidden(*one)))
        }
        _ => Ok(()),
    }
}

/// Answers where no route is. Whoever looks for one by trying has a limit too.
pub(crate) async fn unknown(State(app): State<AppState>, This(info): This) -> Problem {
    match charge(&app, Rate::Read, None, &info).await {
        Ok(()) => Problem::new(Code::NoRoute),
        Err(limited) => limited,
    }
}
