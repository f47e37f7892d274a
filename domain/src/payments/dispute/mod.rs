//! A dispute: somebody says that something is wrong with a visit or an invoice, and it is decided what comes of it.
//!
//! 1. It is decided on facts, which stay as they were then; it is decided once.
//! 2. Never more goes back than was charged, nor than is left of what was paid. What goes back is not owed again.
//! 3. Which money goes back, and how, is part of the decision: carried out however often, it comes to the same.
//! 4. People open one at a time about the same thing. What the bank opens, the bank closes, whatever was decided here.

mod command;
mod decide;
mod event;
pub mod status;
#[cfg(test)]
mod tests;
pub mod view;

use chrono::{DateTime, Utc};
pub use command::{Decision, DisputeCommand, DisputeError, Invoiced, Left, New, Standing};
use cqrs_es::Aggregate;
pub use event::{Decided, DisputeEvent, Facts, Opened, Part, Ruling, Source, Way};
use serde::{Deserialize, Serialize};

use self::status::Status;
use crate::event::{EventSourced, Reservation, decides};
use crate::personal::Personal;

/// The scope under which visits and invoices are claimed: people dispute them once at a time.
pub const DISPUTED: &str = "dispute.about";

/// A dispute.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Dispute {
    /// Nobody said so.
    #[default]
    Absent,
    /// Somebody did.
    Known(Box<Details>),
}

/// What is known about a dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Who said what.
    pub opened: Opened,
    /// Where it stands.
    pub status: Status,
    /// What happened; gone with whoever it is about.
    pub facts: Option<Personal<Facts>>,
    /// When that was written down.
    pub facts_at: Option<DateTime<Utc>>,
    /// What was decided.
    pub decided: Option<Decided>,
    /// When it was over.
    pub closed_at: Option<DateTime<Utc>>,
    /// Whether the bank let us keep the money, if the bank closed it.
    pub won: Option<bool>,
    /// When anything last happened.
    pub updated_at: DateTime<Utc>,
}

type Outcome = Result<Vec<DisputeEvent>, DisputeError>;

impl Opened {
    /// What nobody else may dispute until it is over; banks ask nobody.
    pub fn claimed(&self) -> Option<String> {
        if self.source == Source::Stripe {
            return None;
        }
        let visit = self.booking.map(|booking| format!("visit:{booking}"));
        visit.or_else(|| self.invoice.map(|invoice| format!("invoice:{invoice}")))
    }
}

impl Dispute {
    /// What is known, once somebody said so.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Absent => None,
            Self::Known(details) => Some(details),
        }
    }

    fn decide(&self, command: DisputeCommand) -> Outcome {
        use DisputeCommand as C;
        match (self, command) {
            (Self::Absent, C::Open { new, now }) => decide::open(new, now),
            // Told again, it is the same dispute.
            (Self::Known(_), C::Open { .. }) => Ok(Vec::new()),
            (Self::Absent, _) => Err(DisputeError::NotFound),
            (Self::Known(it), C::CollectFacts { facts, by, now }) => it.collect(facts, by, now),
            (Self::Known(it), C::Decide { decision, now }) => it.decide(decision, now),
            (Self::Known(it), C::Close { now }) => it.close(now),
            (Self::Known(it), C::CloseAtBank { .. }) if it.status == Status::Closed => {
                Ok(Vec::new())
            }
            (Self::Known(it), C::CloseAtBank { won, now }) => Ok(vec![it.closed(Some(won), now)]),
        }
    }
}

impl DisputeEvent {
    /// When it happened.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Opened(opened) => opened.at,
            Self::Decided(decided) => decided.at,
            Self::FactsCollected { at, .. } | Self::Closed { at, .. } => *at,
        }
    }
}

impl Details {
    fn fold(&mut self, event: DisputeEvent) {
        use DisputeEvent as E;
        self.updated_at = event.at();
        match event {
            E::Opened(_) => {}
            E::FactsCollected { facts, at, .. } => {
                (self.facts, self.facts_at) = (facts, Some(at));
                self.status = Status::FactsCollected;
            }
            E::Decided(decided) => {
                self.decided = Some(*decided);
                self.status = Status::Decided;
            }
            E::Closed { won, at, .. } => {
                (self.won, self.closed_at) = (won, Some(at));
                self.status = Status::Closed;
            }
        }
    }
}

impl Aggregate for Dispute {
    const TYPE: &'static str = "dispute";
    type Command = DisputeCommand;
    type Event = DisputeEvent;
    type Error = DisputeError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (Self::Known(dispute), event) => dispute.fold(event),
            (absent @ Self::Absent, DisputeEvent::Opened(opened)) => {
                *absent = Self::Known(Box::new(Details {
                    status: Status::Open,
                    facts: None,
                    facts_at: None,
                    decided: None,
                    closed_at: None,
                    won: None,
                    updated_at: opened.at,
                    opened: *opened,
                }));
            }
            // A stream starts with its beginning; reading must not fail on one that does not.
            (Self::Absent, _) => {}
        }
    }
}

impl EventSourced for Dispute {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        match event {
            DisputeEvent::Opened(opened) => {
                let claim = |value| Reservation::Claim { scope: DISPUTED, value };
                opened.claimed().map(claim).into_iter().collect()
            }
            DisputeEvent::Closed { about: Some(about), .. } => {
                vec![Reservation::Release { scope: DISPUTED, value: about.clone() }]
            }
            DisputeEvent::Closed { about: None, .. }
            | DisputeEvent::FactsCollected { .. }
            | DisputeEvent::Decided(_) => Vec::new(),
        }
    }
}
