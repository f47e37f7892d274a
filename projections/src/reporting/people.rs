//! What clients, leads, workers and addresses were called at every position of the log, what customers said of visits, and who
//! turned out to be whom. Names are readable, and therefore wiped when a person is erased.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::customers::client::{Client, ClientEvent};
use domain::id::{BookingId, SubjectId};
use domain::people::worker::{Worker, WorkerEvent};
use domain::personal::{PLACEHOLDER, Personal};
use domain::recorded::Recorded;
use domain::sales::lead::{Lead, LeadEvent};
use domain::seal::SubjectKeys;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use super::versions::{self, Version, Versions};
use crate::{Batch, Parking, Poison, Projection};

/// Keeps the tables of names, reviews and merges.
#[derive(Debug)]
pub struct ReportPeople;

impl Projection for ReportPeople {
    const NAME: &'static str = "report_people";
    const VERSION: i32 = 1;
    const TABLES: &'static [&'static str] =
        &["name_versions", "address_versions", "review_facts", "merge_facts"];

    async fn apply(db: &mut PgConnection, batch: &Batch<'_>) -> Result<Vec<Poison>, sqlx::Error> {
        let (wanted, erased) = (wanted(batch.events), batch.erased());
        if wanted.is_empty() && erased.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = batch.with(&wanted);
        let (mut keys, mut people) = (SubjectKeys::new(), Vec::new());
        for kind in [Client::TYPE, Lead::TYPE, Worker::TYPE] {
            keys.extend(wanted.keys(&mut *db, kind).await?);
            people.extend(wanted.ids_of(kind));
        }
        let addresses = addresses(wanted.events);
        let mut told = Told {
            names: Versions::load(&mut *db, batch.org, &people).await?,
            addresses: Versions::load(&mut *db, batch.org, &addresses).await?,
            ..Told::default()
        };
        let poison = told.fold(wanted.events, &keys);
        told.names.write(&mut *db, batch.org).await?;
        told.addresses.write(&mut *db, batch.org).await?;
        versions::insert(&mut *db, "review_facts", &told.reviews).await?;
        versions::insert(&mut *db, "merge_facts", &told.merges).await?;
        forget(db, batch.org.as_uuid(), &erased).await?;
        Ok(poison)
    }
}

/// Most of what happens to people says nothing that is reported, and need not be opened.
fn wanted<'a>(events: &[&'a Recorded]) -> Vec<&'a Recorded> {
    let is_wanted = |event: &&&Recorded| match event.aggregate_type.as_str() {
        Client::TYPE => matches!(
            event.event_type.as_str(),
            "registered"
                | "contact_changed"
                | "address_added"
                | "address_changed"
                | "address_restored"
                | "feedback_recorded"
                | "merged"
        ),
        Lead::TYPE => event.event_type == "submitted",
        Worker::TYPE => matches!(event.event_type.as_str(), "hired" | "profile_changed"),
        _ => false,
    };
    events.iter().filter(is_wanted).copied().collect()
}

/// The addresses that events speak of; what does not decode is parked when it is applied.
fn addresses(events: &[&Recorded]) -> Vec<Uuid> {
    let decoded = events.iter().filter_map(|event| event.of::<Client>().ok().flatten());
    let address = decoded.filter_map(|happened| match happened {
        ClientEvent::AddressAdded { address_id, .. }
        | ClientEvent::AddressChanged { address_id, .. }
        | ClientEvent::AddressRestored { address_id, .. } => Some(address_id.as_uuid()),
        _ => None,
    });
    address.collect::<BTreeSet<_>>().into_iter().collect()
}

async fn forget(db: &mut PgConnection, org: Uuid, erased: &[SubjectId]) -> Result<(), sqlx::Error> {
    if erased.is_empty() {
        return Ok(());
    }
    let erased: Vec<Uuid> = erased.iter().map(|subject| subject.as_uuid()).collect();
    sqlx::query!(
        "update name_versions set name = $3 where org_id = $1 and subject_id = any($2)",
        org,
        &erased,
        PLACEHOLDER,
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update address_versions set label = $3 where org_id = $1 and subject_id = any($2)",
        org,
        &erased,
        PLACEHOLDER,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A row of `name_versions`. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct NameRow {
    org_id: Uuid,
    subject_id: Uuid,
    position: i64,
    until: Option<i64>,
    name: String,
}

impl std::fmt::Debug for NameRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameRow({} at {})", self.subject_id, self.position)
    }
}

impl Version for NameRow {
    const TABLE: &'static str = "name_versions";
    const ID: &'static str = "subject_id";

    fn id(&self) -> Uuid {
        self.subject_id
    }

    fn span(&mut self) -> (&mut i64, &mut Option<i64>) {
        (&mut self.position, &mut self.until)
    }
}

/// A row of `address_versions`. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AddressRow {
    org_id: Uuid,
    address_id: Uuid,
    position: i64,
    until: Option<i64>,
    subject_id: Uuid,
    label: String,
}

impl std::fmt::Debug for AddressRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddressRow({} at {})", self.address_id, self.position)
    }
}

impl Version for AddressRow {
    const TABLE: &'static str = "address_versions";
    const ID: &'static str = "address_id";

    fn id(&self) -> Uuid {
        self.address_id
    }

    fn span(&mut self) -> (&mut i64, &mut Option<i64>) {
        (&mut self.position, &mut self.until)
    }
}

#[derive(Debug, Serialize)]
struct Review {
    org_id: Uuid,
    position: i64,
    client_id: Uuid,
    booking_id: Option<Uuid>,
    rating: u8,
    at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct Merge {
    org_id: Uuid,
    client_id: Uuid,
    into_id: Uuid,
    position: i64,
}

#[derive(Default)]
struct Told {
    names: Versions<NameRow>,
    addresses: Versions<AddressRow>,
    reviews: Vec<Review>,
    merges: Vec<Merge>,
}

impl Told {
    fn fold(&mut self, events: &[&Recorded], keys: &SubjectKeys) -> Vec<Poison> {
        let mut parking = Parking::default();
        for &event in events {
            if parking.holds(event) {
                continue;
            }
            let Ok(id) = event.aggregate_id.parse::<Uuid>() else {
                parking.park(event, "the id of a person is a UUID");
                continue;
            };
            match event.aggregate_type.as_str() {
                Client::TYPE => {
                    let decoded = event.open::<Client>(keys);
                    if let Some(happened) = parking.unless_broken(event, decoded) {
                        self.client(happened, id, event);
                    }
                }
                Lead::TYPE => {
                    let decoded = event.open::<Lead>(keys);
                    if let Some(LeadEvent::Submitted(asked)) = parking.unless_broken(event, decoded)
                    {
                        let name = asked.contact.open().map(|contact| contact.name.clone());
                        self.named(id, name, event);
                    }
                }
                _ => {
                    let decoded = event.open::<Worker>(keys);
                    let happened = parking.unless_broken(event, decoded);
                    if let Some(
                        WorkerEvent::Hired { profile, .. }
                        | WorkerEvent::ProfileChanged { profile, .. },
                    ) = happened
                    {
                        self.named(id, profile.open().map(|profile| profile.name.clone()), event);
                    }
                }
            }
        }
        parking.into_poison()
    }

    fn client(&mut self, happened: ClientEvent, id: Uuid, event: &Recorded) {
        use ClientEvent as E;

        let (org_id, position) = (event.org.as_uuid(), event.position);
        match happened {
            E::Registered { contact, .. } | E::ContactChanged { contact, .. } => {
                self.named(id, contact.open().map(|contact| contact.name.clone()), event);
            }
            E::AddressAdded { address_id, address, .. }
            | E::AddressChanged { address_id, address, .. }
            | E::AddressRestored { address_id, address, .. } => {
                let subject_id = Personal::subject(&address).as_uuid();
                let label = address.open().map(|address| address.label.clone());
                let label = label.unwrap_or_else(|| PLACEHOLDER.to_owned());
                let address_id = address_id.as_uuid();
                let row =
                    AddressRow { org_id, address_id, position, until: None, subject_id, label };
                self.addresses.put(row, position);
            }
            E::FeedbackRecorded { booking, rating, at, .. } => self.reviews.push(Review {
                org_id,
                position,
                client_id: id,
                booking_id: booking.map(BookingId::as_uuid),
                rating,
                at,
            }),
            E::Merged { into, .. } => {
                let into_id = into.as_uuid();
                self.merges.push(Merge { org_id, client_id: id, into_id, position });
            }
            E::Blocked { .. }
            | E::Unblocked { .. }
            | E::Archived { .. }
            | E::Restored { .. }
            | E::AddressArchived { .. }
            | E::TagsSet { .. }
            | E::NoteAdded { .. }
            | E::Absorbed { .. } => {}
        }
    }

    fn named(&mut self, subject_id: Uuid, name: Option<String>, event: &Recorded) {
        let (org_id, position) = (event.org.as_uuid(), event.position);
        let name = name.unwrap_or_else(|| PLACEHOLDER.to_owned());
        self.names.put(NameRow { org_id, subject_id, position, until: None, name }, position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{keys, logged, submitted};

    #[test]
    fn a_name_is_known_until_its_person_is_erased() {
        let log = logged(&[submitted()]);
        let name = |keys: &SubjectKeys| {
            let mut told = Told::default();
            assert_eq!(told.fold(&wanted(&log.iter().collect::<Vec<_>>()), keys), []);
            told.names.rows()[0].name.clone()
        };
        assert_eq!(name(&keys()), "Zoë Ångström");
        assert_eq!(name(&SubjectKeys::new()), PLACEHOLDER);
    }
}
