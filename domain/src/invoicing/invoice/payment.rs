//! Money that came in for an invoice, and went back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use super::error::InvoiceError;
use super::event::InvoiceEvent;
use super::status::Status;
use super::{Decision, Details, Money};
use crate::id::RefundId;
use crate::input::{Problems, text};
use crate::personal::Personal;
use crate::settings::org::Currency;

/// The scope under which deposits are claimed: each counts for one invoice.
pub const DEPOSITS: &str = "invoice.deposit";

/// More is a slip of the pen.
const MOST: i64 = 10_000_000_000;

/// How a payment was noticed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Display, EnumString, IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Provider {
    /// Somebody wrote it down.
    Manual,
    /// Stripe told us.
    Stripe,
}

/// How it was paid.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Method {
    /// In notes and coins.
    Cash,
    /// By Interac e-Transfer.
    Etransfer,
    /// By card.
    Card,
    /// Otherwise.
    Other,
}

/// Money that counts for an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Told apart by this.
    pub payment_id: String,
    /// How it was noticed; `None` of what was paid before the visit.
    pub provider: Option<Provider>,
    /// How it was paid.
    pub method: Method,
    /// What stands on it.
    pub reference: Option<Personal<String>>,
    /// How much came in.
    pub amount_cents: i64,
    /// How much of it went back.
    pub refunded_cents: i64,
    /// When it came in.
    pub received_at: DateTime<Utc>,
    /// When that was written down.
    pub at: DateTime<Utc>,
}

impl Applied {
    /// What was paid before the visit.
    pub(super) const fn deposit(payment_id: String, amount_cents: i64, at: DateTime<Utc>) -> Self {
        Self {
            payment_id,
            provider: None,
            method: Method::Other,
            reference: None,
            amount_cents,
            refunded_cents: 0,
            received_at: at,
            at,
        }
    }
}

impl Applied {
    /// What is left of it.
    pub const fn net_cents(&self) -> i64 {
        self.amount_cents - self.refunded_cents
    }

    /// Whether it was paid before the visit.
    pub const fn is_deposit(&self) -> bool {
        self.provider.is_none()
    }
}

impl Details {
    pub(super) fn record_payment(
        &self,
        money: Money,
        reference: Option<&str>,
        overdue_at: Option<DateTime<Utc>>,
        at: DateTime<Utc>,
    ) -> Decision {
        if self.status == Status::Void || self.status == Status::Discarded {
            return Err(InvoiceError::Void);
        }
        // Told again, it is the same money.
        if self.payments.iter().any(|one| one.payment_id == money.payment_id) {
            return Ok(Vec::new());
        }
        let amount_cents = match money.amount_cents {
            Some(cents) => cents,
            None if self.balance_cents() == 0 => return Err(InvoiceError::NothingDue),
            None => self.balance_cents(),
        };
        amount_sound(amount_cents, MOST)?;
        let reference = reference.map(|said| text("reference", said, 0..=255)).transpose()?;
        let reference = reference.filter(|said| !said.is_empty());
        let reference = reference.map(|said| Personal::of(self.subject, said));
        // Whoever takes money for it counts it.
        let issued = self.issued_at.is_none().then_some(InvoiceEvent::Issued { overdue_at, at });
        let applied = InvoiceEvent::PaymentApplied {
            payment_id: money.payment_id,
            provider: money.provider,
            method: money.method,
            reference,
            amount_cents,
            received_at: money.received_at,
            at,
        };
        Ok(issued.into_iter().chain([applied]).collect())
    }

    pub(super) fn credit_deposit(
        &self,
        payment_id: String,
        (amount_cents, currency): (i64, Currency),
        at: DateTime<Utc>,
    ) -> Decision {
        if self.status == Status::Void || self.status == Status::Discarded {
            return Err(InvoiceError::Void);
        }
        if self.payments.iter().any(|one| one.payment_id == payment_id) {
            return Ok(Vec::new());
        }
        if currency != self.currency {
            return Err(InvoiceError::CurrencyDiffers);
        }
        amount_sound(amount_cents, MOST)?;
        Ok(vec![InvoiceEvent::DepositCredited { payment_id, amount_cents, at }])
    }

    pub(super) fn release_deposits(&self, at: DateTime<Utc>) -> Vec<InvoiceEvent> {
        let deposits = self.payments.iter().filter(|one| one.is_deposit());
        let released = deposits.map(|one| InvoiceEvent::DepositReleased {
            payment_id: one.payment_id.clone(),
            amount_cents: one.amount_cents,
            at,
        });
        released.collect()
    }

    pub(super) fn refund(
        &self,
        payment_id: &str,
        (refund_id, amount_cents): (RefundId, i64),
        at: DateTime<Utc>,
    ) -> Decision {
        let payment = self.payments.iter().find(|one| one.payment_id == payment_id);
        let payment = payment.ok_or(InvoiceError::NoSuchPayment)?;
        if self.refunds.contains(&refund_id) {
            return Ok(Vec::new());
        }
        amount_sound(amount_cents, payment.net_cents())?;
        Ok(vec![InvoiceEvent::PaymentRefunded {
            payment_id: payment_id.to_owned(),
            refund_id,
            amount_cents,
            deposit_of: self.order.filter(|_| payment.is_deposit()),
            at,
        }])
    }
}

pub(super) fn amount_sound(cents: i64, most: i64) -> Result<(), InvoiceError> {
    if (1..=most).contains(&cents) {
        return Ok(());
    }
    let message = if most < 1 {
        "Nothing is left of it".to_owned()
    } else {
        format!("Input should be from 1 to {most}")
    };
    Err(InvoiceError::AmountInvalid(Problems::one("amount_cents", message)))
}
