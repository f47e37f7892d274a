//! An instalment of tax: what the tax office gets, until when, and when it got it.
//!
//! 1. What was paid stays as it was paid: first the payment is taken back, then the rest can be changed.
//! 2. One that is cancelled was never paid.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::checks::Checks;
use super::{Decision, FinanceError};
use crate::event::{EventSourced, decides, domain_event};
use crate::id::TaxInstalmentId;
use crate::settings::org::Currency;

/// What it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// 1 to 50 characters, such as `GST`.
    pub tax_type: String,
    /// Until when.
    pub due_on: NaiveDate,
    /// How much.
    pub amount_cents: i64,
    /// Up to 1000 characters that name nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum TaxInstalmentCommand {
    /// Plan it.
    Plan {
        /// The aggregate's own id.
        instalment_id: TaxInstalmentId,
        /// As it shall be.
        terms: Terms,
        /// When it was paid, if it was.
        paid_on: Option<NaiveDate>,
        /// Of its amount.
        currency: Currency,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// Make it another.
    Change {
        /// As it shall be.
        terms: Terms,
        /// When it was paid, if it was.
        paid_on: Option<NaiveDate>,
        /// When it is asked.
        now: DateTime<Utc>,
    },
    /// It is not to be paid.
    Cancel {
        /// When it is asked.
        now: DateTime<Utc>,
    },
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
#[serde(tag = "type", rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TaxInstalmentEvent {
    /// It was planned.
    Planned {
        /// The aggregate's own id.
        instalment_id: TaxInstalmentId,
        /// As it is.
        terms: Terms,
        /// Of its amount, for ever.
        currency: Currency,
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
    /// It was paid.
    Paid {
        /// On which day.
        on: NaiveDate,
        /// How much.
        amount_cents: i64,
        /// Of the amount.
        currency: Currency,
        /// When that was written down.
        at: DateTime<Utc>,
    },
    /// It was not paid.
    PaymentWithdrawn {
        /// On which day it was said to be paid.
        on: NaiveDate,
        /// How much.
        amount_cents: i64,
        /// Of the amount.
        currency: Currency,
        /// When that was written down.
        at: DateTime<Utc>,
    },
    /// It is not to be paid.
    Cancelled {
        /// As it was.
        before: Terms,
        /// When.
        at: DateTime<Utc>,
    },
}
domain_event!(TaxInstalmentEvent, version = "1");

/// An instalment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaxInstalment {
    /// Not yet.
    #[default]
    Absent,
    /// Planned.
    Kept(Details),
    /// It is not to be paid.
    Gone,
}

/// What is known of an instalment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// As it is.
    pub terms: Terms,
    /// When it was paid, if it was.
    pub paid_on: Option<NaiveDate>,
    /// Of its amount.
    pub currency: Currency,
}

impl Terms {
    fn checked(self, paid_on: Option<NaiveDate>) -> Result<Self, FinanceError> {
        let mut checks = Checks::new();
        let tax_type = checks.line("tax_type", &self.tax_type, 50);
        checks.date("due_on", self.due_on);
        checks.cents("amount_cents", self.amount_cents);
        if let Some(paid_on) = paid_on {
            checks.date("paid_on", paid_on);
        }
        let note = checks.maybe("note", self.note.as_deref(), 1000);
        Ok(checks.or(Self { tax_type, note, ..self })?)
    }
}

impl Details {
    fn change(
        &self,
        terms: Terms,
        paid_on: Option<NaiveDate>,
        at: DateTime<Utc>,
    ) -> Decision<TaxInstalmentEvent> {
        use TaxInstalmentEvent as E;

        let terms = terms.checked(paid_on)?;
        let is_paid_otherwise = (terms.amount_cents, terms.due_on, &terms.tax_type)
            != (self.terms.amount_cents, self.terms.due_on, &self.terms.tax_type);
        if self.paid_on.is_some() && paid_on.is_some() && is_paid_otherwise {
            return Err(FinanceError::InstalmentPaid);
        }
        let currency = self.currency;
        let mut events = Vec::new();
        if let Some(on) = self.paid_on.filter(|_| paid_on != self.paid_on) {
            let amount_cents = self.terms.amount_cents;
            events.push(E::PaymentWithdrawn { on, amount_cents, currency, at });
        }
        if terms != self.terms {
            let before = self.terms.clone();
            events.push(E::Changed { terms: terms.clone(), before, at });
        }
        if let Some(on) = paid_on.filter(|_| paid_on != self.paid_on) {
            events.push(E::Paid { on, amount_cents: terms.amount_cents, currency, at });
        }
        Ok(events)
    }
}

impl TaxInstalment {
    /// What is known of it, unless it is not to be paid.
    pub const fn details(&self) -> Option<&Details> {
        match self {
            Self::Kept(details) => Some(details),
            Self::Absent | Self::Gone => None,
        }
    }

    fn decide(&self, command: TaxInstalmentCommand) -> Decision<TaxInstalmentEvent> {
        use {TaxInstalmentCommand as C, TaxInstalmentEvent as E};

        Ok(match (self, command) {
            (Self::Absent, C::Plan { instalment_id, terms, paid_on, currency, now }) => {
                let terms = terms.checked(paid_on)?;
                let amount_cents = terms.amount_cents;
                let paid = paid_on.map(|on| E::Paid { on, amount_cents, currency, at: now });
                let planned = E::Planned { instalment_id, terms, currency, at: now };
                [planned].into_iter().chain(paid).collect()
            }
            (_, C::Plan { .. }) => return Err(FinanceError::AlreadyRecorded),
            (Self::Kept(it), C::Change { terms, paid_on, now }) => {
                it.change(terms, paid_on, now)?
            }
            (Self::Kept(it), C::Cancel { .. }) if it.paid_on.is_some() => {
                return Err(FinanceError::InstalmentPaid);
            }
            (Self::Kept(it), C::Cancel { now }) => {
                vec![E::Cancelled { before: it.terms.clone(), at: now }]
            }
            (Self::Gone, C::Cancel { .. }) => Vec::new(),
            (Self::Absent, C::Change { .. } | C::Cancel { .. })
            | (Self::Gone, C::Change { .. }) => {
                return Err(FinanceError::NoSuchInstalment);
            }
        })
    }
}

impl Aggregate for TaxInstalment {
    const TYPE: &'static str = "tax_instalment";
    type Command = TaxInstalmentCommand;
    type Event = TaxInstalmentEvent;
    type Error = FinanceError;
    type Services = ();

    decides!();

    fn apply(&mut self, event: Self::Event) {
        use TaxInstalmentEvent as E;
        match (self, event) {
            (it, E::Planned { terms, currency, .. }) => {
                *it = Self::Kept(Details { terms, paid_on: None, currency });
            }
            (Self::Kept(it), E::Changed { terms, .. }) => it.terms = terms,
            (Self::Kept(it), E::Paid { on, .. }) => it.paid_on = Some(on),
            (Self::Kept(it), E::PaymentWithdrawn { .. }) => it.paid_on = None,
            (it @ Self::Kept(_), E::Cancelled { .. }) => *it = Self::Gone,
            // A stream starts with its beginning; reading must not fail on one that does not.
            (Self::Absent | Self::Gone, _) => {}
        }
    }
}

impl EventSourced for TaxInstalment {}

#[cfg(test)]
mod tests {
    use cqrs_es::test::{AggregateTestExecutor, TestFramework};
    use uuid::Uuid;

    use super::*;

    const AT: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn terms(amount_cents: i64) -> Terms {
        let due_on = day("2026-04-30");
        Terms { tax_type: "GST".to_owned(), due_on, amount_cents, note: None }
    }

    fn planned() -> TaxInstalmentEvent {
        let (instalment_id, currency) = (Uuid::from_u128(1).into(), Currency::Cad);
        TaxInstalmentEvent::Planned { instalment_id, terms: terms(500), currency, at: AT }
    }

    fn paid(on: &str) -> TaxInstalmentEvent {
        let currency = Currency::Cad;
        TaxInstalmentEvent::Paid { on: day(on), amount_cents: 500, currency, at: AT }
    }

    fn withdrawn(on: &str) -> TaxInstalmentEvent {
        let currency = Currency::Cad;
        TaxInstalmentEvent::PaymentWithdrawn { on: day(on), amount_cents: 500, currency, at: AT }
    }

    fn given(events: Vec<TaxInstalmentEvent>) -> AggregateTestExecutor<TaxInstalment> {
        TestFramework::with(()).given(events)
    }

    fn change(cents: i64, paid_on: Option<&str>) -> TaxInstalmentCommand {
        TaxInstalmentCommand::Change { terms: terms(cents), paid_on: paid_on.map(day), now: AT }
    }

    #[test]
    fn it_is_planned_and_paid_and_the_payment_can_be_taken_back() {
        let plan = |paid_on: Option<&str>| TaxInstalmentCommand::Plan {
            instalment_id: Uuid::from_u128(1).into(),
            terms: terms(500),
            paid_on: paid_on.map(day),
            currency: Currency::Cad,
            now: AT,
        };
        given(vec![]).when(plan(None)).then_expect_events(vec![planned()]);
        let both = vec![planned(), paid("2026-04-01")];
        given(vec![]).when(plan(Some("2026-04-01"))).then_expect_events(both.clone());
        given(both.clone()).when(plan(None)).then_expect_error(FinanceError::AlreadyRecorded);
        given(both.clone())
            .when(change(500, None))
            .then_expect_events(vec![withdrawn("2026-04-01")]);
        given(both.clone())
            .when(change(500, Some("2026-04-02")))
            .then_expect_events(vec![withdrawn("2026-04-01"), paid("2026-04-02")]);
        given(both).when(change(500, Some("2026-04-01"))).then_expect_events(vec![]);
    }

    #[test]
    fn what_was_paid_stays_as_it_was_paid() {
        let both = vec![planned(), paid("2026-04-01")];
        given(both.clone())
            .when(change(600, Some("2026-04-01")))
            .then_expect_error(FinanceError::InstalmentPaid);
        let cancel = TaxInstalmentCommand::Cancel { now: AT };
        given(both).when(cancel.clone()).then_expect_error(FinanceError::InstalmentPaid);
        let cancelled = TaxInstalmentEvent::Cancelled { before: terms(500), at: AT };
        given(vec![planned()]).when(cancel.clone()).then_expect_events(vec![cancelled.clone()]);
        given(vec![planned(), cancelled.clone()]).when(cancel).then_expect_events(vec![]);
        given(vec![planned(), cancelled])
            .when(change(1, None))
            .then_expect_error(FinanceError::NoSuchInstalment);
    }
}
