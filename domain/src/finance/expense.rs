//! An expense: money that was spent, or is owed to somebody.
//!
//! 1. Its amount is without tax, and the tax that can be claimed back stands beside it.
//! 2. It is never rewritten: corrections and removals are events, so that what was told once can be told again.
//! 3. How and when it was paid is told apart from the rest: its month may be closed while that of the payment is open.
//! 4. Its words name nobody: a business that sold something, and what it was.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::checks::Checks;
use super::{Decision, FinanceError};
use crate::event::{EventSourced, Reservation, decides, domain_event};
use crate::id::{ExpenseCategoryId, ExpenseId};
use crate::input::text;
use crate::settings::org::Currency;

/// The scope under which an expense keeps its category from being removed.
pub const CATEGORIES: &str = "expense.category";

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// On which day.
    pub occurred_on: NaiveDate,
    /// What for.
    pub category_id: ExpenseCategoryId,
    /// Who sold it, up to 255 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// What it was, 1 to 1000 characters.
    pub description: String,
    /// Without tax.
    pub amount_cents: i64,
    /// The tax on it.
    pub tax_cents: i64,
    /// Where the receipt is, up to 2048 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt_url: Option<String>,
    /// How it was paid, up to 50 characters; `None`: it is still to be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// On which later day it was paid; `None`: at once, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<NaiveDate>,
}

impl Terms {
    /// On which day money went out for it.
    pub fn paid_day(&self) -> Option<NaiveDate> {
        self.payment_method.as_ref().map(|_| self.paid_on.unwrap_or(self.occurred_on))
    }
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum ExpenseCommand {
    /// Write it down.
    Record {
        /// The aggregate's own id.
        expense_id: ExpenseId,
        /// As it is.
        terms: Terms,
        /// Of its amounts.
        currency: Currency,
        /// Login id of staff.
        by: Option<String>,
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
    /// What was still to be paid was paid.
    Pay {
        /// How, 1 to 50 characters.
        method: String,
        /// On which day.
        on: NaiveDate,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It was paid otherwise, or not at all; everything else stays.
    CorrectPayment {
        /// How, 1 to 50 characters, and on which day; `None`: it is still to be paid.
        paid: Option<(String, NaiveDate)>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It was none.
    Void {
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ExpenseEvent {
    /// It was written down.
    Recorded {
        /// The aggregate's own id.
        expense_id: ExpenseId,
        /// As it is.
        terms: Terms,
        /// Of its amounts, for ever.
        currency: Currency,
        /// Login id of staff.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was otherwise.
    Corrected {
        /// The aggregate's own id.
        expense_id: ExpenseId,
        /// As it is.
        terms: Terms,
        /// As it was written down.
        before: Terms,
        /// Of its amounts.
        currency: Currency,
        /// When.
        at: DateTime<Utc>,
    },
    /// What was still to be paid was paid.
    Paid {
        /// The aggregate's own id.
        expense_id: ExpenseId,
        /// As it is.
        terms: Terms,
        /// As it was written down.
        before: Terms,
        /// Of its amounts.
        currency: Currency,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was paid otherwise, or not at all.
    PaymentCorrected {
        /// The aggregate's own id.
        expense_id: ExpenseId,
        /// As it is.
        terms: Terms,
        /// As it was written down.
        before: Terms,
        /// Of its amounts.
        currency: Currency,
        /// When.
        at: DateTime<Utc>,
    },
    /// It was none.
    Voided {
        /// The aggregate's own id.
        expense_id: ExpenseId,
        /// As it was written down.
        before: Terms,
        /// Of its amounts.
        currency: Currency,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(ExpenseEvent, version = "1");

/// An expense.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Expense {
    /// Not yet.
    #[default]
    Absent,
    /// Written down.
    Kept(Box<Details>),
    /// It was none.
    Gone,
}

/// What is known of an expense.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// The aggregate's own id.
    pub expense_id: ExpenseId,
    /// As it is.
    pub terms: Terms,
    /// Of its amounts.
    pub currency: Currency,
    /// Login id of staff.
    pub by: Option<String>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
}

impl Terms {
    fn checked(self) -> Result<Self, FinanceError> {
        let mut checks = Checks::new();
        checks.date("occurred_on", self.occurred_on);
        checks.cents("amount_cents", self.amount_cents);
        checks.cents("tax_cents", self.tax_cents);
        let receipt_url = checks.maybe("receipt_url", self.receipt_url.as_deref(), 2048);
        let is_web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if !receipt_url.as_ref().is_none_or(is_web) {
            checks.problem("receipt_url", "Input should be an address of the web");
        }
        match (self.paid_on, &self.payment_method) {
            (Some(day), Some(_)) => {
                checks.date("paid_on", day);
                if day < self.occurred_on {
                    checks.problem("paid_on", "Input should not be before occurred_on");
                }
            }
            (Some(_), None) => checks.problem("paid_on", "Input should come with payment_method"),
            (None, _) => {}
        }
        let terms = Self {
            paid_on: self.paid_on.filter(|day| *day != self.occurred_on),
            vendor: checks.maybe("vendor", self.vendor.as_deref(), 255),
            description: checks.lines("description", &self.description, 1000),
            payment_method: checks.maybe("payment_method", self.payment_method.as_deref(), 50),
            receipt_url,
            ..self
        };
        Ok(checks.or(terms)?)
    }
}

impl Details {
    fn paid_otherwise(
        &self,
        paid: Option<(String, NaiveDate)>,
        at: DateTime<Utc>,
    ) -> Decision<ExpenseEvent> {
        let (payment_method, paid_on) = match paid {
            Some((method, on)) => (Some(text("payment_method", &method, 1..=50)?), Some(on)),
            None => (None, None),
        };
        let before = self.terms.clone();
        let terms = Terms { payment_method, paid_on, ..before.clone() }.checked()?;
        if terms == before {
            return Ok(Vec::new());
        }
        let (expense_id, currency) = (self.expense_id, self.currency);
        Ok(vec![match before.payment_method {
            None => ExpenseEvent::Paid { expense_id, terms, before, currency, at },
            Some(_) => ExpenseEvent::PaymentCorrected { expense_id, terms, before, currency, at },
        }])
    }
}

impl Expense {
    /// What is known of it, unless it was none.
    pub fn details(&self) -> Option<&Details> {
        match self {
            Self::Kept(details) => Some(details),
            Self::Absent | Self::Gone => None,
        }
    }

    fn decide(&self, command: ExpenseCommand) -> Decision<ExpenseEvent> {
        use {ExpenseCommand as C, ExpenseEvent as E};

        Ok(match (self, command) {
            (Self::Absent, C::Record { expense_id, terms, currency, by, now }) => {
                vec![E::Recorded { expense_id, terms: terms.checked()?, currency, by, at: now }]
            }
            (_, C::Record { .. }) => return Err(FinanceError::AlreadyRecorded),
            (Self::Kept(it), C::Correct { terms, now }) => {
                let (terms, before) = (terms.checked()?, it.terms.clone());
                if terms == before {
                    return Ok(Vec::new());
                }
                let (expense_id, currency) = (it.expense_id, it.currency);
                vec![E::Corrected { expense_id, terms, before, currency, at: now }]
            }
            (Self::Kept(it), C::Pay { method, on, now }) => {
                let (expense_id, currency, before) = (it.expense_id, it.currency, it.terms.clone());
                let method = text("payment_method", &method, 1..=50)?;
                if before.payment_method.is_some() {
                    let is_same =
                        before.payment_method == Some(method) && before.paid_day() == Some(on);
                    return if is_same { Ok(Vec::new()) } else { Err(FinanceError::AlreadyPaid) };
                }
                let (payment_method, paid_on) = (Some(method), Some(on));
                let terms = Terms { payment_method, paid_on, ..before.clone() }.checked()?;
                vec![E::Paid { expense_id, terms, before, currency, at: now }]
            }
            (Self::Kept(it), C::CorrectPayment { paid, now }) => it.paid_otherwise(paid, now)?,
            (Self::Kept(it), C::Void { now }) => {
                let Details { expense_id, currency, .. } = **it;
                vec![E::Voided { expense_id, before: it.terms.clone(), currency, at: now }]
            }
            (
                Self::Absent | Self::Gone,
                C::Correct { .. } | C::Pay { .. } | C::CorrectPayment { .. } | C::Void { .. },
            ) => return Err(FinanceError::NoSuchExpense),
        })
    }
}

impl Aggregate for Expense {
    const TYPE: &'static str = "expense";
    type Command = ExpenseCommand;
    type Event = ExpenseEvent;
    type Error = FinanceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        match (self, event) {
            (
                absent @ Self::Absent,
                ExpenseEvent::Recorded { expense_id, terms, currency, by, at },
            ) => {
                let details = Details { expense_id, terms, currency, by, created_at: at };
                *absent = Self::Kept(Box::new(details));
            }
            (
                Self::Kept(it),
                ExpenseEvent::Corrected { terms, .. }
                | ExpenseEvent::Paid { terms, .. }
                | ExpenseEvent::PaymentCorrected { terms, .. },
            ) => it.terms = terms,
            (it @ Self::Kept(_), ExpenseEvent::Voided { .. }) => *it = Self::Gone,
            // A stream starts with its beginning; reading must not fail on one that does not.
            (Self::Absent | Self::Kept(_) | Self::Gone, _) => {}
        }
    }
}

/// What keeps a category from being removed sorts behind the id of the category.
pub(super) fn under(category: ExpenseCategoryId, what: impl std::fmt::Display) -> String {
    format!("{category}:{what}")
}

/// Between which values the claims under a category stand.
pub fn claims_of(category: ExpenseCategoryId) -> (String, String) {
    (format!("{category}:"), format!("{category};"))
}

impl EventSourced for Expense {
    fn reservations(event: &Self::Event) -> Vec<Reservation> {
        let scope = CATEGORIES;
        let claim = |expense: &ExpenseId, terms: &Terms| Reservation::Claim {
            scope,
            value: under(terms.category_id, expense),
        };
        let release = |expense: &ExpenseId, terms: &Terms| Reservation::Release {
            scope,
            value: under(terms.category_id, expense),
        };
        match event {
            ExpenseEvent::Recorded { expense_id, terms, .. } => vec![claim(expense_id, terms)],
            ExpenseEvent::Corrected { expense_id, terms, before, .. } => {
                if terms.category_id == before.category_id {
                    return Vec::new();
                }
                vec![release(expense_id, before), claim(expense_id, terms)]
            }
            ExpenseEvent::Paid { .. } | ExpenseEvent::PaymentCorrected { .. } => Vec::new(),
            ExpenseEvent::Voided { expense_id, before, .. } => vec![release(expense_id, before)],
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

    fn terms(cents: i64) -> Terms {
        Terms {
            occurred_on: "2026-03-04".parse().unwrap(),
            category_id: Uuid::from_u128(1).into(),
            vendor: None,
            description: "Soap".to_owned(),
            amount_cents: cents,
            tax_cents: 5,
            receipt_url: None,
            payment_method: Some("card".to_owned()),
            paid_on: None,
        }
    }

    fn unpaid() -> Terms {
        Terms { payment_method: None, ..terms(100) }
    }

    fn recorded(cents: i64) -> ExpenseEvent {
        ExpenseEvent::Recorded {
            expense_id: Uuid::from_u128(2).into(),
            terms: terms(cents),
            currency: Currency::Cad,
            by: None,
            at: AT,
        }
    }

    fn record(terms: Terms) -> ExpenseCommand {
        let expense_id = Uuid::from_u128(2).into();
        ExpenseCommand::Record { expense_id, terms, currency: Currency::Cad, by: None, now: AT }
    }

    fn voided() -> ExpenseEvent {
        let expense_id = Uuid::from_u128(2).into();
        ExpenseEvent::Voided { expense_id, before: terms(100), currency: Currency::Cad, at: AT }
    }

    fn given(events: Vec<ExpenseEvent>) -> AggregateTestExecutor<Expense> {
        TestFramework::with(()).given(events)
    }

    #[test]
    fn it_is_written_down_once_with_amounts_that_can_be_added_up() {
        let blank = Terms { vendor: Some("  ".to_owned()), ..terms(100) };
        given(vec![]).when(record(blank)).then_expect_events(vec![recorded(100)]);
        given(vec![recorded(100)])
            .when(record(terms(100)))
            .then_expect_error(FinanceError::AlreadyRecorded);
        let wrong = Terms {
            occurred_on: "9999-01-01".parse().unwrap(),
            description: String::new(),
            tax_cents: -1,
            receipt_url: Some("javascript:x".to_owned()),
            ..terms(i64::MAX)
        };
        let refused = given(vec![]).when(record(wrong)).inspect_result().unwrap_err();
        let fields: Vec<&str> = refused.problems().iter().map(|one| one.field.as_str()).collect();
        assert_eq!(
            fields,
            ["occurred_on", "amount_cents", "tax_cents", "receipt_url", "description"]
        );
    }

    #[test]
    fn it_is_corrected_or_was_none_and_what_was_told_stays() {
        let corrected = ExpenseEvent::Corrected {
            expense_id: Uuid::from_u128(2).into(),
            terms: terms(90),
            before: terms(100),
            currency: Currency::Cad,
            at: AT,
        };
        let correct = |cents| ExpenseCommand::Correct { terms: terms(cents), now: AT };
        given(vec![recorded(100)]).when(correct(90)).then_expect_events(vec![corrected]);
        given(vec![recorded(100)]).when(correct(100)).then_expect_events(vec![]);
        let void = ExpenseCommand::Void { now: AT };
        given(vec![recorded(100)]).when(void.clone()).then_expect_events(vec![voided()]);
        given(vec![recorded(100), voided()])
            .when(void)
            .then_expect_error(FinanceError::NoSuchExpense);
        given(vec![]).when(correct(1)).then_expect_error(FinanceError::NoSuchExpense);
    }

    #[test]
    fn how_it_was_paid_is_corrected_by_itself_and_nothing_else_with_it() {
        let expense_id = Uuid::from_u128(2).into();
        let (currency, at) = (Currency::Cad, AT);
        let [first, other]: [NaiveDate; 2] =
            ["2026-04-02", "2026-04-03"].map(|day| day.parse().unwrap());
        let paid = |method: &str, on| Terms {
            payment_method: Some(method.to_owned()),
            paid_on: Some(on),
            ..unpaid()
        };
        let known = || {
            let recorded =
                ExpenseEvent::Recorded { expense_id, terms: unpaid(), currency, by: None, at };
            let terms = paid("card", first);
            vec![recorded, ExpenseEvent::Paid { expense_id, terms, before: unpaid(), currency, at }]
        };
        let correct = |paid: Option<(&str, NaiveDate)>| ExpenseCommand::CorrectPayment {
            paid: paid.map(|(method, on)| (method.to_owned(), on)),
            now: AT,
        };
        let corrected = |terms| ExpenseEvent::PaymentCorrected {
            expense_id,
            terms,
            before: paid("card", first),
            currency,
            at,
        };
        given(known())
            .when(correct(Some(("cash", other))))
            .then_expect_events(vec![corrected(paid("cash", other))]);
        given(known()).when(correct(None)).then_expect_events(vec![corrected(unpaid())]);
        given(known()).when(correct(Some(("card", first)))).then_expect_events(vec![]);
        let early = "2026-03-03".parse().unwrap();
        let refused = given(known()).when(correct(Some(("card", early))));
        let refused = refused.inspect_result().unwrap_err();
        assert_eq!(refused.problems()[0].field, "paid_on");
        // What was owed is paid, however it is asked for.
        let owed = || vec![known().remove(0)];
        given(owed())
            .when(correct(Some(("card", first))))
            .then_expect_events(vec![known().remove(1)]);
        given(owed()).when(correct(None)).then_expect_events(vec![]);
        given(vec![]).when(correct(None)).then_expect_error(FinanceError::NoSuchExpense);
    }

    #[test]
    fn what_is_owed_is_paid_once_on_a_day_that_is_not_before_it() {
        let given = || {
            let mut owed = recorded(100);
            if let ExpenseEvent::Recorded { terms, .. } = &mut owed {
                *terms = unpaid();
            }
            given(vec![owed])
        };
        let pay = |method: &str, on: &str| {
            let (method, on) = (method.to_owned(), on.parse().unwrap());
            ExpenseCommand::Pay { method, on, now: AT }
        };
        let paid = |on: Option<&str>| ExpenseEvent::Paid {
            expense_id: Uuid::from_u128(2).into(),
            terms: Terms { paid_on: on.map(|on| on.parse().unwrap()), ..terms(100) },
            before: unpaid(),
            currency: Currency::Cad,
            at: AT,
        };
        let later = paid(Some("2026-05-01"));
        given().when(pay("card", "2026-05-01")).then_expect_events(vec![later.clone()]);
        given().when(pay("card", "2026-03-04")).then_expect_events(vec![paid(None)]);
        for (method, on) in [("card", "2026-03-03"), ("  ", "2026-05-01")] {
            let refused = given().when(pay(method, on)).inspect_result().unwrap_err();
            assert_eq!(refused.problems().len(), 1, "{method} {on}");
        }
        let paid_already = || given().and(vec![later.clone()]);
        paid_already().when(pay("card", "2026-05-01")).then_expect_events(vec![]);
        for (method, on) in [("cash", "2026-05-01"), ("card", "2026-05-02")] {
            paid_already().when(pay(method, on)).then_expect_error(FinanceError::AlreadyPaid);
        }
        let dated = Terms { paid_on: Some("2026-05-01".parse().unwrap()), ..unpaid() };
        let record = TestFramework::<Expense>::with(()).given(vec![]).when(record(dated));
        assert_eq!(record.inspect_result().unwrap_err().problems()[0].field, "paid_on");
    }

    #[test]
    fn a_category_is_held_as_long_as_something_is_written_under_it() {
        let held = Expense::reservations(&recorded(100));
        let [Reservation::Claim { value, .. }] = held.as_slice() else { panic!("{held:?}") };
        let (from, until) = claims_of(Uuid::from_u128(1).into());
        assert!(from < *value && *value < until, "{value}");
        let given_up = Expense::reservations(&voided());
        assert_eq!(given_up, [Reservation::Release { scope: CATEGORIES, value: value.clone() }]);
    }
}
