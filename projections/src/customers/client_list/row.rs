//! One client of the list, and how each event changes it.

use chrono::{DateTime, Utc};
use domain::customers::client::address::Address;
use domain::customers::client::{ClientEvent, Contact};
use domain::id::ClientId;
use domain::personal::{PLACEHOLDER, Personal};
use domain::recorded::Recorded;
use uuid::Uuid;

/// A row of the list. `Debug` shows nothing of the person.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) client_id: Uuid,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    /// The address that is shown, and its words.
    pub(super) address_id: Option<Uuid>,
    pub(super) address: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) is_blocked: bool,
    pub(super) registered_at: DateTime<Utc>,
    pub(super) archived_at: Option<DateTime<Utc>>,
    /// Who they turned out to be.
    pub(super) merged_into: Option<Uuid>,
    pub(super) version: i32,
    pub(super) position: i64,
}

impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Row({} at {})", self.client_id, self.position)
    }
}

impl Row {
    pub(super) fn registered(client_id: Uuid, at: DateTime<Utc>) -> Self {
        Self {
            client_id,
            name: PLACEHOLDER.to_owned(),
            email: PLACEHOLDER.to_owned(),
            phone: None,
            address_id: None,
            address: None,
            tags: Vec::new(),
            is_blocked: false,
            registered_at: at,
            archived_at: None,
            merged_into: None,
            version: 0,
            position: 0,
        }
    }

    pub(super) fn apply(&mut self, happened: ClientEvent, event: &Recorded) {
        use ClientEvent as E;

        self.version = event.sequence;
        self.position = event.position;
        match happened {
            E::Registered { contact, .. } | E::ContactChanged { contact, .. } => {
                self.shows(contact);
            }
            E::Blocked { .. } => self.is_blocked = true,
            E::Unblocked { .. } => self.is_blocked = false,
            E::Archived { at, .. } => self.archived_at = Some(at),
            E::Restored { .. } => self.archived_at = None,
            E::AddressAdded { address_id, address, .. }
            | E::AddressChanged { address_id, address, .. }
            | E::AddressRestored { address_id, address, .. } => {
                self.lives_at(address_id.as_uuid(), address);
            }
            E::AddressArchived { address_id, .. } => {
                if self.address_id == Some(address_id.as_uuid()) {
                    (self.address_id, self.address) = (None, None);
                }
            }
            E::TagsSet { tags, .. } => {
                self.tags = tags.open().cloned().unwrap_or_default();
            }
            E::Merged { into, .. } => self.merged_into = Some(into.as_uuid()),
            E::NoteAdded { .. } | E::FeedbackRecorded { .. } | E::Absorbed { .. } => {}
        }
    }

    fn shows(&mut self, contact: Personal<Contact>) {
        match contact {
            Personal::Open { value, .. } => {
                self.name = value.name;
                self.email = value.email;
                self.phone = value.phone;
            }
            Personal::Sealed { .. } | Personal::Erased { .. } => {
                PLACEHOLDER.clone_into(&mut self.name);
                PLACEHOLDER.clone_into(&mut self.email);
                self.phone = None;
            }
        }
    }

    /// The first one is shown until nobody is sent there any more; then the next that is written down.
    fn lives_at(&mut self, id: Uuid, address: Personal<Address>) {
        if self.address_id.is_none_or(|shown| shown == id) {
            self.address_id = Some(id);
            self.address = match address {
                Personal::Open { value, .. } => Some(value.text),
                Personal::Sealed { .. } | Personal::Erased { .. } => None,
            };
        }
    }

    /// Whoever was merged into `before` was merged into `after`.
    pub(super) fn follows(&mut self, before: ClientId, after: ClientId) {
        if self.merged_into == Some(before.as_uuid()) {
            self.merged_into = Some(after.as_uuid());
        }
    }

    /// Forgets the person. Leaves exactly what a fold without their key makes, so that a rebuild finds the same.
    pub(super) fn wipe(&mut self) {
        PLACEHOLDER.clone_into(&mut self.name);
        PLACEHOLDER.clone_into(&mut self.email);
        (self.phone, self.address) = (None, None);
        self.tags.clear();
    }

    pub(super) fn search(&self) -> String {
        let shown = |text: &Option<String>| text.clone().unwrap_or_default();
        let (phone, address, tags) =
            (shown(&self.phone), shown(&self.address), self.tags.join("\n"));
        let (name, email, id) = (&self.name, &self.email, self.client_id);
        format!("{name}\n{email}\n{phone}\n{id}\n{address}\n{tags}").to_lowercase()
    }
}
