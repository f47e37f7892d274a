//! Time off: when the organisation, a team or a worker takes no visits.
//!
//! 1. A holiday is everybody's; everything else is of a team, of a worker, or of all.
//! 2. Visits that are there already stay: staff are told, and move them.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::search::{Obstacle, ObstacleKind};
use super::window::Window;
use crate::event::{EventSourced, decides, domain_event};
use crate::id::{TeamId, WorkerId};
use crate::input::free_text;
use crate::refusal::{Kind, Refusal};

/// Whose time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "scope_type", content = "scope_id", rename_all = "snake_case")]
pub enum Scope {
    /// Everybody's.
    Org,
    /// A team's.
    Team(TeamId),
    /// A worker's.
    Worker(WorkerId),
}

/// What for.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Purpose {
    /// To rest.
    Vacation,
    /// To get well.
    Sick,
    /// To learn.
    Training,
    /// To celebrate.
    Holiday,
    /// The team does not work then.
    Blackout,
    /// An entry of another calendar, which its reason names; everybody's.
    External,
}

/// Whose time, what for, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Whose.
    #[serde(flatten)]
    pub scope: Scope,
    /// What for.
    pub purpose: Purpose,
    /// When.
    pub window: Window,
    /// In words that name nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Terms {
    /// What it is to a visit.
    pub fn obstacle(&self, id: Uuid) -> Obstacle {
        let kind = match self.purpose {
            Purpose::Blackout => ObstacleKind::Blackout,
            Purpose::External => ObstacleKind::ExternalBlock,
            Purpose::Vacation | Purpose::Sick | Purpose::Training | Purpose::Holiday => {
                ObstacleKind::AvailabilityBlock
            }
        };
        let note = self.reason.clone().or_else(|| Some(<&str>::from(self.purpose).to_owned()));
        Obstacle { kind, reference: id.to_string(), window: self.window, note }
    }

    fn checked(self) -> Result<Self, TimeOffError> {
        if self.window.starts_at >= self.window.ends_at {
            return Err(TimeOffError::InvalidWindow);
        }
        if self.purpose == Purpose::Holiday && self.scope != Scope::Org {
            return Err(TimeOffError::HolidayRequiresOrgScope);
        }
        if self.purpose == Purpose::External && self.scope != Scope::Org {
            return Err(TimeOffError::ExternalRequiresOrgScope);
        }
        let reason = self.reason.map(|why| free_text("reason", &why, 0..=255)).transpose();
        let reason = reason.map_err(|_| TimeOffError::BadReason)?.filter(|why| !why.is_empty());
        // It would stay for ever, also of somebody who is forgotten.
        if reason.is_some() && matches!(self.scope, Scope::Worker(_)) {
            return Err(TimeOffError::ReasonOfWorker);
        }
        Ok(Self { reason, ..self })
    }
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum TimeOffCommand {
    /// Take it.
    Declare {
        /// As it shall be.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Take it otherwise.
    Change {
        /// As it shall be.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Do not take it.
    Cancel {
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TimeOffEvent {
    /// Somebody takes time off.
    Declared {
        /// As it is.
        terms: Terms,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is taken otherwise.
    Changed {
        /// As it is now.
        terms: Terms,
        /// As it was.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is not taken.
    Cancelled {
        /// As it was.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(TimeOffEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum TimeOffError {
    /// There is none.
    #[error("there is no such block")]
    #[strum(serialize = "time_off.not_found")]
    NotFound,
    /// The id is in use.
    #[error("this block was declared before")]
    #[strum(serialize = "time_off.already_declared")]
    AlreadyDeclared,
    /// It would be empty.
    #[error("invalid_window")]
    #[strum(serialize = "time_off.invalid_window")]
    InvalidWindow,
    /// A holiday is everybody's.
    #[error("holiday_requires_org_scope")]
    #[strum(serialize = "time_off.holiday_requires_org_scope")]
    HolidayRequiresOrgScope,
    /// Another calendar is everybody's.
    #[error("external_requires_org_scope")]
    #[strum(serialize = "time_off.external_requires_org_scope")]
    ExternalRequiresOrgScope,
    /// Not a reason.
    #[error("a reason has at most 255 characters")]
    #[strum(serialize = "time_off.bad_reason")]
    BadReason,
    /// Why one person is away is nobody's to write down.
    #[error("of one worker only the type is kept, and no reason")]
    #[strum(serialize = "time_off.reason_of_worker")]
    ReasonOfWorker,
}

impl Refusal for TimeOffError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyDeclared => Kind::Conflict,
            Self::InvalidWindow
            | Self::HolidayRequiresOrgScope
            | Self::ExternalRequiresOrgScope
            | Self::BadReason
            | Self::ReasonOfWorker => Kind::Invalid,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

/// Whether it is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TimeOff {
    /// Nobody asked yet.
    #[default]
    Absent,
    /// It is.
    Taken(Terms),
    /// It is not any more.
    Cancelled,
}

impl TimeOff {
    fn decide(&self, command: TimeOffCommand) -> Result<Vec<TimeOffEvent>, TimeOffError> {
        use TimeOffCommand as C;

        Ok(match (self, command) {
            (Self::Absent, C::Declare { terms, now }) => {
                vec![TimeOffEvent::Declared { terms: terms.checked()?, at: now }]
            }
            (_, C::Declare { .. }) => return Err(TimeOffError::AlreadyDeclared),
            (Self::Taken(before), C::Change { terms, now }) => {
                let (terms, before) = (terms.checked()?, before.clone());
                if terms == before {
                    return Ok(Vec::new());
                }
                vec![TimeOffEvent::Changed { terms, before, at: now }]
            }
            (Self::Taken(before), C::Cancel { now }) => {
                vec![TimeOffEvent::Cancelled { before: before.clone(), at: now }]
            }
            (Self::Cancelled, C::Cancel { .. }) => Vec::new(),
            (Self::Absent | Self::Cancelled, C::Change { .. } | C::Cancel { .. }) => {
                return Err(TimeOffError::NotFound);
            }
        })
    }
}

impl Aggregate for TimeOff {
    const TYPE: &'static str = "time_off";
    type Command = TimeOffCommand;
    type Event = TimeOffEvent;
    type Error = TimeOffError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        *self = match event {
            TimeOffEvent::Declared { terms, .. } | TimeOffEvent::Changed { terms, .. } => {
                Self::Taken(terms)
            }
            TimeOffEvent::Cancelled { .. } => Self::Cancelled,
        };
    }
}

impl EventSourced for TimeOff {}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn terms(scope: Scope, purpose: Purpose, ends: i64) -> Terms {
        let window = Window { starts_at: at(60), ends_at: at(ends) };
        Terms { scope, purpose, window, reason: None }
    }

    fn vacation() -> Terms {
        terms(Scope::Worker(Uuid::from_u128(1).into()), Purpose::Vacation, 120)
    }

    fn given(events: Vec<TimeOffEvent>) -> AggregateTestExecutor<TimeOff> {
        TestFramework::with(()).given(events)
    }

    fn declare(terms: Terms) -> TimeOffCommand {
        TimeOffCommand::Declare { terms, now: at(0) }
    }

    #[test]
    fn it_is_taken_for_a_while_and_a_holiday_by_everybody() {
        let declared = TimeOffEvent::Declared { terms: vacation(), at: at(0) };
        given(vec![]).when(declare(vacation())).then_expect_events(vec![declared.clone()]);
        let empty = terms(Scope::Org, Purpose::Training, 60);
        given(vec![]).when(declare(empty)).then_expect_error(TimeOffError::InvalidWindow);
        let worded = Terms { reason: Some("a cold".to_owned()), ..vacation() };
        given(vec![]).when(declare(worded)).then_expect_error(TimeOffError::ReasonOfWorker);
        let team = terms(Scope::Team(Uuid::from_u128(2).into()), Purpose::Holiday, 120);
        given(vec![]).when(declare(team)).then_expect_error(TimeOffError::HolidayRequiresOrgScope);
        given(vec![declared])
            .when(declare(vacation()))
            .then_expect_error(TimeOffError::AlreadyDeclared);
    }

    #[test]
    fn it_is_changed_and_given_up_once() {
        let declared = TimeOffEvent::Declared { terms: vacation(), at: at(0) };
        let same = TimeOffCommand::Change { terms: vacation(), now: at(1) };
        given(vec![declared.clone()]).when(same).then_expect_events(vec![]);
        let cancel = TimeOffCommand::Cancel { now: at(2) };
        let cancelled = TimeOffEvent::Cancelled { before: vacation(), at: at(2) };
        given(vec![declared.clone()])
            .when(cancel.clone())
            .then_expect_events(vec![cancelled.clone()]);
        given(vec![declared, cancelled]).when(cancel.clone()).then_expect_events(vec![]);
        given(vec![]).when(cancel).then_expect_error(TimeOffError::NotFound);
    }

    #[test]
    fn a_blackout_is_told_apart_from_leave() {
        let id = Uuid::from_u128(3);
        assert_eq!(vacation().obstacle(id).kind, ObstacleKind::AvailabilityBlock);
        let blackout = terms(Scope::Org, Purpose::Blackout, 120);
        assert_eq!(blackout.obstacle(id).kind, ObstacleKind::Blackout);
        assert_eq!(vacation().obstacle(id).note.as_deref(), Some("vacation"));
    }
}
