//! A category of expenses.
//!
//! 1. Its name is unique in the organisation, whatever its case.
//! 2. One under which something is written is not removed.
//! 3. Asking for what already holds changes nothing and is not an error.

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::checks::Checks;
use super::{Decision, FinanceError};
use crate::event::{EventSourced, Reservation, decides, domain_event};
use crate::id::ExpenseCategoryId;

/// The scope under which names are claimed.
pub const NAMES: &str = "expense_category.name";

/// Lists are not longer.
const LAST: i32 = 1_000_000;

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// 1 to 255 characters that name nobody.
    pub name: String,
    /// Whether it is offered first.
    pub is_default: bool,
    /// Its place in lists, from 0.
    pub sort_order: i32,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum ExpenseCategoryCommand {
    /// Make one.
    Add {
        /// The aggregate's own id.
        category_id: ExpenseCategoryId,
        /// As it shall be.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Make it another.
    Change {
        /// As it shall be.
        terms: Terms,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Do without it.
    Remove {
        /// Whether something is written under it.
        in_use: bool,
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ExpenseCategoryEvent {
    /// There is one more.
    Added {
        /// The aggregate's own id.
        category_id: ExpenseCategoryId,
        /// As it is.
        terms: Terms,
        /// When.
        at: DateTime<Utc>,
    },
    /// It became another.
    Changed {
        /// As it is now.
        terms: Terms,
        /// As it was.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
    /// It is offered no more.
    Removed {
        /// As it was.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(ExpenseCategoryEvent, version = "1");

/// A category.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExpenseCategory {
    /// Not yet.
    #[default]
    Absent,
    /// Made.
    Kept(Terms),
    /// Removed.
    Gone,
}

impl Terms {
    fn checked(self) -> Result<Self, FinanceError> {
        let mut checks = Checks::new();
        let name = checks.line("name", &self.name, 255);
        if !(0..=LAST).contains(&self.sort_order) {
            checks.problem("sort_order", &format!("Input should be from 0 to {LAST}"));
        }
        Ok(checks.or(Self { name, ..self })?)
    }

    /// Two names that differ in case only are one.
    fn claimed(&self) -> String {
        self.name.to_lowercase()
    }
}

impl ExpenseCategory {
    /// What it is, unless it is not.
    pub const fn terms(&self) -> Option<&Terms> {
        match self {
            Self::Kept(terms) => Some(terms),
            Self::Absent | Self::Gone => None,
        }
    }

    fn decide(&self, command: ExpenseCategoryCommand) -> Decision<ExpenseCategoryEvent> {
        use {ExpenseCategoryCommand as C, ExpenseCategoryEvent as E};

        Ok(match (self, command) {
            (Self::Absent, C::Add { category_id, terms, now }) => {
                vec![E::Added { category_id, terms: terms.checked()?, at: now }]
            }
            (_, C::Add { .. }) => return Err(FinanceError::AlreadyRecorded),
            (Self::Kept(before), C::Change { terms, now }) => {
                let (terms, before) = (terms.checked()?, before.clone());
                if terms == before {
                    return Ok(Vec::new());
                }
                vec![E::Changed { terms, before, at: now }]
            }
            (Self::Kept(_), C::Remove { in_use: true, .. }) => {
                return Err(FinanceError::CategoryInUse);
            }
            (Self::Kept(before), C::Remove { in_use: false, now }) => {
                vec![E::Removed { before: before.clone(), at: now }]
            }
            (Self::Absent | Self::Gone, C::Change { .. } | C::Remove { .. }) => {
                return Err(FinanceError::NoSuchCategory);
            }
        })
    }
}

impl Aggregate for ExpenseCategory {
    const TYPE: &'static str = "expense_category";
    type Command = ExpenseCategoryCommand;
    type Event = ExpenseCategoryEvent;
    type Error = FinanceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        *self = match event {
            ExpenseCategoryEvent::Added { terms, .. }
            | ExpenseCategoryEvent::Changed { terms, .. } => Self::Kept(terms),
            ExpenseCategoryEvent::Removed { .. } => Self::Gone,
        };
    }
}

impl EventSourced for ExpenseCategory {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        let claim = |terms: &Terms| Reservation::Claim { scope: NAMES, value: terms.claimed() };
        let release = |terms: &Terms| Reservation::Release { scope: NAMES, value: terms.claimed() };
        match event {
            ExpenseCategoryEvent::Added { terms, .. } => vec![claim(terms)],
            ExpenseCategoryEvent::Changed { terms, before, .. } => {
                if terms.claimed() == before.claimed() {
                    return Vec::new();
                }
                vec![release(before), claim(terms)]
            }
            ExpenseCategoryEvent::Removed { before, .. } => vec![release(before)],
        }
    }
}

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};
    use uuid::Uuid;

    use super::*;
    use crate::refusal::Refusal;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn terms(name: &str) -> Terms {
        Terms { name: name.to_owned(), is_default: false, sort_order: 0 }
    }

    fn added(name: &str) -> ExpenseCategoryEvent {
        let category_id = Uuid::from_u128(1).into();
        ExpenseCategoryEvent::Added { category_id, terms: terms(name), at: AT }
    }

    fn given(events: Vec<ExpenseCategoryEvent>) -> AggregateTestExecutor<ExpenseCategory> {
        TestFramework::with(()).given(events)
    }

    #[test]
    fn it_is_added_once_under_a_name_that_can_be_read() {
        let add = |name: &str| ExpenseCategoryCommand::Add {
            category_id: Uuid::from_u128(1).into(),
            terms: terms(name),
            now: AT,
        };
        given(vec![]).when(add(" Fuel ")).then_expect_events(vec![added("Fuel")]);
        given(vec![added("Fuel")])
            .when(add("Fuel"))
            .then_expect_error(FinanceError::AlreadyRecorded);
        let refused = given(vec![]).when(add(" ")).inspect_result();
        assert_eq!(refused.unwrap_err().problems()[0].field, "name");
    }

    #[test]
    fn it_is_changed_and_removed_unless_something_is_written_under_it() {
        let change = |name: &str| ExpenseCategoryCommand::Change { terms: terms(name), now: AT };
        let changed =
            ExpenseCategoryEvent::Changed { terms: terms("Gas"), before: terms("Fuel"), at: AT };
        given(vec![added("Fuel")]).when(change("Gas")).then_expect_events(vec![changed]);
        given(vec![added("Fuel")]).when(change("Fuel")).then_expect_events(vec![]);
        let remove = |in_use| ExpenseCategoryCommand::Remove { in_use, now: AT };
        let removed = ExpenseCategoryEvent::Removed { before: terms("Fuel"), at: AT };
        given(vec![added("Fuel")])
            .when(remove(true))
            .then_expect_error(FinanceError::CategoryInUse);
        given(vec![added("Fuel")]).when(remove(false)).then_expect_events(vec![removed.clone()]);
        given(vec![added("Fuel"), removed])
            .when(change("Gas"))
            .then_expect_error(FinanceError::NoSuchCategory);
    }

    #[test]
    fn a_name_is_held_whatever_its_case() {
        let other =
            ExpenseCategoryEvent::Changed { terms: terms("FUEL"), before: terms("Fuel"), at: AT };
        assert_eq!(ExpenseCategory::reservations(&other), []);
        let held = Reservation::Claim { scope: NAMES, value: "fuel".to_owned() };
        assert_eq!(ExpenseCategory::reservations(&added("Fuel")), [held]);
    }
}
