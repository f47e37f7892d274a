//! What events make of the list: of invoices, and of the people who are asked to pay.

use std::collections::HashMap;

use cqrs_es::Aggregate;
use domain::customers::client::{Client, ClientEvent};
use domain::id::{ClientId, LeadId};
use domain::invoicing::invoice::{Invoice, InvoiceEvent};
use domain::personal::Personal;
use domain::recorded::Recorded;
use domain::sales::lead::{Lead, LeadEvent};
use domain::seal::SubjectKeys;
use uuid::Uuid;

use super::row::{Customer, Known, Row};
use crate::{Parking, Poison};

/// The rows that a batch touches, and the people who can appear in them.
pub(super) struct List {
    pub(super) rows: HashMap<Uuid, Row>,
    pub(super) customers: HashMap<Uuid, Known>,
}

/// For whom the invoices in `events` are.
pub(super) fn customers_of(events: &[&Recorded]) -> Vec<Uuid> {
    let drafted = events.iter().filter(|event| event.aggregate_type == Invoice::TYPE);
    let drafted = drafted.filter_map(|event| match event.of::<Invoice>() {
        Ok(Some(InvoiceEvent::Drafted(drafted))) => Some(drafted),
        // What does not decode is parked when it is applied.
        _ => None,
    });
    let people = drafted.flat_map(|drafted| {
        [drafted.client.map(ClientId::as_uuid), drafted.lead.map(LeadId::as_uuid)]
    });
    people.flatten().collect()
}

impl List {
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
                Invoice::TYPE => self.invoice(event, &mut parking),
                _ => {}
            }
        }
        parking.into_poison()
    }

    fn client(&mut self, event: &Recorded, keys: &SubjectKeys, parking: &mut Parking) {
        // Most of what happens to a client says nothing about how to reach them.
        if !matches!(event.event_type.as_str(), "registered" | "contact_changed" | "merged") {
            return;
        }
        let decoded = event.open::<Client>(keys);
        let (id, contact) = match parking.unless_broken(event, decoded) {
            Some(
                ClientEvent::Registered { client_id, contact, .. }
                | ClientEvent::ContactChanged { client_id, contact, .. },
            ) => (client_id, contact),
            Some(ClientEvent::Merged { client_id, into, .. }) => {
                return self.merge(client_id.as_uuid(), into.as_uuid());
            }
            _ => return,
        };
        let customer = match contact {
            Personal::Open { value, .. } => Customer {
                name: value.name,
                email: Some(value.email),
                phone: value.phone,
                address: None,
            },
            Personal::Sealed { .. } | Personal::Erased { .. } => Customer::nobody(),
        };
        self.know(id.as_uuid(), customer);
    }

    fn lead(&mut self, event: &Recorded, keys: &SubjectKeys, parking: &mut Parking) {
        if event.event_type != "submitted" {
            return;
        }
        let decoded = event.open::<Lead>(keys);
        let Some(LeadEvent::Submitted(submitted)) = parking.unless_broken(event, decoded) else {
            return;
        };
        let customer = match submitted.contact {
            Personal::Open { value, .. } => Customer {
                name: value.name,
                email: value.email,
                phone: Some(value.phone),
                address: Some(value.address),
            },
            Personal::Sealed { .. } | Personal::Erased { .. } => Customer::nobody(),
        };
        self.know(submitted.lead_id.as_uuid(), customer);
    }

    fn invoice(&mut self, event: &Recorded, parking: &mut Parking) {
        let Some(happened) = parking.unless_broken(event, event.of::<Invoice>()) else { return };
        let Ok(id) = event.aggregate_id.parse::<Uuid>() else {
            return parking.park(event, "the id of an invoice is a UUID");
        };
        let begins = matches!(happened, InvoiceEvent::Drafted(_));
        if !begins && !self.rows.contains_key(&id) {
            return parking.park(event, "the invoice was never drafted");
        }
        let row = self.rows.entry(id).or_insert_with(|| Row {
            state: Invoice::default(),
            shown: Customer::nobody(),
            version: 0,
            position: 0,
        });
        row.state.apply(happened);
        (row.version, row.position) = (event.sequence, event.position);
        if begins {
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

    /// Invoices stay as they are, and are listed with those of whoever stayed.
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
