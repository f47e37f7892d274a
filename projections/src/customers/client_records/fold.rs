//! What a batch of events says about clients.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::customers::client::{Client, ClientEvent};
use domain::id::{AddressId, ClientId};
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent, Requested};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Parking, Poison};

/// Something that was written down about a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) position: i64,
    pub(super) client_id: Uuid,
    pub(super) id: Uuid,
    pub(super) kind: &'static str,
    pub(super) text: Value,
    pub(super) made_by: Option<String>,
    pub(super) at: DateTime<Utc>,
}

/// How a client said it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) position: i64,
    pub(super) client_id: Uuid,
    pub(super) feedback_id: Uuid,
    pub(super) booking_id: Option<Uuid>,
    pub(super) rating: i16,
    pub(super) comment: Option<Value>,
    pub(super) made_by: &'static str,
    pub(super) at: DateTime<Utc>,
}

/// What a batch says about one visit; what is `None` is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Visit {
    pub(super) client_id: Option<Uuid>,
    /// Whether it is said where the visit is.
    pub(super) is_placed: bool,
    pub(super) address_id: Option<Uuid>,
    pub(super) total_cents: Option<i64>,
    pub(super) done_at: Option<DateTime<Utc>>,
}

impl Visit {
    fn asked(asked: &Requested) -> Self {
        Self {
            client_id: asked.client.map(ClientId::as_uuid),
            is_placed: true,
            address_id: asked.address.map(AddressId::as_uuid),
            total_cents: asked.total_cents,
            done_at: None,
        }
    }
}

/// Everything a batch says.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) notes: Vec<Note>,
    pub(super) feedback: Vec<Said>,
    pub(super) visits: BTreeMap<Uuid, Visit>,
    /// Who went, and who stayed; in order.
    pub(super) merges: Vec<(Uuid, Uuid)>,
    /// For whom visits were, however shortly.
    visited: Vec<Uuid>,
}

impl Facts {
    pub(super) fn of(events: &[&Recorded]) -> (Self, Vec<Poison>) {
        let (mut facts, mut parking) = (Self::default(), Parking::default());
        for &event in events {
            if parking.holds(event) {
                continue;
            }
            match event.aggregate_type.as_str() {
                Client::TYPE => facts.client(event, &mut parking),
                Booking::TYPE => facts.booking(event, &mut parking),
                _ => {}
            }
        }
        (facts, parking.into_poison())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.notes.is_empty()
            && self.feedback.is_empty()
            && self.visits.is_empty()
            && self.merges.is_empty()
    }

    /// Whose standing may be another one.
    pub(super) fn clients(&self) -> Vec<Uuid> {
        let said = self.notes.iter().map(|note| note.client_id);
        let said = said.chain(self.feedback.iter().map(|said| said.client_id));
        let merged = self.merges.iter().flat_map(|(from, into)| [*from, *into]);
        said.chain(self.visited.iter().copied()).chain(merged).collect()
    }

    fn client(&mut self, event: &Recorded, parking: &mut Parking) {
        let Some(happened) = parking.unless_broken(event, event.of::<Client>()) else { return };
        let Ok(client_id) = event.aggregate_id.parse() else {
            return parking.park(event, "the id of a client is a UUID");
        };
        let position = event.position;
        match happened {
            ClientEvent::NoteAdded { note_id, kind, text, by: made_by, at } => {
                let (kind, text) = (kind.into(), json!(text));
                self.notes.push(Note { position, client_id, id: note_id, kind, text, made_by, at });
            }
            ClientEvent::FeedbackRecorded { feedback_id, booking, rating, comment, by, at } => {
                self.feedback.push(Said {
                    position,
                    client_id,
                    feedback_id,
                    booking_id: booking.map(domain::id::BookingId::as_uuid),
                    rating: rating.into(),
                    comment: comment.map(|comment| json!(comment)),
                    made_by: by.into(),
                    at,
                });
            }
            ClientEvent::Merged { into, .. } => self.merges.push((client_id, into.as_uuid())),
            ClientEvent::Registered { .. }
            | ClientEvent::ContactChanged { .. }
            | ClientEvent::Blocked { .. }
            | ClientEvent::Unblocked { .. }
            | ClientEvent::Archived { .. }
            | ClientEvent::Restored { .. }
            | ClientEvent::AddressAdded { .. }
            | ClientEvent::AddressChanged { .. }
            | ClientEvent::AddressArchived { .. }
            | ClientEvent::AddressRestored { .. }
            | ClientEvent::TagsSet { .. }
            | ClientEvent::Absorbed { .. } => {}
        }
    }

    fn booking(&mut self, event: &Recorded, parking: &mut Parking) {
        use BookingEvent as E;

        let Some(happened) = parking.unless_broken(event, event.of::<Booking>()) else { return };
        let Ok(id) = event.aggregate_id.parse() else {
            return parking.park(event, "the id of a booking is a UUID");
        };
        match happened {
            E::Requested(asked) => {
                let visit = Visit::asked(&asked);
                self.visited.extend(visit.client_id);
                self.visits.insert(id, visit);
            }
            E::ClientChanged { client, address, .. } => {
                let visit = self.visits.entry(id).or_default();
                visit.client_id = Some(client.as_uuid());
                (visit.is_placed, visit.address_id) = (true, address.map(AddressId::as_uuid));
                self.visited.push(client.as_uuid());
            }
            E::AddressChanged { address, .. } => {
                let visit = self.visits.entry(id).or_default();
                (visit.is_placed, visit.address_id) = (true, Some(address.as_uuid()));
            }
            E::AddonsSet { total_cents: Some(cents), .. } => {
                self.visits.entry(id).or_default().total_cents = Some(cents);
            }
            E::Completed { at, .. } => self.visits.entry(id).or_default().done_at = Some(at),
            E::RiskAssessed { .. }
            | E::DepositDecided { .. }
            | E::CancellationPolicyFixed { .. }
            | E::Confirmed { .. }
            | E::Rescheduled { .. }
            | E::TeamAssigned { .. }
            | E::CrewAssigned { .. }
            | E::CrewCleared { .. }
            | E::Started { .. }
            | E::ReminderDue { .. }
            | E::NoShow { .. }
            | E::Cancelled { .. }
            | E::Expired { .. }
            | E::DepositRequested { .. }
            | E::DepositPaid { .. }
            | E::DepositReturned(_)
            | E::DepositRefunded(_)
            | E::DepositFailed { .. }
            | E::DepositExpired { .. }
            | E::DepositWaived { .. }
            | E::RiskOverridden { .. }
            | E::DepositOverridden { .. }
            | E::CancellationPolicyOverridden { .. }
            | E::CancellationExceptionSet { .. }
            | E::AddonsSet { .. }
            | E::PhotoConsentSet { .. }
            | E::ReasonLogged { .. }
            | E::BaseChargeFixed { .. }
            | E::Archived { .. }
            | E::Unarchived { .. } => {}
        }
    }
}
