//! A count of cash: what there was on one day, as somebody saw it. There is one of a day, or none.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::checks::Checks;
use super::{Decision, FinanceError};
use crate::event::{EventSourced, Reservation, decides, domain_event};
use crate::id::CashSnapshotId;

/// The scope under which dates are claimed.
pub const DATES: &str = "cash_snapshot.date";

/// What was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// At the end of which day.
    pub as_of_date: NaiveDate,
    /// How much; less than nothing is owed to the bank.
    pub cash_cents: i64,
    /// Up to 1000 characters that name nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum CashCommand {
    /// Write it down.
    Count {
        /// The aggregate's own id.
        snapshot_id: CashSnapshotId,
        /// As it is.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It was otherwise.
    Correct {
        /// As it is.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It was none.
    Remove {
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CashEvent {
    /// It was written down.
    Counted {
        /// The aggregate's own id.
        snapshot_id: CashSnapshotId,
        /// As it is.
        terms: Terms,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was otherwise.
    Corrected {
        /// As it is.
        terms: Terms,
        /// As it was written down.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was none.
    Removed {
        /// As it was written down.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(CashEvent, version = "1");

/// A count of cash.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CashSnapshot {
    /// Not yet.
    #[default]
    Absent,
    /// Written down.
    Kept(Terms),
    /// It was none.
    Gone,
}

impl Terms {
    fn checked(self) -> Result<Self, FinanceError> {
        let mut checks = Checks::new();
        checks.date("as_of_date", self.as_of_date);
        checks.signed_cents("cash_cents", self.cash_cents);
        let note = checks.maybe("note", self.note.as_deref(), 1000);
        Ok(checks.or(Self { note, ..self })?)
    }
}

impl CashSnapshot {
    /// What was counted, unless nothing was.
    pub const fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Kept(terms) => Some(terms),
            Self::Absent | Self::Gone => None,
        }
    }

    fn decide(&self, command: CashCommand) -> Decision<CashEvent> {
        use {CashCommand as C, CashEvent as E};

        Ok(match (self, command) {
            (Self::Absent, C::Count { snapshot_id, terms, now }) => {
                vec![E::Counted { snapshot_id, terms: terms.checked()?, at: now }]
            }
            (_, C::Count { .. }) => return Err(FinanceError::AlreadyRecorded),
            (Self::Kept(before), C::Correct { terms, now }) => {
                let (terms, before) = (terms.checked()?, before.clone());
                if terms == before {
                    return Ok(Vec::new());
                }
                vec![E::Corrected { terms, before, at: now }]
            }
            (Self::Kept(before), C::Remove { now }) => {
                vec![E::Removed { before: before.clone(), at: now }]
            }
            (Self::Absent | Self::Gone, C::Correct { .. } | C::Remove { .. }) => {
                return Err(FinanceError::NoSuchSnapshot);
            }
        })
    }
}

impl Aggregate for CashSnapshot {
    const TYPE: &'static str = "cash_snapshot";
    type Command = CashCommand;
    type Event = CashEvent;
    type Error = FinanceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        *self = match event {
            CashEvent::Counted { terms, .. } | CashEvent::Corrected { terms, .. } => {
                Self::Kept(terms)
            }
            CashEvent::Removed { .. } => Self::Gone,
        };
    }
}

impl EventSourced for CashSnapshot {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        let value = |terms: &Terms| terms.as_of_date.to_string();
        let claim = |terms: &Terms| Reservation::Claim { scope: DATES, value: value(terms) };
        let release = |terms: &Terms| Reservation::Release { scope: DATES, value: value(terms) };
        match event {
            CashEvent::Counted { terms, .. } => vec![claim(terms)],
            CashEvent::Corrected { terms, before, .. } => {
                if terms.as_of_date == before.as_of_date {
                    return Vec::new();
                }
                vec![release(before), claim(terms)]
            }
            CashEvent::Removed { before, .. } => vec![release(before)],
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};
    use uuid::Uuid;

    use super::*;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn terms(day: &str, cash_cents: i64) -> Terms {
        Terms { as_of_date: day.parse().unwrap(), cash_cents, note: None }
    }

    fn counted() -> CashEvent {
        let snapshot_id = Uuid::from_u128(2).into();
        CashEvent::Counted { snapshot_id, terms: terms("2026-01-31", -5), at: AT }
    }

    fn given(events: Vec<CashEvent>) -> AggregateTestExecutor<CashSnapshot> {
        TestFramework::with(()).given(events)
    }

    #[test]
    fn cash_is_counted_corrected_and_removed() {
        let count = |terms: Terms| CashCommand::Count {
            snapshot_id: Uuid::from_u128(2).into(),
            terms,
            now: AT,
        };
        let ours = terms("2026-01-31", -5);
        given(vec![]).when(count(ours.clone())).then_expect_events(vec![counted()]);
        given(vec![counted()])
            .when(count(ours.clone()))
            .then_expect_error(FinanceError::AlreadyRecorded);
        assert!(given(vec![]).when(count(terms("1999-01-31", i64::MIN))).inspect_result().is_err());
        let other = terms("2026-02-28", 7);
        let correct = CashCommand::Correct { terms: other.clone(), now: AT };
        let corrected = CashEvent::Corrected { terms: other, before: ours.clone(), at: AT };
        given(vec![counted()]).when(correct.clone()).then_expect_events(vec![corrected.clone()]);
        assert_eq!(CashSnapshot::reservations(&corrected).len(), 2);
        let remove = CashCommand::Remove { now: AT };
        let removed = CashEvent::Removed { before: ours, at: AT };
        given(vec![counted()]).when(remove.clone()).then_expect_events(vec![removed.clone()]);
        given(vec![counted(), removed])
            .when(correct)
            .then_expect_error(FinanceError::NoSuchSnapshot);
        given(vec![]).when(remove).then_expect_error(FinanceError::NoSuchSnapshot);
    }
}
