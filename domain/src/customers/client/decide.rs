//! What a client who is registered answers to a command.

use chrono::{DateTime, Utc};

use super::command::{AddressStep, ClientCommand, ClientError, Feedback, Survivor};
use super::contact::Changes;
use super::event::ClientEvent;
use super::{Details, address, tags};
use crate::id::AddressId;
use crate::input::{Problems, free_text};
use crate::personal::Personal;

type Decision = Result<Vec<ClientEvent>, ClientError>;

impl Details {
    pub(super) fn decide(&self, command: ClientCommand) -> Decision {
        use ClientCommand as C;
        let client_id = self.client_id;
        match command {
            C::Register { .. } => Err(ClientError::AlreadyRegistered),
            C::Merge { into, now } => self.merge(into, now),
            C::Absorb { other, now } => {
                let known = self.absorbed.contains(&other);
                Ok(unless(known, || ClientEvent::Absorbed { other, at: now }))
            }
            // Whatever else is asked of somebody who was merged is meant for whoever stayed.
            _ if self.merged_into.is_some() => Err(ClientError::Merged),
            C::ChangeContact { changes, now } => self.change_contact(changes, now),
            C::Block { reason, now } => self.block(&reason, now),
            C::Unblock { now } => {
                Ok(unless(self.blocked.is_none(), || ClientEvent::Unblocked { client_id, at: now }))
            }
            C::Archive { now } => Ok(unless(self.archived_at.is_some(), || {
                ClientEvent::Archived { client_id, at: now }
            })),
            C::Restore { now } => Ok(unless(self.archived_at.is_none(), || {
                ClientEvent::Restored { client_id, at: now }
            })),
            C::Address { address_id, step, now } => self.address(address_id, &step, now),
            C::SetTags { tags, now } => {
                let tags = tags::parse(&tags)?;
                let is_same = tags == self.tags();
                let tags = self.personal(tags);
                Ok(unless(is_same, || ClientEvent::TagsSet { tags, at: now }))
            }
            C::AddNote { note_id, kind, text, by, now } => {
                let text = free_text("text", &text, 1..=2000)?;
                let text = self.personal(text);
                Ok(vec![ClientEvent::NoteAdded { note_id, kind, text, by, at: now }])
            }
            C::RecordFeedback(feedback) => self.record(feedback),
        }
    }

    fn personal<T>(&self, value: T) -> Personal<T> {
        Personal::of(self.client_id.into(), value)
    }

    fn change_contact(&self, changes: Changes, at: DateTime<Utc>) -> Decision {
        if changes.is_empty() {
            return Err(ClientError::NothingSupplied);
        }
        let before = self.contact.open();
        let contact = before.map(|before| changes.on(before));
        let event = contact.filter(|after| Some(after) != before).map(|after| {
            let contact = self.personal(after);
            ClientEvent::ContactChanged { client_id: self.client_id, contact, at }
        });
        Ok(event.into_iter().collect())
    }

    fn block(&self, reason: &str, at: DateTime<Utc>) -> Decision {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 500 {
            return Err(ClientError::NoReason);
        }
        let (client_id, reason) = (self.client_id, self.personal(reason.to_owned()));
        Ok(unless(self.blocked.is_some(), || ClientEvent::Blocked { client_id, reason, at }))
    }

    fn address(&self, address_id: AddressId, step: &AddressStep, at: DateTime<Utc>) -> Decision {
        let known = self.addresses.iter().find(|known| known.address_id == address_id);
        let Some(known) = known else {
            let AddressStep::Add(input) = step else { return Err(ClientError::AddressNotFound) };
            if self.addresses.len() >= address::MOST {
                return Err(ClientError::TooManyAddresses);
            }
            let address = self.personal(input.parse(self.addresses.is_empty())?);
            return Ok(vec![ClientEvent::AddressAdded { address_id, address, at }]);
        };
        let is_archived = known.archived_at.is_some();
        match step {
            AddressStep::Add(_) => Err(ClientError::AddressExists),
            AddressStep::Change(input) if input.is_empty() => Err(ClientError::NothingSupplied),
            AddressStep::Change(input) => {
                let before = known.address.open().ok_or(ClientError::AddressNotFound)?;
                let after = input.on(before)?;
                let (is_same, address) = (after == *before, self.personal(after));
                Ok(unless(is_same, || ClientEvent::AddressChanged { address_id, address, at }))
            }
            AddressStep::Archive => {
                Ok(unless(is_archived, || ClientEvent::AddressArchived { address_id, at }))
            }
            AddressStep::Restore => Ok(unless(!is_archived, || ClientEvent::AddressRestored {
                address_id,
                address: known.address.clone(),
                at,
            })),
        }
    }

    fn record(&self, feedback: Feedback) -> Decision {
        let Feedback { feedback_id, visit, rating, comment, by, now } = feedback;
        if let Some(visit) = visit {
            if !visit.is_theirs {
                return Err(ClientError::VisitNotFound);
            }
            if self.reviewed.contains(&visit.booking) {
                return Err(ClientError::FeedbackExists);
            }
        }
        let mut problems = Problems::default();
        let rating = u8::try_from(rating).ok().filter(|rating| (1..=5).contains(rating));
        if rating.is_none() {
            problems.push("rating", "Input should be from 1 to 5");
        }
        let comment = comment.as_deref();
        let comment = comment.and_then(|raw| problems.take(free_text("comment", raw, 0..=2000)));
        problems.or(())?;
        Ok(vec![ClientEvent::FeedbackRecorded {
            feedback_id,
            booking: visit.map(|visit| visit.booking),
            rating: rating.unwrap_or_default(),
            comment: comment.filter(|words| !words.is_empty()).map(|words| self.personal(words)),
            by,
            at: now,
        }])
    }

    fn merge(&self, into: Survivor, at: DateTime<Utc>) -> Decision {
        let client_id = self.client_id;
        match self.merged_into {
            Some(before) if before == into.client_id => return Ok(Vec::new()),
            Some(_) => return Err(ClientError::Merged),
            None => {}
        }
        if into.client_id == client_id {
            return Err(ClientError::MergeSelf);
        }
        if !into.is_known {
            return Err(ClientError::NotFound);
        }
        if into.is_merged {
            return Err(ClientError::SurvivorMerged);
        }
        if self.blocked.is_some() {
            return Err(ClientError::MergeBlocked);
        }
        Ok(vec![ClientEvent::Merged { client_id, into: into.client_id, at }])
    }

    pub(super) fn fold(&mut self, event: ClientEvent) {
        use ClientEvent as E;
        match event {
            E::Registered { .. } | E::NoteAdded { .. } => {}
            E::ContactChanged { contact, .. } => self.contact = contact,
            E::Blocked { reason, .. } => self.blocked = Some(reason),
            E::Unblocked { .. } => self.blocked = None,
            E::Archived { at, .. } => self.archived_at = Some(at),
            E::Restored { .. } => self.archived_at = None,
            E::AddressAdded { address_id, address, .. } => {
                self.addresses.push(super::KnownAddress { address_id, address, archived_at: None });
            }
            E::AddressChanged { address_id, address, .. } => {
                self.each(address_id, |known| known.address = address);
            }
            E::AddressArchived { address_id, at } => {
                self.each(address_id, |known| known.archived_at = Some(at));
            }
            E::AddressRestored { address_id, .. } => {
                self.each(address_id, |known| known.archived_at = None);
            }
            E::TagsSet { tags, .. } => self.tags = Some(tags),
            E::FeedbackRecorded { booking, .. } => self.reviewed.extend(booking),
            E::Merged { into, .. } => self.merged_into = Some(into),
            E::Absorbed { other, .. } => self.absorbed.push(other),
        }
    }

    fn each(&mut self, id: AddressId, change: impl FnOnce(&mut super::KnownAddress)) {
        if let Some(known) = self.addresses.iter_mut().find(|known| known.address_id == id) {
            change(known);
        }
    }
}

fn unless(holds: bool, event: impl FnOnce() -> ClientEvent) -> Vec<ClientEvent> {
    if holds { Vec::new() } else { vec![event()] }
}
