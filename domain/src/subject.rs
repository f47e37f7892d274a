//! A person as the log knows them: a key that seals their data, until they are erased.
//!
//! 1. Erasing destroys the key; nothing brings it back.
//! 2. Erasing twice changes nothing.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::event::{EventSourced, Reservation, domain_event};
use crate::id::SubjectId;
use crate::input::free_text;
use crate::refusal::{Kind, Refusal};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum SubjectCommand {
    /// Forget this person for ever.
    Erase {
        /// Who; the aggregate's own id.
        subject: SubjectId,
        /// Why, in words that name nobody.
        reason: String,
    },
}

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SubjectEvent {
    /// The key was destroyed.
    Erased {
        /// Who.
        subject: SubjectId,
        /// Why.
        reason: String,
    },
}
domain_event!(SubjectEvent, version = "1");

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// An erasure needs a reason of 1 to 500 characters.
    #[error("an erasure needs a reason of 1 to 500 characters")]
    NoReason,
}

impl Refusal for SubjectError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn code(&self) -> &'static str {
        "subject.no_reason"
    }
}

/// Whether the key still exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// Their data can be read.
    #[default]
    Known,
    /// Their data is gone.
    Erased,
}

impl Aggregate for Subject {
    const TYPE: &'static str = "subject";
    type Command = SubjectCommand;
    type Event = SubjectEvent;
    type Error = SubjectError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let SubjectCommand::Erase { subject, reason } = command;
        let reason = free_text("reason", &reason, 1..=500).map_err(|_| SubjectError::NoReason)?;
        if *self == Self::Known {
            sink.write(SubjectEvent::Erased { subject, reason }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        let SubjectEvent::Erased { .. } = event;
        *self = Self::Erased;
    }
}

impl EventSourced for Subject {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        let SubjectEvent::Erased { subject, .. } = event;
        vec![Reservation::EraseSubject(*subject)]
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;

    fn erase(reason: &str) -> SubjectCommand {
        SubjectCommand::Erase { subject: Uuid::nil().into(), reason: reason.to_owned() }
    }

    fn erased() -> SubjectEvent {
        SubjectEvent::Erased { subject: Uuid::nil().into(), reason: "asked for it".to_owned() }
    }

    #[test]
    fn erasing_destroys_the_key() {
        TestFramework::<Subject>::with(())
            .given_no_previous_events()
            .when(erase(" asked for it "))
            .then_expect_events(vec![erased()]);
        assert_eq!(
            Subject::reservations(&erased()),
            [Reservation::EraseSubject(Uuid::nil().into())]
        );
    }

    #[test]
    fn erasing_twice_changes_nothing() {
        TestFramework::<Subject>::with(())
            .given(vec![erased()])
            .when(erase("again"))
            .then_expect_events(vec![]);
    }

    #[test]
    fn an_erasure_without_a_reason_is_refused() {
        for reason in ["", "  ", "\u{200B}", &"x".repeat(501)] {
            TestFramework::<Subject>::with(())
                .given_no_previous_events()
                .when(erase(reason))
                .then_expect_error(SubjectError::NoReason);
        }
    }
}
