//! What happens to payments by card, and to deposits that somebody writes down, in double entry.
//!
//! Money that came in by card is the customer's until an invoice is counted against it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Account, Books, Entry, Posted};
use crate::id::{BookingId, InvoiceId};
use crate::payments::payment::{PaymentEvent, Target};
use crate::settings::org::Currency;

/// What the ledger must know of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentBook {
    currency: Currency,
    invoice: Option<InvoiceId>,
    booking: Option<BookingId>,
    disputed: BTreeMap<String, i64>,
}

impl PaymentBook {
    /// One that is heard of.
    pub fn of(event: &PaymentEvent) -> Option<Self> {
        let PaymentEvent::Initiated { target, currency, .. } = event else { return None };
        let (invoice, booking) = match target {
            Target::Invoice { invoice } => (Some(*invoice), None),
            Target::Deposit { booking } => (None, Some(*booking)),
        };
        Some(Self { currency: *currency, invoice, booking, disputed: BTreeMap::new() })
    }

    /// The visit whose deposit it is, and its currency, if it is one.
    pub fn deposit_of(&self) -> Option<(BookingId, Currency)> {
        self.booking.map(|booking| (booking, self.currency))
    }

    /// What follows from what happened to it.
    pub fn post(&mut self, books: &Books, event: &PaymentEvent) -> Posted {
        use PaymentEvent as E;

        match event {
            E::Succeeded { amount_cents, received_at, at } => {
                let day = books.day(books.local(*received_at), *at);
                let entry = Entry::on(day, self.currency, self.invoice);
                let label = Some("card".to_owned());
                let entry = entry.labelled(Account::StripeClearing, *amount_cents, label);
                Posted::of(entry.credit(Account::CustomerDeposits, *amount_cents))
            }
            E::Refunded { amount_cents, at, .. } => {
                let label = Some("refund".to_owned());
                let entry = self.on(books, *at).debit(Account::CustomerDeposits, *amount_cents);
                Posted::of(entry.labelled(Account::StripeClearing, -amount_cents, label))
            }
            E::Disputed { dispute, amount_cents, at } => {
                if self.disputed.insert(dispute.clone(), *amount_cents).is_some() {
                    return Posted::default();
                }
                let entry = self.on(books, *at).debit(Account::DisputedFunds, *amount_cents);
                let label = Some("dispute".to_owned());
                Posted::of(entry.labelled(Account::StripeClearing, -amount_cents, label))
            }
            E::DisputeClosed { dispute, won, at } => {
                let held = self.disputed.remove(dispute).unwrap_or_default();
                let to = if *won { Account::StripeClearing } else { Account::DisputeLosses };
                let label = Some("dispute".to_owned());
                let entry = self.on(books, *at).labelled(to, held, label);
                Posted::of(entry.credit(Account::DisputedFunds, held))
            }
            E::Initiated { .. }
            | E::Linked { .. }
            | E::Failed { .. }
            | E::LateFailureIgnored { .. }
            | E::Expired { .. }
            | E::RefundRequested { .. }
            | E::RefundRefused { .. } => Posted::default(),
        }
    }

    fn on(&self, books: &Books, at: DateTime<Utc>) -> Entry {
        Entry::on(books.day(books.local(at), at), self.currency, self.invoice)
    }
}

/// What somebody gave back of such a deposit, on the day on which they did.
pub fn deposit_given_back(
    books: &Books,
    amount_cents: i64,
    (returned_at, at): (DateTime<Utc>, DateTime<Utc>),
) -> Posted {
    let entry = Entry::on(books.day(books.local(returned_at), at), books.currency, None);
    let entry = entry.debit(Account::CustomerDeposits, amount_cents);
    Posted::of(entry.labelled(Account::Cash, -amount_cents, Some("refund".to_owned())))
}

/// A deposit that somebody took and wrote down.
pub fn deposit_by_hand(books: &Books, amount_cents: i64, at: DateTime<Utc>) -> Posted {
    let entry = Entry::on(books.day(books.local(at), at), books.currency, None);
    let entry = entry.labelled(Account::Cash, amount_cents, Some("deposit".to_owned()));
    Posted::of(entry.credit(Account::CustomerDeposits, amount_cents))
}
