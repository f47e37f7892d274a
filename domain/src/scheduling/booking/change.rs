//! What happens to a booking beside its place in the calendar.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::addons::{self, Offered};
use super::command::{DepositStep, Override};
use super::error::BookingError;
use super::event::BookingEvent;
use super::party::{Confirmation, Party};
use super::reason::ReasonCode;
use super::status::{DepositStatus, Status};
use super::{Decision, Details, unless};
use crate::id::{AddressId, ClientId, WorkerId};
use crate::input::{Problems, free_text};
use crate::personal::Personal;
use crate::scheduling::terms::cancellation::CancellationTerms;
use crate::scheduling::terms::deposit::DepositTerms;
use crate::scheduling::terms::policies::DepositPolicy;
use crate::scheduling::terms::risk::{Band, Risk};

/// More than anybody reads of one visit.
const MOST_REASONS: usize = 100;

/// More in cents is a slip of the pen.
const MOST_DEPOSIT: i64 = 10_000_000_000;

impl Details {
    pub(super) fn confirm(&self, at: DateTime<Utc>) -> Decision {
        match self.status {
            Status::Confirmed => Ok(Vec::new()),
            Status::Pending if self.owes_deposit() => Err(BookingError::DepositUnpaid),
            Status::Pending => Ok(vec![BookingEvent::Confirmed { cause: Confirmation::Staff, at }]),
            status => Err(BookingError::IllegalState(status)),
        }
    }

    pub(super) fn start(&self, worker: Option<WorkerId>, at: DateTime<Utc>) -> Decision {
        if worker.is_some_and(|worker| !self.placement.crew.contains(&worker)) {
            return Err(BookingError::NotAssigned);
        }
        match self.status {
            Status::InProgress => Ok(Vec::new()),
            // A slip of the finger at the door; the office may know better.
            Status::Confirmed if worker.is_some() && self.is_too_early(at) => {
                Err(BookingError::NotYet)
            }
            Status::Confirmed => Ok(vec![BookingEvent::Started { worker, at }]),
            status => Err(BookingError::IllegalState(status)),
        }
    }

    pub(super) fn complete(
        &self,
        actual_minutes: u32,
        checklist_open: bool,
        at: DateTime<Utc>,
    ) -> Decision {
        if !(1..=100_000).contains(&actual_minutes) {
            let message = "Input should be from 1 to 100000";
            return Err(Problems::one("actual_duration_minutes", message).into());
        }
        match self.status {
            Status::Done => Err(BookingError::AlreadyCompleted),
            Status::Confirmed | Status::InProgress if checklist_open => {
                Err(BookingError::ChecklistOpen)
            }
            Status::Confirmed | Status::InProgress => {
                Ok(vec![BookingEvent::Completed { actual_minutes, at }])
            }
            status => Err(BookingError::IllegalState(status)),
        }
    }

    /// Whoever moved the visit in the meantime, or has not promised to come, is not reminded of it.
    pub(super) fn remind(&self, starts_at: DateTime<Utc>, at: DateTime<Utc>) -> Vec<BookingEvent> {
        let stands = self.placement.window.starts_at == starts_at && starts_at > at;
        unless(!stands || self.status != Status::Confirmed, || BookingEvent::ReminderDue {
            starts_at,
            at,
        })
    }

    /// Whoever began, or moved the visit in the meantime, was not missing.
    pub(super) fn note_no_show(
        &self,
        starts_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) -> Vec<BookingEvent> {
        let stands = self.placement.window.starts_at == starts_at && starts_at <= at;
        unless(!stands || self.status != Status::Confirmed, || BookingEvent::NoShow {
            starts_at,
            at,
        })
    }

    pub(super) fn cancel(&self, by: Party, reason: Option<&str>, at: DateTime<Utc>) -> Decision {
        let is_possible = match self.status {
            Status::Cancelled => return Ok(Vec::new()),
            Status::Pending | Status::Confirmed => true,
            Status::InProgress => by == Party::Staff,
            Status::Done => false,
        };
        if !is_possible {
            return Err(BookingError::IllegalState(self.status));
        }
        let reason = match reason.map(|words| free_text("reason", words, 0..=500)).transpose()? {
            Some(words) if !words.is_empty() => Some(self.words(words)),
            _ if by == Party::Staff => return Err(BookingError::ReasonRequired),
            _ => None,
        };
        let (starts_at, paid) = (self.placement.window.starts_at, self.paid_cents());
        let terms = self.cancellation.clone().unwrap_or(NO_PROMISE);
        let settlement = match self.exception {
            Some(_) => terms.excuse(starts_at, at, paid),
            None => terms.settle(starts_at, at, paid),
        };
        let crew = self.placement.crew.clone();
        Ok(vec![BookingEvent::Cancelled { by, reason, settlement, crew, at }])
    }

    pub(super) fn deposit_step(&self, step: DepositStep, at: DateTime<Utc>) -> Decision {
        let is_open = self.owes_deposit() && !self.status.is_final();
        Ok(match step {
            DepositStep::Pay { payment_id, amount_cents } => {
                return self.deposit_paid(payment_id, amount_cents, at);
            }
            DepositStep::Take { reference, amount_cents } => {
                return self.deposit_taken(reference, amount_cents, at);
            }
            DepositStep::Return(returned) => return self.deposit_returned(returned, at),
            DepositStep::Refunded(told) => return Ok(self.went_back(told, at)),
            // What comes late never undoes what was paid.
            _ if !is_open => Vec::new(),
            DepositStep::Request { checkout_id } => {
                let is_same = self.checkout_id.as_ref() == Some(&checkout_id);
                unless(is_same, || BookingEvent::DepositRequested { checkout_id, at })
            }
            DepositStep::Fail => {
                let is_same = self.deposit_status == Some(DepositStatus::Failed);
                unless(is_same, || BookingEvent::DepositFailed { at })
            }
            // A checkout may end before the deposit is due, and whoever paid part of it keeps the time until somebody decides.
            DepositStep::Expire
                if self.status == Status::Pending && self.paid_cents() == 0 && self.is_due(at) =>
            {
                let crew = self.placement.crew.clone();
                vec![BookingEvent::DepositExpired { at }, BookingEvent::Expired { crew, at }]
            }
            DepositStep::Expire => Vec::new(),
            DepositStep::Waive(why) => {
                let terms = self.deposit.clone().map(|terms| terms.downgraded(why));
                terms
                    .map(|deposit| BookingEvent::DepositWaived { deposit, at })
                    .into_iter()
                    .collect()
            }
        })
    }

    /// Money is taken note of whatever the state: a payment for a cancelled visit is paid back by others.
    pub(super) fn deposit_paid(
        &self,
        payment_id: String,
        amount_cents: i64,
        at: DateTime<Utc>,
    ) -> Decision {
        if !(1..=MOST_DEPOSIT).contains(&amount_cents) {
            let message = format!("Input should be from 1 to {MOST_DEPOSIT}");
            return Err(Problems::one("amount_cents", message).into());
        }
        if self.paid.iter().any(|(known, _)| *known == payment_id) {
            return Ok(Vec::new());
        }
        let short_cents = (self.deposit_left_cents() - amount_cents).max(0);
        let paid = BookingEvent::DepositPaid { payment_id, amount_cents, short_cents, at };
        let mut events = vec![paid];
        let needs_a_person = self.risk.as_ref().is_some_and(|risk| risk.band == Band::High);
        if self.status == Status::Pending && short_cents == 0 && !needs_a_person {
            events.push(BookingEvent::Confirmed { cause: Confirmation::Deposit, at });
        }
        Ok(events)
    }

    pub(super) fn override_terms(
        &self,
        what: Override,
        reason: &str,
        at: DateTime<Utc>,
    ) -> Decision {
        let is_exception = matches!(what, Override::CancellationException { .. });
        if self.status == Status::Done && !is_exception {
            return Err(BookingError::IllegalState(self.status));
        }
        let reason =
            free_text("reason", reason, 1..=500).map_err(|_| BookingError::ReasonRequired)?;
        let reason = self.words(reason);
        Ok(vec![match what {
            Override::Risk { band, score } => {
                if score > 100 {
                    return Err(Problems::one("risk_score", "Input should be from 0 to 100").into());
                }
                let risk = Risk { score, band, reasons: vec!["manual_override".to_owned()] };
                let before = self.risk.clone().unwrap_or_else(|| risk.clone());
                BookingEvent::RiskOverridden { risk, before, reason, at }
            }
            Override::Deposit { amount_cents } => {
                if !(0..=MOST_DEPOSIT).contains(&amount_cents) {
                    let message = format!("Input should be from 0 to {MOST_DEPOSIT}");
                    return Err(Problems::one("deposit_cents", message).into());
                }
                if self.total_cents().is_some_and(|total| amount_cents > total) {
                    let message = "Input should not be more than the visit costs";
                    return Err(Problems::one("deposit_cents", message).into());
                }
                let (starts_at, usual) =
                    (self.placement.window.starts_at, DepositPolicy::default());
                let deposit = DepositTerms::named(amount_cents).due_before(starts_at, &usual, at);
                let before = self.deposit.clone().unwrap_or_else(|| deposit.clone());
                BookingEvent::DepositOverridden { deposit, before, reason, at }
            }
            Override::Cancellation { free_hours, partial_hours, partial_percent } => {
                if partial_percent > 100 || free_hours < partial_hours {
                    let message = "Input should be at most 100 percent, and free before partial";
                    return Err(Problems::one("cancellation", message).into());
                }
                let before = self.cancellation.clone().unwrap_or(NO_PROMISE);
                let rules = vec!["manual_override".to_owned()];
                let cancellation = CancellationTerms {
                    rules,
                    free_hours,
                    partial_hours,
                    partial_percent,
                    late_percent: before.late_percent,
                    late_fee_cents: before.late_fee_cents,
                };
                BookingEvent::CancellationPolicyOverridden { cancellation, before, reason, at }
            }
            Override::CancellationException { granted } => {
                if self.exception.is_some() == granted {
                    return Ok(Vec::new());
                }
                BookingEvent::CancellationExceptionSet { granted, reason, at }
            }
        }])
    }

    pub(super) fn set_addons(&self, offered: Vec<Offered>, at: DateTime<Utc>) -> Decision {
        if self.status.is_final() {
            return Err(BookingError::IllegalState(self.status));
        }
        let lines = addons::chosen(offered)?;
        if lines == self.addons {
            return Ok(Vec::new());
        }
        let base = self.planned_minutes.saturating_sub(addons::minutes(&self.addons));
        let planned = base.saturating_add(addons::minutes(&lines));
        let planned_minutes = planned.max(self.placement.window.minutes());
        let base = self.requested.base_cents();
        let total_cents = base.map(|base| base.saturating_add(addons::cents(&lines)));
        Ok(vec![BookingEvent::AddonsSet { lines, planned_minutes, total_cents, at }])
    }

    pub(super) fn log_reason(
        &self,
        code: ReasonCode,
        note: Option<&str>,
        (reason_id, by): (Uuid, Option<String>),
        at: DateTime<Utc>,
    ) -> Decision {
        if self.reasons.len() >= MOST_REASONS {
            return Err(Problems::one("code", "This visit has 100 reasons already").into());
        }
        let note = note.map(|words| free_text("note", words, 0..=1000)).transpose()?;
        let note = note.filter(|words| !words.is_empty()).map(|words| self.words(words));
        let reason_id = Some(reason_id);
        Ok(vec![BookingEvent::ReasonLogged { code, note, reason_id, by, at }])
    }

    pub(super) fn change_client(
        &self,
        client: ClientId,
        (address, place): (Option<AddressId>, Option<String>),
        at: DateTime<Utc>,
    ) -> Decision {
        if self.status.is_final() {
            return Err(BookingError::IllegalState(self.status));
        }
        if self.client == Some(client) && (address.is_none() || address == self.address) {
            return Ok(Vec::new());
        }
        if let (true, Some(address)) = (self.client == Some(client), address) {
            return self.change_address(address, place, at);
        }
        let place = place.map(|words| Personal::of(client.into(), words));
        let changed = BookingEvent::ClientChanged { client, address, place, at };
        // What one customer agreed to, another did not.
        let withdrawn =
            self.photo_consent.then_some(BookingEvent::PhotoConsentSet { consent: false, at });
        Ok([Some(changed), withdrawn].into_iter().flatten().collect())
    }

    pub(super) fn change_address(
        &self,
        address: AddressId,
        place: Option<String>,
        at: DateTime<Utc>,
    ) -> Decision {
        if self.status.is_final() {
            return Err(BookingError::IllegalState(self.status));
        }
        let place = place.map(|words| self.words(words));
        let is_same = self.address == Some(address);
        Ok(unless(is_same, || BookingEvent::AddressChanged { address, place, at }))
    }

    /// Whether a deposit was asked for and is not there.
    pub fn owes_deposit(&self) -> bool {
        let is_short = |asked: Option<i64>| asked.is_none_or(|asked| self.paid_cents() < asked);
        let terms = self.deposit.as_ref().filter(|terms| terms.required);
        self.deposit_status != Some(DepositStatus::Paid)
            && terms.is_some_and(|terms| is_short(terms.amount_cents))
    }

    /// Whether the time to pay the deposit is over.
    fn is_due(&self, at: DateTime<Utc>) -> bool {
        let due_at = self.deposit.as_ref().and_then(|terms| terms.due_at);
        due_at.is_some_and(|due_at| due_at <= at)
    }

    /// What is missing of the deposit that is asked for.
    pub fn deposit_left_cents(&self) -> i64 {
        let asked = self.deposit.as_ref().filter(|_| self.owes_deposit());
        let asked = asked.and_then(|terms| terms.amount_cents).unwrap_or(0);
        (asked - self.paid_cents()).max(0)
    }
}

/// Nothing is kept where nothing was promised.
const NO_PROMISE: CancellationTerms = CancellationTerms {
    rules: Vec::new(),
    free_hours: 0,
    partial_hours: 0,
    partial_percent: 100,
    late_percent: 0,
    late_fee_cents: 0,
};
