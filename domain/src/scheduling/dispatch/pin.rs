//! Where a visit is on the map, as the desk says; it is somebody's home and sealed like everything about them.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::point::Point;
use crate::event::{EventSourced, domain_event};
use crate::id::{BookingId, SubjectId};
use crate::personal::Personal;
use crate::refusal::{Kind, Refusal};

/// The pin of a visit, under the id of its booking.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VisitPin(Option<Personal<Point>>);

impl VisitPin {
    /// Where it is, if anybody said and they are not erased.
    pub fn point(&self) -> Option<Point> {
        self.0.as_ref().and_then(|point| point.open().copied())
    }
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum PinCommand {
    /// It is here.
    Place {
        /// Of this visit.
        booking_id: BookingId,
        /// Whose home it is.
        subject: SubjectId,
        /// Where.
        point: Point,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PinEvent {
    /// It is here.
    Placed {
        /// Of this visit.
        booking_id: BookingId,
        /// Where.
        point: Personal<Point>,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(PinEvent, version = "1");

/// It never refuses: what cannot be is not read in the first place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {}

impl Refusal for PinError {
    fn kind(&self) -> Kind {
        match *self {}
    }

    fn code(&self) -> &'static str {
        match *self {}
    }
}

impl Aggregate for VisitPin {
    const TYPE: &'static str = "visit_pin";
    type Command = PinCommand;
    type Event = PinEvent;
    type Error = PinError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        let PinCommand::Place { booking_id, subject, point, now: at } = command;
        if self.point() != Some(point) {
            let point = Personal::of(subject, point);
            sink.write(PinEvent::Placed { booking_id, point, at }, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        let PinEvent::Placed { point, .. } = event;
        self.0 = Some(point);
    }
}

impl EventSourced for VisitPin {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::TestFramework;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_pin_is_placed_once_where_it_is() {
        let point = Point::of_degrees(53.54, -113.49).unwrap();
        let (booking_id, subject) = (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
        let now = DateTime::UNIX_EPOCH;
        let place = PinCommand::Place { booking_id, subject, point, now };
        let placed = PinEvent::Placed { booking_id, point: Personal::of(subject, point), at: now };
        let test = TestFramework::<VisitPin>::with(());
        test.given_no_previous_events()
            .when(place.clone())
            .then_expect_events(vec![placed.clone()]);
        let test = TestFramework::<VisitPin>::with(());
        test.given(vec![placed]).when(place).then_expect_events(vec![]);
    }
}
