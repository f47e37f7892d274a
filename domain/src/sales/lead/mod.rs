//! A lead: somebody who asked for an offer, until they become a customer or do not.
//!
//! 1. It is submitted once, priced by the price book of that day.
//! 2. Its status moves along the table of [`Status::next`]; a lost lead says why.
//! 3. An offer that is sent makes it quoted; at most one offer is ever accepted.
//! 4. Asking for what already holds changes nothing and is not an error.

mod command;
mod contact;
mod event;
mod quote;
mod request;
mod status;
#[cfg(test)]
mod tests;
pub mod view;

use std::sync::Arc;

use chrono::{DateTime, Utc};
pub use command::{LeadCommand, LeadError, Offer, Submission};
pub use contact::{Contact, Referrer, referral_code};
use cqrs_es::Aggregate;
pub use event::{FollowUp, LeadEvent, QuoteTerms, Submitted, TimelineEntry, WinCause};
pub use quote::Quote;
pub use request::{Attribution, LeadRequest};
use serde::{Deserialize, Serialize};
pub use status::{QuoteStatus, Status};

use crate::event::{EventSourced, Reservation, decides};
use crate::id::SubjectId;
use crate::input::{Problems, free_text, text};
use crate::personal::Personal;

/// The scope under which referral codes are claimed.
pub const REFERRAL_CODES: &str = "lead.referral_code";

/// A lead as its answers show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lead {
    /// Nobody asked yet.
    #[default]
    Absent,
    /// Somebody did.
    Known(Box<Details>),
}

/// What is known about a lead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// What was known when they asked; shared, because deciding starts from a copy of everything.
    pub submitted: Arc<Submitted>,
    /// Where it stands.
    pub status: Status,
    /// The notes as staff last left them; before that, those of the contact count.
    pub notes: Option<Personal<String>>,
    /// Why it was lost.
    pub loss_reason: Option<Personal<String>>,
    /// Offers, oldest first.
    pub quotes: Vec<Quote>,
    /// When anything last happened.
    pub updated_at: DateTime<Utc>,
}

type Decision = Result<Vec<LeadEvent>, LeadError>;

impl Lead {
    /// What is known, if anybody asked.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Known(details) => Some(details),
        }
    }

    fn decide(&self, command: LeadCommand) -> Decision {
        use LeadCommand as C;

        match (self, command) {
            (Self::Absent, C::Submit(submission)) => submit(*submission),
            (Self::Known(_), C::Submit(_)) => Err(LeadError::AlreadySubmitted),
            (Self::Absent, _) => Err(LeadError::NotFound),

            (Self::Known(lead), C::ChangeStatus { status, loss_reason, now }) => {
                lead.edit(Some(status), None, loss_reason, now)
            }
            (Self::Known(lead), C::Update { status, notes, loss_reason, now }) => {
                lead.edit(status, notes, loss_reason, now)
            }
            (Self::Known(lead), C::AddTimelineEntry { action, note, now }) => {
                lead.write_down(&action, note.as_deref(), now)
            }
            (Self::Known(lead), C::Win { cause, now }) => lead.win(cause, now),
            (Self::Known(lead), C::DraftQuote { quote_id, offer, now }) => {
                lead.draft_quote(quote_id, offer, now)
            }
            (Self::Known(lead), C::ReviseQuote { quote_id, offer, now }) => {
                lead.revise_quote(quote_id, offer, now)
            }
            (Self::Known(lead), C::SendQuote { quote_id, now }) => lead.send_quote(quote_id, now),
            (Self::Known(lead), C::AcceptQuote { quote_id, now }) => {
                lead.accept_quote(quote_id, now)
            }
            (Self::Known(lead), C::DeclineQuote { quote_id, now }) => {
                lead.decline_quote(quote_id, now)
            }
            (Self::Known(lead), C::ExpireQuote { quote_id, now }) => {
                lead.expire_quote(quote_id, now)
            }
            (Self::Known(lead), C::FollowUpQuote { quote_id, followup_id, note, by, now }) => {
                lead.follow_up_quote(quote_id, followup_id, &note, by, now)
            }
        }
    }
}

fn submit(submission: Submission) -> Decision {
    let Submission { lead_id, request, estimate, referral_code, referrer, high_value_cents, now } =
        submission;
    let referrer = referrer.filter(|_| request.referred_by_code.is_some());
    if request.referred_by_code.is_some() && referrer.is_none() {
        return Err(LeadError::UnknownReferralCode);
    }
    if referrer.as_ref().is_some_and(|known| known.is_same_person(&request.contact)) {
        return Err(LeadError::SelfReferral);
    }
    let subject = lead_id.as_uuid().into();
    let high_value = estimate.total_cents >= high_value_cents;
    Ok(vec![LeadEvent::Submitted(Box::new(Submitted {
        lead_id,
        contact: Personal::of(subject, request.contact),
        structured_inputs: request.inputs,
        awaiting_field: request.awaiting_field.map(|name| Personal::of(subject, name)),
        estimate,
        quoted_by_client_cents: request.quoted_by_client_cents,
        attribution: Personal::of(subject, request.attribution),
        referral_code,
        referred_by_code: request.referred_by_code,
        referred_by: referrer.map(|known| known.lead_id),
        high_value,
        at: now,
    }))])
}

impl Details {
    /// The person this lead is about.
    pub fn subject(&self) -> SubjectId {
        self.submitted.lead_id.as_uuid().into()
    }

    fn personal<T>(&self, value: T) -> Personal<T> {
        Personal::of(self.subject(), value)
    }

    fn edit(
        &self,
        status: Option<Status>,
        notes: Option<String>,
        loss_reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Decision {
        if status.is_none() && notes.is_none() && loss_reason.is_none() {
            return Err(LeadError::NothingSupplied);
        }
        let mut problems = Problems::default();
        let notes = notes.and_then(|raw| problems.take(free_text("notes", &raw, 0..=500)));
        let reason =
            loss_reason.and_then(|raw| problems.take(free_text("loss_reason", &raw, 0..=255)));
        problems.or(())?;
        // A form sends the field empty when there is nothing to say.
        let reason = reason.filter(|words| !words.is_empty());

        let mut events = self.change_status(status.unwrap_or(self.status), reason, now)?;
        if let Some(notes) = notes.filter(|notes| self.current_notes() != Some(notes.as_str())) {
            events.push(LeadEvent::NotesChanged { notes: self.personal(notes), at: now });
        }
        Ok(events)
    }

    fn change_status(&self, to: Status, reason: Option<String>, at: DateTime<Utc>) -> Decision {
        let from = self.status;
        if from != to && !from.next().contains(&to) {
            return Err(LeadError::IllegalTransition { from, to });
        }
        if reason.is_some() && to != Status::Lost {
            return Err(LeadError::NotLost);
        }
        let event = match (to, reason) {
            (Status::Lost, Some(words)) if from == to => {
                if self.loss_reason.as_ref().and_then(Personal::open) == Some(&words) {
                    return Ok(vec![]);
                }
                LeadEvent::LossReasonChanged { reason: self.personal(words), at }
            }
            _ if from == to => return Ok(vec![]),
            (Status::Lost, Some(words)) => LeadEvent::Lost { reason: self.personal(words), at },
            (Status::Lost, None) => return Err(LeadError::LossReasonMissing),
            (Status::Contacted, _) => LeadEvent::Contacted { at },
            (Status::Quoted, _) => LeadEvent::Quoted { quote_id: None, at },
            (Status::Won, _) => LeadEvent::Won { cause: WinCause::Staff, at },
            // No row of the table leads back to the beginning.
            (Status::New, _) => return Err(LeadError::IllegalTransition { from, to }),
        };
        Ok(vec![event])
    }

    fn win(&self, cause: WinCause, at: DateTime<Utc>) -> Decision {
        let won = LeadEvent::Won { cause, at };
        match self.status {
            // Who became a customer has been spoken with, so the table holds here too.
            Status::New => Ok(vec![LeadEvent::Contacted { at }, won]),
            Status::Contacted | Status::Quoted => Ok(vec![won]),
            Status::Won => Ok(vec![]),
            Status::Lost => {
                Err(LeadError::IllegalTransition { from: Status::Lost, to: Status::Won })
            }
        }
    }

    fn write_down(&self, action: &str, note: Option<&str>, at: DateTime<Utc>) -> Decision {
        let mut problems = Problems::default();
        let action = problems.take(text("action", action, 1..=200)).unwrap_or_default();
        let note = note.and_then(|raw| problems.take(free_text("note", raw, 0..=500)));
        problems.or(())?;
        let note = note.filter(|words| !words.is_empty());
        let entry = self.personal(TimelineEntry { action, note });
        Ok(vec![LeadEvent::TimelineEntryAdded { entry, at }])
    }

    fn current_notes(&self) -> Option<&str> {
        match &self.notes {
            Some(changed) => changed.open().map(String::as_str),
            None => self.submitted.contact.open()?.notes.as_deref(),
        }
    }

    fn fold(&mut self, event: LeadEvent) {
        let at = match event {
            LeadEvent::Submitted(submitted) => submitted.at,
            LeadEvent::Contacted { at } => self.moved(Status::Contacted, at),
            LeadEvent::Quoted { at, .. } => self.moved(Status::Quoted, at),
            LeadEvent::Won { at, .. } => self.moved(Status::Won, at),
            LeadEvent::Lost { reason, at } => {
                self.loss_reason = Some(reason);
                self.moved(Status::Lost, at)
            }
            LeadEvent::LossReasonChanged { reason, at } => {
                self.loss_reason = Some(reason);
                at
            }
            LeadEvent::NotesChanged { notes, at } => {
                self.notes = Some(notes);
                at
            }
            LeadEvent::TimelineEntryAdded { at, .. } => at,
            LeadEvent::QuoteDrafted { quote_id, terms, at } => {
                self.quotes.push(Quote::drafted(quote_id, terms, at));
                at
            }
            LeadEvent::QuoteRevised { quote_id, terms, at } => {
                self.quote_changed(quote_id, at, |quote| quote.revise(terms))
            }
            LeadEvent::QuoteSent { quote_id, terms, at } => {
                self.quote_changed(quote_id, at, |quote| quote.send(terms, at))
            }
            LeadEvent::QuoteAccepted { quote_id, at, .. } => {
                self.quote_changed(quote_id, at, |quote| quote.status = QuoteStatus::Accepted)
            }
            LeadEvent::QuoteDeclined { quote_id, at } => {
                self.quote_changed(quote_id, at, |quote| quote.status = QuoteStatus::Declined)
            }
            LeadEvent::QuoteExpired { quote_id, at } => {
                self.quote_changed(quote_id, at, |quote| quote.status = QuoteStatus::Expired)
            }
            LeadEvent::QuoteFollowedUp { quote_id, follow_up, at } => {
                self.quote_changed(quote_id, at, |quote| quote.follow_ups.push(follow_up))
            }
        };
        self.updated_at = at;
    }

    const fn moved(&mut self, to: Status, at: DateTime<Utc>) -> DateTime<Utc> {
        self.status = to;
        at
    }
}

impl Aggregate for Lead {
    const TYPE: &'static str = "lead";
    type Command = LeadCommand;
    type Event = LeadEvent;
    type Error = LeadError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (Self::Known(lead), event) => lead.fold(event),
            (absent @ Self::Absent, LeadEvent::Submitted(submitted)) => {
                *absent = Self::Known(Box::new(Details {
                    updated_at: submitted.at,
                    submitted: submitted.into(),
                    status: Status::New,
                    notes: None,
                    loss_reason: None,
                    quotes: Vec::new(),
                }));
            }
            // A stream starts with its submission; reading must not fail on one that does not.
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Lead {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        let LeadEvent::Submitted(submitted) = event else { return Vec::new() };
        vec![
            Reservation::NewSubject(submitted.contact.subject()),
            Reservation::Claim { scope: REFERRAL_CODES, value: submitted.referral_code.clone() },
        ]
    }

    fn subjects(&self) -> Vec<SubjectId> {
        self.details().map(Details::subject).into_iter().collect()
    }
}
