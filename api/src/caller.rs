//! Who is calling: members in a session, or HTTP Basic logins, one per role and organisation.

mod basic;
mod failures;
mod logins;
mod pairs;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use domain::access::{Permission, Permissions, Role};
use domain::id::OrgId;
use domain::identity::staff::By;
use domain::recorded::Actor;
use uuid::Uuid;

pub(crate) use self::basic::Credentials;
use self::logins::Login;
pub(crate) use self::logins::Logins;
pub(crate) use self::pairs::Pairs;
use crate::cookies;
use crate::identity::{self, Bearer, Program, SignedIn};
use crate::organisation::ORG;
use crate::problem::{Code, Problem};
use crate::request::{RequestInfo, Who};
use crate::state::{App, AppState};

/// An authenticated member of staff, acting for one organisation.
#[derive(Clone)]
pub(crate) enum Caller {
    /// A login that sends its name and password with every request.
    Basic(Arc<Login>),
    /// A member in a session.
    Member(Arc<SignedIn>),
    /// A program with a token of its own.
    Program(Arc<Program>),
}

/// How a request said who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Means {
    /// A name and a password; browsers add them to requests of any page.
    Basic,
    /// A token in a header, which no browser adds by itself.
    Bearer,
    /// A token in a cookie, which browsers add to requests of any page.
    Cookie,
}

impl Caller {
    pub(crate) fn org(&self) -> OrgId {
        match self {
            Self::Basic(login) => login.org,
            Self::Member(member) => member.org,
            Self::Program(program) => program.org,
        }
    }

    pub(crate) fn id(&self) -> Uuid {
        match self {
            Self::Basic(login) => login.id,
            Self::Member(member) => member.user.as_uuid(),
            Self::Program(program) => program.id.as_uuid(),
        }
    }

    pub(crate) fn username(&self) -> &str {
        match self {
            Self::Basic(login) => &login.username,
            Self::Member(member) => &member.email,
            Self::Program(program) => &program.name,
        }
    }

    pub(crate) fn role(&self) -> Role {
        match self {
            Self::Basic(login) => login.role,
            Self::Member(member) => member.role,
            Self::Program(program) => program.role,
        }
    }

    pub(crate) fn permissions(&self) -> Permissions {
        match self {
            Self::Basic(login) => Permissions::of_role(login.role),
            Self::Member(member) => member.permissions,
            Self::Program(program) => program.permissions,
        }
    }

    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.permissions().contain(permission)
    }

    /// An owner whose permissions no other role has replaced. A program never is.
    pub(crate) fn is_owner(&self) -> bool {
        self.role() == Role::Owner && self.permissions() == Permissions::of_role(Role::Owner)
    }

    /// Whether a second factor was shown.
    pub(crate) fn has_shown_mfa(&self) -> bool {
        match self {
            Self::Basic(_) => false,
            Self::Member(member) => member.mfa,
            Self::Program(program) => program.mfa,
        }
    }

    /// Whether a second factor can be asked for at all. A Basic login has none; where one must be shown in production,
    /// such logins are not accepted in the first place.
    pub(crate) const fn can_show_mfa(&self) -> bool {
        !matches!(self, Self::Basic(_))
    }

    pub(crate) fn must_change_password(&self) -> bool {
        matches!(self, Self::Member(member) if member.must_change_password)
    }

    /// The session, where there must be one.
    pub(crate) fn session(&self) -> Result<&SignedIn, Problem> {
        match self {
            Self::Member(member) => Ok(member),
            Self::Basic(_) | Self::Program(_) => Err(Problem::new(Code::SessionNeeded)),
        }
    }

    /// As the staff of the organisation know whoever asks.
    pub(crate) fn by(&self) -> By {
        let user = match self {
            Self::Basic(_) | Self::Program(_) => None,
            Self::Member(member) => Some(member.user),
        };
        By { user, permissions: self.permissions(), is_owner: self.is_owner() }
    }

    pub(crate) fn actor(&self) -> Actor {
        Actor {
            kind: "staff".to_owned(),
            id: self.id().to_string(),
            role: self.role().key().to_owned(),
        }
    }
}

/// There is a caller wherever the rule of the route asks for one.
impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| {
            tracing::error!(
                path = parts.uri.path(),
                "a handler asks for a caller, its rule does not"
            );
            Problem::new(Code::Internal)
        })
    }
}

/// There are means wherever there is a caller.
impl FromRequestParts<AppState> for Means {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        parts.extensions.get().copied().ok_or_else(|| Problem::new(Code::Internal))
    }
}

/// Who sends this request, and how it says so: a session or a program if a token says so, else a Basic login, where such
/// logins are known.
pub(crate) async fn sign_in(
    app: &App,
    parts: &Parts,
    info: &RequestInfo,
) -> Result<(Caller, Means), Problem> {
    let (caller, means) = match token(&parts.headers) {
        // A token that is no good is never made up for by something else.
        Some((token, means)) => {
            let caller = by_token(app, token, info).await?;
            must_be_of(app, &caller, &parts.headers).await?;
            (caller, means)
        }
        None if parts.uri.path().starts_with("/v1/auth/") => {
            return Err(Problem::unauthenticated_bearer("Authentication required"));
        }
        None => {
            let login = logins::by_basic(app, &parts.headers, info).await?;
            (Caller::Basic(login), Means::Basic)
        }
    };
    info.is_from(Who {
        org: caller.org(),
        user: Some(caller.id()),
        role: Some(caller.role().key()),
    });
    Ok((caller, means))
}

async fn by_token(app: &App, token: &str, info: &RequestInfo) -> Result<Caller, Problem> {
    match identity::by_token(app, token, info).await {
        Ok(Bearer::Member(member)) => Ok(Caller::Member(member)),
        Ok(Bearer::Program(program)) => Ok(Caller::Program(program)),
        Err(problem) => {
            if problem.status() == axum::http::StatusCode::UNAUTHORIZED {
                failed(info, "bearer", "bearer_token_present_for_admin");
            }
            Err(problem)
        }
    }
}

/// A token is good in its own organisation only; whoever names another one with `X-Org` means that. One that there is not is
/// answered alike.
async fn must_be_of(app: &App, caller: &Caller, headers: &HeaderMap) -> Result<(), Problem> {
    if !headers.contains_key(ORG) {
        return Ok(());
    }
    let named = match app.organisations.of_header(&app.reads, headers).await {
        Err(problem) if problem.status().is_client_error() => None,
        answered => answered?,
    };
    if named.is_some_and(|named| named.id == caller.org()) {
        return Ok(());
    }
    Err(Problem::unauthenticated_bearer(
        "This token is not good in the organisation that X-Org names",
    ))
}

/// The token, from the header or from the cookie of a browser. A header of any scheme goes before a cookie: whoever sends
/// one means it.
fn token(headers: &HeaderMap) -> Option<(&str, Means)> {
    let Some(header) = headers.get(header::AUTHORIZATION) else {
        return Some((cookies::value(headers, cookies::SESSION)?, Means::Cookie));
    };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| (token.trim(), Means::Bearer))
}

/// What operators look for when somebody does not get in. Never says what was sent.
fn failed(info: &RequestInfo, scheme: &'static str, reason: &'static str) {
    metrics::counter!("auth_failures_total", "scheme" => scheme, "reason" => reason).increment(1);
    tracing::warn!(request_id = info.id, scheme, reason, "admin_auth_failed");
}
