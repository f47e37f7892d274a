//! Stands before every handler and holds its caller to the rule of the route, in this order: where they come from, who they
//! are, whether anything may be changed, second factor, password, permission, module, page, idempotency key.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::id::OrgId;
use uuid::Uuid;

use super::rule::{Access, Key, Rule};
use crate::caller::{self, Caller, Means};
use crate::cookies;
use crate::cursor;
use crate::identity::{self, Portal, PortalCaller};
use crate::problem::{Code, Problem};
use crate::rate::{Bucket, Rate, Subject};
use crate::request::{IDEMPOTENCY_KEY, RequestInfo, This};
use crate::state::AppState;

/// What a guard knows of its route.
#[derive(Clone, Copy)]
pub(super) struct Post {
    pub(super) rule: Rule,
    /// Below `/v1/admin` or `/v1/iam`.
    pub(super) of_staff: bool,
}

/// Lets through whom the rule allows; the handler finds the caller and the rule among the extensions of the request.
pub(super) async fn guard(
    State((app, post)): State<(AppState, Post)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    let info = parts.extensions.get::<Arc<RequestInfo>>().cloned();
    if let (Some(info), Ok(path)) =
        (&info, RawPathParams::from_request_parts(&mut parts, &app).await)
    {
        info.trail.held_to(post.rule, &path);
    }
    match admit(&app, post, &mut parts).await {
        Ok(()) => {
            if let Some(info) = &info {
                info.trail.admit();
            }
            let is_read = parts.method.is_safe();
            let path = parts.uri.path().to_owned();
            let handled = next.run(Request::from_parts(parts, body));
            let mut answer = match &info {
                Some(info) => cursor::of_list(path, Arc::clone(info), handled).await,
                None => handled.await,
            };
            if let Some(who) = info.as_ref().and_then(|info| info.who()).filter(|_| is_read) {
                app.behind.mark(who.org, app.now(), answer.headers_mut());
            }
            answer
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(app: &AppState, post: Post, request: &mut Parts) -> Result<(), Problem> {
    let rule = post.rule;
    let info = request.extensions.get::<Arc<RequestInfo>>().map(Arc::clone);
    let info = info.ok_or_else(|| Problem::new(Code::Internal))?;
    match rule.access {
        Access::Monitor | Access::Public => charge(app, rule.rate, None, &info).await?,
        Access::Portal(portal) => {
            let (caller, means) = into_portal(app, (rule, portal), request, &info).await?;
            request.extensions.insert(caller);
            request.extensions.insert(means);
        }
        Access::SignedIn | Access::Staff(_) | Access::Owner => {
            let (caller, means) = let_in(app, post, request, &info).await?;
            request.extensions.insert(caller);
            request.extensions.insert(means);
        }
    }
    if rule.key == Key::Required && !request.headers.contains_key(IDEMPOTENCY_KEY) {
        return Err(Problem::new(Code::KeyMissing));
    }
    request.extensions.insert(rule);
    Ok(())
}

async fn let_in(
    app: &AppState,
    Post { rule, of_staff }: Post,
    parts: &Parts,
    info: &RequestInfo,
) -> Result<(Caller, Means), Problem> {
    if of_staff && !app.staff.allows(info.address()) {
        return Err(Problem::new(Code::AddressNotAllowed));
    }
    let (caller, means) = known(app, info, caller::sign_in(app, parts, info).await).await?;
    charge(app, rule.rate, Some((caller.org(), caller.id())), info).await?;
    let mut under = None;
    if of_staff && app.staff.read_only && !parts.method.is_safe() && !rule.despite_read_only {
        under = Some(identity::break_glass(app, &parts.headers, &caller).await?);
    }
    if of_staff {
        shows_mfa(app, &caller)?;
    }
    if caller.must_change_password() && !rule.ungated {
        return Err(Problem::new(Code::PasswordChangeRequired));
    }
    permit(rule, &caller)?;
    has_feature(app, rule, caller.org()).await?;
    cookies::check(&parts.method, &parts.headers, means)?;
    if let Some(under) = under {
        under.used(app, info, &caller, rule.action.unwrap_or("request.write")).await?;
    }
    Ok((caller, means))
}

/// Lets somebody into their portal.
async fn into_portal(
    app: &AppState,
    (rule, portal): (Rule, Portal),
    parts: &Parts,
    info: &RequestInfo,
) -> Result<(PortalCaller, Means), Problem> {
    let found = identity::at_portal(app, portal, &parts.headers, info).await;
    let (caller, means) = known(app, info, found).await?;
    charge(app, rule.rate, Some((caller.org, caller.holder)), info).await?;
    if caller.must_change_password && !rule.ungated {
        return Err(Problem::new(Code::PasswordChangeRequired));
    }
    has_feature(app, rule, caller.org).await?;
    cookies::check(&parts.method, &parts.headers, means)?;
    Ok((caller, means))
}

async fn has_feature(app: &AppState, rule: Rule, org: OrgId) -> Result<(), Problem> {
    let Some(feature) = rule.feature else { return Ok(()) };
    let settings = app.settings.of(app, org).await?;
    if settings.features.contain(feature) { Ok(()) } else { Err(Problem::feature_off(feature)) }
}

/// Who was found to ask. Whoever is not let in has a limit of its own, so that strangers do not use up that of their
/// neighbours.
async fn known<T>(
    app: &AppState,
    info: &RequestInfo,
    found: Result<T, Problem>,
) -> Result<T, Problem> {
    if found.as_ref().is_err_and(|problem| problem.status() == StatusCode::UNAUTHORIZED) {
        let stranger = Subject::at(info.address());
        app.rate.charge(info, Bucket::Refused, stranger, app.now()).await?;
    }
    found
}

/// Takes the request from what whoever asks has left: people who are signed in by themselves, others by address.
async fn charge(
    app: &AppState,
    rate: Rate,
    caller: Option<(OrgId, Uuid)>,
    info: &RequestInfo,
) -> Result<(), Problem> {
    let address = || Subject::at(info.address());
    let subject = caller.map_or_else(address, |(_, id)| Subject::User(id));
    let bucket = match rate {
        Rate::Free => return Ok(()),
        Rate::Read => Bucket::Read,
        Rate::Write | Rate::Action(_) => Bucket::Write,
        Rate::SignIn => {
            return app.rate.charge(info, Bucket::SignIn, address(), app.now()).await;
        }
    };
    app.rate.charge(info, bucket, subject, app.now()).await?;
    if let (Rate::Action(name), Some((org, _))) = (rate, caller) {
        let org = Subject::Org(org.as_uuid());
        app.rate.charge(info, Bucket::Action(name), org, app.now()).await?;
    }
    Ok(())
}

/// Holds roles that must show a second factor to it.
fn shows_mfa(app: &AppState, caller: &Caller) -> Result<(), Problem> {
    let must = app.staff.wants_mfa(caller.role()) && caller.can_show_mfa();
    if must && !caller.has_shown_mfa() {
        return Err(Problem::mfa("MFA verification required"));
    }
    Ok(())
}

fn permit(rule: Rule, caller: &Caller) -> Result<(), Problem> {
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
