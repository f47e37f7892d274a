//! A login and everything that was renewed from it: one family of sessions, of which one is current.
//!
//! 1. Each refresh ends the current session and begins the next.
//! 2. A refresh token that was used before ends the whole family: one of the two who hold it is a thief.
//! 3. What has ended stays ended.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};

use crate::event::{EventSourced, decides, domain_event};
use crate::id::{SessionId, UserId};
use crate::refusal::{Kind, Refusal};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum SessionCommand {
    /// Let somebody in.
    Start(Started),
    /// Go on under a new session.
    Rotate {
        /// The session that is renewed.
        from: SessionId,
        /// The one that takes its place.
        to: SessionId,
        /// Whether a second factor was shown by now.
        mfa: bool,
    },
    /// End it.
    Revoke {
        /// `logout`, `revoked_by_admin` and the like.
        reason: String,
    },
    /// A refresh token came back that was used before.
    Reuse {
        /// The session it belonged to.
        session_id: SessionId,
    },
}

/// How a family began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The first session.
    pub session_id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Whether a second factor was shown.
    pub mfa: bool,
    /// When nobody can go on any more.
    pub expires_at: DateTime<Utc>,
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SessionEvent {
    /// Somebody was let in.
    Started(Started),
    /// It goes on under another session.
    Rotated {
        /// The session that ended.
        from: SessionId,
        /// The one that began.
        to: SessionId,
        /// Whether a second factor was shown by now.
        mfa: bool,
    },
    /// It ended.
    Revoked {
        /// Why.
        reason: String,
    },
    /// A used refresh token was presented again.
    ReuseDetected {
        /// The session it belonged to.
        session_id: SessionId,
    },
}
domain_event!(SessionEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum SessionError {
    /// It never began.
    #[error("there is no such session")]
    #[strum(serialize = "session.not_found")]
    NotFound,
    /// It began before.
    #[error("this session began before")]
    #[strum(serialize = "session.already_started")]
    AlreadyStarted,
    /// It has ended, or another session took the place of this one.
    #[error("revoked")]
    #[strum(serialize = "session.revoked")]
    Revoked,
}

impl Refusal for SessionError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyStarted | Self::Revoked => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// Where a family stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Session {
    /// Never began.
    #[default]
    Absent,
    /// Somebody is in.
    Open {
        /// The current session.
        current: SessionId,
    },
    /// Over.
    Ended,
}

impl Session {
    fn decide(&self, command: SessionCommand) -> Result<Vec<SessionEvent>, SessionError> {
        use SessionCommand as C;
        match (self, command) {
            (Self::Absent, C::Start(started)) => Ok(vec![SessionEvent::Started(started)]),
            (Self::Open { .. } | Self::Ended, C::Start(_)) => Err(SessionError::AlreadyStarted),
            (Self::Absent, _) => Err(SessionError::NotFound),
            (Self::Open { current }, C::Rotate { from, to, mfa }) if *current == from => {
                Ok(vec![SessionEvent::Rotated { from, to, mfa }])
            }
            (Self::Open { .. } | Self::Ended, C::Rotate { .. }) => Err(SessionError::Revoked),
            (Self::Open { .. }, C::Revoke { reason }) => Ok(vec![SessionEvent::Revoked { reason }]),
            (Self::Open { .. }, C::Reuse { session_id }) => Ok(vec![
                SessionEvent::ReuseDetected { session_id },
                SessionEvent::Revoked { reason: "reuse_detected".to_owned() },
            ]),
            (Self::Ended, C::Reuse { session_id }) => {
                Ok(vec![SessionEvent::ReuseDetected { session_id }])
            }
            // Leaving twice is leaving.
            (Self::Ended, C::Revoke { .. }) => Ok(Vec::new()),
        }
    }
}

impl Aggregate for Session {
    const TYPE: &'static str = "session";
    type Command = SessionCommand;
    type Event = SessionEvent;
    type Error = SessionError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match event {
            SessionEvent::Started(started) => *self = Self::Open { current: started.session_id },
            SessionEvent::Rotated { to, .. } => *self = Self::Open { current: to },
            SessionEvent::Revoked { .. } => *self = Self::Ended,
            SessionEvent::ReuseDetected { .. } => {}
        }
    }
}

impl EventSourced for Session {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;

    fn id(n: u128) -> SessionId {
        Uuid::from_u128(n).into()
    }

    fn started() -> SessionEvent {
        SessionEvent::Started(Started {
            session_id: id(1),
            user_id: Uuid::from_u128(9).into(),
            mfa: false,
            expires_at: DateTime::UNIX_EPOCH,
        })
    }

    fn rotated(from: u128, to: u128) -> SessionEvent {
        SessionEvent::Rotated { from: id(from), to: id(to), mfa: false }
    }

    fn revoked(reason: &str) -> SessionEvent {
        SessionEvent::Revoked { reason: reason.to_owned() }
    }

    #[test]
    fn only_the_current_session_is_renewed() {
        let given = || TestFramework::<Session>::with(()).given(vec![started(), rotated(1, 2)]);
        let rotate = |from| SessionCommand::Rotate { from: id(from), to: id(3), mfa: false };
        given().when(rotate(2)).then_expect_events(vec![rotated(2, 3)]);
        given().when(rotate(1)).then_expect_error(SessionError::Revoked);
    }

    #[test]
    fn a_token_that_comes_back_ends_the_family_once() {
        let reuse = || SessionCommand::Reuse { session_id: id(1) };
        let detected = || SessionEvent::ReuseDetected { session_id: id(1) };
        TestFramework::<Session>::with(())
            .given(vec![started(), rotated(1, 2)])
            .when(reuse())
            .then_expect_events(vec![detected(), revoked("reuse_detected")]);
        TestFramework::<Session>::with(())
            .given(vec![started(), revoked("logout")])
            .when(reuse())
            .then_expect_events(vec![detected()]);
    }

    #[test]
    fn what_has_ended_stays_ended() {
        let given = || TestFramework::<Session>::with(()).given(vec![started(), revoked("logout")]);
        let rotate = SessionCommand::Rotate { from: id(1), to: id(2), mfa: true };
        given().when(rotate).then_expect_error(SessionError::Revoked);
        let revoke = SessionCommand::Revoke { reason: "again".to_owned() };
        given().when(revoke).then_expect_events(vec![]);
    }

    #[test]
    fn nothing_is_asked_of_a_session_that_never_began() {
        TestFramework::<Session>::with(())
            .given_no_previous_events()
            .when(SessionCommand::Revoke { reason: "logout".to_owned() })
            .then_expect_error(SessionError::NotFound);
    }
}
