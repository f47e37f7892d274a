//! Writing although the installation is read-only: for a reason, for a while, and told.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use chrono::TimeDelta;
use commands::{Beside, Context, RequestKey};
use domain::access::Permission;
use domain::id::BreakGlassId;
use domain::identity::break_glass::{BreakGlass, BreakGlassCommand, BreakGlassStarted};
use domain::input::{self, Problems};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::page::{self, Page};
use super::second_factor;
use super::sessions::{hash, hex, random_token};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::{Parameters, Path};
use crate::problem::{Code, Problem};
use crate::request::RequestInfo;
use crate::route::{Routes, staff};
use crate::state::{App, AppState};

const TOKEN: HeaderName = HeaderName::from_static("x-break-glass-token");

const ADMINISTER: &[Permission] = &[Permission::AdminManage];

/// Minutes that one lasts if nothing else is asked for.
const MINUTES: i64 = 30;

/// Minutes that one lasts at most.
const LONGEST: i64 = 240;

/// How long after showing a password somebody still counts as the one who showed it.
const FRESH: TimeDelta = TimeDelta::minutes(15);

pub(super) fn routes() -> Routes {
    let changes = staff(ADMINISTER).despite_read_only();
    Routes::default()
        .add(routes!(start_break_glass), changes.action("break_glass.start"))
        .add(routes!(end_break_glass), changes.action("break_glass.end"))
        .add(routes!(list_break_glass), staff(ADMINISTER))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "reason": "invoices went out twice", "ttl_minutes": 30 })))]
struct Start {
    /// 1 to 500 characters; names nobody.
    reason: String,
    /// 1 to 240, else 30.
    ttl_minutes: Option<i64>,
    /// A code of the second factor, if the last login is more than 15 minutes ago.
    #[schema(value_type = Option<String>)]
    mfa_code: Option<SecretString>,
}

/// Begin to write although the installation is read-only
#[utoipa::path(
    post,
    path = "/v1/admin/break-glass/start",
    tag = "operations",
    request_body = Start,
    responses(
        (status = 200, description = "`token`, told this once, goes into `X-Break-Glass-Token`", content_type = "application/json"),
        (status = 403, description = "`fresh_login_required`")
    )
)]
async fn start_break_glass(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let Start { reason, ttl_minutes, mfa_code } = request.body()?;
    let mut problems = Problems::default();
    let reason = problems.take(input::text("reason", &reason, 1..=500)).unwrap_or_default();
    let minutes = ttl_minutes.unwrap_or(MINUTES);
    if !(1..=LONGEST).contains(&minutes) {
        problems.push("ttl_minutes", format!("Input should be from 1 to {LONGEST}"));
    }
    problems.or(())?;
    is_fresh(&app, &caller, mfa_code.as_ref()).await?;

    let mut context = request.context(&caller);
    let session_id = BreakGlassId::from(context.request.derived_id("break_glass"));
    let (now, secret) = (app.now(), random_token());
    let expires_at = now + TimeDelta::minutes(minutes);
    context.reason = Some(reason.clone());
    context.beside.push(Beside(json!({
        "do": "put_break_glass", "session_id": session_id, "token_hash": hex(&hash(&secret)),
        "started_by": caller.id(), "reason": reason, "started_at": now, "expires_at": expires_at,
    })));
    let command = BreakGlassCommand::Start(BreakGlassStarted { session_id, reason, expires_at });
    let id = session_id.to_string();
    let mut done = app.bus.create::<BreakGlass>(&context, &id, command, shown).await?;
    if !done.replayed {
        done.answer["token"] = secret.into();
    }
    Ok(Answer::done(&done))
}

/// Whoever takes over a session that somebody left open gets no further than that.
async fn is_fresh(app: &App, caller: &Caller, code: Option<&SecretString>) -> Result<(), Problem> {
    match (caller, code) {
        // The password came with this very request.
        (Caller::Basic(_), _) => Ok(()),
        (Caller::Member(session), _) if app.now() < session.began_at + FRESH => Ok(()),
        (Caller::Member(session), Some(code)) => {
            second_factor::show(app, session.org, session.user, code).await
        }
        (Caller::Member(_) | Caller::Program(_), _) => Err(Problem::new(Code::FreshLoginRequired)),
    }
}

/// End it before its time
#[utoipa::path(
    post,
    path = "/v1/admin/break-glass/{break_glass_id}/end",
    tag = "operations",
    params(("break_glass_id" = Uuid, Path)),
    responses((status = 200, description = "Its token is no good any more", content_type = "application/json"))
)]
async fn end_break_glass(
    State(app): State<AppState>,
    caller: Caller,
    Path(session): Path<BreakGlassId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = BreakGlassCommand::End { now: app.now() };
    let (id, context) = (session.to_string(), request.context(&caller));
    let done = app.bus.execute::<BreakGlass>(&context, &id, command, shown).await?;
    Ok(Answer::done(&done))
}

fn shown(session: &BreakGlass) -> Value {
    session.started().map_or(Value::Null, |started| {
        json!({
            "session_id": started.session_id, "reason": started.reason, "expires_at": started.expires_at,
        })
    })
}

/// When writing was allowed although the installation was read-only, and why
#[utoipa::path(
    get,
    path = "/v1/admin/break-glass",
    tag = "operations",
    params(Page),
    responses((status = 200, description = "One page, newest first", content_type = "application/json"))
)]
async fn list_break_glass(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    let (limit, behind) = (page.limit()?, page.behind()?);
    let mut rows = sqlx::query!(
        r#"select session_id as "session_id!", started_by as "started_by!", reason as "reason!",
                  started_at as "started_at!", expires_at as "expires_at!", ended_at
           from identity.break_glasses($1, $2, $3)"#,
        caller.org().as_uuid(),
        behind as Option<Uuid>,
        i32::try_from(limit + 1).unwrap_or(1)
    )
    .fetch_all(&app.reads)
    .await?;
    let next = page::cut(&mut rows, limit, |row| row.session_id);
    let now = app.now();
    let shown = rows.into_iter().map(|row| {
        json!({
            "session_id": row.session_id, "started_by": row.started_by, "reason": row.reason,
            "started_at": row.started_at, "expires_at": row.expires_at, "ended_at": row.ended_at,
            "is_active": row.ended_at.is_none() && row.expires_at > now,
        })
    });
    let shown: Vec<_> = shown.collect();
    Answer::json(&json!({ "sessions": shown, "next_cursor": next }))
}

/// A break-glass session that a request comes under.
pub(crate) struct Under {
    id: BreakGlassId,
    reason: String,
}

/// The session whose token is in the header; without one nothing is written while the installation is read-only.
pub(crate) async fn held_open(
    app: &App,
    headers: &HeaderMap,
    caller: &Caller,
) -> Result<Under, Problem> {
    let refused = || Problem::new(Code::ReadOnly);
    let token = headers.get(TOKEN).and_then(|token| token.to_str().ok()).ok_or_else(refused)?;
    let found = sqlx::query!(
        r#"select session_id as "session_id!", reason as "reason!", expires_at as "expires_at!", ended_at
           from identity.break_glass($1, $2)"#,
        caller.org().as_uuid(),
        hash(token)
    )
    .fetch_optional(&app.reads)
    .await?;
    let stands = found.filter(|row| row.ended_at.is_none() && row.expires_at > app.now());
    let row = stands.ok_or_else(refused)?;
    Ok(Under { id: row.session_id.into(), reason: row.reason })
}

impl Under {
    /// Tells, before it happens, that something is written under it.
    pub(crate) async fn used(
        self,
        app: &App,
        info: &RequestInfo,
        caller: &Caller,
        action: &str,
    ) -> Result<(), Problem> {
        let context = Context {
            org: caller.org(),
            actor: caller.actor(),
            request_id: info.id.clone(),
            correlation_id: info.correlation.clone(),
            causation_id: None,
            reason: Some(self.reason),
            action: Some("break_glass.write".to_owned()),
            request: RequestKey::fresh(),
            expected_version: None,
            beside: Vec::new(),
            via: None,
            recorded_at: None,
        };
        let command = BreakGlassCommand::Use { action: action.to_owned(), now: app.now() };
        let id = self.id.to_string();
        app.bus.execute::<BreakGlass>(&context, &id, command, |_| Value::Null).await?;
        Ok(())
    }
}
