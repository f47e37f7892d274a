//! Who asks at a portal: the holder of a session, by a token in a header or in the cookie of a browser.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, TimeDelta, Utc};
use commands::Context;
use domain::id::{OrgId, PortalSessionId};
use domain::recorded::Actor;
use uuid::Uuid;

use super::super::sessions::hash;
use crate::caller::Means;
use crate::command::CommandRequest;
use crate::cookies;
use crate::organisation::ORG;
use crate::problem::{Code, Problem};
use crate::request::{RequestInfo, Who};
use crate::state::{App, AppState};

/// A session that is used is written down so often, and not with every request.
const NOTICED: TimeDelta = TimeDelta::hours(1);

/// Where somebody has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Portal {
    /// Those who clean.
    Worker,
    /// Those whose homes are cleaned.
    Client,
}

impl Portal {
    /// As events, logs and side tables call whoever is there.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Client => "client",
        }
    }

    /// The cookie that a browser keeps the token in.
    pub(crate) const fn cookie(self) -> &'static str {
        match self {
            Self::Worker => cookies::WORKER,
            Self::Client => cookies::CLIENT,
        }
    }

    /// How long a session lasts that is not used.
    pub(super) const fn life(self, app: &App) -> TimeDelta {
        match self {
            Self::Worker => app.portal.worker,
            Self::Client => app.portal.client,
        }
    }

    /// What stands beside a request by whoever this is, whose id is `id`.
    pub(super) fn actor(self, id: Uuid) -> Actor {
        let name = self.name().to_owned();
        Actor { kind: name.clone(), id: id.to_string(), role: name }
    }

    /// The wire texts are those clients already know.
    const fn refusals(self) -> [&'static str; 2] {
        match self {
            Self::Worker => ["Invalid authentication", "Invalid session"],
            Self::Client => ["Not authenticated", "Invalid or expired token"],
        }
    }

    fn refused(self, by: Refused) -> Problem {
        let [missing, invalid] = self.refusals();
        let (reason, detail) = match by {
            Refused::Nothing => ("missing_credentials", missing),
            Refused::Token => ("refused", invalid),
        };
        metrics::counter!("auth_failures_total", "scheme" => self.name(), "reason" => reason)
            .increment(1);
        Problem::unauthenticated_bearer(detail)
    }
}

#[derive(Clone, Copy)]
enum Refused {
    Nothing,
    Token,
}

/// Somebody in a session at a portal.
#[derive(Clone, Debug)]
pub(crate) struct PortalCaller {
    pub(crate) portal: Portal,
    pub(crate) org: OrgId,
    pub(crate) session: PortalSessionId,
    /// The worker or the client; for the login that a team shares, an id of its own.
    pub(crate) holder: Uuid,
    /// Whether it is that login.
    pub(crate) is_shared: bool,
    /// Of a worker.
    pub(crate) team: Option<i32>,
    pub(crate) must_change_password: bool,
    pub(crate) expires_at: DateTime<Utc>,
}

impl PortalCaller {
    /// As the log calls them.
    pub(crate) fn actor(&self) -> Actor {
        self.portal.actor(self.holder)
    }

    /// The context in which they act.
    pub(crate) fn context(&self, request: &CommandRequest) -> Context {
        request.context_of(self.org, self.actor())
    }
}

/// There is one wherever the rule of the route asks for one.
impl FromRequestParts<AppState> for PortalCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        parts.extensions.get().cloned().ok_or_else(|| {
            tracing::error!(
                path = parts.uri.path(),
                "a handler asks for somebody at a portal, its rule does not"
            );
            Problem::new(Code::Internal)
        })
    }
}

/// Who sends this request to `portal`, and how it says so. What ended before the request came is refused.
pub(crate) async fn sign_in(
    app: &App,
    portal: Portal,
    headers: &HeaderMap,
    info: &RequestInfo,
) -> Result<(PortalCaller, Means), Problem> {
    let (token, means) = token(headers, portal).ok_or_else(|| portal.refused(Refused::Nothing))?;
    let mut caller = look_up(app, portal, token).await?;
    if !is_asked(app, headers, caller.org).await? {
        return Err(portal.refused(Refused::Token));
    }
    info.is_from(Who {
        org: caller.org,
        user: Some(caller.holder),
        role: Some(caller.portal.name()),
    });
    if portal == Portal::Client {
        prolong(app, &mut caller).await?;
    }
    Ok((caller, means))
}

async fn look_up(app: &App, portal: Portal, token: &str) -> Result<PortalCaller, Problem> {
    let shared = app.portal.shared.as_ref().filter(|_| portal == Portal::Worker);
    let mut hashes = vec![hash(token)];
    hashes.extend(shared.map(|login| login.digest(token)));
    let found = sqlx::query!(
        r#"select org_id as "org_id!", session_id as "session_id!", kind as "kind!", holder_id, team,
                  must_change_password as "must_change_password!", expires_at as "expires_at!"
           from portal.session($1)"#,
        &hashes as &[Vec<u8>]
    )
    .fetch_optional(&app.reads)
    .await?;
    let found = found
        .filter(|session| session.kind == portal.name() && session.expires_at > app.now())
        .and_then(|session| {
            let org = OrgId::from(session.org_id);
            let shared = app.shared_login(org).map(|login| login.holder(org));
            Some(PortalCaller {
                portal,
                org,
                session: session.session_id.into(),
                holder: session.holder_id.or(shared)?,
                is_shared: session.holder_id.is_none(),
                team: session.team,
                must_change_password: session.must_change_password,
                expires_at: session.expires_at,
            })
        });
    found.ok_or_else(|| portal.refused(Refused::Token))
}

/// Whether the request is meant for `org`. A session is that of one organisation: at the door of another it is none.
async fn is_asked(app: &App, headers: &HeaderMap, org: OrgId) -> Result<bool, Problem> {
    if let Some(host) = app.organisations.of_host(&app.reads, headers).await?
        && host.id != org
    {
        return Ok(false);
    }
    if !headers.contains_key(ORG) {
        return Ok(true);
    }
    let named = app.organisations.of_header(&app.reads, headers).await.ok().flatten();
    Ok(named.is_some_and(|named| named.id == org))
}

/// A client who comes back within a week need not ask for another link.
async fn prolong(app: &App, caller: &mut PortalCaller) -> Result<(), Problem> {
    let until = app.now() + caller.portal.life(app);
    if until - caller.expires_at < NOTICED {
        return Ok(());
    }
    sqlx::query!(
        "select portal.prolong($1, $2, $3)",
        caller.org.as_uuid(),
        caller.session.as_uuid(),
        until
    )
    .execute(&app.reads)
    .await?;
    caller.expires_at = until;
    Ok(())
}

/// A header of any scheme goes before a cookie: whoever sends one means it.
fn token(headers: &HeaderMap, portal: Portal) -> Option<(&str, Means)> {
    let Some(header) = headers.get(header::AUTHORIZATION) else {
        return Some((cookies::value(headers, portal.cookie())?, Means::Cookie));
    };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| (token.trim(), Means::Bearer))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_portal_looks_for_its_own_cookie_and_a_header_goes_first() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "worker_session=w; client_session=c".parse().unwrap());
        assert_eq!(token(&headers, Portal::Worker), Some(("w", Means::Cookie)));
        assert_eq!(token(&headers, Portal::Client), Some(("c", Means::Cookie)));
        headers.insert(header::AUTHORIZATION, "Bearer b".parse().unwrap());
        assert_eq!(token(&headers, Portal::Worker), Some(("b", Means::Bearer)));
        headers.insert(header::AUTHORIZATION, "Basic b3duZXI6eA==".parse().unwrap());
        assert_eq!(token(&headers, Portal::Worker), None);
    }
}
