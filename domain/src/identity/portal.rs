//! A login of a client or a worker at their portal: from the link that was sent to the end of the session.
//!
//! 1. A link is used once, in its time; of two who come with it at once, one gets in.
//! 2. A worker gets in by a password, without a link.
//! 3. What has ended stays ended.
//!
//! Neither the link nor the token of the session stands in an event: side tables hold their hashes.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};

use crate::event::{EventSourced, decides, domain_event};
use crate::id::{ClientId, WorkerId};
use crate::people::worker::TeamNumber;
use crate::refusal::{Kind, Refusal};

/// Whose session it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Holder {
    /// Somebody whose home is cleaned.
    Client {
        /// Who.
        client_id: ClientId,
    },
    /// Somebody who cleans, in the team they were in then.
    Worker {
        /// Who.
        worker_id: WorkerId,
        /// Their team.
        team: TeamNumber,
    },
    /// Whoever knows the one login that the environment gives a whole team.
    SharedWorker {
        /// The team.
        team: TeamNumber,
    },
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum PortalSessionCommand {
    /// Send a link.
    IssueLink(Link),
    /// Let in whoever came with the link.
    Redeem {
        /// When the session ends by itself.
        expires_at: DateTime<Utc>,
        /// The time.
        now: DateTime<Utc>,
    },
    /// Let in whoever knew a password.
    Open {
        /// Who.
        holder: Holder,
        /// When the session ends by itself.
        expires_at: DateTime<Utc>,
    },
    /// End it.
    Revoke {
        /// `logout` and the like.
        reason: String,
    },
}

/// A link on its way to a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// To whom.
    pub client_id: ClientId,
    /// When it stops working.
    pub expires_at: DateTime<Utc>,
    /// The address of the portal that it leads to, without a path.
    pub portal: String,
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PortalSessionEvent {
    /// A link was made, to be sent.
    LinkIssued(Link),
    /// Somebody came with it.
    LinkRedeemed,
    /// Somebody was let in.
    Opened {
        /// Who.
        holder: Holder,
        /// When the session ends by itself.
        expires_at: DateTime<Utc>,
    },
    /// It ended.
    Revoked {
        /// Why.
        reason: String,
    },
}
domain_event!(PortalSessionEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum PortalSessionError {
    /// It never began.
    #[error("there is no such session")]
    #[strum(serialize = "portal_session.not_found")]
    NotFound,
    /// It began before.
    #[error("this session began before")]
    #[strum(serialize = "portal_session.already_began")]
    AlreadyBegan,
    /// Somebody came with the link before.
    #[error("this link was used before")]
    #[strum(serialize = "portal_session.link_used")]
    LinkUsed,
    /// The link is too old.
    #[error("this link has expired")]
    #[strum(serialize = "portal_session.link_expired")]
    LinkExpired,
}

impl Refusal for PortalSessionError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyBegan | Self::LinkUsed | Self::LinkExpired => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// Where a login stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PortalSession {
    /// Never began.
    #[default]
    Absent,
    /// A link is out.
    Invited {
        /// To whom.
        client_id: ClientId,
        /// When it stops working.
        expires_at: DateTime<Utc>,
    },
    /// Somebody is in.
    Open,
    /// Over.
    Ended,
}

impl PortalSession {
    fn decide(
        &self,
        command: PortalSessionCommand,
    ) -> Result<Vec<PortalSessionEvent>, PortalSessionError> {
        use {PortalSessionCommand as C, PortalSessionError as Refuse, PortalSessionEvent as E};
        match (self, command) {
            (Self::Absent, C::IssueLink(link)) => Ok(vec![E::LinkIssued(link)]),
            (Self::Absent, C::Open { holder, expires_at }) => {
                Ok(vec![E::Opened { holder, expires_at }])
            }
            (Self::Absent, C::Redeem { .. } | C::Revoke { .. }) => Err(Refuse::NotFound),
            (_, C::IssueLink(_) | C::Open { .. }) => Err(Refuse::AlreadyBegan),

            (Self::Invited { expires_at, .. }, C::Redeem { now, .. }) if *expires_at <= now => {
                Err(Refuse::LinkExpired)
            }
            (&Self::Invited { client_id, .. }, C::Redeem { expires_at, .. }) => {
                let holder = Holder::Client { client_id };
                Ok(vec![E::LinkRedeemed, E::Opened { holder, expires_at }])
            }
            (Self::Open | Self::Ended, C::Redeem { .. }) => Err(Refuse::LinkUsed),

            (Self::Invited { .. } | Self::Open, C::Revoke { reason }) => {
                Ok(vec![E::Revoked { reason }])
            }
            // Leaving twice is leaving.
            (Self::Ended, C::Revoke { .. }) => Ok(Vec::new()),
        }
    }
}

impl Aggregate for PortalSession {
    const TYPE: &'static str = "portal_session";
    type Command = PortalSessionCommand;
    type Event = PortalSessionEvent;
    type Error = PortalSessionError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match event {
            PortalSessionEvent::LinkIssued(Link { client_id, expires_at, .. }) => {
                *self = Self::Invited { client_id, expires_at };
            }
            PortalSessionEvent::LinkRedeemed => {}
            PortalSessionEvent::Opened { .. } => *self = Self::Open,
            PortalSessionEvent::Revoked { .. } => *self = Self::Ended,
        }
    }
}

impl EventSourced for PortalSession {}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};
    use uuid::Uuid;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn client() -> ClientId {
        Uuid::from_u128(6).into()
    }

    fn link() -> Link {
        let portal = "https://portal.example.org".to_owned();
        Link { client_id: client(), expires_at: at(30), portal }
    }

    fn issued() -> PortalSessionEvent {
        PortalSessionEvent::LinkIssued(link())
    }

    fn opened() -> PortalSessionEvent {
        let holder = Holder::Client { client_id: client() };
        PortalSessionEvent::Opened { holder, expires_at: at(1000) }
    }

    fn revoked() -> PortalSessionEvent {
        PortalSessionEvent::Revoked { reason: "logout".to_owned() }
    }

    fn redeem(minute: i64) -> PortalSessionCommand {
        PortalSessionCommand::Redeem { expires_at: at(1000), now: at(minute) }
    }

    fn revoke() -> PortalSessionCommand {
        PortalSessionCommand::Revoke { reason: "logout".to_owned() }
    }

    fn given(events: &[PortalSessionEvent]) -> AggregateTestExecutor<PortalSession> {
        TestFramework::with(()).given(events.to_vec())
    }

    #[test]
    fn a_link_lets_in_once() {
        let redeemed = PortalSessionEvent::LinkRedeemed;
        let once = [issued(), redeemed.clone(), opened()];
        given(&[]).when(PortalSessionCommand::IssueLink(link())).then_expect_events(vec![issued()]);
        given(&[issued()]).when(redeem(29)).then_expect_events(vec![redeemed, opened()]);
        given(&once).when(redeem(29)).then_expect_error(PortalSessionError::LinkUsed);
    }

    #[test]
    fn a_link_is_good_until_its_instant() {
        given(&[issued()]).when(redeem(30)).then_expect_error(PortalSessionError::LinkExpired);
        given(&[issued(), revoked()])
            .when(redeem(1))
            .then_expect_error(PortalSessionError::LinkUsed);
    }

    #[test]
    fn a_password_lets_in_without_a_link() {
        let holder = Holder::SharedWorker { team: TeamNumber::FIRST };
        let open = || PortalSessionCommand::Open { holder, expires_at: at(720) };
        let opened = PortalSessionEvent::Opened { holder, expires_at: at(720) };
        given(&[]).when(open()).then_expect_events(vec![opened.clone()]);
        given(&[opened]).when(open()).then_expect_error(PortalSessionError::AlreadyBegan);
        given(&[issued()]).when(open()).then_expect_error(PortalSessionError::AlreadyBegan);
    }

    #[test]
    fn leaving_twice_is_leaving() {
        given(&[opened()]).when(revoke()).then_expect_events(vec![revoked()]);
        given(&[opened(), revoked()]).when(revoke()).then_expect_events(vec![]);
    }

    #[test]
    fn nothing_is_asked_of_a_login_that_never_began() {
        given(&[]).when(redeem(1)).then_expect_error(PortalSessionError::NotFound);
        given(&[]).when(revoke()).then_expect_error(PortalSessionError::NotFound);
    }
}
