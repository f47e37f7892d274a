//! An alert that somebody at the desk has seen: it is hidden for a while and comes back if it still holds.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::event::{EventSourced, domain_event};
use crate::refusal::{Kind, Refusal};

/// So long nobody is told of it again.
pub const HIDDEN_FOR: TimeDelta = TimeDelta::minutes(30);

/// An alert, under its id; `None` until somebody has seen it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DispatcherAlert(Option<DateTime<Utc>>);

impl DispatcherAlert {
    /// Until when it is hidden, if it ever was.
    pub const fn until(&self) -> Option<DateTime<Utc>> {
        self.0
    }
}

/// What can be asked.
#[derive(Clone, Copy, Debug)]
pub enum AlertCommand {
    /// I have seen it.
    Acknowledge {
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AlertEvent {
    /// Somebody has seen it.
    Acknowledged {
        /// Until when it is hidden.
        until: DateTime<Utc>,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(AlertEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error, IntoStaticStr)]
pub enum AlertError {
    /// There is none: known by whoever computes them, and not by what was seen.
    #[error("there is no such alert")]
    #[strum(serialize = "dispatcher_alert.not_found")]
    NotFound,
}

impl Refusal for AlertError {
    fn kind(&self) -> Kind {
        Kind::NotFound
    }

    fn code(&self) -> &'static str {
        self.into()
    }
}

impl Aggregate for DispatcherAlert {
    const TYPE: &'static str = "dispatcher_alert";
    type Command = AlertCommand;
    type Event = AlertEvent;
    type Error = AlertError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let AlertCommand::Acknowledge { now: at } = command;
        if self.0.is_none_or(|until| until <= at) {
            sink.write(AlertEvent::Acknowledged { until: at + HIDDEN_FOR, at }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        let AlertEvent::Acknowledged { until, .. } = event;
        self.0 = Some(until);
    }
}

impl EventSourced for DispatcherAlert {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;

    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn seen(minute: i64) -> AlertEvent {
        AlertEvent::Acknowledged { until: at(minute + 30), at: at(minute) }
    }

    #[test]
    fn it_is_hidden_for_half_an_hour_and_then_seen_again() {
        let given = |events| TestFramework::<DispatcherAlert>::with(()).given(events);
        let see = |minute| AlertCommand::Acknowledge { now: at(minute) };
        given(vec![]).when(see(0)).then_expect_events(vec![seen(0)]);
        given(vec![seen(0)]).when(see(29)).then_expect_events(vec![]);
        given(vec![seen(0)]).when(see(30)).then_expect_events(vec![seen(30)]);
    }
}
