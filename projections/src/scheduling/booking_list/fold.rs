//! What events make of the list: of bookings, and of the people they are for.

use std::collections::HashMap;

use cqrs_es::Aggregate;
use domain::customers::client::{Client, ClientEvent};
use domain::id::{ClientId, LeadId};
use domain::personal::Personal;
use domain::recorded::Recorded;
use domain::sales::lead::{Lead, LeadEvent};
use domain::scheduling::booking::{Booking, BookingEvent};
use domain::seal::SubjectKeys;
use uuid::Uuid;

use super::row::{Customer, Known, Row};
use crate::{Parking, Poison};

/// The rows that a batch touches, and the people who can appear in them.
pub(super) struct List {
    pub(super) rows: HashMap<Uuid, Row>,
    pub(super) customers: HashMap<Uuid, Known>,
}

/// For whom the bookings in `events` are.
pub(super) fn customers_of(events: &[&Recorded]) -> Vec<Uuid> {
    let mut found = Vec::new();
    for event in events.iter().filter(|event| event.aggregate_type == Booking::TYPE) {
        match event.of::<Booking>() {
            Ok(Some(BookingEvent::Requested(asked))) => {
                found.extend(asked.client.map(ClientId::as_uuid));
                found.extend(asked.lead.map(LeadId::as_uuid));
            }
            Ok(Some(BookingEvent::ClientChanged { client, .. })) => found.push(client.as_uuid()),
            // What does not decode is parked when it is applied.
            _ => {}
        }
    }
    found
}

impl List {
    pub(super) fn new(rows: HashMap<Uuid, Row>, customers: HashMap<Uuid, Known>) -> Self {
        Self { rows, customers }
    }

    pub(super) fn fold(&mut self, events: &[&Recorded], keys: &SubjectKeys) -> Vec<Poison> {
        let mut parking = Parking::default();
        for &event in events {
            if parking.holds(event) {
                continue;
            }
            match event.aggregate_type.as_str() {
                "subject" if event.event_type == "erased" => {
                    if let Ok(id) = event.aggregate_id.parse() {
                        self.forget(id);
                    }
                }
                Client::TYPE => self.client(event, keys, &mut parking),
                Lead::TYPE => self.lead(event, keys, &mut parking),
                Booking::TYPE => self.booking(event, &mut parking),
                _ => {}
            }
        }
        parking.into_poison()
    }

    fn client(&mut self, event: &Recorded, keys: &SubjectKeys, parking: &mut Parking) {
        let decoded = event.open::<Client>(keys);
        let Some(happened) = parking.unless_broken(event, decoded) else { return };
        let (id, contact) = match happened {
            ClientEvent::Registered { client_id, contact, .. }
            | ClientEvent::ContactChanged { client_id, contact, .. } => (client_id, contact),
            ClientEvent::Merged { client_id, into, .. } => {
                return self.merge(client_id.as_uuid(), into.as_uuid());
            }
            ClientEvent::Blocked { .. }
            | ClientEvent::Unblocked { .. }
            | ClientEvent::Archived { .. }
            | ClientEvent::Restored { .. }
            | ClientEvent::AddressAdded { .. }
            | ClientEvent::AddressChanged { .. }
            | ClientEvent::AddressArchived { .. }
            | ClientEvent::AddressRestored { .. }
            | ClientEvent::TagsSet { .. }
            | ClientEvent::NoteAdded { .. }
            | ClientEvent::FeedbackRecorded { .. }
            | ClientEvent::Absorbed { .. } => return,
        };
        let customer = match contact {
            Personal::Open { value, .. } => {
                Customer { name: value.name, email: Some(value.email), phone: value.phone }
            }
            Personal::Sealed { .. } | Personal::Erased { .. } => Customer::nobody(),
        };
        self.know(id.as_uuid(), customer);
    }

    fn lead(&mut self, event: &Recorded, keys: &SubjectKeys, parking: &mut Parking) {
        // Most of what happens to a lead says nothing about who they are.
        if event.event_type != "submitted" {
            return;
        }
        let decoded = event.open::<Lead>(keys);
        let Some(LeadEvent::Submitted(submitted)) = parking.unless_broken(event, decoded) else {
            return;
        };
        let customer = match submitted.contact {
            Personal::Open { value, .. } => {
                Customer { name: value.name, email: value.email, phone: Some(value.phone) }
            }
            Personal::Sealed { .. } | Personal::Erased { .. } => Customer::nobody(),
        };
        self.know(submitted.lead_id.as_uuid(), customer);
    }

    fn booking(&mut self, event: &Recorded, parking: &mut Parking) {
        let Some(happened) = parking.unless_broken(event, event.of::<Booking>()) else { return };
        let Ok(id) = event.aggregate_id.parse::<Uuid>() else {
            return parking.park(event, "the id of a booking is a UUID");
        };
        if let BookingEvent::Requested(asked) = &happened {
            self.rows.insert(id, Row::requested(asked, event));
        }
        let Some(row) = self.rows.get_mut(&id) else {
            return parking.park(event, "the booking was never asked for");
        };
        let whose =
            matches!(happened, BookingEvent::Requested(_) | BookingEvent::ClientChanged { .. });
        row.apply(happened, event);
        if whose {
            let customer = row.customer().and_then(|id| self.customers.get(&id));
            let shown = customer.map(|known| known.shown.clone());
            row.shown = shown.unwrap_or_else(Customer::nobody);
        }
    }

    fn know(&mut self, id: Uuid, customer: Customer) {
        for row in self.rows.values_mut().filter(|row| row.customer() == Some(id)) {
            row.shown = customer.clone();
        }
        let before = self.customers.get(&id);
        let merged_into = before.and_then(|known| known.merged_into);
        self.customers.insert(id, Known { shown: customer, merged_into });
    }

    /// Visits stay as they are, and are listed with those of whoever stayed.
    fn merge(&mut self, from: Uuid, into: Uuid) {
        for (id, known) in &mut self.customers {
            if *id == from || known.merged_into == Some(from) {
                known.merged_into = Some(into);
            }
        }
    }

    /// Leaves exactly what a fold without their key makes, so that a rebuild finds the same.
    fn forget(&mut self, id: Uuid) {
        if self.customers.contains_key(&id) {
            self.know(id, Customer::nobody());
        }
    }
}
