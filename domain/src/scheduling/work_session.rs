//! A work session: how long somebody worked at a visit, with every pause.
//!
//! 1. It runs, pauses, runs again and finishes; starting what runs changes nothing.
//! 2. Who needed longer than planned by more than the organisation allows says why.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use super::booking::reason::Overrun;
use crate::event::{EventSourced, decides, domain_event};
use crate::id::{BookingId, WorkerId};
use crate::refusal::{Kind, Refusal};

/// Where a session stands.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    IntoStaticStr,
    EnumString,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// Nobody worked yet.
    #[default]
    NotStarted,
    /// Somebody works.
    Running,
    /// Somebody rests.
    Paused,
    /// It is over.
    Finished,
}

/// A stretch of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// When it began.
    pub start: DateTime<Utc>,
    /// When it ended, if it did.
    pub end: Option<DateTime<Utc>>,
}

/// A session as its answers show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkSession {
    /// Where it stands.
    pub state: State,
    /// Who began.
    pub worker: Option<WorkerId>,
    /// How long the visit was planned for when they did.
    #[serde(default)]
    pub planned_minutes: Option<u32>,
    /// Every stretch of work, in order.
    pub segments: Vec<Segment>,
    /// Why it took longer.
    pub overrun: Option<Overrun>,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum WorkCommand {
    /// Begin.
    Start {
        /// At which visit.
        booking: BookingId,
        /// Who, if it is one of the workers.
        worker: Option<WorkerId>,
        /// How long the visit is planned for.
        planned_minutes: u32,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Rest.
    Pause {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Go on.
    Resume {
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Be done.
    Finish {
        /// How long the visit was planned for.
        planned_minutes: u32,
        /// How much longer it may take without a reason, in thousandths of that.
        threshold_permille: u32,
        /// Why it took longer.
        overrun: Option<Overrun>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WorkEvent {
    /// Somebody began.
    Started {
        /// At which visit.
        booking: BookingId,
        /// Who.
        worker: Option<WorkerId>,
        /// How long the visit was planned for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        planned_minutes: Option<u32>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody rests.
    Paused {
        /// When.
        at: DateTime<Utc>,
    },
    /// Somebody goes on.
    Resumed {
        /// When.
        at: DateTime<Utc>,
    },
    /// It is over.
    Finished {
        /// All stretches together.
        total_seconds: i64,
        /// Why it took longer, if it did.
        overrun: Option<Overrun>,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(WorkEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum WorkError {
    /// The state forbids it.
    #[error("work that is {0} does not allow this")]
    #[strum(serialize = "work.illegal_state")]
    IllegalState(State),
    /// Nobody began.
    #[error("work that never began cannot be finished")]
    #[strum(serialize = "work.not_started")]
    NotStarted,
    /// It took longer, and nobody said why.
    #[error("it took longer than planned: a reason is needed")]
    #[strum(serialize = "work.overrun_reason_required")]
    OverrunReasonRequired,
}

impl Refusal for WorkError {
    fn kind(&self) -> Kind {
        match self {
            Self::IllegalState(_) => Kind::Conflict,
            Self::NotStarted | Self::OverrunReasonRequired => Kind::Rule,
        }
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

impl WorkSession {
    /// All stretches of work up to `now`, in seconds.
    pub fn seconds(&self, now: DateTime<Utc>) -> i64 {
        let each = self.segments.iter().map(|part| part.end.unwrap_or(now) - part.start);
        each.map(|part| part.num_seconds().max(0)).sum()
    }

    fn decide(&self, command: WorkCommand) -> Result<Vec<WorkEvent>, WorkError> {
        use WorkCommand as C;

        let refuse = || Err(WorkError::IllegalState(self.state));
        Ok(match (self.state, command) {
            (State::NotStarted, C::Start { booking, worker, planned_minutes, now }) => {
                let planned_minutes = Some(planned_minutes);
                vec![WorkEvent::Started { booking, worker, planned_minutes, at: now }]
            }
            (State::Running, C::Start { .. } | C::Resume { .. })
            | (State::Paused, C::Pause { .. })
            | (State::Finished, C::Finish { .. }) => Vec::new(),
            (State::Running, C::Pause { now }) => vec![WorkEvent::Paused { at: now }],
            (State::Paused, C::Resume { now }) => vec![WorkEvent::Resumed { at: now }],
            (
                State::Running | State::Paused,
                C::Finish { planned_minutes, threshold_permille, overrun, now },
            ) => {
                let total_seconds = self.seconds(now);
                let allowed = i64::from(planned_minutes) * 60 * i64::from(threshold_permille);
                let is_longer = total_seconds * 1000 > allowed;
                if is_longer && overrun.is_none() {
                    return Err(WorkError::OverrunReasonRequired);
                }
                let overrun = overrun.filter(|_| is_longer);
                vec![WorkEvent::Finished { total_seconds, overrun, at: now }]
            }
            (State::NotStarted, C::Finish { .. }) => return Err(WorkError::NotStarted),
            (State::Paused | State::Finished, C::Start { .. })
            | (State::NotStarted | State::Finished, C::Pause { .. } | C::Resume { .. }) => {
                return refuse();
            }
        })
    }

    fn end_segment(&mut self, at: DateTime<Utc>) {
        if let Some(open) = self.segments.last_mut().filter(|part| part.end.is_none()) {
            open.end = Some(at);
        }
    }
}

impl Aggregate for WorkSession {
    const TYPE: &'static str = "work";
    type Command = WorkCommand;
    type Event = WorkEvent;
    type Error = WorkError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match event {
            WorkEvent::Started { worker, planned_minutes, at, .. } => {
                (self.state, self.worker) = (State::Running, worker);
                self.planned_minutes = planned_minutes;
                self.segments.push(Segment { start: at, end: None });
            }
            WorkEvent::Resumed { at } => {
                self.state = State::Running;
                self.segments.push(Segment { start: at, end: None });
            }
            WorkEvent::Paused { at } => {
                self.state = State::Paused;
                self.end_segment(at);
            }
            WorkEvent::Finished { overrun, at, .. } => {
                (self.state, self.overrun) = (State::Finished, overrun);
                self.end_segment(at);
            }
        }
    }
}

impl EventSourced for WorkSession {}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};
    use uuid::Uuid;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn start(minute: i64) -> WorkCommand {
        let (booking, worker) = (Uuid::from_u128(1).into(), None);
        WorkCommand::Start { booking, worker, planned_minutes: 100, now: at(minute) }
    }

    fn started() -> WorkEvent {
        let (booking, worker) = (Uuid::from_u128(1).into(), None);
        WorkEvent::Started { booking, worker, planned_minutes: Some(100), at: at(0) }
    }

    fn finish(minute: i64, overrun: Option<Overrun>) -> WorkCommand {
        WorkCommand::Finish {
            planned_minutes: 100,
            threshold_permille: 1200,
            overrun,
            now: at(minute),
        }
    }

    fn given(events: &[WorkEvent]) -> AggregateTestExecutor<WorkSession> {
        TestFramework::with(()).given(events.to_vec())
    }

    #[test]
    fn pauses_do_not_count() {
        let rested =
            [started(), WorkEvent::Paused { at: at(40) }, WorkEvent::Resumed { at: at(70) }];
        let finished = WorkEvent::Finished { total_seconds: 60 * 60, overrun: None, at: at(90) };
        given(&rested).when(finish(90, None)).then_expect_events(vec![finished]);
    }

    #[test]
    fn who_needs_much_longer_says_why() {
        let on_time = WorkEvent::Finished { total_seconds: 120 * 60, overrun: None, at: at(120) };
        given(&[started()])
            .when(finish(120, Some(Overrun::Other)))
            .then_expect_events(vec![on_time]);
        given(&[started()])
            .when(finish(121, None))
            .then_expect_error(WorkError::OverrunReasonRequired);
        let why = Some(Overrun::ExtraDirt);
        let late = WorkEvent::Finished { total_seconds: 121 * 60, overrun: why, at: at(121) };
        given(&[started()]).when(finish(121, why)).then_expect_events(vec![late]);
    }

    #[test]
    fn starting_what_runs_changes_nothing_and_what_rests_is_resumed_not_started() {
        given(&[started()]).when(start(5)).then_expect_events(vec![]);
        let paused = [started(), WorkEvent::Paused { at: at(40) }];
        given(&paused).when(start(50)).then_expect_error(WorkError::IllegalState(State::Paused));
        given(&[]).when(finish(1, None)).then_expect_error(WorkError::NotStarted);
        let resume = WorkCommand::Resume { now: at(1) };
        given(&[]).when(resume).then_expect_error(WorkError::IllegalState(State::NotStarted));
    }

    #[test]
    fn what_is_finished_stays_so() {
        let over = [started(), WorkEvent::Finished { total_seconds: 60, overrun: None, at: at(1) }];
        given(&over).when(finish(9, None)).then_expect_events(vec![]);
        given(&over).when(start(9)).then_expect_error(WorkError::IllegalState(State::Finished));
    }
}
