//! Members of an organisation: taken in, given a role, logged out, let go.

use axum::extract::State;
use commands::{Beside, CommandError, Context};
use domain::access::Role;
use domain::id::{OrgId, RoleId, UserId};
use domain::identity::staff::{Grant, Staff, StaffCommand, StaffError};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::members::{self, MANAGE, TEMPORARY, shown, staff_of};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::cursor;
use crate::extract::{Parameters, Path, limit};
use crate::problem::{Code, Problem};
use crate::rate::Rate;
use crate::route::{Key, Routes, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    let changes = staff(MANAGE);
    Routes::default()
        .add(routes!(list_users), changes)
        .add(routes!(list_users_in_settings), changes)
        .add(routes!(list_members), changes)
        .add(routes!(create_user), changes.action("user.create"))
        .add(
            routes!(reset_user_password),
            changes
                .action("user.password_reset")
                .key(Key::Required)
                .rate(Rate::Action("reset_temp_password")),
        )
        .add(routes!(deactivate_user), changes.action("user.deactivate"))
        .add(routes!(change_user_role), changes.action("user.role_change"))
        .add(routes!(change_user_role_in_settings), changes.action("user.role_change"))
        .add(routes!(log_out_user), changes.action("user.logout"))
        .add(routes!(reset_user_mfa), changes.action("user.mfa_reset"))
}

/// Most members on a page.
const PAGE: i64 = 200;

#[derive(Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Page {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// 1 to 200, else 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Everybody who may act for this organisation, or did
#[utoipa::path(
    get,
    path = "/v1/iam/users",
    tag = "access",
    params(Page),
    responses((status = 200, description = "One page, by id", content_type = "application/json"))
)]
async fn list_users(
    State(app): State<AppState>,
    caller: Caller,
    Parameters(page): Parameters<Page>,
) -> Result<Answer, Problem> {
    let limit = usize::try_from(limit(page.limit, PAGE)?).unwrap_or(1);
    let staff = staff_of(&app, &caller).await?;
    let cursor = cursor::parsed::<uuid::Uuid>(page.cursor.as_deref())?.map(UserId::from);
    let behind = staff.members().filter(|(id, _)| cursor.is_none_or(|cursor| *id > cursor));
    let mut users: Vec<_> = behind.take(limit + 1).collect();
    let more = users.len() > limit;
    users.truncate(limit);
    let next = users.last().filter(|_| more).map(|(id, _)| cursor::sealed(&id.to_string()));
    let users: Vec<_> = users.iter().map(|(id, member)| shown(&staff, *id, member)).collect();
    Answer::json(&json!({ "users": users, "next_cursor": next }))
}

/// As `/v1/iam/users`
#[utoipa::path(
    get,
    path = "/v1/admin/iam/users",
    tag = "access",
    params(Page),
    responses((status = 200, description = "One page, by id", content_type = "application/json"))
)]
async fn list_users_in_settings(
    app: State<AppState>,
    caller: Caller,
    page: Parameters<Page>,
) -> Result<Answer, Problem> {
    list_users(app, caller, page).await
}

/// As `/v1/iam/users`, for the organisation one is signed in to
#[utoipa::path(
    get,
    path = "/v1/auth/orgs/{org_id}/members",
    tag = "access",
    params(("org_id" = Uuid, Path), Page),
    responses((status = 200, description = "One page, by id", content_type = "application/json"))
)]
async fn list_members(
    app: State<AppState>,
    caller: Caller,
    Path(org): Path<OrgId>,
    page: Parameters<Page>,
) -> Result<Answer, Problem> {
    if org != caller.org() {
        return Err(Problem::new(Code::NotFound));
    }
    list_users(app, caller, page).await
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "email": "dana@sparkle.example", "role": "dispatcher" })))]
struct NewUser {
    /// Nobody else's, in any organisation.
    email: String,
    /// A built-in role.
    #[schema(value_type = String)]
    role: Role,
    /// A role of the organisation's own, whose permissions replace those of `role`.
    #[schema(value_type = Option<Uuid>)]
    custom_role_id: Option<RoleId>,
}

/// Take somebody in; the answer holds a password for one use, which is stored nowhere
#[utoipa::path(
    post,
    path = "/v1/iam/users",
    tag = "access",
    request_body = NewUser,
    responses(
        (status = 201, description = "The member, and `temp_password`; a repetition under the same key has no password any more", content_type = "application/json"),
        (status = 403, description = "`staff.beyond_own` or `staff.owner_only`"),
        (status = 409, description = "`staff.already_member`: the address belongs to somebody")
    )
)]
async fn create_user(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewUser { email, role, custom_role_id } = request.body()?;
    let mut context = request.context(&caller);
    // The same for a repetition, which must be told of the same member.
    let user_id = UserId::from(context.request.derived_id("user"));
    let password = members::temporary_password();
    let hash = app.hashing.hash(password.clone().into()).await?;
    let expires_at = app.now() + TEMPORARY;
    context.beside.push(Beside(json!({
        "do": "put_user", "user_id": user_id, "email": domain::input::address(&email),
        "password_hash": hash, "temporary_until": expires_at,
    })));
    let grant = Grant { role, custom_role_id };
    let command = StaffCommand::AddMember { user_id, email, grant, expires_at, by: caller.by() };
    let done = change(&app, &context, user_id, command).await.map_err(|problem| match problem {
        // The address is unique among all organisations; whose it is is nobody's business.
        CommandError::RolledBack { code } if code == "23505" => {
            CommandError::Refused(StaffError::AlreadyMember).into()
        }
        other => Problem::from(other),
    })?;
    Ok(with_password(done, &password).created())
}

/// Make a password for one use, and end every session of this member
#[utoipa::path(
    post,
    path = "/v1/iam/users/{user_id}/reset-temp-password",
    tag = "access",
    params(("user_id" = Uuid, Path)),
    responses((status = 200, description = "The member, and `temp_password`, shown once", content_type = "application/json"))
)]
async fn reset_user_password(
    State(app): State<AppState>,
    caller: Caller,
    Path(user_id): Path<UserId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let password = members::temporary_password();
    let hash = app.hashing.hash(password.clone().into()).await?;
    let expires_at = app.now() + TEMPORARY;
    let mut context = request.context(&caller);
    context.beside.push(Beside(json!({
        "do": "put_password", "user_id": user_id, "password_hash": hash, "temporary_until": expires_at,
    })));
    let command = StaffCommand::ResetPassword { user_id, expires_at, by: caller.by() };
    let done = change(&app, &context, user_id, command).await?;
    Ok(with_password(done, &password))
}

/// Let a member act no more
#[utoipa::path(
    post,
    path = "/v1/iam/users/{user_id}/deactivate",
    tag = "access",
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The member", content_type = "application/json"),
        (status = 409, description = "`staff.last_owner`")
    )
)]
async fn deactivate_user(
    State(app): State<AppState>,
    caller: Caller,
    Path(user_id): Path<UserId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = StaffCommand::Deactivate { user_id, by: caller.by() };
    let done = change(&app, &request.context(&caller), user_id, command).await?;
    Ok(Answer::done(&done))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleBody {
    /// A built-in role; what the member has already if left out.
    #[schema(value_type = Option<String>)]
    role: Option<Role>,
    /// A role of the organisation's own; none if left out.
    #[schema(value_type = Option<Uuid>)]
    custom_role_id: Option<RoleId>,
}

/// Let a member do something else; ends their sessions
#[utoipa::path(
    post,
    path = "/v1/iam/users/{user_id}/role",
    tag = "access",
    params(("user_id" = Uuid, Path)),
    request_body = RoleBody,
    responses(
        (status = 200, description = "The member", content_type = "application/json"),
        (status = 403, description = "`staff.beyond_own` or `staff.owner_only`"),
        (status = 409, description = "`staff.last_owner` or `staff.own_role`")
    )
)]
async fn change_user_role(
    State(app): State<AppState>,
    caller: Caller,
    Path(user_id): Path<UserId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let RoleBody { role, custom_role_id } = request.body()?;
    if role.is_none() && custom_role_id.is_none() {
        return Err(Problem::field("role", "Role required"));
    }
    let role = if let Some(role) = role {
        role
    } else {
        let staff = staff_of(&app, &caller).await?;
        staff.member(user_id).ok_or_else(|| Problem::new(Code::NotFound))?.grant.role
    };
    let grant = Grant { role, custom_role_id };
    let command = StaffCommand::GrantRole { user_id, grant, by: caller.by() };
    let done = change(&app, &request.context(&caller), user_id, command).await?;
    Ok(Answer::done(&done))
}

/// As `POST /v1/iam/users/{user_id}/role`
#[utoipa::path(
    patch,
    path = "/v1/admin/iam/users/{user_id}/role",
    tag = "access",
    params(("user_id" = Uuid, Path)),
    request_body = RoleBody,
    responses((status = 200, description = "The member", content_type = "application/json"))
)]
async fn change_user_role_in_settings(
    app: State<AppState>,
    caller: Caller,
    user: Path<UserId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    change_user_role(app, caller, user, request).await
}

/// End every session of a member
#[utoipa::path(
    post,
    path = "/v1/iam/users/{user_id}/logout",
    tag = "access",
    params(("user_id" = Uuid, Path)),
    responses((status = 200, description = "Done", content_type = "application/json", example = json!({ "status": "revoked" })))
)]
async fn log_out_user(
    State(app): State<AppState>,
    caller: Caller,
    Path(user_id): Path<UserId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = StaffCommand::LogOut { user_id, by: caller.by() };
    let mut done = change(&app, &request.context(&caller), user_id, command).await?;
    done.answer = json!({ "status": "revoked" });
    Ok(Answer::done(&done))
}

/// Take away the second factor of a member who has lost it, and end every session of theirs
#[utoipa::path(
    post,
    path = "/v1/iam/users/{user_id}/reset-2fa",
    tag = "access",
    params(("user_id" = Uuid, Path)),
    responses(
        (status = 200, description = "The member", content_type = "application/json"),
        (status = 403, description = "`staff.beyond_own` or `staff.owner_only`")
    )
)]
async fn reset_user_mfa(
    State(app): State<AppState>,
    caller: Caller,
    Path(user_id): Path<UserId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let reason = Some("reset by an administrator".to_owned());
    let command = StaffCommand::DisableTotp { user_id, reason, by: Some(caller.by()) };
    let done = change(&app, &request.context(&caller), user_id, command).await?;
    Ok(Answer::done(&done))
}

/// Carries out a command on the staff of an organisation; the answer is one of its members.
async fn change(
    app: &App,
    context: &Context,
    user_id: UserId,
    command: StaffCommand,
) -> Result<commands::Done, CommandError<StaffError>> {
    let member = |staff: &Staff| match staff.member(user_id) {
        Some(member) => shown(staff, user_id, member),
        None => Value::Null,
    };
    app.bus.execute::<Staff>(context, &context.org.to_string(), command, member).await
}

/// The password is told whoever asked first, and nobody after.
fn with_password(mut done: commands::Done, password: &str) -> Answer {
    if !done.replayed {
        done.answer["temp_password"] = password.into();
    }
    Answer::done(&done)
}
