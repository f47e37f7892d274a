//! The doors of the two portals: their addresses, their cookies, and who is inside.

use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Logins;
use crate::api::{Command, Reply};
use crate::failure::Failure;
use crate::form::Fields;
use crate::page;
use crate::visitor::{Visitor, cookie};
use crate::{Site, token};

/// A portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    /// Of those who clean.
    Worker,
    /// Of those whose homes are cleaned.
    Client,
}

impl Door {
    /// Where one comes in.
    pub(crate) const fn login(self) -> &'static str {
        match self {
            Self::Worker => "/worker/login",
            Self::Client => "/client/login",
        }
    }

    /// Where one is then.
    pub(super) const fn home(self) -> &'static str {
        match self {
            Self::Worker => "/worker",
            Self::Client => "/client",
        }
    }

    /// What the routes of the API begin with.
    const fn root(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Client => "client",
        }
    }

    /// The same cookie that the API itself would set.
    const fn cookie(self) -> &'static str {
        match self {
            Self::Worker => "worker_session",
            Self::Client => "client_session",
        }
    }

    /// How long the browser keeps it; the API decides how long it is good.
    const fn seconds(self) -> u32 {
        match self {
            Self::Worker => 12 * 60 * 60,
            Self::Client => 7 * 24 * 60 * 60,
        }
    }

    /// Sends the browser on, with the cookie of a session.
    pub(super) fn let_in(self, site: &Site, token: &str) -> Response {
        let mut response = page::go_to(self.home());
        self.keep(site, token, &mut response);
        response
    }

    /// Has the browser keep `token`, once more from now.
    pub(super) fn keep(self, site: &Site, token: &str, response: &mut Response) {
        set(response, &self.set_cookie(site.secure_cookies, token, self.seconds()));
    }

    /// Sends the browser back to the door, without its cookie.
    pub(crate) fn turn_out(self, site: &Site) -> Response {
        let mut response = page::go_to(self.login());
        set(&mut response, &self.set_cookie(site.secure_cookies, "", 0));
        response
    }

    fn set_cookie(self, secure: bool, token: &str, seconds: u32) -> String {
        let (name, secure) = (self.cookie(), if secure { "; Secure" } else { "" });
        format!("{name}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}")
    }
}

fn set(response: &mut Response, cookie: &str) {
    // A token of the API is header text; anything else was never one.
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Somebody with the cookie of a portal, whom the API may or may not know.
pub(crate) struct Guest {
    door: Door,
    visitor: Visitor,
    pub(super) token: String,
    authorization: HeaderValue,
    /// What every form of theirs carries.
    pub(crate) csrf: String,
}

impl Guest {
    /// Whoever has no cookie is sent to the door.
    pub(crate) fn of(
        site: &Site,
        door: Door,
        visitor: Visitor,
        headers: &HeaderMap,
    ) -> Result<Self, Failure> {
        let left = || Failure::LeftPortal(door);
        let token = cookie(headers, door.cookie()).ok_or_else(left)?.to_owned();
        let mut authorization =
            HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| left())?;
        authorization.set_sensitive(true);
        let csrf = site.tokens.csrf(&token);
        // A login of staff in the same browser is another matter.
        let visitor = Visitor { session: None, org: None, ..visitor };
        Ok(Self { door, visitor, token, authorization, csrf })
    }

    /// As [`Self::of`], for a form: it must be one of their own pages.
    pub(crate) fn with_form(
        site: &Site,
        door: Door,
        visitor: Visitor,
        headers: &HeaderMap,
        fields: &Fields,
    ) -> Result<Self, Failure> {
        let guest = Self::of(site, door, visitor, headers)?;
        if site.tokens.is_csrf(&guest.token, fields.get("csrf")) {
            Ok(guest)
        } else {
            Err(Failure::Forged)
        }
    }

    /// Who they are, as the API tells it.
    pub(super) async fn me<T: DeserializeOwned>(&self, site: &Site) -> Result<T, Failure> {
        self.ask(site, "me").await?.read()
    }

    /// Where they are signed in.
    pub(super) async fn logins(&self, site: &Site) -> Result<Logins, Failure> {
        self.ask(site, "sessions").await?.read()
    }

    async fn ask(&self, site: &Site, what: &str) -> Result<Reply, Failure> {
        self.query(site, &[self.door.root(), what]).await
    }

    /// Asks the API for what is at `path`.
    pub(crate) async fn query(&self, site: &Site, path: &[&str]) -> Result<Reply, Failure> {
        let asked = site.api.ask(&self.visitor, &self.authorization, path).await;
        asked.map_err(|failure| self.left(failure))
    }

    /// Asks the API for what their organisation tells everybody.
    pub(super) async fn look_up(
        &self,
        site: &Site,
        path: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<Reply, Failure> {
        let org: Org = self.ask(site, "org-context").await?.read()?;
        let visitor = self.visitor.clone().at(&org.org_id);
        site.api.look_up(&visitor, path, parameters).await
    }

    /// As [`Self::query`], with parameters; those that are empty are left out.
    pub(crate) async fn query_with(
        &self,
        site: &Site,
        path: &[&str],
        parameters: &[(&str, &str)],
    ) -> Result<Reply, Failure> {
        let asked = site.api.ask_with(&self.visitor, &self.authorization, path, parameters).await;
        asked.map_err(|failure| self.left(failure))
    }

    /// A file of theirs, handed on as it is.
    pub(crate) async fn own_file(&self, site: &Site, path: &[&str]) -> Result<Response, Failure> {
        let asked = site.api.own_file(&self.visitor, &self.authorization, path).await;
        asked.map_err(|failure| self.left(failure))
    }

    /// A file at an address that the API gave, and what it is.
    pub(super) async fn file(
        &self,
        site: &Site,
        address: &str,
    ) -> Result<(String, axum::body::Bytes), Failure> {
        site.api.linked_file(&self.visitor, address).await
    }

    /// Has the API take a file; an answer of 401 is left to whoever asks.
    pub(super) async fn send_file(
        &self,
        site: &Site,
        path: &[&str],
        form: (&str, Vec<u8>),
    ) -> Result<Reply, Failure> {
        site.api.send_file(&self.visitor, &self.authorization, path, form).await
    }

    /// Has the API change what is at `path`; an answer of 401 is left to whoever asks.
    pub(super) async fn change(
        &self,
        site: &Site,
        path: &[&str],
        body: Value,
    ) -> Result<Reply, Failure> {
        let key = token::submission_key();
        let command = Command { method: Method::PATCH, ..Command::post(path, body, &key) };
        site.api.act(&self.visitor, &self.authorization, command).await
    }

    /// Has the API remove what is at `path`; an answer of 401 is left to whoever asks.
    pub(super) async fn remove(&self, site: &Site, path: &[&str]) -> Result<Reply, Failure> {
        let key = token::submission_key();
        let nothing = serde_json::json!({});
        let command = Command { method: Method::DELETE, ..Command::post(path, nothing, &key) };
        site.api.act(&self.visitor, &self.authorization, command).await
    }

    /// Has the API do something; an answer of 401 is left to whoever asks.
    pub(super) async fn act(
        &self,
        site: &Site,
        what: &[&str],
        body: Value,
    ) -> Result<Reply, Failure> {
        self.command(site, &[&[self.door.root()], what].concat(), body).await
    }

    /// Has the API do what is at `path`; an answer of 401 is left to whoever asks.
    pub(crate) async fn command(
        &self,
        site: &Site,
        path: &[&str],
        body: Value,
    ) -> Result<Reply, Failure> {
        self.send(site, Command::post(path, body, &token::submission_key())).await
    }

    /// As [`Self::command`], with whatever it needs.
    pub(super) async fn send(&self, site: &Site, command: Command<'_>) -> Result<Reply, Failure> {
        site.api.act(&self.visitor, &self.authorization, command).await
    }

    /// Ends one of their sessions.
    pub(super) async fn end(&self, site: &Site, session: &str) -> Result<(), Failure> {
        let ended = self.act(site, &["sessions", session, "revoke"], serde_json::json!({})).await;
        ended.map(drop).map_err(|failure| self.left(failure))
    }

    /// Ends this session. Whoever the API no longer knows has left already.
    pub(super) async fn leave(&self, site: &Site) -> Result<Response, Failure> {
        let left = self.act(site, &["logout"], serde_json::json!({})).await;
        match left.map_err(|failure| self.left(failure)) {
            Ok(_) | Err(Failure::LeftPortal(_)) => Ok(self.door.turn_out(site)),
            Err(failure) => Err(failure),
        }
    }

    /// A session that the API no longer accepts has ended here too.
    pub(super) fn left(&self, failure: Failure) -> Failure {
        let is_over = failure.status() == axum::http::StatusCode::UNAUTHORIZED;
        if is_over { Failure::LeftPortal(self.door) } else { failure }
    }
}

/// The organisation of somebody inside.
#[derive(Deserialize)]
struct Org {
    org_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cookie_is_kept_from_scripts_and_comes_along_from_a_mail() {
        let worker = Door::Worker.set_cookie(true, "x", 60);
        assert_eq!(worker, "worker_session=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=60; Secure");
        let gone = Door::Client.set_cookie(false, "", 0);
        assert_eq!(gone, "client_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    }
}
