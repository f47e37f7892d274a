//! What each command comes to.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::command::{Decision, DisputeError, Left, New, Standing};
use super::event::{Decided, DisputeEvent, Facts, Opened, Part, Ruling, Source};
use super::status::Status;
use super::{Details, Outcome};
use crate::id::SubjectId;
use crate::input::{Problems, free_text, has_nul, text};
use crate::invoicing::invoice::Words;
use crate::personal::Personal;

/// More photos prove no more.
const MOST_PHOTOS: usize = 100;

/// Of what is kept of a checklist or a clock, as JSON.
const LONGEST: usize = 64 * 1024;

/// Of what somebody writes.
const WORDS: usize = 2000;

pub(super) fn open(new: New, at: DateTime<Utc>) -> Outcome {
    let New { source, subject, .. } = new;
    let is_of_bank = source == Source::Stripe;
    if !is_of_bank && (new.booking.is_some() == new.invoice.is_some()) {
        return Err(DisputeError::TargetRequired);
    }
    let reason = match new.reason {
        None if !is_of_bank => return Err(DisputeError::ReasonRequired),
        None | Some(Words::Forgotten) => None,
        Some(Words::Said(said)) => {
            let said = free_text("reason", &said, 1..=WORDS);
            let said = said.map_err(|_| DisputeError::ReasonRequired)?;
            Some(Personal::of(subject, said))
        }
    };
    Ok(vec![DisputeEvent::Opened(Box::new(Opened {
        dispute_id: new.dispute_id,
        source,
        opened_by: new.opened_by,
        booking: new.booking,
        invoice: new.invoice,
        payment_id: new.payment_id,
        amount_cents: new.amount_cents,
        reason,
        subject,
        at,
    }))])
}

impl Details {
    pub(super) fn collect(&self, facts: Option<Facts>, by: String, at: DateTime<Utc>) -> Outcome {
        if matches!(self.status, Status::Decided | Status::Closed) {
            return Err(DisputeError::FactsFrozen);
        }
        let facts = facts.map(|facts| checked(facts, self.opened.subject)).transpose()?;
        if facts.is_some() && facts == self.facts {
            return Ok(Vec::new());
        }
        Ok(vec![DisputeEvent::FactsCollected { facts, by, at }])
    }

    pub(super) fn decide(&self, decision: Decision, at: DateTime<Utc>) -> Outcome {
        match self.status {
            Status::Open => return Err(DisputeError::FactsMissing),
            Status::FactsCollected => {}
            Status::Decided | Status::Closed => {
                return Err(DisputeError::IllegalState(self.status));
            }
        }
        let note = self.note(decision.note)?;
        let standing = &decision.standing;
        let invoiced = standing.invoice;
        let mut decided = Decided {
            ruling: decision.ruling,
            amount_cents: 0,
            base_cents: standing.base_cents,
            before_cents: standing.refunded_cents,
            after_cents: standing.refunded_cents,
            refunds: Vec::new(),
            invoice: invoiced.map(|invoiced| invoiced.invoice),
            credit_cents: 0,
            note,
            by: decision.by,
            at,
        };
        match decision.ruling {
            Ruling::NoRefund => amount(decision.amount_cents, (0, 0), Some(0)).map(|_| ())?,
            Ruling::PartialRefund | Ruling::FullRefund => {
                let most = refundable(standing)?;
                let (least, usual) = match decision.ruling {
                    Ruling::FullRefund => (most, Some(most)),
                    _ => (1, None),
                };
                decided.amount_cents = amount(decision.amount_cents, (least, most), usual)?;
                decided.refunds = parts(&standing.left, decided.amount_cents);
                // Whoever gets money back does not owe it again.
                decided.credit_cents = invoiced.map_or(0, |invoiced| {
                    let owed_again = decided.amount_cents - invoiced.overpaid_cents;
                    owed_again.clamp(0, invoiced.creditable_cents.max(0))
                });
            }
            Ruling::CreditNote => {
                let invoiced = invoiced.ok_or(DisputeError::InvoiceRequired)?;
                if invoiced.creditable_cents < 1 {
                    return Err(DisputeError::InvoiceRequired);
                }
                let most = invoiced.creditable_cents;
                decided.amount_cents = amount(decision.amount_cents, (1, most), None)?;
                decided.credit_cents = decided.amount_cents;
                decided.before_cents = invoiced.credited_cents;
                decided.after_cents = invoiced.credited_cents;
            }
        }
        decided.after_cents = decided.before_cents.saturating_add(decided.amount_cents);
        Ok(vec![DisputeEvent::Decided(Box::new(decided))])
    }

    pub(super) fn close(&self, at: DateTime<Utc>) -> Outcome {
        match self.status {
            Status::Closed => Ok(Vec::new()),
            Status::Decided => Ok(vec![self.closed(None, at)]),
            Status::Open | Status::FactsCollected => Err(DisputeError::IllegalState(self.status)),
        }
    }

    pub(super) fn closed(&self, won: Option<bool>, at: DateTime<Utc>) -> DisputeEvent {
        DisputeEvent::Closed { won, about: self.opened.claimed(), at }
    }

    fn note(&self, note: Option<Words>) -> Result<Option<Personal<String>>, DisputeError> {
        let Some(Words::Said(said)) = note else { return Ok(None) };
        let said = free_text("note", &said, 0..=WORDS).map_err(|_| DisputeError::NoteInvalid)?;
        Ok(Some(said)
            .filter(|said| !said.is_empty())
            .map(|said| Personal::of(self.opened.subject, said)))
    }
}

fn checked(facts: Facts, subject: SubjectId) -> Result<Personal<Facts>, DisputeError> {
    let mut problems = Problems::default();
    if facts.photo_refs.len() > MOST_PHOTOS {
        problems.push("photo_refs", format!("Input should have at most {MOST_PHOTOS} items"));
    }
    for (place, one) in facts.photo_refs.iter().take(MOST_PHOTOS).enumerate() {
        problems.take(text(&format!("photo_refs.{place}"), one, 1..=255));
    }
    for (name, said) in
        [("checklist_snapshot", &facts.checklist_snapshot), ("time_log", &facts.time_log)]
    {
        let Some(said) = said else { continue };
        if has_nul(said) || has_marks(said) || said.to_string().len() > LONGEST {
            let message = format!(
                "Input should be JSON of at most {LONGEST} bytes, without names that begin with $"
            );
            problems.push(name, message);
        }
    }
    problems.or(Personal::of(subject, facts)).map_err(DisputeError::FactsInvalid)
}

/// Names that begin so are ours: they mark values of a person.
fn has_marks(json: &Value) -> bool {
    match json {
        Value::Array(items) => items.iter().any(has_marks),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.starts_with('$') || has_marks(value))
        }
        _ => false,
    }
}

/// Never more than was charged, and never more than is there.
fn refundable(standing: &Standing) -> Result<i64, DisputeError> {
    let base = standing.base_cents.ok_or(DisputeError::BaseUnknown)?;
    let left = standing.left.iter().fold(0_i64, |sum, one| sum.saturating_add(one.cents.max(0)));
    let most = base.saturating_sub(standing.refunded_cents).min(left);
    if most < 1 { Err(DisputeError::NothingToRefund) } else { Ok(most) }
}

fn amount(
    asked: Option<i64>,
    (least, most): (i64, i64),
    usual: Option<i64>,
) -> Result<i64, DisputeError> {
    let cents = asked.or(usual).filter(|cents| (least..=most).contains(cents));
    let said = || Problems::one("amount_cents", format!("Input should be from {least} to {most}"));
    cents.ok_or_else(|| DisputeError::AmountInvalid(said()))
}

fn parts(left: &[Left], amount_cents: i64) -> Vec<Part> {
    let mut rest = amount_cents;
    let mut parts = Vec::new();
    for one in left {
        let cents = one.cents.min(rest);
        if cents > 0 {
            rest -= cents;
            parts.push(Part {
                payment_id: one.payment_id.clone(),
                amount_cents: cents,
                by: one.by,
            });
        }
    }
    parts
}
