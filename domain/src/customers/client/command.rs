//! What can be asked of a client, and why it is refused.

use chrono::{DateTime, Utc};

use super::contact::{Changes, Contact};
use crate::id::ClientId;
use crate::refusal::{Kind, Refusal};

/// What can be asked. `Debug` shows the name only: reasons speak of people.
#[derive(Clone, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ClientCommand {
    /// Take somebody down.
    Register {
        /// Who.
        client_id: ClientId,
        /// How to reach them.
        contact: Contact,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Reach them otherwise.
    ChangeContact {
        /// How; at least one is to be different.
        changes: Changes,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Take no more bookings of theirs.
    Block {
        /// 1 to 500 characters.
        reason: String,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Take their bookings again.
    Unblock {
        /// The time.
        now: DateTime<Utc>,
    },
    /// Leave them out of lists and out of the portal.
    Archive {
        /// The time.
        now: DateTime<Utc>,
    },
    /// Bring them back.
    Restore {
        /// The time.
        now: DateTime<Utc>,
    },
}

impl std::fmt::Debug for ClientCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.into())
    }
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum ClientError {
    /// No such client here.
    #[error("Client not found")]
    #[strum(serialize = "client.not_found")]
    NotFound,
    /// They were taken down before.
    #[error("this client was registered before")]
    #[strum(serialize = "client.already_registered")]
    AlreadyRegistered,
    /// Somebody of the organisation signs in with this address.
    #[error("another client of this organisation has this e-mail address")]
    #[strum(serialize = "client.email_taken")]
    EmailTaken,
    /// Nobody is blocked without being told why.
    #[error("a block needs a reason of 1 to 500 characters")]
    #[strum(serialize = "client.no_reason")]
    NoReason,
    /// A change changes something.
    #[error("nothing to change was supplied")]
    #[strum(serialize = "client.nothing_supplied")]
    NothingSupplied,
    /// Archived clients do not use the portal.
    #[error("an archived client does not use the portal")]
    #[strum(serialize = "client.archived")]
    Archived,
    /// Nor do blocked ones.
    #[error("a blocked client does not use the portal")]
    #[strum(serialize = "client.blocked")]
    Blocked,
}

impl Refusal for ClientError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::NoReason => Kind::Invalid,
            Self::NothingSupplied => Kind::Rule,
            Self::AlreadyRegistered | Self::EmailTaken | Self::Archived | Self::Blocked => {
                Kind::Conflict
            }
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}
