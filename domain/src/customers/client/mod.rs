//! A client: somebody whose home is cleaned, how to reach them, where they live, and whether they may book.
//!
//! 1. They are registered once, under a key of their own.
//! 2. Blocked clients book nothing more; neither they nor archived ones use the portal.
//! 3. Blocking, archiving and merging end every session at once and void every link; another address voids those that were
//!    sent to the old one.
//! 4. About one visit there is one word of theirs.
//! 5. Who was merged into somebody is asked nothing more; no two are merged into each other.
//! 6. Asking for what already holds changes nothing.
//!
//! The address they sign in with also stands in a side table: no two of an organisation share one.

pub mod address;
mod command;
mod contact;
mod decide;
mod event;
pub mod tags;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::address::Address;
pub use self::command::{AddressStep, ClientCommand, ClientError, Feedback, Survivor, Visit};
pub use self::contact::{Changes, Contact};
pub use self::event::{ClientEvent, NoteKind};
use crate::event::{EventSourced, Reservation, decides};
use crate::id::{AddressId, BookingId, ClientId, SubjectId};
use crate::personal::Personal;

/// Visits about which there is a word of a client.
const REVIEWED: &str = "client.feedback";

/// Somebody whose home is cleaned, once registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Client {
    /// Never registered.
    #[default]
    Absent,
    /// A client, or somebody who was one.
    Registered(Box<Details>),
}

/// What is known of a client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Who.
    pub client_id: ClientId,
    /// How to reach them.
    pub contact: Personal<Contact>,
    /// When they were registered.
    pub registered_at: DateTime<Utc>,
    /// Why they are blocked, if they are.
    pub blocked: Option<Personal<String>>,
    /// Since when they are archived, if they are.
    pub archived_at: Option<DateTime<Utc>>,
    /// Where they are visited, archived ones included, in the order in which they were added.
    pub addresses: Vec<KnownAddress>,
    /// By which words staff find them.
    pub tags: Option<Personal<Vec<String>>>,
    /// About which visits there is a word of theirs.
    pub reviewed: Vec<BookingId>,
    /// Who they turned out to be.
    pub merged_into: Option<ClientId>,
    /// Who turned out to be them.
    pub absorbed: Vec<ClientId>,
}

/// One of the places where a client is visited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAddress {
    /// Which.
    pub address_id: AddressId,
    /// Where.
    pub address: Personal<Address>,
    /// Since when nobody is sent there any more.
    pub archived_at: Option<DateTime<Utc>>,
}

impl Details {
    /// By which words staff find them; none once they are forgotten.
    pub fn tags(&self) -> &[String] {
        self.tags.as_ref().and_then(Personal::open).map_or(&[], Vec::as_slice)
    }

    /// Whether they can still be read.
    pub const fn is_known(&self) -> bool {
        self.contact.open().is_some()
    }
}

impl Client {
    /// What is known, once registered.
    pub const fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Registered(details) => Some(details),
        }
    }

    /// Refuses those to whom no link to the portal is sent.
    pub fn may_sign_in(&self) -> Result<&Details, ClientError> {
        match self.details() {
            None => Err(ClientError::NotFound),
            Some(client) if client.merged_into.is_some() => Err(ClientError::Merged),
            Some(client) if client.archived_at.is_some() => Err(ClientError::Archived),
            Some(client) if client.blocked.is_some() => Err(ClientError::Blocked),
            Some(client) => Ok(client),
        }
    }

    fn decide(&self, command: ClientCommand) -> Result<Vec<ClientEvent>, ClientError> {
        match (self, command) {
            (Self::Absent, ClientCommand::Register { client_id, contact, now }) => {
                let contact = Personal::of(client_id.into(), contact);
                Ok(vec![ClientEvent::Registered { client_id, contact, at: now }])
            }
            (Self::Absent, _) => Err(ClientError::NotFound),
            (Self::Registered(client), command) => client.decide(command),
        }
    }
}

impl Aggregate for Client {
    const TYPE: &'static str = "client";
    type Command = ClientCommand;
    type Event = ClientEvent;
    type Error = ClientError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (absent @ Self::Absent, ClientEvent::Registered { client_id, contact, at }) => {
                *absent = Self::Registered(Box::new(Details {
                    client_id,
                    contact,
                    registered_at: at,
                    blocked: None,
                    archived_at: None,
                    addresses: Vec::new(),
                    tags: None,
                    reviewed: Vec::new(),
                    merged_into: None,
                    absorbed: Vec::new(),
                }));
            }
            (Self::Registered(client), event) => client.fold(event),
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Client {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        match event {
            ClientEvent::Registered { client_id, .. } => {
                vec![Reservation::NewSubject((*client_id).into())]
            }
            ClientEvent::FeedbackRecorded { booking: Some(booking), .. } => {
                vec![Reservation::Claim { scope: REVIEWED, value: booking.to_string() }]
            }
            ClientEvent::ContactChanged { .. }
            | ClientEvent::Blocked { .. }
            | ClientEvent::Unblocked { .. }
            | ClientEvent::Archived { .. }
            | ClientEvent::Restored { .. }
            | ClientEvent::AddressAdded { .. }
            | ClientEvent::AddressChanged { .. }
            | ClientEvent::AddressArchived { .. }
            | ClientEvent::AddressRestored { .. }
            | ClientEvent::TagsSet { .. }
            | ClientEvent::NoteAdded { .. }
            | ClientEvent::FeedbackRecorded { booking: None, .. }
            | ClientEvent::Merged { .. }
            | ClientEvent::Absorbed { .. } => Vec::new(),
        }
    }

    /// What the next request of the client must already be held to.
    fn beside(event: &Self::Event) -> Option<Value> {
        match event {
            ClientEvent::Registered { client_id, contact, .. }
            | ClientEvent::ContactChanged { client_id, contact, .. } => Some(json!({
                "do": "portal.put_client", "client_id": client_id,
                "email": contact.open().map(|contact| &contact.email),
            })),
            ClientEvent::Archived { client_id, at } => {
                Some(json!({ "do": "portal.end_client", "client_id": client_id, "at": at }))
            }
            ClientEvent::Restored { client_id, .. } => {
                Some(json!({ "do": "portal.restore_client", "client_id": client_id }))
            }
            ClientEvent::Blocked { client_id, at, .. } => {
                Some(json!({ "do": "portal.block_client", "client_id": client_id, "at": at }))
            }
            ClientEvent::Unblocked { client_id, .. } => {
                Some(json!({ "do": "portal.unblock_client", "client_id": client_id }))
            }
            ClientEvent::Merged { client_id, into, at } => Some(json!({
                "do": "clients.merge", "client_id": client_id, "into": into, "at": at,
            })),
            ClientEvent::AddressAdded { .. }
            | ClientEvent::AddressChanged { .. }
            | ClientEvent::AddressArchived { .. }
            | ClientEvent::AddressRestored { .. }
            | ClientEvent::TagsSet { .. }
            | ClientEvent::NoteAdded { .. }
            | ClientEvent::FeedbackRecorded { .. }
            | ClientEvent::Absorbed { .. } => None,
        }
    }

    fn subjects(&self) -> Vec<SubjectId> {
        self.details().map(|client| client.client_id.into()).into_iter().collect()
    }
}
