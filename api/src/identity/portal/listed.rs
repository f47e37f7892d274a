//! The sessions of somebody at a portal, and the links on their way to them, as people see them.

use domain::id::{OrgId, PortalSessionId};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::page::{self, Page};
use crate::answer::Answer;
use crate::problem::{Code, Problem};
use crate::state::App;

struct Line {
    session: Uuid,
    shown: Value,
}

/// One page of what `holder` has; `current` is the session of whoever asks.
pub(super) async fn list(
    app: &App,
    (org, holder): (OrgId, Uuid),
    page: &Page,
    current: Option<PortalSessionId>,
) -> Result<Answer, Problem> {
    let limit = page.limit()?;
    let mut rows = lines(app, (org, holder), page.behind()?, limit + 1).await?;
    let next = page::cut(&mut rows, limit, |line| line.session);
    let current = current.map(PortalSessionId::as_uuid);
    let shown = |mut line: Line| -> Value {
        line.shown["is_current"] = (Some(line.session) == current).into();
        line.shown
    };
    let sessions: Vec<_> = rows.into_iter().map(shown).collect();
    Answer::json(&json!({ "sessions": sessions, "next_cursor": next }))
}

/// Whether a session is that of `holder`; that of somebody else, or of nobody, is not found.
pub(super) async fn exists(
    app: &App,
    of: (OrgId, Uuid),
    session: PortalSessionId,
) -> Result<(), Problem> {
    let session = session.as_uuid();
    // The page that begins with it has it on top, if it is there.
    let before = Uuid::from_u128(session.as_u128().saturating_add(1));
    let found = lines(app, of, Some(before), 1).await?;
    if found.first().is_some_and(|line| line.session == session) {
        return Ok(());
    }
    Err(Problem::new(Code::NotFound))
}

async fn lines(
    app: &App,
    (org, holder): (OrgId, Uuid),
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Line>, Problem> {
    let rows = sqlx::query!(
        r#"select session_id as "session_id!", is_link as "is_link!", since, expires_at as "expires_at!", revoked_at,
                  revoked_reason
           from portal.sessions_of($1, $2, $3, $4)"#,
        org.as_uuid(),
        holder,
        before as Option<Uuid>,
        i32::try_from(limit).unwrap_or(1)
    )
    .fetch_all(&app.reads)
    .await?;
    let now = app.now();
    let state =
        |is_link: bool, is_revoked: bool, is_over: bool| match (is_link, is_revoked, is_over) {
            (_, true, _) => "revoked",
            (_, _, true) => "expired",
            (true, ..) => "link_sent",
            (false, ..) => "open",
        };
    Ok(rows
        .into_iter()
        .map(|row| Line {
            session: row.session_id,
            shown: json!({
                "session_id": row.session_id,
                "state": state(row.is_link, row.revoked_at.is_some(), row.expires_at <= now),
                "started_at": row.since, "expires_at": row.expires_at, "revoked_at": row.revoked_at,
                "revoked_reason": row.revoked_reason,
            }),
        })
        .collect())
}
