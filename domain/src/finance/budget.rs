//! A budget: what may be spent on one category in one month. There is one of them, or none.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::checks::Checks;
use super::expense::under;
use super::month::Month;
use super::{Decision, FinanceError};
use crate::event::{EventSourced, Reservation, decides, domain_event};
use crate::id::{BudgetId, ExpenseCategoryId};

/// The scope under which a month of a category is claimed; values are read as those of expenses are.
pub const MONTHS: &str = "budget.month";

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// In which month.
    pub month: Month,
    /// What for.
    pub category_id: ExpenseCategoryId,
    /// How much, without tax.
    pub amount_cents: i64,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum BudgetCommand {
    /// Set it.
    Set {
        /// The aggregate's own id.
        budget_id: BudgetId,
        /// As it shall be.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Set it otherwise.
    Change {
        /// As it shall be.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Do without it.
    Clear {
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BudgetEvent {
    /// It was set.
    Set {
        /// The aggregate's own id.
        budget_id: BudgetId,
        /// As it is.
        terms: Terms,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was set otherwise.
    Changed {
        /// As it is now.
        terms: Terms,
        /// As it was.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
    /// There is none any more.
    Cleared {
        /// As it was.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(BudgetEvent, version = "1");

/// A budget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Budget {
    /// Not yet.
    #[default]
    Absent,
    /// Set.
    Kept(Terms),
    /// Not any more.
    Gone,
}

impl Terms {
    fn checked(self) -> Result<Self, FinanceError> {
        let mut checks = Checks::new();
        checks.cents("amount_cents", self.amount_cents);
        Ok(checks.or(self)?)
    }

    fn claimed(&self) -> String {
        under(self.category_id, self.month)
    }
}

impl Budget {
    /// What it is, unless there is none.
    pub const fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Kept(terms) => Some(terms),
            Self::Absent | Self::Gone => None,
        }
    }

    fn decide(&self, command: BudgetCommand) -> Decision<BudgetEvent> {
        use {BudgetCommand as C, BudgetEvent as E};

        Ok(match (self, command) {
            (Self::Absent, C::Set { budget_id, terms, now }) => {
                vec![E::Set { budget_id, terms: terms.checked()?, at: now }]
            }
            (_, C::Set { .. }) => return Err(FinanceError::AlreadyRecorded),
            (Self::Kept(before), C::Change { terms, now }) => {
                let (terms, before) = (terms.checked()?, before.clone());
                if terms == before {
                    return Ok(Vec::new());
                }
                vec![E::Changed { terms, before, at: now }]
            }
            (Self::Kept(before), C::Clear { now }) => {
                vec![E::Cleared { before: before.clone(), at: now }]
            }
            (Self::Absent | Self::Gone, C::Change { .. } | C::Clear { .. }) => {
                return Err(FinanceError::NoSuchBudget);
            }
        })
    }
}

impl Aggregate for Budget {
    const TYPE: &'static str = "budget";
    type Command = BudgetCommand;
    type Event = BudgetEvent;
    type Error = FinanceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        *self = match event {
            BudgetEvent::Set { terms, .. } | BudgetEvent::Changed { terms, .. } => {
                Self::Kept(terms)
            }
            BudgetEvent::Cleared { .. } => Self::Gone,
        };
    }
}

impl EventSourced for Budget {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        let claim = |terms: &Terms| Reservation::Claim { scope: MONTHS, value: terms.claimed() };
        let release =
            |terms: &Terms| Reservation::Release { scope: MONTHS, value: terms.claimed() };
        match event {
            BudgetEvent::Set { terms, .. } => vec![claim(terms)],
            BudgetEvent::Changed { terms, before, .. } => {
                if terms.claimed() == before.claimed() {
                    return Vec::new();
                }
                vec![release(before), claim(terms)]
            }
            BudgetEvent::Cleared { before, .. } => vec![release(before)],
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};
    use uuid::Uuid;

    use super::*;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn terms(month: &str, amount_cents: i64) -> Terms {
        let category_id = Uuid::from_u128(1).into();
        Terms { month: month.parse().unwrap(), category_id, amount_cents }
    }

    fn set() -> BudgetEvent {
        let budget_id = Uuid::from_u128(2).into();
        BudgetEvent::Set { budget_id, terms: terms("2026-01", 5), at: AT }
    }

    fn given(events: Vec<BudgetEvent>) -> AggregateTestExecutor<Budget> {
        TestFramework::with(()).given(events)
    }

    #[test]
    fn it_is_set_changed_and_cleared() {
        let ask = |amount: i64| BudgetCommand::Set {
            budget_id: Uuid::from_u128(2).into(),
            terms: terms("2026-01", amount),
            now: AT,
        };
        given(vec![]).when(ask(5)).then_expect_events(vec![set()]);
        given(vec![set()]).when(ask(5)).then_expect_error(FinanceError::AlreadyRecorded);
        assert!(given(vec![]).when(ask(-1)).inspect_result().is_err());
        let (terms, before) = (terms("2026-02", 5), terms("2026-01", 5));
        let change = BudgetCommand::Change { terms: terms.clone(), now: AT };
        let changed = BudgetEvent::Changed { terms, before: before.clone(), at: AT };
        given(vec![set()]).when(change.clone()).then_expect_events(vec![changed.clone()]);
        assert_eq!(Budget::reservations(&changed).len(), 2);
        let clear = BudgetCommand::Clear { now: AT };
        let cleared = BudgetEvent::Cleared { before, at: AT };
        given(vec![set()]).when(clear.clone()).then_expect_events(vec![cleared.clone()]);
        given(vec![set(), cleared]).when(change).then_expect_error(FinanceError::NoSuchBudget);
        given(vec![]).when(clear).then_expect_error(FinanceError::NoSuchBudget);
    }
}
