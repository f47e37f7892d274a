//! Who is calling: members in a session, or HTTP Basic logins, one per role and organisation.

mod basic;
mod failures;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use domain::access::{Permission, Permissions, Role};
use domain::id::OrgId;
use domain::identity::staff::By;
use domain::recorded::Actor;
use moka::sync::Cache;
use ring::digest::{Context, SHA256};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use self::basic::Credentials;
use self::failures::Failures;
pub(crate) use self::failures::key as guess_key;
use crate::audit::Account;
use crate::identity::{self, SignedIn};
use crate::organisation::ORG;
use crate::problem::{Code, Problem};
use crate::rate::{Bucket, Subject};
use crate::request::{RequestInfo, Who};
use crate::state::{App, AppState};

/// A changed or disabled login is noticed after this long.
const REMEMBERED: Duration = Duration::from_secs(30);

/// More signed-in people than one process serves in half a minute.
const CAPACITY: u64 = 10_000;

/// A login of one organisation.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) org: OrgId,
    pub(crate) id: Uuid,
    pub(crate) username: String,
    pub(crate) role: Role,
}

impl Login {
    fn account(&self) -> Account {
        Account { org: self.org, id: self.id, role: self.role.key().to_owned() }
    }
}

/// Whom this process has seen, and who failed.
pub(crate) struct Logins {
    /// By digest of everything that decided: the credentials themselves are not kept.
    known: Cache<[u8; 32], Arc<Login>>,
    failures: Failures,
}

impl Default for Logins {
    fn default() -> Self {
        Self {
            known: Cache::builder().max_capacity(CAPACITY).time_to_live(REMEMBERED).build(),
            failures: Failures::default(),
        }
    }
}

impl Logins {
    /// Refuses whoever has guessed too often.
    pub(crate) fn check(&self, guess: &failures::Key, now: DateTime<Utc>) -> Result<(), Problem> {
        self.failures.check(guess, now).map_err(throttled)
    }

    /// Takes note of a wrong guess; whether it was the last for a while.
    pub(crate) fn failed(&self, guess: failures::Key, now: DateTime<Utc>) -> bool {
        self.failures.record(guess, now)
    }

    /// Forgets the wrong guesses of whoever knew in the end.
    pub(crate) fn succeeded(&self, guess: &failures::Key) {
        self.failures.forget(guess);
    }
}

/// An authenticated member of staff, acting for one organisation.
#[derive(Clone)]
pub(crate) enum Caller {
    /// A login that sends its name and password with every request.
    Basic(Arc<Login>),
    /// A member in a session.
    Member(Arc<SignedIn>),
}

impl Caller {
    pub(crate) fn org(&self) -> OrgId {
        match self {
            Self::Basic(login) => login.org,
            Self::Member(member) => member.org,
        }
    }

    pub(crate) fn id(&self) -> Uuid {
        match self {
            Self::Basic(login) => login.id,
            Self::Member(member) => member.user.as_uuid(),
        }
    }

    pub(crate) fn username(&self) -> &str {
        match self {
            Self::Basic(login) => &login.username,
            Self::Member(member) => &member.email,
        }
    }

    pub(crate) fn role(&self) -> Role {
        match self {
            Self::Basic(login) => login.role,
            Self::Member(member) => member.role,
        }
    }

    pub(crate) fn permissions(&self) -> Permissions {
        match self {
            Self::Basic(login) => Permissions::of_role(login.role),
            Self::Member(member) => member.permissions,
        }
    }

    pub(crate) fn may(&self, permission: Permission) -> bool {
        self.permissions().contain(permission)
    }

    /// An owner whose permissions no other role has replaced.
    pub(crate) fn is_owner(&self) -> bool {
        self.role() == Role::Owner && self.permissions() == Permissions::of_role(Role::Owner)
    }

    pub(crate) fn must_change_password(&self) -> bool {
        matches!(self, Self::Member(member) if member.must_change_password)
    }

    /// The session, where there must be one.
    pub(crate) fn session(&self) -> Result<&SignedIn, Problem> {
        match self {
            Self::Member(member) => Ok(member),
            Self::Basic(_) => Err(Problem::new(Code::SessionNeeded)),
        }
    }

    /// As the staff of the organisation know whoever asks.
    pub(crate) fn by(&self) -> By {
        let user = match self {
            Self::Basic(_) => None,
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

/// Who sends this request: a session if a token says so, else a Basic login, where such logins are known.
pub(crate) async fn sign_in(
    app: &App,
    parts: &Parts,
    info: &RequestInfo,
) -> Result<Caller, Problem> {
    let caller = match token(&parts.headers) {
        // A token that is no good is never made up for by something else.
        Some(token) => Caller::Member(Arc::new(identity::by_token(app, token, info).await?)),
        None if parts.uri.path().starts_with("/v1/auth/") => {
            return Err(Problem::unauthenticated_bearer("Authentication required"));
        }
        None => Caller::Basic(by_basic(app, &parts.headers, info).await?),
    };
    info.is_from(Who { org: caller.org(), user: Some(caller.id()), role: Some(caller.role()) });
    Ok(caller)
}

/// The access token, from the header or from the cookie of the screens.
fn token(headers: &HeaderMap) -> Option<&str> {
    let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    })
}

async fn by_basic(
    app: &App,
    headers: &HeaderMap,
    info: &RequestInfo,
) -> Result<Arc<Login>, Problem> {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return Err(Problem::unauthenticated("Authentication required"));
    };
    let key = cache_key(headers);
    if let Some(login) = app.logins.known.get(&key) {
        return Ok(login);
    }
    let Some(credentials) = Credentials::parse(authorization.as_bytes()) else {
        return Err(refused("malformed"));
    };
    verify(app, headers, info, credentials, key).await
}

/// One lookup, then the password against everyone who has that name; costs the same if nobody has. `X-Org`, or else the
/// host, says which of them is meant.
async fn verify(
    app: &App,
    headers: &HeaderMap,
    info: &RequestInfo,
    credentials: Credentials,
    key: [u8; 32],
) -> Result<Arc<Login>, Problem> {
    let Logins { failures, known } = &app.logins;
    let who = failures::key(&credentials.username, info.address());
    // Checking a password is dear: whoever was refused often enough is not even listened to.
    app.rate.look(info, Bucket::Refused, Subject::at(info.address()), app.now()).await?;
    // Asked again once it is our turn: guesses sent all at once wait here side by side.
    failures.check(&who, app.now()).map_err(throttled)?;
    let turn = app.hashing.turn().await;
    failures.check(&who, app.now()).map_err(throttled)?;
    // A page asks for many things at once: the first of them has been let in meanwhile.
    if let Some(login) = known.get(&key) {
        return Ok(login);
    }

    let candidates = logins_of(&app.reads, &credentials.username).await?;
    let hashes = candidates.iter().map(|(_, hash)| hash.clone()).collect();
    let accounts: Vec<_> = candidates.iter().map(|(login, _)| login.account()).collect();
    let matches = turn.verify(credentials.password, hashes).await?;
    let mut logins: Vec<Login> = candidates
        .into_iter()
        .zip(matches)
        .filter(|(_, same)| *same)
        .map(|((l, _), _)| l)
        .collect();
    let knows_the_password = !logins.is_empty();
    let mut accounts = accounts;
    if headers.contains_key(ORG) {
        let named = app.organisations.of_header(&app.reads, headers).await.ok().flatten();
        let is_named = |org| named.as_ref().is_some_and(|named| named.id == org);
        logins.retain(|login| is_named(login.org));
        accounts.retain(|account| is_named(account.org));
    }
    if logins.len() > 1
        && let Some(org) = app.organisations.of_host(&app.reads, headers).await?
    {
        logins.retain(|login| login.org == org.id);
    }
    match (logins.pop(), logins.is_empty()) {
        (Some(login), true) => {
            failures.forget(&who);
            let login = Arc::new(login);
            known.insert(key, Arc::clone(&login));
            Ok(login)
        }
        (Some(login), false) => Err(ambiguous(logins.iter().chain([&login]))),
        (None, _) => {
            // Whoever has the password and asks in the wrong place is not guessing.
            if !knows_the_password {
                let is_last = failures.record(who, app.now());
                info.trail.failed_login(accounts, is_last);
            }
            Err(refused("wrong_credentials"))
        }
    }
}

/// Everyone who logs in under `username`, in any organisation.
async fn logins_of(pool: &PgPool, username: &str) -> Result<Vec<(Login, String)>, Problem> {
    let rows = sqlx::query!(
        r#"select org_id as "org!", login_id as "id!", role as "role!", password_hash as "hash!"
           from tenant.find_logins($1)"#,
        username
    )
    .fetch_all(pool)
    .await?;
    // A role that this build does not know cannot be granted anything.
    let known = rows.into_iter().filter_map(|row| {
        let role = row.role.parse().ok()?;
        let username = username.to_owned();
        Some((Login { org: row.org.into(), id: row.id, username, role }, row.hash))
    });
    Ok(known.collect())
}

fn cache_key(headers: &HeaderMap) -> [u8; 32] {
    let mut sha = Context::new(&SHA256);
    for name in [header::AUTHORIZATION, ORG, header::HOST] {
        let value = headers.get(name).map_or(&b""[..], |value| value.as_bytes());
        sha.update(&(value.len() as u64).to_be_bytes());
        sha.update(value);
    }
    let mut key = [0; 32];
    key.copy_from_slice(sha.finish().as_ref());
    key
}

fn refused(reason: &'static str) -> Problem {
    metrics::counter!("auth_failures_total", "scheme" => "basic", "reason" => reason).increment(1);
    Problem::unauthenticated("Invalid authentication")
}

fn throttled(seconds: u64) -> Problem {
    metrics::counter!("auth_failures_total", "scheme" => "basic", "reason" => "throttled")
        .increment(1);
    Problem::retry(Code::TooManyAttempts, seconds)
}

/// Whoever knows the password may know where it is valid.
fn ambiguous<'a>(logins: impl Iterator<Item = &'a Login>) -> Problem {
    let orgs: Vec<String> = logins.map(|login| login.org.to_string()).collect();
    Problem::new(Code::AmbiguousOrganisation).with("organisations", json!(orgs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_credentials_for_another_organisation_are_looked_up_anew() {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, "Basic b3duZXI6eA==".parse().unwrap());
        let without = cache_key(&headers);
        headers.insert(ORG, "sparkle".parse().unwrap());
        assert_ne!(without, cache_key(&headers));
    }
}
