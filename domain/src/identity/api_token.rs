//! What a program acts with: a secret made for it, that can do what it was given and no more.
//!
//! 1. Nobody gives what they do not hold, and nobody gives the right to manage users: a program makes no logins.
//! 2. What was revoked stays revoked.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::access::{Permission, Permissions};
use crate::event::{EventSourced, decides, domain_event};
use crate::id::{ApiTokenId, UserId};
use crate::identity::staff::By;
use crate::refusal::{Kind, Refusal};

/// Characters of a name at most.
const NAME: usize = 100;

/// What can be asked.
#[derive(Clone, Debug)]
pub enum ApiTokenCommand {
    /// Make one.
    Create {
        /// As it shall be.
        token: NewApiToken,
        /// When.
        now: DateTime<Utc>,
        /// Who asks.
        by: By,
    },
    /// Let it do nothing any more.
    Revoke {
        /// When.
        now: DateTime<Utc>,
    },
}

/// A token as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewApiToken {
    /// Which.
    pub token_id: ApiTokenId,
    /// What it is for.
    pub name: String,
    /// Keys of the catalogue, in its order.
    pub permissions: Vec<String>,
    /// When it stops working; never by itself if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
    /// The member who made it; it can do nothing that they cannot. None if a login made it that is no member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ApiTokenEvent {
    /// It was made.
    Created(NewApiToken),
    /// It does nothing any more.
    Revoked {
        /// Which.
        token_id: ApiTokenId,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(ApiTokenEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum ApiTokenError {
    /// No such token here.
    #[error("API token not found")]
    #[strum(serialize = "api_token.not_found")]
    NotFound,
    /// It was made before.
    #[error("this API token exists")]
    #[strum(serialize = "api_token.exists")]
    Exists,
    /// No usable name.
    #[error("an API token has a name of 1 to 100 characters")]
    #[strum(serialize = "api_token.bad_name")]
    BadName,
    /// Nothing it could do.
    #[error("an API token needs at least one permission")]
    #[strum(serialize = "api_token.no_permissions")]
    NoPermissions,
    /// More than the caller holds.
    #[error("nobody can give or change more than they hold themselves")]
    #[strum(serialize = "api_token.beyond_own")]
    BeyondOwn,
    /// A program makes no logins.
    #[error("an API token cannot manage users or tokens")]
    #[strum(serialize = "api_token.not_grantable")]
    NotGrantable,
    /// It would be over before it began.
    #[error("an API token expires in the future")]
    #[strum(serialize = "api_token.expired")]
    Expired,
}

impl Refusal for ApiTokenError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Exists => Kind::Conflict,
            Self::BadName | Self::NoPermissions | Self::NotGrantable | Self::Expired => {
                Kind::Invalid
            }
            Self::BeyondOwn => Kind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// Where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ApiToken {
    /// Never made.
    #[default]
    Absent,
    /// Good.
    Live(NewApiToken),
    /// Revoked.
    Revoked(NewApiToken),
}

impl ApiToken {
    /// As it was made, if it was.
    pub const fn made(&self) -> Option<&NewApiToken> {
        match self {
            Self::Absent => None,
            Self::Live(token) | Self::Revoked(token) => Some(token),
        }
    }

    fn decide(&self, command: ApiTokenCommand) -> Result<Vec<ApiTokenEvent>, ApiTokenError> {
        use ApiTokenCommand as C;
        match (self, command) {
            (Self::Absent, C::Create { token, now, by }) => {
                Ok(vec![ApiTokenEvent::Created(checked(token, now, by)?)])
            }
            (Self::Live(_) | Self::Revoked(_), C::Create { .. }) => Err(ApiTokenError::Exists),
            (Self::Absent, C::Revoke { .. }) => Err(ApiTokenError::NotFound),
            (Self::Live(token), C::Revoke { now }) => {
                Ok(vec![ApiTokenEvent::Revoked { token_id: token.token_id, at: now }])
            }
            (Self::Revoked(_), C::Revoke { .. }) => Ok(Vec::new()),
        }
    }
}

fn checked(
    mut token: NewApiToken,
    now: DateTime<Utc>,
    by: By,
) -> Result<NewApiToken, ApiTokenError> {
    token.name = token.name.trim().to_owned();
    if !(1..=NAME).contains(&token.name.chars().count()) {
        return Err(ApiTokenError::BadName);
    }
    if token.expires_at.is_some_and(|at| at <= now) {
        return Err(ApiTokenError::Expired);
    }
    let wanted = Permissions::of_keys(token.permissions.iter().map(String::as_str));
    if wanted == Permissions::default() {
        return Err(ApiTokenError::NoPermissions);
    }
    if wanted.contain(Permission::UsersManage) {
        return Err(ApiTokenError::NotGrantable);
    }
    if !by.permissions.contains_all(wanted) {
        return Err(ApiTokenError::BeyondOwn);
    }
    token.permissions = wanted.keys().map(ToOwned::to_owned).collect();
    token.created_by = by.user;
    Ok(token)
}

impl Aggregate for ApiToken {
    const TYPE: &'static str = "api_token";
    type Command = ApiTokenCommand;
    type Event = ApiTokenEvent;
    type Error = ApiTokenError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match event {
            ApiTokenEvent::Created(token) => *self = Self::Live(token),
            ApiTokenEvent::Revoked { .. } => {
                if let Self::Live(token) = self {
                    *self = Self::Revoked(token.clone());
                }
            }
        }
    }
}

impl EventSourced for ApiToken {
    /// That it was made stands beside its event with its digest, which no event carries.
    fn beside(event: &Self::Event) -> Option<Value> {
        match event {
            ApiTokenEvent::Created(_) => None,
            ApiTokenEvent::Revoked { token_id, at } => {
                Some(json!({ "do": "revoke_api_token", "token_id": token_id, "at": at }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;
    use crate::access::Role;

    fn token(permissions: &[&str]) -> NewApiToken {
        NewApiToken {
            token_id: Uuid::from_u128(1).into(),
            name: " Nightly import ".to_owned(),
            permissions: permissions.iter().map(|key| (*key).to_owned()).collect(),
            expires_at: None,
            created_by: None,
        }
    }

    fn by(role: Role) -> By {
        let user = Some(Uuid::from_u128(9).into());
        By { user, permissions: Permissions::of_role(role), is_owner: role == Role::Owner }
    }

    fn create(token: NewApiToken, role: Role) -> ApiTokenCommand {
        ApiTokenCommand::Create { token, now: DateTime::UNIX_EPOCH, by: by(role) }
    }

    fn refused(token: NewApiToken, role: Role) -> ApiTokenError {
        ApiToken::default().decide(create(token, role)).unwrap_err()
    }

    fn made() -> ApiTokenEvent {
        let user = Some(Uuid::from_u128(9).into());
        let name = "Nightly import".to_owned();
        ApiTokenEvent::Created(NewApiToken {
            name,
            created_by: user,
            ..token(&["contacts.view", "leads.view"])
        })
    }

    #[test]
    fn it_holds_what_it_was_given_in_the_order_of_the_catalogue() {
        TestFramework::<ApiToken>::with(())
            .given_no_previous_events()
            .when(create(token(&["leads.view", "contacts.view", "leads.view"]), Role::Admin))
            .then_expect_events(vec![made()]);
    }

    #[test]
    fn nobody_gives_what_they_do_not_hold_or_what_makes_logins() {
        assert_eq!(refused(token(&["leads.manage"]), Role::Dispatcher), ApiTokenError::BeyondOwn);
        assert_eq!(refused(token(&["users.manage"]), Role::Owner), ApiTokenError::NotGrantable);
        assert_eq!(refused(token(&["leads.edit"]), Role::Owner), ApiTokenError::NoPermissions);
    }

    #[test]
    fn it_has_a_name_and_a_future() {
        let nameless = NewApiToken { name: " ".to_owned(), ..token(&["leads.view"]) };
        assert_eq!(refused(nameless, Role::Owner), ApiTokenError::BadName);
        let over = NewApiToken { expires_at: Some(DateTime::UNIX_EPOCH), ..token(&["leads.view"]) };
        assert_eq!(refused(over, Role::Owner), ApiTokenError::Expired);
    }

    #[test]
    fn it_is_revoked_once_and_for_ever() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::hours(1);
        let revoked = ApiTokenEvent::Revoked { token_id: Uuid::from_u128(1).into(), at: now };
        let given = |events| TestFramework::<ApiToken>::with(()).given(events);
        given(vec![made()])
            .when(ApiTokenCommand::Revoke { now })
            .then_expect_events(vec![revoked.clone()]);
        given(vec![made(), revoked.clone()])
            .when(ApiTokenCommand::Revoke { now })
            .then_expect_events(vec![]);
        given(vec![made(), revoked])
            .when(create(token(&["leads.view"]), Role::Owner))
            .then_expect_error(ApiTokenError::Exists);
        TestFramework::<ApiToken>::with(())
            .given_no_previous_events()
            .when(ApiTokenCommand::Revoke { now })
            .then_expect_error(ApiTokenError::NotFound);
    }
}
