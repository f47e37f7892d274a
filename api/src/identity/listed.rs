//! Sessions as people see them: one line per login, whatever was renewed since.

use axum::extract::State;
use domain::id::{OrgId, UserId};
use domain::identity::session::SessionCommand;
use serde_json::{Value, json};
use utoipa_axum::routes;
use uuid::Uuid;

use super::members::{MANAGE, staff_of};
use super::page::{self, Page};
use super::sessions;
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::{Parameters, Path};
use crate::problem::{Code, Problem};
use crate::route::{Routes, signed_in, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_own_sessions), signed_in())
        .add(routes!(revoke_own_session), signed_in().action("session.revoke"))
        .add(routes!(list_sessions), staff(MANAGE))
        .add(routes!(revoke_session), staff(MANAGE).action("session.revoke"))
}

/// Where one is signed in, and was
#[utoipa::path(
    get,
    path = "/v1/auth/sessions",
    tag = "session",
    params(Page),
    responses((status = 200, description = "One page, newest first", content_type = "application/json"))
)]
async fn list_own_sessions(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    let session = caller.session()?;
    list(&app, (session.org, session.user), &page, Some(session.family)).await
}

/// End one of one's own sessions
#[utoipa::path(
    post,
    path = "/v1/auth/sessions/{session_id}/revoke",
    tag = "session",
    params(("session_id" = Uuid, Path)),
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "revoked" })))
)]
async fn revoke_own_session(
    State(app): State<AppState>,
    caller: Caller,
    Path(family): Path<Uuid>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let session = caller.session()?;
    exists(&app, (session.org, session.user), family).await?;
    revoke(&app, &caller, family, "revoked_by_owner", &request).await
}

/// Where a member is signed in, and was
#[utoipa::path(
    get,
    path = "/v1/iam/users/{user_id}/sessions",
    tag = "access",
    params(("user_id" = Uuid, Path), Page),
    responses((status = 200, description = "One page, newest first", content_type = "application/json"))
)]
async fn list_sessions(
    State(app): State<AppState>,
    caller: Caller,
    Path(user): Path<UserId>,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    let staff = staff_of(&app, &caller).await?;
    staff.member(user).ok_or_else(|| Problem::new(Code::NotFound))?;
    list(&app, (caller.org(), user), &page, None).await
}

/// End one session of a member
#[utoipa::path(
    post,
    path = "/v1/iam/users/{user_id}/sessions/{session_id}/revoke",
    tag = "access",
    params(("user_id" = Uuid, Path), ("session_id" = Uuid, Path)),
    responses(
        (status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "revoked" })),
        (status = 403, description = "`staff.beyond_own` or `staff.owner_only`")
    )
)]
async fn revoke_session(
    State(app): State<AppState>,
    caller: Caller,
    Path((user, family)): Path<(UserId, Uuid)>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    exists(&app, (caller.org(), user), family).await?;
    let staff = staff_of(&app, &caller).await?;
    staff.may_touch(user, caller.by()).map_err(|refusal| Problem::refused(&refusal))?;
    revoke(&app, &caller, family, "revoked_by_admin", &request).await
}

async fn list(
    app: &App,
    (org, user): (OrgId, UserId),
    page: &Page,
    current: Option<Uuid>,
) -> Result<Answer, Problem> {
    let limit = page.limit()?;
    let mut rows = logins(app, (org, user), page.behind()?, limit + 1).await?;
    let next = page::cut(&mut rows, limit, |login| login.family);
    let shown = |login: &Login| -> Value {
        let mut shown = login.shown.clone();
        shown["is_current"] = (Some(login.family) == current).into();
        shown
    };
    let sessions: Vec<_> = rows.iter().map(shown).collect();
    Answer::json(&json!({ "sessions": sessions, "next_cursor": next }))
}

struct Login {
    family: Uuid,
    shown: Value,
}

async fn logins(
    app: &App,
    (org, user): (OrgId, UserId),
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Login>, Problem> {
    let rows = sqlx::query!(
        r#"select family_id as "family!", started_at as "started_at!", renewed_at as "renewed_at!",
                  refresh_until as "refresh_until!", mfa as "mfa!", revoked_at, revoked_reason
           from identity.logins_of($1, $2, $3, $4)"#,
        org.as_uuid(),
        user.as_uuid(),
        before as Option<Uuid>,
        i32::try_from(limit).unwrap_or(1)
    )
    .fetch_all(&app.reads)
    .await?;
    let now = app.now();
    Ok(rows
        .into_iter()
        .map(|row| Login {
            family: row.family,
            shown: json!({
                "session_id": row.family, "started_at": row.started_at, "renewed_at": row.renewed_at,
                "expires_at": row.refresh_until, "mfa_verified": row.mfa,
                "is_active": row.revoked_at.is_none() && row.refresh_until > now,
                "revoked_at": row.revoked_at, "revoked_reason": row.revoked_reason,
            }),
        })
        .collect())
}

/// Whether a login is that of `user`; that of somebody else, or of nobody, is not found.
async fn exists(app: &App, of: (OrgId, UserId), family: Uuid) -> Result<(), Problem> {
    // The page that begins with it has it on top, if it is there.
    let before = Uuid::from_u128(family.as_u128().saturating_add(1));
    let found = logins(app, of, Some(before), 1).await?;
    if found.first().is_some_and(|login| login.family == family) {
        return Ok(());
    }
    Err(Problem::new(Code::NotFound))
}

async fn revoke(
    app: &App,
    caller: &Caller,
    family: Uuid,
    reason: &str,
    request: &CommandRequest,
) -> Result<Answer, Problem> {
    let command = SessionCommand::Revoke { reason: reason.to_owned() };
    sessions::end(app, request.context(caller), family, command).await?;
    Answer::json(&json!({ "status": "revoked" }))
}
