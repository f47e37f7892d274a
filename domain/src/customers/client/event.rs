//! What happens to a client. Wire names and fields are frozen by the files in `tests/golden/`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::address::Address;
use super::contact::Contact;
use crate::event::domain_event;
use crate::id::{AddressId, BookingId, ClientId};
use crate::personal::Personal;
use crate::scheduling::booking::Party;

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
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
    /// They are visited somewhere else too.
    AddressAdded {
        /// Which.
        address_id: AddressId,
        /// Where.
        address: Personal<Address>,
        /// When.
        at: DateTime<Utc>,
    },
    /// An address is written otherwise.
    AddressChanged {
        /// Which.
        address_id: AddressId,
        /// As it is from now on.
        address: Personal<Address>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody is sent there any more.
    AddressArchived {
        /// Which.
        address_id: AddressId,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is one of theirs again.
    AddressRestored {
        /// Which.
        address_id: AddressId,
        /// As it was.
        address: Personal<Address>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Staff find them by other words.
    TagsSet {
        /// All of them.
        tags: Personal<Vec<String>>,
        /// When.
        at: DateTime<Utc>,
    },
    /// Something about them was written down.
    NoteAdded {
        /// Told apart by this.
        note_id: Uuid,
        /// What it is.
        kind: NoteKind,
        /// In words.
        text: Personal<String>,
        /// Login id of staff.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// They said how it was.
    FeedbackRecorded {
        /// Told apart by this.
        feedback_id: Uuid,
        /// About which visit, if about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        booking: Option<BookingId>,
        /// 1 is worst, 5 is best.
        rating: u8,
        /// In words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        comment: Option<Personal<String>>,
        /// Who wrote it down.
        by: Party,
        /// When.
        at: DateTime<Utc>,
    },
    /// They are the same person as another client, who stays.
    Merged {
        /// Who goes.
        client_id: ClientId,
        /// Who stays.
        into: ClientId,
        /// When.
        at: DateTime<Utc>,
    },
    /// Another client turned out to be them.
    Absorbed {
        /// Who went.
        other: ClientId,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(ClientEvent, version = "1");

/// What is written down about a client.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    IntoStaticStr,
    EnumString,
    VariantNames,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum NoteKind {
    /// Anything.
    Note,
    /// They were not content.
    Complaint,
    /// They were.
    Praise,
}
