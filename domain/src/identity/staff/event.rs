//! What has happened to the staff of an organisation.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::event::domain_event;
use crate::id::{RoleId, UserId};
use crate::personal::Personal;

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StaffEvent {
    /// Somebody joined.
    MemberAdded {
        /// Who.
        user_id: UserId,
        /// Lower case; sealed under the key of the member.
        email: Personal<String>,
        /// What they may do.
        grant: Grant,
    },
    /// Somebody may do something else from now on.
    RoleGranted {
        /// Who.
        user_id: UserId,
        /// What they may do now.
        grant: Grant,
        /// What they could do before.
        before: Grant,
    },
    /// Somebody may not act any more.
    MemberDeactivated {
        /// Who.
        user_id: UserId,
    },
    /// A password for one use was made for somebody.
    TemporaryPasswordIssued {
        /// Who.
        user_id: UserId,
        /// When it stops working.
        expires_at: DateTime<Utc>,
    },
    /// Somebody has chosen a password.
    PasswordChanged {
        /// Who.
        user_id: UserId,
    },
    /// All sessions of somebody were ended.
    SessionsRevoked {
        /// Who.
        user_id: UserId,
        /// Why.
        reason: String,
    },
    /// A role of the organisation's own was made or changed.
    RoleDefined(CustomRole),
    /// It is gone; who had it falls back to the built-in role beside it.
    RoleDeleted {
        /// Which.
        role_id: RoleId,
    },
    /// Somebody shows a second factor from now on.
    TotpEnabled {
        /// Who.
        user_id: UserId,
    },
    /// Somebody shows none any more.
    TotpDisabled {
        /// Who.
        user_id: UserId,
        /// Why.
        reason: Option<String>,
    },
}
domain_event!(StaffEvent, version = "1");

/// What a member may do: a built-in role, or a role of the organisation's own in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Built-in role.
    pub role: Role,
    /// If set, its permissions replace those of `role` completely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_role_id: Option<RoleId>,
}

/// A role of the organisation's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    /// Which.
    pub role_id: RoleId,
    /// Lower-case letters, digits and hyphens; unique in the organisation.
    pub key: String,
    /// Shown to people.
    pub name: String,
    /// Shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Keys of the catalogue, in its order.
    pub permissions: Vec<String>,
}
