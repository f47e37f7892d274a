//! Visits in the shape of the API, with what staff may do next.

use serde::Deserialize;
use serde_json::Value;

use crate::called::{CLEANING, DEPOSIT};
use crate::moment::Moment;
use crate::{called, shown};

/// Every status, in the order of the way through them.
pub(super) const STATUSES: [&str; 5] = ["PENDING", "CONFIRMED", "IN_PROGRESS", "DONE", "CANCELLED"];

/// A line of a list.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(rename = "booking_id")]
    pub(super) id: String,
    pub(super) starts_at: Moment,
    pub(super) duration_minutes: u32,
    pub(super) status: String,
    #[serde(rename = "lead_name")]
    pub(super) name: String,
    #[serde(rename = "lead_email")]
    pub(super) email: Option<String>,
    pub(super) total_cents: Option<i64>,
}

impl Item {
    pub(super) fn total(&self) -> String {
        amount(self.total_cents)
    }
}

/// Everything about a visit.
#[derive(Deserialize)]
pub(super) struct Booking {
    #[serde(rename = "booking_id")]
    pub(super) id: String,
    pub(super) status: String,
    pub(super) starts_at: Moment,
    pub(super) ends_at: Moment,
    pub(super) duration_minutes: u32,
    pub(super) actual_duration_minutes: Option<u32>,
    pub(super) address_text: Option<String>,
    service_type: Option<String>,
    pub(super) total_cents: Option<i64>,
    pub(super) deposit_cents: Option<i64>,
    pub(super) deposit_status: Option<String>,
    pub(super) risk_band: Option<String>,
    pub(super) lead_id: Option<String>,
    pub(super) client_id: Option<String>,
    pub(super) customer: Option<Customer>,
    pub(super) settlement: Option<Settlement>,
    #[serde(default)]
    pub(super) hand_deposits: Vec<HandDeposit>,
    #[serde(default)]
    pub(super) timeline: Vec<Entry>,
}

#[derive(Deserialize)]
pub(super) struct Customer {
    pub(super) name: String,
    pub(super) email: Option<String>,
}

/// A deposit that staff took.
#[derive(Deserialize)]
pub(super) struct HandDeposit {
    #[serde(rename = "payment_id")]
    pub(super) id: String,
    pub(super) reference: String,
    pub(super) paid_at: Moment,
    amount_cents: i64,
    returned_cents: i64,
}

impl HandDeposit {
    pub(super) fn amount(&self) -> String {
        shown::amount(self.amount_cents)
    }

    pub(super) fn returned(&self) -> Option<String> {
        (self.returned_cents > 0).then(|| shown::amount(self.returned_cents))
    }

    /// What may still be given back.
    pub(super) fn left(&self) -> Option<String> {
        let left = self.amount_cents - self.returned_cents;
        (left > 0).then(|| shown::amount(left))
    }
}

/// What cancelling came to.
#[derive(Deserialize)]
pub(super) struct Settlement {
    pub(super) refund_percent: u8,
    refund_cents: i64,
    fee_cents: i64,
}

impl Settlement {
    pub(super) fn refund(&self) -> String {
        shown::amount(self.refund_cents)
    }

    pub(super) fn fee(&self) -> String {
        shown::amount(self.fee_cents)
    }
}

/// Something that happened to it.
#[derive(Deserialize)]
pub(super) struct Entry {
    pub(super) event_type: String,
    pub(super) recorded_at: Moment,
    #[serde(default)]
    actor: Value,
}

impl Entry {
    /// Who did it, as far as it is known.
    pub(super) fn who(&self) -> &str {
        self.actor.get("id").or(Some(&self.actor)).and_then(Value::as_str).unwrap_or("–")
    }

    pub(super) fn what(&self) -> String {
        self.event_type.replace('_', " ")
    }
}

impl Booking {
    pub(super) fn name(&self) -> &str {
        self.customer.as_ref().map_or("A visit", |customer| &customer.name)
    }

    pub(super) fn total(&self) -> String {
        amount(self.total_cents)
    }

    pub(super) fn service(&self) -> Option<&str> {
        Some(called::of(&CLEANING, self.service_type.as_deref()?))
    }

    pub(super) fn deposit(&self) -> Option<String> {
        let said = called::of(&DEPOSIT, self.deposit_status.as_deref()?);
        Some(format!("{}, {said}", amount(self.deposit_cents)))
    }

    pub(super) fn may_be_invoiced(&self) -> bool {
        self.status != "CANCELLED"
    }

    pub(super) fn may_be_confirmed(&self) -> bool {
        self.status == "PENDING"
    }

    pub(super) fn may_start(&self) -> bool {
        self.status == "CONFIRMED"
    }

    pub(super) fn may_be_completed(&self) -> bool {
        matches!(self.status.as_str(), "CONFIRMED" | "IN_PROGRESS")
    }

    pub(super) fn may_be_moved(&self) -> bool {
        matches!(self.status.as_str(), "PENDING" | "CONFIRMED")
    }

    pub(super) fn may_be_cancelled(&self) -> bool {
        !matches!(self.status.as_str(), "DONE" | "CANCELLED")
    }
}

fn amount(cents: Option<i64>) -> String {
    cents.map_or_else(|| "–".to_owned(), shown::dollars)
}
