//! Invoices in the shape of the API, with what can be done next.

use serde::Deserialize;

use crate::moment::Moment;
use crate::shown;

/// Every status, in the order of the way through them.
pub(super) const STATUSES: [&str; 7] =
    ["DRAFT", "SENT", "PARTIAL", "PAID", "OVERDUE", "VOID", "DISCARDED"];

/// A line of a list.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(rename = "invoice_id")]
    pub(super) id: String,
    #[serde(rename = "invoice_number")]
    pub(super) number: String,
    pub(super) status: String,
    pub(super) customer_name: String,
    pub(super) issue_date: String,
    pub(super) due_date: Option<String>,
    pub(super) is_overdue: bool,
    total_cents: i64,
    balance_due_cents: i64,
}

impl Item {
    pub(super) fn total(&self) -> String {
        shown::amount(self.total_cents)
    }

    pub(super) fn balance(&self) -> String {
        shown::amount(self.balance_due_cents)
    }
}

/// Everything about an invoice.
#[derive(Deserialize)]
pub(super) struct Invoice {
    #[serde(rename = "invoice_id")]
    pub(super) id: String,
    #[serde(rename = "invoice_number")]
    pub(super) number: String,
    pub(super) status: String,
    pub(super) order_id: Option<String>,
    pub(super) issue_date: String,
    pub(super) due_date: Option<String>,
    pub(super) currency: String,
    pub(super) notes: Option<String>,
    pub(super) is_overdue: bool,
    subtotal_cents: i64,
    tax_cents: i64,
    total_cents: i64,
    credited_cents: i64,
    paid_cents: i64,
    balance_due_cents: i64,
    overpaid_cents: i64,
    pub(super) items: Vec<Line>,
    pub(super) payments: Vec<Payment>,
    #[serde(default)]
    pub(super) email_events: Vec<Mail>,
    pub(super) customer: Option<Customer>,
    pub(super) from: Option<Organisation>,
    /// Whether it can be paid by card.
    #[serde(default)]
    pub(super) card: bool,
}

/// Something that is charged.
#[derive(Deserialize)]
pub(super) struct Line {
    pub(super) description: String,
    pub(super) qty: u32,
    unit_price_cents: i64,
    #[serde(rename = "line_total_cents")]
    total_cents: i64,
    tax_cents: i64,
}

impl Line {
    pub(super) fn price(&self) -> String {
        shown::amount(self.unit_price_cents)
    }

    pub(super) fn tax(&self) -> String {
        shown::amount(self.tax_cents)
    }

    pub(super) fn total(&self) -> String {
        shown::amount(self.total_cents)
    }
}

/// Money that came in.
#[derive(Deserialize)]
pub(super) struct Payment {
    #[serde(rename = "payment_id")]
    pub(super) id: String,
    pub(super) provider: String,
    pub(super) method: String,
    pub(super) reference: Option<String>,
    pub(super) received_at: Moment,
    amount_cents: i64,
    refunded_cents: i64,
}

impl Payment {
    pub(super) fn amount(&self) -> String {
        shown::amount(self.amount_cents)
    }

    pub(super) fn refunded(&self) -> Option<String> {
        (self.refunded_cents > 0).then(|| shown::amount(self.refunded_cents))
    }

    /// What may still go back.
    pub(super) fn left(&self) -> Option<String> {
        let left = self.amount_cents - self.refunded_cents;
        (left > 0).then(|| shown::amount(left))
    }
}

/// A letter that went out.
#[derive(Deserialize)]
pub(super) struct Mail {
    pub(super) email_type: String,
    pub(super) recipient: String,
    pub(super) created_at: Moment,
}

/// Who is to pay.
#[derive(Deserialize)]
pub(super) struct Customer {
    pub(super) name: String,
    pub(super) email: Option<String>,
    pub(super) address: Option<String>,
}

/// Who is paid.
#[derive(Deserialize)]
pub(super) struct Organisation {
    pub(super) name: String,
}

impl Invoice {
    pub(super) fn subtotal(&self) -> String {
        shown::amount(self.subtotal_cents)
    }

    pub(super) fn tax(&self) -> String {
        shown::amount(self.tax_cents)
    }

    pub(super) fn total(&self) -> String {
        shown::amount(self.total_cents)
    }

    pub(super) fn paid(&self) -> String {
        shown::amount(self.paid_cents)
    }

    pub(super) fn credited(&self) -> Option<String> {
        (self.credited_cents > 0).then(|| shown::amount(self.credited_cents))
    }

    pub(super) fn balance(&self) -> String {
        shown::amount(self.balance_due_cents)
    }

    pub(super) fn overpaid(&self) -> Option<String> {
        (self.overpaid_cents > 0).then(|| shown::amount(self.overpaid_cents))
    }

    /// What is left to pay, as it is typed.
    pub(super) fn left(&self) -> String {
        format!("{}.{:02}", self.balance_due_cents / 100, self.balance_due_cents % 100)
    }

    pub(super) fn counts(&self) -> bool {
        !matches!(self.status.as_str(), "VOID" | "DISCARDED")
    }

    pub(super) fn is_draft(&self) -> bool {
        self.status == "DRAFT"
    }

    pub(super) fn is_owed(&self) -> bool {
        self.counts() && self.balance_due_cents > 0
    }

    pub(super) fn may_be_credited(&self) -> bool {
        matches!(self.status.as_str(), "SENT" | "PARTIAL" | "OVERDUE" | "PAID")
    }
}
