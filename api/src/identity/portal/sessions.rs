//! Sessions at portals: begun, ended, and what whoever begins one is given.

use axum::http::HeaderMap;
use chrono::{DateTime, TimeDelta, Utc};
use commands::{Beside, CommandError, Context};
use domain::id::{ClientId, OrgId, PortalSessionId, WorkerId};
use domain::identity::portal::{Holder, PortalSession, PortalSessionCommand, PortalSessionError};
use domain::people::worker::TeamNumber;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::given::page_token;
use super::super::sessions::{hash, hex, random_token};
use super::caller::Portal;
use crate::answer::Answer;
use crate::cookies;
use crate::problem::Problem;
use crate::state::App;

/// A worker who has shown their password, or anybody of a team who has shown that of the team.
pub(super) struct Shown {
    pub(super) org: OrgId,
    /// `None` if it was that of the team.
    pub(super) worker: Option<WorkerId>,
    pub(super) team: TeamNumber,
    /// Of the password that was shown: if it is another by now, nobody gets in by it.
    pub(super) hash: String,
    pub(super) must_change: bool,
}

/// A session that has just begun; its token is shown to its owner only.
pub(super) struct Begun {
    portal: Portal,
    org: OrgId,
    /// `None` if it is anybody of a team.
    holder: Option<Uuid>,
    token: String,
    /// Under which it is found.
    digest: Vec<u8>,
    expires_at: DateTime<Utc>,
}

/// Lets in a worker who has shown their password.
pub(super) async fn open(app: &App, mut context: Context, shown: &Shown) -> Result<Begun, Problem> {
    let holder = shown.worker.map(WorkerId::as_uuid);
    let (session, mut begun) = begin(app, Portal::Worker, shown.org, holder);
    if let Some(login) = app.shared_login(shown.org).filter(|_| holder.is_none()) {
        begun.digest = login.digest(&begun.token);
    }
    let mut row = begun.row(app, session);
    row["team"] = shown.team.get().into();
    row["password_hash"] = shown.hash.as_str().into();
    context.beside.push(Beside(row));
    let team = shown.team;
    let holder = match shown.worker {
        Some(worker_id) => Holder::Worker { worker_id, team },
        None => Holder::SharedWorker { team },
    };
    let command = PortalSessionCommand::Open { holder, expires_at: begun.expires_at };
    let id = session.to_string();
    app.bus.create::<PortalSession>(&context, &id, command, |_| Value::Null).await?;
    Ok(begun)
}

/// Lets in whoever came with a link, once: of two at the same time the log lets one through.
pub(super) async fn redeem(
    app: &App,
    mut context: Context,
    session: PortalSessionId,
    client: ClientId,
) -> Result<Begun, CommandError<PortalSessionError>> {
    let (_, begun) = begin(app, Portal::Client, context.org, Some(client.as_uuid()));
    context.beside.push(Beside(begun.row(app, session)));
    let command = PortalSessionCommand::Redeem { expires_at: begun.expires_at, now: app.now() };
    let id = session.to_string();
    app.bus.execute::<PortalSession>(&context, &id, command, |_| Value::Null).await?;
    Ok(begun)
}

/// Ends a session, or takes a link back.
pub(super) async fn end(
    app: &App,
    mut context: Context,
    session: PortalSessionId,
    reason: &str,
) -> Result<(), Problem> {
    context.beside.push(Beside(json!({
        "do": "portal.revoke_session", "session_id": session, "reason": reason, "at": app.now(),
    })));
    let command = PortalSessionCommand::Revoke { reason: reason.to_owned() };
    let id = session.to_string();
    app.bus.execute::<PortalSession>(&context, &id, command, |_| Value::Null).await?;
    Ok(())
}

fn begin(app: &App, portal: Portal, org: OrgId, holder: Option<Uuid>) -> (PortalSessionId, Begun) {
    let (expires_at, token) = (app.now() + portal.life(app), random_token());
    let begun = Begun { portal, org, holder, digest: hash(&token), token, expires_at };
    (Uuid::now_v7().into(), begun)
}

impl Begun {
    fn row(&self, app: &App, session: PortalSessionId) -> Value {
        json!({
            "do": "portal.put_session", "session_id": session, "kind": self.portal.name(),
            "holder_id": self.holder, "token_hash": hex(&self.digest), "at": app.now(),
            "expires_at": self.expires_at,
        })
    }

    /// The answer, completed by `more`; in a browser no script sees the token.
    pub(super) fn answer(
        self,
        app: &App,
        headers: &HeaderMap,
        by_cookie: bool,
        more: Value,
    ) -> Result<Answer, Problem> {
        let mut body = json!({
            "status": "ok", "token_type": "bearer", "org_id": self.org, "expires_at": self.expires_at,
        });
        if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
            body.extend(more);
        }
        if !by_cookie {
            body["access_token"] = self.token.into();
            return Answer::json(&body);
        }
        let (csrf, secure) = (page_token(headers), app.staff.secure_cookies);
        body["csrf_token"] = csrf.as_str().into();
        let session = (self.portal.cookie(), self.token.as_str());
        Ok(Answer::json(&body)?
            .with(cookies::set(session, Some(self.portal.life(app)), secure))
            .with(cookies::set((cookies::CSRF, &csrf), None, secure)))
    }
}

/// Takes the cookie of a browser back.
pub(super) fn forget(answer: Answer, app: &App, portal: Portal) -> Answer {
    let over = Some(TimeDelta::zero());
    answer.with(cookies::set((portal.cookie(), ""), over, app.staff.secure_cookies))
}

/// Tells the page of a browser what to repeat, and keeps the cookie for as long as the session lasts.
pub(super) fn remind(
    app: &App,
    headers: &HeaderMap,
    portal: Portal,
    body: &mut Value,
) -> Result<Answer, Problem> {
    let (csrf, secure) = (page_token(headers), app.staff.secure_cookies);
    body["csrf_token"] = csrf.as_str().into();
    let answer = Answer::json(body)?.with(cookies::set((cookies::CSRF, &csrf), None, secure));
    // A worker has so many hours; the cookie of a client moves with their session.
    let kept = cookies::value(headers, portal.cookie()).filter(|_| portal == Portal::Client);
    Ok(match kept {
        Some(token) => {
            answer.with(cookies::set((portal.cookie(), token), Some(portal.life(app)), secure))
        }
        None => answer,
    })
}
