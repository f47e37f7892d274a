//! Roles of an organisation's own, beside the built-in ones.

use axum::extract::State;
use commands::Context;
use domain::access::{Permission, Permissions, Role};
use domain::id::RoleId;
use domain::identity::staff::{CustomRole, Staff, StaffCommand};
use serde::Deserialize;
use serde_json::{Value, json};
use strum::VariantArray;
use utoipa::ToSchema;
use utoipa_axum::routes;

use super::members::{MANAGE, staff_of};
use crate::answer::Answer;
use crate::caller::Caller;
use crate::command::CommandRequest;
use crate::extract::Path;
use crate::problem::{Code, Problem};
use crate::route::{Routes, owner, staff};
use crate::state::{App, AppState};

pub(super) fn routes() -> Routes {
    Routes::default()
        .add(routes!(list_permissions), staff(MANAGE))
        .add(routes!(list_roles), staff(MANAGE))
        .add(routes!(define_role), owner().action("role.create"))
        .add(routes!(update_role), owner().action("role.update"))
        .add(routes!(remove_role), owner().action("role.delete"))
}

/// The catalogue of permissions
#[utoipa::path(
    get,
    path = "/v1/admin/iam/permissions",
    tag = "access",
    responses((status = 200, description = "Every key there is", content_type = "application/json"))
)]
async fn list_permissions() -> Result<Answer, Problem> {
    let one = |permission: &Permission| {
        let key: &'static str = permission.into();
        json!({
            "key": key, "label": permission.label(), "description": permission.description(),
            "group": permission.group(),
        })
    };
    let all: Vec<_> = Permission::VARIANTS.iter().map(one).collect();
    Answer::json(&json!({ "permissions": all }))
}

/// Every role: the built-in ones, then the organisation's own by name
#[utoipa::path(
    get,
    path = "/v1/admin/iam/roles",
    tag = "access",
    responses((status = 200, description = "All of them; an organisation has at most a few dozen", content_type = "application/json"))
)]
async fn list_roles(State(app): State<AppState>, caller: Caller) -> Result<Answer, Problem> {
    let staff = staff_of(&app, &caller).await?;
    let built_in = Role::VARIANTS.iter().map(|role| {
        let permissions: Vec<_> = Permissions::of_role(*role).keys().collect();
        json!({
            "role_id": null, "key": role.key(), "name": role.label(), "description": null,
            "permissions": permissions, "builtin": true,
        })
    });
    let mut own: Vec<_> = staff.roles().collect();
    own.sort_by(|one, other| one.name.cmp(&other.name));
    let roles: Vec<_> = built_in.chain(own.into_iter().map(shown)).collect();
    Answer::json(&json!({ "roles": roles }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({ "name": "Key holder", "permissions": ["bookings.view", "contacts.view"] })))]
struct NewRole {
    /// Made of `name` if left out.
    key: Option<String>,
    /// 1 to 100 characters.
    name: String,
    /// Up to 500 characters.
    description: Option<String>,
    /// Keys of the catalogue.
    permissions: Vec<String>,
}

/// Make a role
#[utoipa::path(
    post,
    path = "/v1/admin/iam/roles",
    tag = "access",
    request_body = NewRole,
    responses(
        (status = 201, description = "The role", content_type = "application/json"),
        (status = 409, description = "`staff.role_key_reserved` or `staff.role_key_exists`")
    )
)]
async fn define_role(
    State(app): State<AppState>,
    caller: Caller,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let NewRole { key, name, description, permissions } = request.body()?;
    let context = request.context(&caller);
    let role = CustomRole {
        // The same for a repetition, which must be told of the same role.
        role_id: context.request.derived_id("role").into(),
        key: key.unwrap_or_else(|| name.clone()),
        name,
        description: described(description)?,
        permissions: known(&permissions)?,
    };
    let role_id = role.role_id;
    let command = StaffCommand::DefineRole { role, by: caller.by() };
    Ok(change(&app, &context, role_id, command).await?.created())
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RoleChange {
    name: Option<String>,
    description: Option<String>,
    permissions: Option<Vec<String>>,
}

/// Change a role; who has it is held to the change at once
#[utoipa::path(
    patch,
    path = "/v1/admin/iam/roles/{role_id}",
    tag = "access",
    params(("role_id" = Uuid, Path)),
    request_body = RoleChange,
    responses((status = 200, description = "The role", content_type = "application/json"))
)]
async fn update_role(
    State(app): State<AppState>,
    caller: Caller,
    Path(role_id): Path<RoleId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let RoleChange { name, description, permissions } = request.body()?;
    let staff = staff_of(&app, &caller).await?;
    let mut role = staff.role(role_id).cloned().ok_or_else(|| Problem::new(Code::NotFound))?;
    if let Some(name) = name {
        role.name = name;
    }
    if description.is_some() {
        role.description = described(description)?;
    }
    if let Some(permissions) = permissions {
        role.permissions = known(&permissions)?;
    }
    let command = StaffCommand::ChangeRole { role, by: caller.by() };
    change(&app, &request.context(&caller), role_id, command).await
}

/// Remove a role; who had it falls back to the built-in role beside it and must sign in anew
#[utoipa::path(
    delete,
    path = "/v1/admin/iam/roles/{role_id}",
    tag = "access",
    params(("role_id" = Uuid, Path)),
    responses((status = 200, description = "Gone", content_type = "application/json", example = json!({ "status": "deleted" })))
)]
async fn remove_role(
    State(app): State<AppState>,
    caller: Caller,
    Path(role_id): Path<RoleId>,
    request: CommandRequest,
) -> Result<Answer, Problem> {
    let command = StaffCommand::DeleteRole { role_id, by: caller.by() };
    change(&app, &request.context(&caller), role_id, command).await
}

async fn change(
    app: &App,
    context: &Context,
    role_id: RoleId,
    command: StaffCommand,
) -> Result<Answer, Problem> {
    let answer = |staff: &Staff| match staff.role(role_id) {
        Some(role) => shown(role),
        None => json!({ "status": "deleted" }),
    };
    let staff = context.org.to_string();
    let done = app.bus.execute::<Staff>(context, &staff, command, answer).await?;
    Ok(Answer::done(&done))
}

fn shown(role: &CustomRole) -> Value {
    json!({
        "role_id": role.role_id, "key": role.key, "name": role.name, "description": role.description,
        "permissions": role.permissions, "builtin": false,
    })
}

fn described(description: Option<String>) -> Result<Option<String>, Problem> {
    let text = description.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    match &text {
        Some(long) if long.chars().count() > 500 => {
            Err(Problem::field("description", "String should have at most 500 characters"))
        }
        _ => Ok(text),
    }
}

/// The keys, in the order of the catalogue.
pub(super) fn known(keys: &[String]) -> Result<Vec<String>, Problem> {
    let unknown: Vec<_> =
        keys.iter().filter(|key| key.parse::<Permission>().is_err()).map(String::as_str).collect();
    if !unknown.is_empty() {
        let message = format!("Unknown permissions: {}", unknown.join(", "));
        return Err(Problem::field("permissions", message));
    }
    let set = Permissions::of_keys(keys.iter().map(String::as_str));
    Ok(set.keys().map(str::to_owned).collect())
}
