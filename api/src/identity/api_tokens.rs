//! Tokens of programs: made, listed, revoked.

use axum::extract::State;
use chrono::{DateTime, Utc};
use commands::Beside;
use domain::id::ApiTokenId;
use domain::identity::api_token::{ApiToken, ApiTokenCommand, NewApiToken};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;
use uuid::Uuid;

use super::bearer::PREFIX;
use super::members::MANAGE;
use super::page::{self, Page};
use super::roles::known;
use super::sessions::{hash, hex, random_token};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::{Parameters, Path};
use crate::problem::Problem;
use crate::route::{Routes, staff};
use crate::state::AppState;

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_api_tokens), staff(MANAGE))
        .add(routes!(create_api_token), staff(MANAGE).action("api_token.create"))
        .add(routes!(revoke_api_token), staff(MANAGE).action("api_token.revoke"))
}

/// Every token of the organisation's programs; none of them shows its secret
#[utoipa::path(
    get,
    path = "/v1/iam/api-tokens",
    tag = "access",
    params(Page),
    responses((status = 200, description = "One page, newest first", content_type = "application/json"))
)]
async fn list_api_tokens(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    let (limit, behind) = (page.limit()?, page.behind()?);
    let mut rows = sqlx::query!(
        r#"select token_id as "token_id!", name as "name!", created_by, permissions as "permissions!",
                  created_at as "created_at!", expires_at, last_used_at, revoked_at
           from identity.api_tokens($1, $2, $3)"#,
        caller.org().as_uuid(),
        behind as Option<Uuid>,
        i32::try_from(limit + 1).unwrap_or(1)
    )
    .fetch_all(&app.reads)
    .await?;
    let next = page::cut(&mut rows, limit, |row| row.token_id);
    let now = app.now();
    let shown = rows.into_iter().map(|row| {
        let is_over = row.expires_at.is_some_and(|at| at <= now);
        json!({
            "token_id": row.token_id, "name": row.name, "created_by": row.created_by,
            "permissions": row.permissions, "created_at": row.created_at, "expires_at": row.expires_at,
            "last_used_at": row.last_used_at, "revoked_at": row.revoked_at,
            "is_active": row.revoked_at.is_none() && !is_over,
        })
    });
    let shown: Vec<_> = shown.collect();
    Answer::json(&json!({ "api_tokens": shown, "next_cursor": next }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Nightly import", "permissions": ["leads.view"] })))]
struct NewToken {
    /// 1 to 100 characters.
    name: String,
    /// Keys of the catalogue, none that the caller does not hold, and not `users.manage`.
    permissions: Vec<String>,
    /// When it stops working; never by itself if left out.
    expires_at: Option<DateTime<Utc>>,
}

/// Make a token for a program; the answer holds it, and nothing ever will again
#[utoipa::path(
    post,
    path = "/v1/iam/api-tokens",
    tag = "access",
    request_body = NewToken,
    responses(
        (status = 201, description = "`token` begins with `cln_`; a repetition under the same key has it no more", content_type = "application/json"),
        (status = 403, description = "`api_token.beyond_own`"),
        (status = 422, description = "`api_token.bad_name`, `api_token.no_permissions`, `api_token.not_grantable` or `api_token.expired`")
    )
)]
async fn create_api_token(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewToken { name, permissions, expires_at } = request.body()?;
    let permissions = known(&permissions)?;
    let mut context = request.context(&caller);
    // The same for a repetition, which must be told of the same token.
    let token_id = ApiTokenId::from(context.request.derived_id("api_token"));
    let (now, by) = (app.now(), caller.by());
    let secret = format!("{PREFIX}{}", random_token());
    context.beside.push(Beside(json!({
        "do": "put_api_token", "token_id": token_id, "token_hash": hex(&hash(&secret)), "name": name.trim(),
        "created_by": by.user, "role": caller.role().key(), "permissions": permissions,
        "mfa": caller.has_shown_mfa(), "created_at": now, "expires_at": expires_at,
    })));
    let token = NewApiToken { token_id, name, permissions, expires_at, created_by: by.user };
    let command = ApiTokenCommand::Create { token, now, by };
    let id = token_id.to_string();
    let mut done = app.bus.create::<ApiToken>(&context, &id, command, shown).await?;
    if !done.replayed {
        done.answer["token"] = secret.into();
    }
    Ok(Answer::done(&done).created())
}

/// Let a token do nothing any more, from the very next request on
#[utoipa::path(
    delete,
    path = "/v1/iam/api-tokens/{token_id}",
    tag = "access",
    params(("token_id" = Uuid, Path)),
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "revoked" })))
)]
async fn revoke_api_token(
    State(app): State<AppState>,
    caller: Caller,
    Path(token_id): Path<ApiTokenId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let (id, command) = (token_id.to_string(), ApiTokenCommand::Revoke { now: app.now() });
    let answer = |_: &ApiToken| json!({ "status": "revoked" });
    let done = app.bus.execute::<ApiToken>(&request.context(&caller), &id, command, answer).await?;
    Ok(Answer::done(&done))
}

fn shown(token: &ApiToken) -> Value {
    token.made().map_or(Value::Null, |token| {
        json!({
            "token_id": token.token_id, "name": token.name, "permissions": token.permissions,
            "expires_at": token.expires_at, "created_by": token.created_by,
        })
    })
}
