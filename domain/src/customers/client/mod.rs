//! A client: somebody whose home is cleaned, how to reach them, and whether they may book.
//!
//! 1. They are registered once, under a key of their own.
//! 2. Blocked clients book nothing more; neither they nor archived ones use the portal.
//! 3. Blocking and archiving end every session at once and void every link; another address voids those that were sent to
//!    the old one.
//! 4. Asking for what already holds changes nothing.
//!
//! The address they sign in with also stands in a side table: no two of an organisation share one.

mod command;
mod contact;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::command::{ClientCommand, ClientError};
pub use self::contact::{Changes, Contact};
use crate::event::{EventSourced, Reservation, domain_event};
use crate::id::{ClientId, SubjectId};
use crate::personal::Personal;

/// What has happened.
#[derive(
    Clone, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr, strum::VariantNames,
)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ClientEvent {
    /// Somebody was taken down.
    Registered {
        /// Who.
        client_id: ClientId,
        /// How to reach them.
        contact: Personal<Contact>,
        /// When.
        at: DateTime<Utc>,
    },
    /// They are reached otherwise.
    ContactChanged {
        /// Who.
        client_id: ClientId,
        /// How to reach them from now on.
        contact: Personal<Contact>,
        /// When.
        at: DateTime<Utc>,
    },
    /// No more bookings of theirs are taken.
    Blocked {
        /// Who.
        client_id: ClientId,
        /// Why.
        reason: Personal<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Their bookings are taken again.
    Unblocked {
        /// Who.
        client_id: ClientId,
        /// When.
        at: DateTime<Utc>,
    },
    /// They are left out of lists and of the portal.
    Archived {
        /// Who.
        client_id: ClientId,
        /// When.
        at: DateTime<Utc>,
    },
    /// They are back.
    Restored {
        /// Who.
        client_id: ClientId,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(ClientEvent, version = "1");

/// Somebody whose home is cleaned, once registered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Client {
    /// Never registered.
    #[default]
    Absent,
    /// A client, or somebody who was one.
    Registered(Details),
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

impl Details {
    fn decide(&self, command: ClientCommand) -> Result<Vec<ClientEvent>, ClientError> {
        use ClientCommand as C;
        let client_id = self.client_id;
        match (command, &self.blocked, self.archived_at) {
            (C::Register { .. }, ..) => Err(ClientError::AlreadyRegistered),
            (C::ChangeContact { changes, .. }, ..) if changes.is_empty() => {
                Err(ClientError::NothingSupplied)
            }
            (C::ChangeContact { changes, now }, ..) => {
                let before = self.contact.open();
                let contact = before.map(|before| changes.on(before));
                let event = contact.filter(|after| Some(after) != before).map(|after| {
                    let contact = Personal::of(client_id.into(), after);
                    ClientEvent::ContactChanged { client_id, contact, at: now }
                });
                Ok(event.into_iter().collect())
            }
            (C::Block { reason, now }, blocked, _) => {
                let reason = reason.trim();
                if reason.is_empty() || reason.chars().count() > 500 {
                    return Err(ClientError::NoReason);
                }
                if blocked.is_some() {
                    return Ok(Vec::new());
                }
                let reason = Personal::of(client_id.into(), reason.to_owned());
                Ok(vec![ClientEvent::Blocked { client_id, reason, at: now }])
            }
            (C::Unblock { now }, Some(_), _) => {
                Ok(vec![ClientEvent::Unblocked { client_id, at: now }])
            }
            (C::Archive { now }, _, None) => Ok(vec![ClientEvent::Archived { client_id, at: now }]),
            (C::Restore { now }, _, Some(_)) => {
                Ok(vec![ClientEvent::Restored { client_id, at: now }])
            }
            // Already so.
            (C::Unblock { .. }, None, _)
            | (C::Archive { .. }, _, Some(_))
            | (C::Restore { .. }, _, None) => Ok(Vec::new()),
        }
    }
}

impl Aggregate for Client {
    const TYPE: &'static str = "client";
    type Command = ClientCommand;
    type Event = ClientEvent;
    type Error = ClientError;
    type Services = ();

    async fn handle(
        &mut self,
        command: Self::Command,
        (): &Self::Services,
        sink: &EventSink<Self>,
    ) -> Result<(), Self::Error> {
        for event in self.decide(command)? {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (this, ClientEvent::Registered { client_id, contact, at }) => {
                *this = Self::Registered(Details {
                    client_id,
                    contact,
                    registered_at: at,
                    blocked: None,
                    archived_at: None,
                });
            }
            (Self::Registered(client), ClientEvent::ContactChanged { contact, .. }) => {
                client.contact = contact;
            }
            (Self::Registered(client), ClientEvent::Blocked { reason, .. }) => {
                client.blocked = Some(reason);
            }
            (Self::Registered(client), ClientEvent::Unblocked { .. }) => client.blocked = None,
            (Self::Registered(client), ClientEvent::Archived { at, .. }) => {
                client.archived_at = Some(at);
            }
            (Self::Registered(client), ClientEvent::Restored { .. }) => client.archived_at = None,
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
            ClientEvent::ContactChanged { .. }
            | ClientEvent::Blocked { .. }
            | ClientEvent::Unblocked { .. }
            | ClientEvent::Archived { .. }
            | ClientEvent::Restored { .. } => Vec::new(),
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
        }
    }

    fn subjects(&self) -> Vec<SubjectId> {
        self.details().map(|client| client.client_id.into()).into_iter().collect()
    }
}
