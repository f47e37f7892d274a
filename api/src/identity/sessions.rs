//! Sessions as requests are held to them: begun, renewed, looked up.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use commands::{Beside, Context};
use domain::access::{Permissions, Role};
use domain::id::{OrgId, SessionId, UserId};
use domain::identity::session::{Session, SessionCommand, Started};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use uuid::Uuid;

use super::bearer::{Bearer, Known, refused};
use crate::problem::Problem;
use crate::request::{RequestInfo, Who};
use crate::state::App;

/// Two tabs, or a client that did not hear the answer, may come twice with one token; later only a thief does.
pub(super) const GRACE: TimeDelta = TimeDelta::seconds(10);

/// A member in a session that stands.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    pub(crate) org: OrgId,
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    pub(crate) family: Uuid,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) permissions: Permissions,
    pub(crate) must_change_password: bool,
    /// Whether a second factor was shown in this login.
    pub(crate) mfa: bool,
    /// Whether there is one to show.
    pub(crate) has_totp: bool,
    /// When the password was shown, however often the session was renewed since.
    pub(crate) began_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

impl SignedIn {
    /// As the request log and the audit log know them.
    pub(crate) fn who(&self) -> Who {
        Who { org: self.org, user: Some(self.user.as_uuid()), role: Some(self.role.key()) }
    }
}

/// The session an access token belongs to.
pub(super) async fn look_up(app: &App, token: &str, info: &RequestInfo) -> Result<Known, Problem> {
    let claims = app.tokens.read(token, app.now()).map_err(|is_over| {
        refused(if is_over { "Session expired" } else { "Invalid SaaS token" })
    })?;
    let found = find(app, claims.sid).await?.ok_or_else(|| refused("Unauthorized"))?;
    let Found { session, is_revoked, generation } = found;
    // Known, whether or not they get in.
    info.is_from(session.who());
    if is_revoked || session.expires_at <= app.now() {
        return Err(refused("Session expired"));
    }
    let same = session.org == claims.org_id
        && session.user == claims.sub
        && session.role.key() == claims.role;
    if !same {
        return Err(refused("Unauthorized"));
    }
    let until = claims.over().map_or(session.expires_at, |over| over.min(session.expires_at));
    Ok(Known {
        principal: session.user.as_uuid(),
        generation,
        until: Some(until),
        who: Bearer::Member(Arc::new(session)),
    })
}

/// A session whose owner may still act.
pub(super) struct Found {
    pub(super) session: SignedIn,
    pub(super) is_revoked: bool,
    /// Of its owner, when it looked like this.
    generation: i64,
}

/// The session of that id, whatever became of it.
pub(super) async fn find(app: &App, id: SessionId) -> Result<Option<Found>, Problem> {
    let row = sqlx::query!(
        r#"select org_id as "org_id!", user_id as "user_id!", family_id as "family_id!", email as "email!", role as "role!",
                  permissions, must_change_password as "must_change_password!", mfa as "mfa!",
                  totp_enabled as "totp_enabled!", signed_in_at as "signed_in_at!", expires_at as "expires_at!",
                  is_revoked as "is_revoked!", generation as "generation!"
           from identity.session($1)"#,
        id.as_uuid()
    )
    .fetch_optional(&app.reads)
    .await?;
    // A role that this build does not know cannot be granted anything.
    Ok(row.and_then(|row| {
        let role: Role = row.role.parse().ok()?;
        let permissions = match &row.permissions {
            Some(keys) => Permissions::of_keys(keys.iter().map(String::as_str)),
            None => Permissions::of_role(role),
        };
        let session = SignedIn {
            org: row.org_id.into(),
            user: row.user_id.into(),
            session: id,
            family: row.family_id,
            email: row.email,
            role,
            permissions,
            must_change_password: row.must_change_password,
            mfa: row.mfa,
            has_totp: row.totp_enabled,
            began_at: row.signed_in_at,
            expires_at: row.expires_at,
        };
        Some(Found { session, is_revoked: row.is_revoked, generation: row.generation })
    }))
}

/// The two tokens of a session, shown to its owner only.
pub(super) struct Pair {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// Who begins a session, where, in which role.
pub(super) struct Beginner<'a> {
    pub(super) org: OrgId,
    pub(super) user: UserId,
    pub(super) role: &'a str,
    pub(super) mfa: bool,
}

/// Begins a family.
pub(super) async fn start(
    app: &App,
    mut context: Context,
    who: &Beginner<'_>,
) -> Result<Pair, Problem> {
    let (session, family) = (SessionId::from(Uuid::now_v7()), Uuid::now_v7());
    let (pair, row) = pair(app, who, session, family)?;
    context.beside.push(row);
    let started = Started {
        session_id: session,
        user_id: who.user,
        mfa: who.mfa,
        expires_at: app.now() + app.staff.lives.refresh,
    };
    let command = SessionCommand::Start(started);
    app.bus.create::<Session>(&context, &family.to_string(), command, |_| Value::Null).await?;
    Ok(pair)
}

/// Puts a new session in the place of `from`; `mfa` says whether a second factor was shown by now.
pub(super) async fn rotate(
    app: &App,
    mut context: Context,
    from: &SignedIn,
    mfa: bool,
) -> Result<Pair, Problem> {
    let to = SessionId::from(Uuid::now_v7());
    let who = Beginner { org: from.org, user: from.user, role: from.role.key(), mfa };
    let (pair, row) = pair(app, &who, to, from.family)?;
    let ended = json!({
        "do": "revoke_session", "session_id": from.session, "reason": "rotated", "at": app.now(),
    });
    context.beside.extend([Beside(ended), row]);
    let command = SessionCommand::Rotate { from: from.session, to, mfa };
    let family = from.family.to_string();
    app.bus.execute::<Session>(&context, &family, command, |_| Value::Null).await?;
    Ok(pair)
}

/// Ends a family, whichever of its sessions is meant.
pub(super) async fn end(
    app: &App,
    mut context: Context,
    family: Uuid,
    command: SessionCommand,
) -> Result<(), Problem> {
    let reason = match &command {
        SessionCommand::Revoke { reason } => reason.clone(),
        _ => "reuse_detected".to_owned(),
    };
    let ended = json!({
        "do": "revoke_family", "family_id": family, "reason": reason, "at": app.now(),
    });
    context.beside.push(Beside(ended));
    let id = family.to_string();
    app.bus.execute::<Session>(&context, &id, command, |_| Value::Null).await?;
    Ok(())
}

fn pair(
    app: &App,
    who: &Beginner<'_>,
    session: SessionId,
    family: Uuid,
) -> Result<(Pair, Beside), Problem> {
    let now = app.now();
    let access = app
        .tokens
        .issue((who.org, who.user, session), who.role, who.mfa, (now, app.staff.lives.access))
        .map_err(|error| Problem::internal(&error))?;
    let refresh = random_token();
    let expires_at = now + app.staff.lives.session;
    let row = json!({
        "do": "put_session", "session_id": session, "family_id": family, "user_id": who.user,
        "refresh_hash": hex(&hash(&refresh)), "mfa": who.mfa, "started_at": now, "expires_at": expires_at,
        "refresh_until": now + app.staff.lives.refresh,
    });
    Ok((Pair { access, refresh, expires_at }, Beside(row)))
}

/// 48 random bytes, as text for a header.
pub(super) fn random_token() -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 48]>())
}

/// What is stored of a secret that is random enough to need no salt.
pub(super) fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
