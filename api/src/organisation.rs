//! Which organisation a request is for when no login says so.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use domain::id::OrgId;
use moka::sync::Cache;
use sqlx::PgPool;

use crate::problem::{Code, Problem};
use crate::request::{self, This, Who};
use crate::state::{App, AppState};

pub(crate) const ORG: HeaderName = HeaderName::from_static("x-org");

/// A host moved to another organisation is followed after this long.
const REMEMBERED: Duration = Duration::from_secs(30);

/// Bounds the cache against invented host names.
const CAPACITY: u64 = 10_000;

/// No host name, slug or id is longer.
const LONGEST_NAME: usize = 255;

/// What everybody may know about an organisation.
#[derive(Clone, Debug)]
pub(crate) struct Organisation {
    pub(crate) id: OrgId,
    /// On screens.
    pub(crate) name: String,
    /// The time zone it was registered with.
    pub(crate) timezone: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Host(String),
    /// Id or slug.
    Key(String),
}

/// Organisations by the names they go by; `None` is a name that nobody has.
pub(crate) struct Organisations(Cache<Name, Option<Arc<Organisation>>>);

impl Default for Organisations {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(CAPACITY).time_to_live(REMEMBERED).build())
    }
}

impl Organisations {
    /// Who has registered the host this request was sent to.
    pub(crate) async fn of_host(
        &self,
        pool: &PgPool,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Organisation>>, Problem> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(without_port);
        match host {
            Some(host) if fits(host) => self.find(pool, Name::Host(host.to_lowercase())).await,
            _ => Ok(None),
        }
    }

    /// Who is named by the header `X-Org`; `None` if there is no such header.
    pub(crate) async fn of_header(
        &self,
        pool: &PgPool,
        headers: &HeaderMap,
    ) -> Result<Option<Arc<Organisation>>, Problem> {
        let Some(key) = request::header(headers, &ORG)? else { return Ok(None) };
        let found =
            if fits(key) { self.find(pool, Name::Key(key.to_lowercase())).await? } else { None };
        found.map(Some).ok_or_else(|| Problem::new(Code::OrganisationNotFound))
    }

    /// What was registered about an organisation that a caller belongs to.
    pub(crate) async fn registered(
        &self,
        pool: &PgPool,
        id: OrgId,
    ) -> Result<Arc<Organisation>, Problem> {
        let found = self.of_id(pool, id).await?;
        found.ok_or_else(|| Problem::new(Code::OrganisationNotFound))
    }

    async fn of_id(&self, pool: &PgPool, id: OrgId) -> Result<Option<Arc<Organisation>>, Problem> {
        self.find(pool, Name::Key(id.to_string())).await
    }

    async fn find(&self, pool: &PgPool, name: Name) -> Result<Option<Arc<Organisation>>, Problem> {
        if let Some(known) = self.0.get(&name) {
            return Ok(known);
        }
        let (host, key) = match &name {
            Name::Host(host) => (Some(host.as_str()), None),
            Name::Key(key) => (None, Some(key.as_str())),
        };
        let found = sqlx::query!(
            r#"select org_id as "org_id!", name as "name!", timezone as "timezone!"
               from tenant.find_organisation($1, $2)"#,
            host,
            key
        )
        .fetch_optional(pool)
        .await?;
        let found = found.map(|row| {
            let (name, timezone) = (row.name, row.timezone);
            Arc::new(Organisation { id: row.org_id.into(), name, timezone })
        });
        // Someone may open an organisation and use its name at once; every request has a host.
        if found.is_some() || matches!(name, Name::Host(_)) {
            self.0.insert(name, found.clone());
        }
        Ok(found)
    }
}

/// Fits a name, and a text of PostgreSQL.
fn fits(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// The organisation of a public request: by host, else by `X-Org`, else the default.
pub(crate) struct Public(pub(crate) Arc<Organisation>);

impl FromRequestParts<AppState> for Public {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let found = addressed(app, &parts.headers).await?;
        let found = found.ok_or_else(|| Problem::new(Code::OrganisationNotFound))?;
        let Ok(This(info)) = This::from_request_parts(parts, app).await;
        info.is_from(Who { org: found.id, user: None, role: None });
        Ok(Self(found))
    }
}

/// As [`Public`], for what can be told without an organisation: `None` where none is named.
pub(crate) struct Named(pub(crate) Option<Arc<Organisation>>);

impl FromRequestParts<AppState> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Self, Problem> {
        let found = addressed(app, &parts.headers).await?;
        if let Some(org) = &found {
            let Ok(This(info)) = This::from_request_parts(parts, app).await;
            info.is_from(Who { org: org.id, user: None, role: None });
        }
        Ok(Self(found))
    }
}

async fn addressed(app: &App, headers: &HeaderMap) -> Result<Option<Arc<Organisation>>, Problem> {
    if let Some(found) = app.organisations.of_host(&app.reads, headers).await? {
        return Ok(Some(found));
    }
    if let Some(found) = app.organisations.of_header(&app.reads, headers).await? {
        return Ok(Some(found));
    }
    match app.default_org {
        Some(id) => app.organisations.of_id(&app.reads, id).await,
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_the_name_without_its_port() {
        assert_eq!(without_port("Clean.example:8000"), "Clean.example");
        assert_eq!(without_port("clean.example"), "clean.example");
        assert_eq!(without_port("[::1]:8000"), "[::1]");
        assert_eq!(without_port("[::1]"), "[::1]");
    }

    #[test]
    fn what_no_organisation_can_be_called_is_not_looked_up() {
        for name in ["", "a b", "a\0b", "ä"] {
            assert!(!fits(name));
        }
        assert!(!fits(&"x".repeat(256)));
        assert!(fits("sparkle-clean"));
    }
}
