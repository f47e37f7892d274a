//! What can be asked of the staff of an organisation, and why it is refused.

use chrono::{DateTime, Utc};

use super::event::{CustomRole, Grant};
use crate::access::Permissions;
use crate::id::{RoleId, UserId};
use crate::refusal::{Kind, Refusal};

/// Who asks: nobody gives what they do not hold.
#[derive(Clone, Copy, Debug)]
pub struct By {
    /// The member, unless it is a login from the environment or the command line.
    pub user: Option<UserId>,
    /// What they may do.
    pub permissions: Permissions,
    /// Whether they own the organisation.
    pub is_owner: bool,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum StaffCommand {
    /// Take somebody in, with a password for one use.
    AddMember {
        /// Who.
        user_id: UserId,
        /// In any case, with or without spaces around.
        email: String,
        /// What they may do.
        grant: Grant,
        /// When the first password stops working.
        expires_at: DateTime<Utc>,
        /// Who asks.
        by: By,
    },
    /// Let somebody do something else.
    GrantRole {
        /// Who.
        user_id: UserId,
        /// What they may do.
        grant: Grant,
        /// Who asks.
        by: By,
    },
    /// Let somebody act no more.
    Deactivate {
        /// Who.
        user_id: UserId,
        /// Who asks.
        by: By,
    },
    /// Make a password for one use.
    ResetPassword {
        /// Whose.
        user_id: UserId,
        /// When it stops working.
        expires_at: DateTime<Utc>,
        /// Who asks.
        by: By,
    },
    /// End all sessions of somebody.
    LogOut {
        /// Whose.
        user_id: UserId,
        /// Who asks.
        by: By,
    },
    /// A member has chosen a password.
    ChangePassword {
        /// Who.
        user_id: UserId,
    },
    /// A member has shown a second factor for the first time.
    EnableTotp {
        /// Who.
        user_id: UserId,
    },
    /// A member wants none any more, or has lost it.
    DisableTotp {
        /// Who.
        user_id: UserId,
        /// Why.
        reason: Option<String>,
        /// Who asks, unless it is the member, who has shown it.
        by: Option<By>,
    },
    /// Make a role.
    DefineRole {
        /// As it shall be.
        role: CustomRole,
        /// Who asks.
        by: By,
    },
    /// Change a role.
    ChangeRole {
        /// As it shall be.
        role: CustomRole,
        /// Who asks.
        by: By,
    },
    /// Remove a role.
    DeleteRole {
        /// Which.
        role_id: RoleId,
        /// Who asks.
        by: By,
    },
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum StaffError {
    /// No such member here.
    #[error("User not found")]
    #[strum(serialize = "staff.not_found")]
    NotFound,
    /// No such role here.
    #[error("Role not found")]
    #[strum(serialize = "staff.role_not_found")]
    RoleNotFound,
    /// The member is here already.
    #[error("User already exists")]
    #[strum(serialize = "staff.already_member")]
    AlreadyMember,
    /// Not an address.
    #[error("that is no e-mail address")]
    #[strum(serialize = "staff.bad_email")]
    BadEmail,
    /// More than the caller holds would be given or taken.
    #[error("nobody can give or change more than they hold themselves")]
    #[strum(serialize = "staff.beyond_own")]
    BeyondOwn,
    /// Only owners make, change and remove owners.
    #[error("only an owner can do this to an owner")]
    #[strum(serialize = "staff.owner_only")]
    OwnerOnly,
    /// Somebody must be left who can do everything.
    #[error("the last active owner cannot be demoted or deactivated")]
    #[strum(serialize = "staff.last_owner")]
    LastOwner,
    /// Nobody changes what they may do themselves.
    #[error("nobody changes their own role")]
    #[strum(serialize = "staff.own_role")]
    OwnRole,
    /// A built-in role has this key.
    #[error("Role key reserved")]
    #[strum(serialize = "staff.role_key_reserved")]
    RoleKeyReserved,
    /// Another role has this key.
    #[error("Role key already exists")]
    #[strum(serialize = "staff.role_key_exists")]
    RoleKeyExists,
    /// A role has a key and a name.
    #[error("a role has a name of 1 to 100 characters with letters or digits in it")]
    #[strum(serialize = "staff.bad_role")]
    BadRole,
}

impl Refusal for StaffError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::RoleNotFound => Kind::NotFound,
            Self::BadEmail | Self::BadRole => Kind::Invalid,
            Self::BeyondOwn | Self::OwnerOnly => Kind::Forbidden,
            Self::AlreadyMember
            | Self::LastOwner
            | Self::OwnRole
            | Self::RoleKeyReserved
            | Self::RoleKeyExists => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}
