//! A time in which writing is allowed although the installation is read-only: begun for a reason, used, and over.
//!
//! 1. It begins once, for a reason, and ends at its time or before.
//! 2. Every use is told, and none comes after its end.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::event::{EventSourced, decides, domain_event};
use crate::id::BreakGlassId;
use crate::refusal::{Kind, Refusal};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum BreakGlassCommand {
    /// Begin.
    Start(BreakGlassStarted),
    /// Write something under it.
    Use {
        /// What the audit log calls the write.
        action: String,
        /// When.
        now: DateTime<Utc>,
    },
    /// End it before its time.
    End {
        /// When.
        now: DateTime<Utc>,
    },
}

/// How it began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlassStarted {
    /// Which.
    pub session_id: BreakGlassId,
    /// Why; names nobody.
    pub reason: String,
    /// When it ends by itself.
    pub expires_at: DateTime<Utc>,
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BreakGlassEvent {
    /// It began.
    Started(BreakGlassStarted),
    /// Something was about to be written under it.
    Used {
        /// What the audit log calls the write.
        action: String,
    },
    /// It ended before its time.
    Ended {
        /// Which.
        session_id: BreakGlassId,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(BreakGlassEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
pub enum BreakGlassError {
    /// It never began.
    #[error("there is no such break-glass session")]
    #[strum(serialize = "break_glass.not_found")]
    NotFound,
    /// It began before.
    #[error("this break-glass session began before")]
    #[strum(serialize = "break_glass.already_started")]
    AlreadyStarted,
    /// It is over.
    #[error("this break-glass session is over")]
    #[strum(serialize = "break_glass.over")]
    Over,
}

impl Refusal for BreakGlassError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyStarted | Self::Over => Kind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// Where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BreakGlass {
    /// Never began.
    #[default]
    Absent,
    /// Begun, and over at its time.
    Open(BreakGlassStarted),
    /// Ended before.
    Ended(BreakGlassStarted),
}

impl BreakGlass {
    /// How it began, if it did.
    pub const fn started(&self) -> Option<&BreakGlassStarted> {
        match self {
            Self::Absent => None,
            Self::Open(started) | Self::Ended(started) => Some(started),
        }
    }

    fn decide(&self, command: BreakGlassCommand) -> Result<Vec<BreakGlassEvent>, BreakGlassError> {
        use BreakGlassCommand as C;
        match (self, command) {
            (Self::Absent, C::Start(started)) => Ok(vec![BreakGlassEvent::Started(started)]),
            (Self::Open(_) | Self::Ended(_), C::Start(_)) => Err(BreakGlassError::AlreadyStarted),
            (Self::Absent, _) => Err(BreakGlassError::NotFound),
            (Self::Open(started), C::Use { action, now }) if now < started.expires_at => {
                Ok(vec![BreakGlassEvent::Used { action }])
            }
            (Self::Open(_) | Self::Ended(_), C::Use { .. }) => Err(BreakGlassError::Over),
            (Self::Open(started), C::End { now }) if now < started.expires_at => {
                Ok(vec![BreakGlassEvent::Ended { session_id: started.session_id, at: now }])
            }
            // What is over is over.
            (Self::Open(_) | Self::Ended(_), C::End { .. }) => Ok(Vec::new()),
        }
    }
}

impl Aggregate for BreakGlass {
    const TYPE: &'static str = "break_glass";
    type Command = BreakGlassCommand;
    type Event = BreakGlassEvent;
    type Error = BreakGlassError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match event {
            BreakGlassEvent::Started(started) => *self = Self::Open(started),
            BreakGlassEvent::Used { .. } => {}
            BreakGlassEvent::Ended { .. } => {
                if let Self::Open(started) = self {
                    *self = Self::Ended(started.clone());
                }
            }
        }
    }
}

impl EventSourced for BreakGlass {
    /// That it began stands beside its event with the digest of its token, which no event carries.
    fn beside(event: &Self::Event) -> Option<Value> {
        match event {
            BreakGlassEvent::Started(_) | BreakGlassEvent::Used { .. } => None,
            BreakGlassEvent::Ended { session_id, at } => {
                Some(json!({ "do": "end_break_glass", "session_id": session_id, "at": at }))
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

    fn id() -> BreakGlassId {
        Uuid::from_u128(1).into()
    }

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn begun() -> BreakGlassStarted {
        let reason = "the read-only switch hides a bug".to_owned();
        BreakGlassStarted { session_id: id(), reason, expires_at: at(30) }
    }

    fn given(more: &[BreakGlassEvent]) -> cqrs_es::test::AggregateTestExecutor<BreakGlass> {
        let events = [&[BreakGlassEvent::Started(begun())], more].concat();
        TestFramework::with(()).given(events)
    }

    fn used(minute: i64) -> BreakGlassCommand {
        BreakGlassCommand::Use { action: "lead.update".to_owned(), now: at(minute) }
    }

    #[test]
    fn it_begins_once() {
        TestFramework::<BreakGlass>::with(())
            .given_no_previous_events()
            .when(BreakGlassCommand::Start(begun()))
            .then_expect_events(vec![BreakGlassEvent::Started(begun())]);
        given(&[])
            .when(BreakGlassCommand::Start(begun()))
            .then_expect_error(BreakGlassError::AlreadyStarted);
    }

    #[test]
    fn it_is_used_until_its_time_or_its_end() {
        let told = BreakGlassEvent::Used { action: "lead.update".to_owned() };
        given(&[]).when(used(29)).then_expect_events(vec![told]);
        given(&[]).when(used(30)).then_expect_error(BreakGlassError::Over);
        let ended = BreakGlassEvent::Ended { session_id: id(), at: at(10) };
        given(&[ended]).when(used(11)).then_expect_error(BreakGlassError::Over);
    }

    #[test]
    fn it_ends_once_and_not_after_its_time() {
        let ended = |minute| BreakGlassEvent::Ended { session_id: id(), at: at(minute) };
        let end = |minute| BreakGlassCommand::End { now: at(minute) };
        given(&[]).when(end(10)).then_expect_events(vec![ended(10)]);
        given(&[ended(10)]).when(end(11)).then_expect_events(vec![]);
        given(&[]).when(end(30)).then_expect_events(vec![]);
    }

    #[test]
    fn nothing_is_asked_of_one_that_never_began() {
        TestFramework::<BreakGlass>::with(())
            .given_no_previous_events()
            .when(used(0))
            .then_expect_error(BreakGlassError::NotFound);
    }
}
