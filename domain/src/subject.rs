//! A person as the log knows them: a key that seals their data, until they are erased.
//!
//! 1. Erasing destroys the key; nothing brings it back.
//! 2. Erasing twice changes nothing.

use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};

use crate::event::{EventSourced, Reservation, domain_event};
use crate::id::SubjectId;
use crate::refusal::{Kind, Refusal};

/// What can be asked.
#[derive(Clone, Debug)]
pub enum SubjectCommand {
    /// Forget this person for ever.
    Erase {
        /// Who; the aggregate's own id.
        subject: SubjectId,
        /// Why.
        reason: ErasureReason,
    },
}

/// Why somebody is forgotten. It stays for ever, so there is no room for words in which they could be named.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ErasureReason {
    /// They asked for it.
    Asked,
    /// There is no purpose any more for which their data was kept.
    Retention,
    /// An authority or a court ordered it.
    Ordered,
    /// Their data should not have been taken down.
    Mistake,
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
        /// An [`ErasureReason`]; until that was a closed list, any words.
        reason: String,
    },
}
domain_event!(SubjectEvent, version = "1");

/// Nothing refuses an erasure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {}

impl Refusal for SubjectError {
    fn kind(&self) -> Kind {
        match *self {}
    }

    fn code(&self) -> &'static str {
        match *self {}
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
        if *self == Self::Known {
            let reason = reason.to_string();
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

    fn erase(reason: ErasureReason) -> SubjectCommand {
        SubjectCommand::Erase { subject: Uuid::nil().into(), reason }
    }

    fn erased() -> SubjectEvent {
        SubjectEvent::Erased { subject: Uuid::nil().into(), reason: "asked".to_owned() }
    }

    #[test]
    fn erasing_destroys_the_key() {
        TestFramework::<Subject>::with(())
            .given_no_previous_events()
            .when(erase(ErasureReason::Asked))
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
            .when(erase(ErasureReason::Mistake))
            .then_expect_events(vec![]);
    }
}
