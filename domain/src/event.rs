//! What every aggregate needs beside `cqrs-es`, written once.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde_json::Value;
use uuid::Uuid;

use crate::id::SubjectId;
use crate::refusal::Refusal;

/// Something that must become true, or be refused, in the same transaction as an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// Takes a value that only one aggregate of the organisation may hold.
    Claim {
        /// What kind of value, for example `lead.referral_code`.
        scope: &'static str,
        /// The value; never personal data.
        value: String,
    },
    /// Gives a claimed value back.
    Release {
        /// As in `Claim`.
        scope: &'static str,
        /// As in `Claim`.
        value: String,
    },
    /// Takes a resource for a half-open span of time; overlapping ones are refused.
    Slot {
        /// A team, a worker, a room.
        resource: Uuid,
        /// First instant.
        from: DateTime<Utc>,
        /// First instant that is free again.
        until: DateTime<Utc>,
    },
    /// Gives back every slot that this aggregate holds, before taking new ones.
    ReleaseSlots,
    /// Makes the key of a person.
    NewSubject(SubjectId),
    /// Destroys the key of a person.
    EraseSubject(SubjectId),
}

/// An aggregate that lives in our log.
pub trait EventSourced:
    Aggregate<
        Services = (),
        Command: Clone + std::fmt::Debug + Send,
        Event: Send + Sync,
        Error: Refusal + Send + Sync,
    > + Clone
    + 'static
{
    /// What `event` reserves or gives up.
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        let _ = event;
        Vec::new()
    }

    /// What must stand in a side table the moment `event` does, as `log.put_beside` reads it.
    fn beside(event: &Self::Event) -> Option<Value> {
        let _ = event;
        None
    }

    /// The people this aggregate is about: once one is erased, it accepts no more commands.
    fn subjects(&self) -> Vec<SubjectId> {
        Vec::new()
    }
}

/// What all that decides by itself does with a command, inside its `impl Aggregate`: writes down what `self.decide` says.
macro_rules! decides {
    () => {
        async fn handle(
            &mut self,
            command: Self::Command,
            (): &Self::Services,
            sink: &cqrs_es::event_sink::EventSink<Self>,
        ) -> Result<(), Self::Error> {
            for event in self.decide(command)? {
                sink.write(event, self).await;
            }
            Ok(())
        }
    };
}
pub(crate) use decides;

/// Implements [`cqrs_es::DomainEvent`] for an enum that derives [`strum::IntoStaticStr`].
///
/// The variant's `snake_case` name is the wire name. It is frozen by the golden files in `tests/golden/`. Events that have
/// changed their shape since name a version of their own.
macro_rules! domain_event {
    ($event:ty, version = $version:literal $(, $changed:literal = $newer:literal)*) => {
        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                <&'static str>::from(self).to_owned()
            }

            fn event_version(&self) -> String {
                match <&'static str>::from(self) {
                    $($changed => $newer,)*
                    _ => $version,
                }
                .to_owned()
            }
        }
    };
}
pub(crate) use domain_event;
