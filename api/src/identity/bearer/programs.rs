//! Programs that act for an organisation with a token of their own, as far as whoever made it could.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use domain::access::{Permissions, Role};
use domain::id::{ApiTokenId, OrgId};
use uuid::Uuid;

use super::{Bearer, Known, refused};
use crate::identity::sessions::hash;
use crate::problem::Problem;
use crate::state::App;

/// What every such token begins with, so that people and scanners recognise one.
pub(in crate::identity) const PREFIX: &str = "cln_";

/// How exactly the last use is known.
const COARSE: TimeDelta = TimeDelta::minutes(5);

/// A program with a token that stands.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) org: OrgId,
    pub(crate) id: ApiTokenId,
    /// Chosen by whoever made it.
    pub(crate) name: String,
    /// That of whoever made it, now.
    pub(crate) role: Role,
    /// What it was given, as far as whoever made it still holds that.
    pub(crate) permissions: Permissions,
    /// Whether it was made in a session that had shown a second factor.
    pub(crate) mfa: bool,
    /// When the last use was written down, in microseconds.
    used_at: AtomicI64,
}

/// The program a token belongs to.
pub(super) async fn look_up(app: &App, token: &str) -> Result<Known, Problem> {
    let row = sqlx::query!(
        r#"select org_id as "org_id!", token_id as "token_id!", name as "name!", created_by, role as "role!",
                  maker_permissions, permissions as "permissions!", mfa as "mfa!", expires_at, last_used_at,
                  is_revoked as "is_revoked!", generation as "generation!"
           from identity.api_token($1)"#,
        hash(token)
    )
    .fetch_optional(&app.reads)
    .await?;
    let row = row.filter(|row| !row.is_revoked).ok_or_else(|| refused("Invalid API token"))?;
    // A role that this build does not know cannot be granted anything.
    let role: Role = row.role.parse().map_err(|_| refused("Invalid API token"))?;
    let maker = match &row.maker_permissions {
        Some(keys) => Permissions::of_keys(keys.iter().map(String::as_str)),
        None => Permissions::of_role(role),
    };
    let given = Permissions::of_keys(row.permissions.iter().map(String::as_str));
    let program = Program {
        org: row.org_id.into(),
        id: row.token_id.into(),
        name: row.name,
        role,
        permissions: given.and(maker),
        mfa: row.mfa,
        used_at: AtomicI64::new(row.last_used_at.map_or(0, |at| at.timestamp_micros())),
    };
    Ok(Known {
        who: Bearer::Program(Arc::new(program)),
        principal: row.created_by.unwrap_or(row.token_id),
        generation: row.generation,
        until: row.expires_at,
    })
}

/// Writes down that it is in use, now and then.
pub(super) async fn touch(app: &App, program: &Program) -> Result<(), Problem> {
    let now = app.now();
    let written = program.used_at.load(Ordering::Relaxed);
    let is_fresh = DateTime::<Utc>::from_timestamp_micros(written)
        .is_some_and(|written| now < written + COARSE);
    if is_fresh {
        return Ok(());
    }
    // Of requests that come together one writes.
    let claim = (written, now.timestamp_micros());
    if program
        .used_at
        .compare_exchange(claim.0, claim.1, Ordering::Relaxed, Ordering::Relaxed)
        .is_err()
    {
        return Ok(());
    }
    let (org, id): (Uuid, Uuid) = (program.org.as_uuid(), program.id.as_uuid());
    let seconds = i32::try_from(COARSE.num_seconds()).unwrap_or(i32::MAX);
    sqlx::query!("select identity.touch_api_token($1, $2, $3, $4)", org, id, now, seconds)
        .execute(&app.reads)
        .await?;
    Ok(())
}
