//! A month of the books: open, or closed so that nothing is written into it any more.
//!
//! 1. A month that still goes on is not closed: what happens today always has an open month.
//! 2. That it is closed is claimed, and whoever writes into a month looks for the claim in the transaction that writes.
//! 3. What corrects a closed month is written on the day on which it is corrected.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::month::Month;
use super::{Decision, FinanceError};
use crate::event::{EventSourced, Reservation, decides, domain_event};

/// The scope under which closed months are claimed. The database reads it too.
pub const CLOSED: &str = "books.closed";

/// What can be asked.
#[derive(Clone, Debug)]
pub enum PeriodCommand {
    /// Let nothing be written into it.
    Close {
        /// Which.
        month: Month,
        /// The day that it is on the clock of the organisation.
        today: NaiveDate,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Let it be written into.
    Reopen {
        /// Which.
        month: Month,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PeriodEvent {
    /// Nothing is written into it any more.
    Closed {
        /// Which.
        month: Month,
        /// When.
        at: DateTime<Utc>,
    },
    /// It can be written into again.
    Reopened {
        /// Which.
        month: Month,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(PeriodEvent, version = "1");

/// A month of the books.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountingPeriod {
    /// It can be written into.
    #[default]
    Open,
    /// It can not.
    Closed {
        /// Since when.
        since: DateTime<Utc>,
    },
}

impl AccountingPeriod {
    /// Since when nothing is written into it.
    pub const fn closed_at(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Open => None,
            Self::Closed { since } => Some(*since),
        }
    }

    fn decide(&self, command: PeriodCommand) -> Decision<PeriodEvent> {
        use {PeriodCommand as C, PeriodEvent as E};

        match (self, command) {
            (Self::Closed { .. }, C::Close { .. }) | (Self::Open, C::Reopen { .. }) => {
                Ok(Vec::new())
            }
            (Self::Open, C::Close { month, today, .. }) if today <= month.last() => {
                Err(FinanceError::NotOver)
            }
            (Self::Open, C::Close { month, now, .. }) => Ok(vec![E::Closed { month, at: now }]),
            (Self::Closed { .. }, C::Reopen { month, now }) => {
                Ok(vec![E::Reopened { month, at: now }])
            }
        }
    }
}

impl Aggregate for AccountingPeriod {
    const TYPE: &'static str = "accounting_period";
    type Command = PeriodCommand;
    type Event = PeriodEvent;
    type Error = FinanceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        *self = match event {
            PeriodEvent::Closed { at, .. } => Self::Closed { since: at },
            PeriodEvent::Reopened { .. } => Self::Open,
        };
    }
}

impl EventSourced for AccountingPeriod {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        vec![match event {
            PeriodEvent::Closed { month, .. } => {
                Reservation::Claim { scope: CLOSED, value: month.to_string() }
            }
            PeriodEvent::Reopened { month, .. } => {
                Reservation::Release { scope: CLOSED, value: month.to_string() }
            }
        }]
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};

    use super::*;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn given(events: Vec<PeriodEvent>) -> AggregateTestExecutor<AccountingPeriod> {
        TestFramework::with(()).given(events)
    }

    #[test]
    fn a_month_is_closed_when_it_is_over_and_can_be_opened_again() {
        let month: Month = "2026-02".parse().unwrap();
        let close =
            |today: &str| PeriodCommand::Close { month, today: today.parse().unwrap(), now: AT };
        let closed = PeriodEvent::Closed { month, at: AT };
        let reopened = PeriodEvent::Reopened { month, at: AT };
        let reopen = PeriodCommand::Reopen { month, now: AT };
        given(vec![]).when(close("2026-02-28")).then_expect_error(FinanceError::NotOver);
        given(vec![]).when(close("2026-03-01")).then_expect_events(vec![closed.clone()]);
        given(vec![closed.clone()]).when(close("2026-03-02")).then_expect_events(vec![]);
        given(vec![closed.clone()]).when(reopen.clone()).then_expect_events(vec![reopened.clone()]);
        given(vec![]).when(reopen).then_expect_events(vec![]);
        let value = "2026-02".to_owned();
        assert_eq!(
            AccountingPeriod::reservations(&closed),
            [Reservation::Claim { scope: CLOSED, value: value.clone() }]
        );
        assert_eq!(
            AccountingPeriod::reservations(&reopened),
            [Reservation::Release { scope: CLOSED, value }]
        );
    }
}
