//! What happens to an invoice, in double entry, and the tax in what is paid for it.
//!
//! It is booked when it counts: owed by the customer, earned, and tax. Deposits that were credited to it before are counted
//! against it in the same moment.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{Account, Books, Entry, Posted, Taxed};
use crate::id::InvoiceId;
use crate::invoicing::invoice::InvoiceEvent;
use crate::invoicing::invoice::lines::{Totals, share};
use crate::invoicing::invoice::payment::Provider;
use crate::settings::org::Currency;

/// What the ledger must know of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceBook {
    invoice_id: InvoiceId,
    number: String,
    currency: Currency,
    totals: Totals,
    issue_date: NaiveDate,
    booked_on: Option<NaiveDate>,
    credited_cents: i64,
    credited_tax_cents: i64,
    /// What came in for it, as far as it counts for tax.
    paid_cents: i64,
    /// The tax that was found in that.
    taxed_cents: i64,
    parts: BTreeMap<String, Part>,
}

/// What is left of one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Part {
    cents: i64,
    how: How,
}

/// How money came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    /// Before the invoice.
    Deposit,
    /// Written down by somebody.
    Hand,
    /// Told by the provider, and booked then.
    Card,
}

impl InvoiceBook {
    /// One that was written.
    pub fn of(event: &InvoiceEvent) -> Option<Self> {
        let InvoiceEvent::Drafted(drafted) = event else { return None };
        Some(Self {
            invoice_id: drafted.invoice_id,
            number: drafted.number.to_string(),
            currency: drafted.currency,
            totals: Totals::of(&drafted.lines),
            issue_date: drafted.issue_date,
            booked_on: None,
            credited_cents: 0,
            credited_tax_cents: 0,
            paid_cents: 0,
            taxed_cents: 0,
            parts: BTreeMap::new(),
        })
    }

    /// What follows from what happened to it; `by_card` says of a payment whether the provider told of it.
    pub fn post(
        &mut self,
        books: &Books,
        event: &InvoiceEvent,
        by_card: impl Fn(&str) -> bool,
    ) -> Posted {
        use InvoiceEvent as E;

        match event {
            E::DraftEdited { lines, issue_date, .. } => {
                (self.totals, self.issue_date) = (Totals::of(lines), *issue_date);
                Posted::default()
            }
            E::Issued { at, .. } => self.issued(books, *at),
            E::PaymentApplied {
                payment_id,
                provider,
                method,
                amount_cents,
                received_at,
                at,
                ..
            } => {
                let day = books.day(books.local(*received_at), *at);
                let (how, from) = match provider {
                    Provider::Manual => (How::Hand, Account::Cash),
                    Provider::Stripe => (How::Card, Account::CustomerDeposits),
                };
                self.parts.insert(payment_id.clone(), Part { cents: *amount_cents, how });
                let label = (how == How::Hand).then(|| method.to_string());
                let entry = self.entry(day).labelled(from, *amount_cents, label);
                let entry = entry.credit(Account::Receivable, *amount_cents);
                let taxed = self.taxed((payment_id, *amount_cents), day, *received_at);
                Posted { taxed: vec![taxed], ..Posted::of(entry) }
            }
            E::DepositCredited { payment_id, amount_cents, at } => {
                let part = Part { cents: *amount_cents, how: How::Deposit };
                self.parts.insert(payment_id.clone(), part);
                self.deposit(books, (payment_id, *amount_cents), *at)
            }
            E::DepositReleased { payment_id, at, .. } => {
                let left = self.parts.remove(payment_id).map_or(0, |part| part.cents);
                self.deposit(books, (payment_id, -left), *at)
            }
            E::PaymentRefunded { payment_id, amount_cents, at, .. } => {
                self.refunded(books, (payment_id, *amount_cents), *at, by_card(payment_id))
            }
            E::Voided { at, .. } => self.voided(books, *at),
            E::Credited { amount_cents, tax_cents, at, .. } => {
                self.credited_cents += amount_cents;
                self.credited_tax_cents += tax_cents;
                self.corrected(books, *at, (*amount_cents, *tax_cents))
            }
            E::Drafted(_)
            | E::Discarded { .. }
            | E::LinkMinted { .. }
            | E::LinkRevoked { .. }
            | E::Mailed { .. }
            | E::ReminderPostponed { .. }
            | E::BecameOverdue { .. } => Posted::default(),
        }
    }

    const fn entry(&self, day: NaiveDate) -> Entry {
        Entry::on(day, self.currency, Some(self.invoice_id))
    }

    fn issued(&mut self, books: &Books, at: DateTime<Utc>) -> Posted {
        if self.booked_on.is_some() {
            return Posted::default();
        }
        let day = books.day(self.issue_date, at);
        self.booked_on = Some(day);
        let entry = self.entry(day).debit(Account::Receivable, self.totals.total_cents());
        let entry = entry.credit(Account::Revenue, self.totals.subtotal_cents);
        let mut posted = Posted::of(entry.credit(Account::TaxPayable, self.totals.tax_cents));
        let waiting: Vec<(String, i64)> =
            self.parts.iter().map(|(id, part)| (id.clone(), part.cents)).collect();
        for (payment_id, cents) in waiting {
            let applied = self.apply_deposit((&payment_id, cents), day, at);
            posted.entries.extend(applied.entries);
            posted.taxed.extend(applied.taxed);
        }
        posted
    }

    /// What was paid before counts for it, if it counts itself; less than nothing: it does not any more.
    fn deposit(
        &mut self,
        books: &Books,
        (payment_id, cents): (&str, i64),
        at: DateTime<Utc>,
    ) -> Posted {
        if self.booked_on.is_none() {
            return Posted::default();
        }
        self.apply_deposit((payment_id, cents), books.day(books.local(at), at), at)
    }

    fn apply_deposit(
        &mut self,
        (payment_id, cents): (&str, i64),
        day: NaiveDate,
        at: DateTime<Utc>,
    ) -> Posted {
        if cents == 0 {
            return Posted::default();
        }
        let entry = self.entry(day).debit(Account::CustomerDeposits, cents);
        let taxed = self.taxed((payment_id, cents), day, at);
        Posted { taxed: vec![taxed], ..Posted::of(entry.credit(Account::Receivable, cents)) }
    }

    fn refunded(
        &mut self,
        books: &Books,
        (payment_id, cents): (&str, i64),
        at: DateTime<Utc>,
        by_card: bool,
    ) -> Posted {
        let Some(part) = self.parts.get_mut(payment_id) else { return Posted::default() };
        part.cents -= cents;
        let is_by_card = part.how == How::Card || (part.how == How::Deposit && by_card);
        let day = books.day(books.local(at), at);
        // What came by card goes back by card: that is booked where the provider tells of it.
        let to = if is_by_card { Account::CustomerDeposits } else { Account::Cash };
        let from = match self.booked_on {
            Some(_) => Account::Receivable,
            None => Account::CustomerDeposits,
        };
        if from == to {
            return Posted::default();
        }
        let label = (to == Account::Cash).then(|| "refund".to_owned());
        let entry = self.entry(day).debit(from, cents).labelled(to, -cents, label);
        let mut posted = Posted::of(entry);
        if self.booked_on.is_some() {
            posted.taxed.push(self.taxed((payment_id, -cents), day, at));
        }
        posted
    }

    /// All of it that was not credited before is taken back.
    fn voided(&mut self, books: &Books, at: DateTime<Utc>) -> Posted {
        let left = self.totals.total_cents() - self.credited_cents;
        let tax = self.totals.tax_cents - self.credited_tax_cents;
        (self.credited_cents, self.credited_tax_cents) =
            (self.totals.total_cents(), self.totals.tax_cents);
        self.corrected(books, at, (left, tax))
    }

    fn corrected(&self, books: &Books, at: DateTime<Utc>, (cents, tax): (i64, i64)) -> Posted {
        let Some(booked_on) = self.booked_on else { return Posted::default() };
        // It cannot be taken back before it counts.
        let day = books.day(books.local(at).max(booked_on), at);
        let entry = self.entry(day).debit(Account::Revenue, cents - tax);
        Posted::of(entry.debit(Account::TaxPayable, tax).credit(Account::Receivable, cents))
    }

    /// The tax in what is paid, each part to the nearest cent of all that was paid so far: whoever pays the rest pays the rest
    /// of the tax.
    fn taxed(
        &mut self,
        (payment_id, cents): (&str, i64),
        day: NaiveDate,
        paid_at: DateTime<Utc>,
    ) -> Taxed {
        self.paid_cents += cents;
        let payable = (self.totals.total_cents() - self.credited_cents).max(0);
        let tax = self.totals.tax_cents - self.credited_tax_cents;
        let due = share(self.paid_cents.clamp(0, payable), tax, payable);
        let tax_cents = due - self.taxed_cents;
        self.taxed_cents = due;
        Taxed {
            payment_id: payment_id.to_owned(),
            invoice_id: self.invoice_id,
            invoice_number: self.number.clone(),
            day,
            paid_at,
            amount_cents: cents,
            tax_cents,
            currency: self.currency,
        }
    }
}
