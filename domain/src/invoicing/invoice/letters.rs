//! Letting an invoice count, writing to whoever owes it, and the addresses under which they see it.

use chrono::{DateTime, TimeDelta, Utc};

use super::command::{Mail, NewLink};
use super::error::InvoiceError;
use super::event::InvoiceEvent;
use super::status::{Letter, Status};
use super::{Decision, Details};
use crate::input::address;
use crate::personal::Personal;

/// Promised to customers: no two reminders within this time.
pub const PAUSE: TimeDelta = TimeDelta::hours(24);

/// More than anybody hands out.
const MOST_LINKS: usize = 100;

/// With the mark of whom they get a letter on which day.
fn marked(mut events: Vec<InvoiceEvent>, once: Option<String>) -> Vec<InvoiceEvent> {
    if let Some(InvoiceEvent::Mailed { once: mark, .. }) = events.last_mut() {
        *mark = once;
    }
    events
}

impl Details {
    fn must_count(&self) -> Result<(), InvoiceError> {
        match self.status {
            Status::Void => Err(InvoiceError::Void),
            Status::Discarded => Err(InvoiceError::IllegalState(self.status)),
            _ => Ok(()),
        }
    }

    pub(super) fn issue(&self, overdue_at: Option<DateTime<Utc>>, at: DateTime<Utc>) -> Decision {
        self.must_count()?;
        let issued = InvoiceEvent::Issued { overdue_at, at };
        Ok(if self.issued_at.is_some() { Vec::new() } else { vec![issued] })
    }

    pub(super) fn send(
        &self,
        (letter, mail): (Letter, Mail),
        overdue_at: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Decision {
        self.must_count()?;
        let Some(recipient) = mail.recipient.as_deref().and_then(address) else {
            return Err(InvoiceError::EmailMissing);
        };
        let link = mail.link.link;
        let mut events = self.issue(overdue_at, at)?;
        events.extend(self.mint(mail.link, at)?);
        let recipient = Personal::of(self.subject, recipient);
        let (portal, once) = (mail.portal, None);
        events.push(InvoiceEvent::Mailed { letter, recipient, link, portal, once, at });
        Ok(events)
    }

    /// Each letter once, and none within a day of another to the same person.
    pub(super) fn remind_overdue(
        &self,
        (letter, mail): (Letter, Mail),
        not_before: Option<DateTime<Utc>>,
        once: String,
        at: DateTime<Utc>,
    ) -> Decision {
        self.must_count()?;
        let is_due = self.status.is_open() && self.balance_cents() > 0;
        let was_sent = self.mails.iter().any(|mail| mail.letter == letter);
        if !is_due || was_sent {
            return Ok(Vec::new());
        }
        let own = self.mails.last().map(|last| last.at + PAUSE);
        if let Some(until) = own.max(not_before).filter(|until| *until > at) {
            return Ok(vec![InvoiceEvent::ReminderPostponed { letter, until, at }]);
        }
        Ok(marked(self.send((letter, mail), None, at)?, Some(once)))
    }

    /// A draft is sent instead.
    pub(super) fn remind(
        &self,
        (letter, mail): (Letter, Mail),
        (last_mail_at, once): (Option<DateTime<Utc>>, Option<String>),
        overdue_at: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Decision {
        self.must_count()?;
        if self.balance_cents() == 0 {
            return Err(InvoiceError::NothingDue);
        }
        if let Some(last) = self.mails.last().filter(|last| at - last.at < PAUSE) {
            return Err(InvoiceError::MailedLately(last.at));
        }
        if let Some(last) = last_mail_at.filter(|last| at - *last < PAUSE) {
            return Err(InvoiceError::RecipientMailedLately(Some(last)));
        }
        let letter = if self.issued_at.is_none() { Letter::Invoice } else { letter };
        Ok(marked(self.send((letter, mail), overdue_at, at)?, once))
    }

    pub(super) fn mint(&self, new: NewLink, at: DateTime<Utc>) -> Decision {
        self.must_count()?;
        if self.links.len() >= MOST_LINKS {
            return Err(InvoiceError::TooManyLinks);
        }
        let NewLink { link, hash } = new;
        let is_known = self.links.iter().any(|one| one.link == link);
        let minted = InvoiceEvent::LinkMinted { link, hash, at };
        Ok(if is_known { Vec::new() } else { vec![minted] })
    }

    pub(super) fn revoke(&self, link: u16, at: DateTime<Utc>) -> Decision {
        let found = self.links.iter().find(|one| one.link == link);
        let found = found.ok_or(InvoiceError::NoSuchLink)?;
        let revoked = InvoiceEvent::LinkRevoked { link, at };
        Ok(if found.revoked_at.is_some() { Vec::new() } else { vec![revoked] })
    }

    /// A clock that was set for another date, or that runs for what is paid, means nothing.
    pub(super) fn mark_overdue(&self, at: DateTime<Utc>) -> Vec<InvoiceEvent> {
        let is_time = self.overdue_at.is_some_and(|overdue| overdue <= at);
        let owes = self.status.is_open() && self.balance_cents() > 0;
        if is_time && owes && !self.past_due {
            vec![InvoiceEvent::BecameOverdue { at }]
        } else {
            Vec::new()
        }
    }
}
