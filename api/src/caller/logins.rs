//! Logins that send a name and a password with every request: those of the environment, and those of operators' making.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, header};
use chrono::TimeDelta;
use domain::access::Role;
use domain::id::OrgId;
use moka::sync::Cache;
use ring::digest::{Context, SHA256};
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use super::basic::{Credentials, Unreadable};
use super::failed;
use super::failures::Failures;
use super::pairs::Pairs;
use crate::audit::Account;
use crate::identity::{Attempt, Guessed};
use crate::organisation::ORG;
use crate::problem::{Code, Problem};
use crate::rate::{Bucket, Subject};
use crate::request::RequestInfo;
use crate::state::App;

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

/// The logins of the environment, and whom this process has seen.
pub(crate) struct Logins {
    pairs: Pairs,
    /// By digest of everything that decided: the credentials themselves are not kept.
    known: Cache<[u8; 32], Arc<Login>>,
    pub(crate) failures: Failures,
}

impl Logins {
    /// `allowed` guesses within `window` are noticed as too many.
    pub(crate) fn new(pairs: Pairs, allowed: usize, window: TimeDelta) -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_live(REMEMBERED).build();
        Self { pairs, known, failures: Failures::new(allowed, window) }
    }
}

/// The login that the header `Authorization` names.
pub(super) async fn by_basic(
    app: &App,
    headers: &HeaderMap,
    info: &RequestInfo,
) -> Result<Arc<Login>, Problem> {
    let Some(authorization) = headers.get(header::AUTHORIZATION) else {
        return Err(refused(info, "missing_credentials"));
    };
    if !app.staff.basic {
        return Err(refused(info, "basic_auth_disabled"));
    }
    let key = cache_key(headers);
    if let Some(login) = app.logins.known.get(&key) {
        return Ok(login);
    }
    let credentials = Credentials::parse(authorization.as_bytes()).map_err(|why| {
        refused(
            info,
            match why {
                Unreadable::Malformed => "malformed_authorization_header",
                Unreadable::NoName => "missing_username",
            },
        )
    })?;
    verify(app, headers, info, credentials, key).await
}

/// The pairs of the environment, then one lookup and the password against everyone who has that name; costs the same if
/// nobody has. `X-Org`, or else the host, says which of them is meant.
async fn verify(
    app: &App,
    headers: &HeaderMap,
    info: &RequestInfo,
    credentials: Credentials,
    key: [u8; 32],
) -> Result<Arc<Login>, Problem> {
    let Logins { pairs, known, failures } = &app.logins;
    let username = credentials.username.clone();
    let guessed = Guessed::password(&credentials.username, info.address());
    // Checking a password is dear: whoever was refused often enough is not even listened to.
    app.rate.look(info, Bucket::Refused, Subject::at(info.address()), app.now()).await?;
    let turn = app.hashing.turn().await?;
    // A page asks for many things at once: the first of them has been let in meanwhile.
    if let Some(login) = known.get(&key) {
        return Ok(login);
    }
    let (attempt, candidates) = turn.within(looked_up(app, guessed, &credentials.username)).await?;
    let of_environment = pairs.find(&credentials);
    let is_nobody = candidates.is_empty() && pairs.is_empty();
    let hashes = candidates.iter().map(|(_, hash)| hash.clone()).collect();
    let mut accounts: Vec<_> = candidates.iter().map(|(login, _)| login.account()).collect();
    let matches = turn.verify(credentials.password, hashes).await?;
    let right = candidates.into_iter().zip(matches).filter(|(_, same)| *same);
    let mut logins: Vec<Login> = of_environment.into_iter().collect();
    logins.extend(right.map(|((login, _), _)| login));
    let knows_the_password = !logins.is_empty();
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
            attempt.succeeded().await?;
            failures.forget(&username, info.address());
            let login = Arc::new(login);
            known.insert(key, Arc::clone(&login));
            Ok(login)
        }
        (Some(login), false) => {
            attempt.was_none().await?;
            Err(ambiguous(logins.iter().chain([&login])))
        }
        (None, _) => {
            // Whoever has the password and asks in the wrong place is not guessing.
            if knows_the_password {
                attempt.was_none().await?;
            } else {
                attempt.was_wrong();
                let is_last = failures.record(&username, info.address(), app.now());
                info.trail.failed_login(accounts, is_last);
            }
            let reason = if is_nobody { "unconfigured_credentials" } else { "invalid_credentials" };
            Err(refused(info, reason))
        }
    }
}

/// Counts an attempt, and finds whom it may be about.
async fn looked_up(
    app: &App,
    guessed: Guessed,
    username: &str,
) -> Result<(Attempt, Vec<(Login, String)>), Problem> {
    let attempt = Attempt::at_password(app, guessed).await?;
    Ok((attempt, logins_of(&app.reads, username).await?))
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

fn refused(info: &RequestInfo, reason: &'static str) -> Problem {
    failed(info, "basic", reason);
    Problem::unauthenticated("Invalid authentication")
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
