//! What a batch of events adds to the ledger.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use cqrs_es::Aggregate;
use domain::finance::expense::Expense;
use domain::finance::instalment::TaxInstalment;
use domain::finance::ledger::{self, Books, Entry, InvoiceBook, PaymentBook, Posted, Taxed};
use domain::finance::period::AccountingPeriod;
use domain::invoicing::invoice::{Invoice, InvoiceEvent};
use domain::payments::payment::{Payment, PaymentEvent};
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent, GivenBack};
use domain::settings::org::OrgSettings;
use serde::{Deserialize, Serialize};

use super::deposits::Deposit;
use crate::{Parking, Poison};

/// What the ledger must know of one of the things that it listens to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Source {
    Invoice(Box<InvoiceBook>),
    Payment(PaymentBook),
}

/// Kind of the aggregate, and which.
pub(super) type Key = (&'static str, String);

/// What one event added.
pub(super) struct Added {
    pub(super) position: i64,
    pub(super) source_type: String,
    pub(super) source_id: String,
    pub(super) event_type: String,
    pub(super) entries: Vec<Entry>,
    pub(super) taxed: Vec<Taxed>,
}

/// The sources that the events are about, or speak of.
pub(super) fn needed(events: &[&Recorded]) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for event in events {
        match event.aggregate_type.as_str() {
            Invoice::TYPE => {
                keys.insert((Invoice::TYPE, event.aggregate_id.clone()));
                if let Ok(Some(InvoiceEvent::PaymentRefunded { payment_id, .. })) =
                    event.of::<Invoice>()
                {
                    keys.insert((Payment::TYPE, payment_id));
                }
            }
            Payment::TYPE => {
                keys.insert((Payment::TYPE, event.aggregate_id.clone()));
            }
            Booking::TYPE => keys.extend(deposit(event).map(|one| (Payment::TYPE, one.payment_id))),
            _ => {}
        }
    }
    keys
}

/// Money in advance that a visit tells of.
struct InAdvance {
    payment_id: String,
    /// Less than nothing was given back.
    cents: i64,
    moved_at: DateTime<Utc>,
    at: DateTime<Utc>,
}

/// The deposit that an event of a booking tells of. Most say nothing about money and need not be parsed for it.
fn deposit(event: &Recorded) -> Option<InAdvance> {
    if !matches!(event.event_type.as_str(), "deposit_paid" | "deposit_returned") {
        return None;
    }
    match event.of::<Booking>() {
        Ok(Some(BookingEvent::DepositPaid { payment_id, amount_cents, at, .. })) => {
            Some(InAdvance { payment_id, cents: amount_cents, moved_at: at, at })
        }
        Ok(Some(BookingEvent::DepositReturned(it))) => {
            let GivenBack { payment_id, amount_cents, returned_at, at, .. } = it;
            Some(InAdvance { payment_id, cents: -amount_cents, moved_at: returned_at, at })
        }
        _ => None,
    }
}

pub(super) struct Ledger {
    pub(super) books: Books,
    pub(super) books_changed: bool,
    pub(super) sources: BTreeMap<Key, Source>,
    pub(super) changed: BTreeSet<Key>,
    pub(super) added: Vec<Added>,
    pub(super) deposits: Vec<Deposit>,
}

impl Ledger {
    pub(super) fn new(books: Books, sources: BTreeMap<Key, Source>) -> Self {
        let (changed, added, deposits) = (BTreeSet::new(), Vec::new(), Vec::new());
        Self { books, books_changed: false, sources, changed, added, deposits }
    }

    pub(super) fn fold(&mut self, events: &[&Recorded]) -> Vec<Poison> {
        let mut parking = Parking::default();
        for &event in events {
            if parking.holds(event) {
                continue;
            }
            let Some(posted) = self.posted(event, &mut parking) else { continue };
            // A defect of ours: better a stream that waits than books that are wrong.
            if !posted.balances() {
                parking.park(event, "its lines do not balance");
                continue;
            }
            if !posted.entries.is_empty() || !posted.taxed.is_empty() {
                self.added.push(Added {
                    position: event.position,
                    source_type: event.aggregate_type.clone(),
                    source_id: event.aggregate_id.clone(),
                    event_type: event.event_type.clone(),
                    entries: posted.entries,
                    taxed: posted.taxed,
                });
            }
        }
        parking.into_poison()
    }

    /// `None`: it was parked, or says nothing to the ledger.
    fn posted(&mut self, event: &Recorded, parking: &mut Parking) -> Option<Posted> {
        match event.aggregate_type.as_str() {
            Invoice::TYPE => self.invoice(event, parking),
            Payment::TYPE => self.payment(event, parking),
            Booking::TYPE => {
                let InAdvance { payment_id, cents, moved_at, at } = deposit(event)?;
                // What came by card was booked where the provider told of it.
                if self.sources.contains_key(&(Payment::TYPE, payment_id.clone())) {
                    return None;
                }
                let posted = if cents < 0 {
                    ledger::deposit_given_back(&self.books, -cents, (moved_at, at))
                } else {
                    ledger::deposit_by_hand(&self.books, cents, at)
                };
                let Ok(booking_id) = event.aggregate_id.parse() else {
                    parking.park(event, "the id of a booking is a UUID");
                    return None;
                };
                self.deposits.push(Deposit {
                    position: event.position,
                    payment_id,
                    booking_id,
                    provider: "manual".to_owned(),
                    method: "other".to_owned(),
                    amount_cents: cents,
                    currency: <&str>::from(self.books.currency).to_owned(),
                    received_at: moved_at,
                    created_at: at,
                    day: self.books.local(moved_at),
                });
                Some(posted)
            }
            Expense::TYPE => {
                let happened = parking.unless_broken(event, event.of::<Expense>())?;
                Some(ledger::expense(&self.books, &happened))
            }
            TaxInstalment::TYPE => {
                let happened = parking.unless_broken(event, event.of::<TaxInstalment>())?;
                Some(ledger::instalment(&self.books, &happened))
            }
            AccountingPeriod::TYPE => {
                let happened = parking.unless_broken(event, event.of::<AccountingPeriod>())?;
                self.books.period(&happened);
                self.books_changed = true;
                None
            }
            OrgSettings::TYPE if event.event_type == "profile_changed" => {
                let happened = parking.unless_broken(event, event.of::<OrgSettings>())?;
                self.books.settings(happened);
                self.books_changed = true;
                None
            }
            _ => None,
        }
    }

    fn invoice(&mut self, event: &Recorded, parking: &mut Parking) -> Option<Posted> {
        let happened = parking.unless_broken(event, event.of::<Invoice>())?;
        let key = (Invoice::TYPE, event.aggregate_id.clone());
        let book = match self.sources.get(&key) {
            Some(Source::Invoice(book)) => Some((**book).clone()),
            _ => InvoiceBook::of(&happened),
        };
        let Some(mut book) = book else {
            parking.park(event, "the invoice was never drafted");
            return None;
        };
        let sources = &self.sources;
        let by_card = |id: &str| sources.contains_key(&(Payment::TYPE, id.to_owned()));
        let posted = book.post(&self.books, &happened, by_card);
        self.sources.insert(key.clone(), Source::Invoice(Box::new(book)));
        self.changed.insert(key);
        Some(posted)
    }

    fn payment(&mut self, event: &Recorded, parking: &mut Parking) -> Option<Posted> {
        let happened: PaymentEvent = parking.unless_broken(event, event.of::<Payment>())?;
        let key = (Payment::TYPE, event.aggregate_id.clone());
        let book = match self.sources.get(&key) {
            Some(Source::Payment(book)) => Some(book.clone()),
            _ => PaymentBook::of(&happened),
        };
        let Some(mut book) = book else {
            parking.park(event, "the payment was never heard of");
            return None;
        };
        let posted = book.post(&self.books, &happened);
        if let PaymentEvent::Succeeded { amount_cents, received_at, at } = &happened
            && let Some((booking, currency)) = book.deposit_of()
        {
            self.deposits.push(Deposit {
                position: event.position,
                payment_id: event.aggregate_id.clone(),
                booking_id: booking.as_uuid(),
                provider: "stripe".to_owned(),
                method: "card".to_owned(),
                amount_cents: *amount_cents,
                currency: <&str>::from(currency).to_owned(),
                received_at: *received_at,
                created_at: *at,
                day: self.books.local(*received_at),
            });
        }
        self.sources.insert(key.clone(), Source::Payment(book));
        self.changed.insert(key);
        Some(posted)
    }
}

#[cfg(test)]
mod tests {
    use domain::finance::instalment::TaxInstalmentEvent;
    use domain::finance::month::Month;
    use domain::finance::period::PeriodEvent;
    use domain::settings::org::{Currency, OrgSettingsEvent};

    use super::*;
    use crate::fixture::{LEAD as ID, at, recorded};

    fn paid(on: &str) -> TaxInstalmentEvent {
        let currency = Currency::Cad;
        TaxInstalmentEvent::Paid { on: on.parse().unwrap(), amount_cents: 5, currency, at: at(0) }
    }

    fn days(ledger: &Ledger) -> Vec<String> {
        let entries = ledger.added.iter().flat_map(|one| &one.entries);
        entries.map(|entry| entry.day.to_string()).collect()
    }

    #[test]
    fn what_is_closed_at_one_place_of_the_log_is_closed_behind_it_only() {
        let month: Month = "2026-01".parse().unwrap();
        let closed = PeriodEvent::Closed { month, at: at(1) };
        let zone = OrgSettingsEvent::ProfileChanged {
            timezone: Some("UTC".to_owned()),
            currency: None,
            language: None,
        };
        let log = [
            recorded::<OrgSettings>(1, 1, ID, &zone),
            recorded::<TaxInstalment>(2, 1, ID, &paid("2026-01-20")),
            recorded::<AccountingPeriod>(3, 1, ID, &closed),
            recorded::<TaxInstalment>(4, 2, ID, &paid("2026-01-20")),
        ];
        let mut ledger = Ledger::new(Books::default(), BTreeMap::new());
        assert_eq!(ledger.fold(&log.iter().collect::<Vec<_>>()).len(), 0);
        assert_eq!((ledger.books.zone.as_str(), ledger.books_changed), ("UTC", true));
        assert_eq!(days(&ledger), ["2026-01-20", "1970-01-01"]);
        assert_eq!(ledger.added[1].position, 4);
    }
}
