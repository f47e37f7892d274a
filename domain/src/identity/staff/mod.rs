//! The staff of an organisation: who they are and what they may do.
//!
//! One aggregate for all of them, so that rules about everybody hold whoever acts at the same time:
//! 1. nobody gives or changes more than they hold themselves, nor their own role;
//! 2. only owners make, change and remove owners, and the last active one stays;
//! 3. roles of the organisation's own have keys of their own.

mod command;
mod event;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::command::{By, StaffCommand, StaffError};
pub use self::event::{CustomRole, Grant, StaffEvent};
use crate::access::{Permissions, Role};
use crate::event::{EventSourced, Reservation, decides};
use crate::id::{RoleId, UserId};
use crate::input;
use crate::personal::Personal;

/// Everybody and every role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    members: BTreeMap<UserId, Member>,
    roles: BTreeMap<RoleId, CustomRole>,
}

/// Somebody who works here, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Lower case.
    pub email: Personal<String>,
    /// What they may do.
    pub grant: Grant,
    /// Whether they may act at all.
    pub is_active: bool,
    /// Whether they show a second factor.
    pub has_totp: bool,
}

type Decision = Result<Vec<StaffEvent>, StaffError>;

impl Staff {
    /// Everybody, by id.
    pub fn members(&self) -> impl Iterator<Item = (UserId, &Member)> {
        self.members.iter().map(|(id, member)| (*id, member))
    }

    /// One of them.
    pub fn member(&self, id: UserId) -> Option<&Member> {
        self.members.get(&id)
    }

    /// The roles of the organisation's own, by id.
    pub fn roles(&self) -> impl Iterator<Item = &CustomRole> {
        self.roles.values()
    }

    /// One of them.
    pub fn role(&self, id: RoleId) -> Option<&CustomRole> {
        self.roles.get(&id)
    }

    /// What a grant amounts to.
    pub fn permissions(&self, grant: Grant) -> Permissions {
        match grant.custom_role_id.and_then(|id| self.roles.get(&id)) {
            Some(custom) => Permissions::of_keys(custom.permissions.iter().map(String::as_str)),
            None => Permissions::of_role(grant.role),
        }
    }

    fn decide(&self, command: StaffCommand) -> Decision {
        use StaffCommand as C;
        match command {
            C::AddMember { user_id, email, grant, expires_at, by } => {
                if self.members.contains_key(&user_id) {
                    return Err(StaffError::AlreadyMember);
                }
                let email = input::address(&email).ok_or(StaffError::BadEmail)?;
                self.may_give(grant, by)?;
                let email = Personal::of(user_id.into(), email);
                Ok(vec![
                    StaffEvent::MemberAdded { user_id, email, grant },
                    StaffEvent::TemporaryPasswordIssued { user_id, expires_at },
                ])
            }
            C::GrantRole { user_id, grant, by } => self.grant_role(user_id, grant, by),
            C::Deactivate { user_id, by } => self.deactivate(user_id, by),
            C::ResetPassword { user_id, expires_at, by } => {
                self.may_touch(user_id, by)?;
                Ok(vec![
                    StaffEvent::TemporaryPasswordIssued { user_id, expires_at },
                    revoked(user_id, "password_reset"),
                ])
            }
            C::LogOut { user_id, by } => {
                self.may_touch(user_id, by)?;
                Ok(vec![revoked(user_id, "revoked_by_admin")])
            }
            C::ChangePassword { user_id } => {
                self.active(user_id)?;
                let changed = StaffEvent::PasswordChanged { user_id };
                Ok(vec![changed, revoked(user_id, "password_changed")])
            }
            C::EnableTotp { user_id } => {
                self.active(user_id)?;
                let enabled = StaffEvent::TotpEnabled { user_id };
                Ok(vec![enabled, revoked(user_id, "mfa_enabled")])
            }
            C::DisableTotp { user_id, reason, by } => {
                match by {
                    Some(by) => self.may_touch(user_id, by)?,
                    None => self.active(user_id)?,
                };
                let disabled = StaffEvent::TotpDisabled { user_id, reason };
                Ok(vec![disabled, revoked(user_id, "mfa_disabled")])
            }
            C::DefineRole { role, by } => self.define(role, by),
            C::ChangeRole { role, by } => {
                self.role_within(role.role_id, by)?;
                self.define(role, by)
            }
            C::DeleteRole { role_id, by } => self.delete_role(role_id, by),
        }
    }

    fn grant_role(&self, user_id: UserId, grant: Grant, by: By) -> Decision {
        let member = self.may_touch(user_id, by)?;
        if by.user == Some(user_id) {
            return Err(StaffError::OwnRole);
        }
        self.may_give(grant, by)?;
        if member.grant == grant {
            return Ok(Vec::new());
        }
        if !is_owner(grant) {
            self.leaves_an_owner(user_id)?;
        }
        let granted = StaffEvent::RoleGranted { user_id, grant, before: member.grant };
        Ok(vec![granted, revoked(user_id, "role_changed")])
    }

    fn deactivate(&self, user_id: UserId, by: By) -> Decision {
        let member = self.may_touch(user_id, by)?;
        if !member.is_active {
            return Ok(Vec::new());
        }
        self.leaves_an_owner(user_id)?;
        let deactivated = StaffEvent::MemberDeactivated { user_id };
        Ok(vec![deactivated, revoked(user_id, "deactivated_by_admin")])
    }

    fn define(&self, mut role: CustomRole, by: By) -> Decision {
        role.key = slug(&role.key);
        role.name = role.name.trim().into();
        if role.key.is_empty() || !(1..=100).contains(&role.name.chars().count()) {
            return Err(StaffError::BadRole);
        }
        if role.key.parse::<Role>().is_ok() {
            return Err(StaffError::RoleKeyReserved);
        }
        let mut others = self.roles.values().filter(|other| other.role_id != role.role_id);
        if others.any(|other| other.key == role.key) {
            return Err(StaffError::RoleKeyExists);
        }
        within(Permissions::of_keys(role.permissions.iter().map(String::as_str)), by)?;
        Ok(vec![StaffEvent::RoleDefined(role)])
    }

    fn delete_role(&self, role_id: RoleId, by: By) -> Decision {
        self.role_within(role_id, by)?;
        let holders =
            self.members.iter().filter(|(_, member)| member.grant.custom_role_id == Some(role_id));
        let ended = holders.map(|(id, _)| revoked(*id, "custom_role_deleted"));
        Ok(std::iter::once(StaffEvent::RoleDeleted { role_id }).chain(ended).collect())
    }

    /// Refuses what would change a role that holds more than whoever asks.
    fn role_within(&self, role_id: RoleId, by: By) -> Result<(), StaffError> {
        let role = self.roles.get(&role_id).ok_or(StaffError::RoleNotFound)?;
        within(Permissions::of_keys(role.permissions.iter().map(String::as_str)), by)
    }

    /// The member, if whoever asks may change anything about them.
    pub fn may_touch(&self, user_id: UserId, by: By) -> Result<&Member, StaffError> {
        let member = self.members.get(&user_id).ok_or(StaffError::NotFound)?;
        if is_owner(member.grant) && !by.is_owner {
            return Err(StaffError::OwnerOnly);
        }
        within(self.permissions(member.grant), by)?;
        Ok(member)
    }

    fn may_give(&self, grant: Grant, by: By) -> Result<(), StaffError> {
        if grant.custom_role_id.is_some_and(|id| !self.roles.contains_key(&id)) {
            return Err(StaffError::RoleNotFound);
        }
        // What lies below a custom role counts too: it is what is left when that role goes.
        if grant.role == Role::Owner && !by.is_owner {
            return Err(StaffError::OwnerOnly);
        }
        within(Permissions::of_role(grant.role), by)?;
        within(self.permissions(grant), by)
    }

    fn active(&self, user_id: UserId) -> Result<&Member, StaffError> {
        let member = self.members.get(&user_id).filter(|member| member.is_active);
        member.ok_or(StaffError::NotFound)
    }

    fn leaves_an_owner(&self, without: UserId) -> Result<(), StaffError> {
        let owns = |member: &Member| member.is_active && is_owner(member.grant);
        let concerns_one = self.members.get(&without).is_some_and(owns);
        let mut others = self.members.iter().filter(|(id, _)| **id != without);
        if concerns_one && !others.any(|(_, member)| owns(member)) {
            return Err(StaffError::LastOwner);
        }
        Ok(())
    }

    fn member_mut(&mut self, id: UserId, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(&id) {
            change(member);
        }
    }
}

const fn is_owner(grant: Grant) -> bool {
    matches!(grant, Grant { role: Role::Owner, custom_role_id: None })
}

fn within(permissions: Permissions, by: By) -> Result<(), StaffError> {
    if by.permissions.contains_all(permissions) { Ok(()) } else { Err(StaffError::BeyondOwn) }
}

fn revoked(user_id: UserId, reason: &str) -> StaffEvent {
    StaffEvent::SessionsRevoked { user_id, reason: reason.to_owned() }
}

/// Lower-case letters and digits, everything else a hyphen between them.
fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").chars().take(60).collect()
}

impl Aggregate for Staff {
    const TYPE: &'static str = "staff";
    type Command = StaffCommand;
    type Event = StaffEvent;
    type Error = StaffError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match event {
            StaffEvent::MemberAdded { user_id, email, grant } => {
                let member = Member { email, grant, is_active: true, has_totp: false };
                self.members.insert(user_id, member);
            }
            StaffEvent::RoleGranted { user_id, grant, .. } => {
                self.member_mut(user_id, |member| member.grant = grant);
            }
            StaffEvent::MemberDeactivated { user_id } => {
                self.member_mut(user_id, |member| member.is_active = false);
            }
            StaffEvent::RoleDefined(role) => {
                self.roles.insert(role.role_id, role);
            }
            StaffEvent::RoleDeleted { role_id } => {
                self.roles.remove(&role_id);
                for member in self.members.values_mut() {
                    member.grant.custom_role_id.take_if(|id| *id == role_id);
                }
            }
            StaffEvent::TotpEnabled { user_id } => {
                self.member_mut(user_id, |member| member.has_totp = true);
            }
            StaffEvent::TotpDisabled { user_id, .. } => {
                self.member_mut(user_id, |member| member.has_totp = false);
            }
            StaffEvent::TemporaryPasswordIssued { .. }
            | StaffEvent::PasswordChanged { .. }
            | StaffEvent::SessionsRevoked { .. } => {}
        }
    }
}

impl EventSourced for Staff {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        match event {
            StaffEvent::MemberAdded { user_id, .. } => {
                vec![Reservation::NewSubject((*user_id).into())]
            }
            _ => Vec::new(),
        }
    }

    /// What the next request must already be held to.
    fn beside(event: &Self::Event) -> Option<Value> {
        match event {
            StaffEvent::MemberAdded { user_id, grant, .. }
            | StaffEvent::RoleGranted { user_id, grant, .. } => Some(json!({
                "do": "put_membership", "user_id": user_id, "role": grant.role.key(),
                "custom_role_id": grant.custom_role_id,
            })),
            StaffEvent::MemberDeactivated { user_id } => {
                Some(json!({ "do": "end_membership", "user_id": user_id }))
            }
            StaffEvent::SessionsRevoked { user_id, reason } => {
                Some(json!({ "do": "revoke_sessions", "user_id": user_id, "reason": reason }))
            }
            StaffEvent::RoleDefined(role) => Some(json!({
                "do": "put_role", "role_id": role.role_id, "permissions": role.permissions,
            })),
            StaffEvent::RoleDeleted { role_id } => {
                Some(json!({ "do": "delete_role", "role_id": role_id }))
            }
            StaffEvent::TotpEnabled { user_id } => {
                Some(json!({ "do": "enable_totp", "user_id": user_id }))
            }
            StaffEvent::TotpDisabled { user_id, .. } => {
                Some(json!({ "do": "disable_totp", "user_id": user_id }))
            }
            StaffEvent::TemporaryPasswordIssued { .. } | StaffEvent::PasswordChanged { .. } => None,
        }
    }
}
