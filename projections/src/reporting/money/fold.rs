//! What events make of money.

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::Aggregate;
use domain::id::BookingId;
use domain::invoicing::invoice::lines::Totals;
use domain::invoicing::invoice::{Drafted, Invoice, InvoiceEvent};
use domain::payments::payment::{Payment, PaymentEvent, Target};
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent};
use uuid::Uuid;

use super::super::versions::Versions;
use super::{Fact, InvoiceRow, Kind, PaymentRow, PaymentRows};
use crate::{Parking, Poison};

#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) invoices: Versions<InvoiceRow>,
    pub(super) payments: PaymentRows,
    pub(super) facts: Vec<Fact>,
}

/// Money that came in, as whoever tells of it knows it.
struct Came {
    payment_id: String,
    amount_cents: i64,
    received_at: DateTime<Utc>,
    invoice_id: Option<Uuid>,
    booking_id: Option<Uuid>,
    currency: Option<String>,
}

/// Which of two may be told of the same money.
#[derive(Clone, Copy)]
enum Back {
    Told,
    Written,
}

fn drafted(it: &Drafted, event: &Recorded) -> InvoiceRow {
    let totals = Totals::of(&it.lines);
    let client = it.client.map(domain::id::ClientId::as_uuid);
    InvoiceRow {
        org_id: event.org.as_uuid(),
        invoice_id: it.invoice_id.as_uuid(),
        position: event.position,
        until: None,
        number: it.number.to_string(),
        order_id: it.order.map(BookingId::as_uuid),
        customer_id: client.or(it.lead.map(domain::id::LeadId::as_uuid)),
        issue_date: it.issue_date,
        due_date: it.due_date,
        currency: <&str>::from(it.currency).to_owned(),
        total_cents: totals.total_cents(),
        tax_cents: totals.tax_cents,
        issued_at: None,
        voided_at: None,
        credit_at: Vec::new(),
        credit_cents: Vec::new(),
        credit_tax: Vec::new(),
    }
}

impl Told {
    pub(super) fn fold(&mut self, events: &[&Recorded]) -> Vec<Poison> {
        let mut parking = Parking::default();
        for &event in events {
            if parking.holds(event) {
                continue;
            }
            let done = match event.aggregate_type.as_str() {
                Invoice::TYPE => parking
                    .unless_broken(event, event.of::<Invoice>())
                    .map(|happened| self.invoice(happened, event)),
                Payment::TYPE => parking
                    .unless_broken(event, event.of::<Payment>())
                    .map(|happened| self.payment(&happened, event)),
                _ => parking
                    .unless_broken(event, event.of::<Booking>())
                    .map(|happened| self.visit(happened, event)),
            };
            if let Some(Err(reason)) = done {
                parking.park(event, reason);
            }
        }
        parking.into_poison()
    }

    fn visit(&mut self, happened: BookingEvent, event: &Recorded) -> Result<(), &'static str> {
        let (payment_id, amount_cents, at) = match happened {
            BookingEvent::DepositPaid { payment_id, amount_cents, at, .. } => {
                (payment_id, amount_cents, at)
            }
            BookingEvent::DepositReturned(it) => {
                let back = (Back::Written, it.amount_cents);
                self.went_back(&it.payment_id, back, it.returned_at, event);
                return Ok(());
            }
            _ => return Ok(()),
        };
        let id = event.aggregate_id.parse().map_err(|_| "the id of a booking is a UUID")?;
        let came = Came {
            payment_id,
            amount_cents,
            received_at: at,
            invoice_id: None,
            booking_id: Some(id),
            currency: None,
        };
        self.came(&came, event);
        Ok(())
    }

    fn payment(&mut self, happened: &PaymentEvent, event: &Recorded) -> Result<(), &'static str> {
        use PaymentEvent as E;

        let id = event.aggregate_id.clone();
        if let E::Initiated { target, currency, .. } = happened {
            let (invoice_id, booking_id) = match target {
                Target::Invoice { invoice } => (Some(invoice.as_uuid()), None),
                Target::Deposit { booking } => (None, Some(booking.as_uuid())),
            };
            let row = self.payments.entry(id.clone()).or_default();
            row.search = id.to_lowercase();
            (row.org_id, row.payment_id) = (event.org.as_uuid(), id);
            (row.invoice_id, row.booking_id) = (invoice_id, booking_id);
            row.currency = Some(<&str>::from(*currency).to_owned());
            row.position = event.position;
            return Ok(());
        }
        let known = self.payments.get_mut(&id).ok_or("the payment never began")?;
        match happened {
            E::Linked { reference, .. } => {
                known.search.push('\n');
                known.search.push_str(&reference.to_lowercase());
            }
            E::Succeeded { amount_cents, received_at, .. } => {
                let came = Came {
                    payment_id: id,
                    amount_cents: *amount_cents,
                    received_at: *received_at,
                    invoice_id: known.invoice_id,
                    booking_id: known.booking_id,
                    currency: known.currency.clone(),
                };
                self.came(&came, event);
            }
            E::Refunded { amount_cents, at, .. } => {
                self.went_back(&id, (Back::Told, *amount_cents), *at, event);
            }
            E::Initiated { .. }
            | E::Failed { .. }
            | E::LateFailureIgnored { .. }
            | E::Expired { .. }
            | E::RefundRequested { .. }
            | E::RefundRefused { .. }
            | E::Disputed { .. }
            | E::DisputeClosed { .. } => {}
        }
        Ok(())
    }

    fn invoice(&mut self, happened: InvoiceEvent, event: &Recorded) -> Result<(), &'static str> {
        use InvoiceEvent as E;

        let id =
            event.aggregate_id.parse::<Uuid>().map_err(|_| "the id of an invoice is a UUID")?;
        if let E::Drafted(it) = &happened {
            self.invoices.put(drafted(it, event), event.position);
            return Ok(());
        }
        let Some(mut row) = self.invoices.get(id).cloned() else {
            return Err("the invoice was never drafted");
        };
        match happened {
            E::DraftEdited { lines, issue_date, due_date, .. } => {
                let totals = Totals::of(&lines);
                (row.total_cents, row.tax_cents) = (totals.total_cents(), totals.tax_cents);
                (row.issue_date, row.due_date) = (issue_date, due_date);
                self.invoices.put(row, event.position);
            }
            E::Issued { at, .. } => {
                row.issued_at = Some(at);
                let amounts = (row.total_cents, row.tax_cents);
                self.say(Kind::Invoiced, (at, Some(row.issue_date)), amounts, &row, event);
                self.invoices.put(row, event.position);
            }
            E::Voided { at, .. } => self.voided(row, at, event),
            E::Credited { amount_cents, tax_cents, at, .. } => {
                row.credit_at.push(at);
                row.credit_cents.push(amount_cents);
                row.credit_tax.push(tax_cents);
                self.say(Kind::Credited, (at, None), (amount_cents, tax_cents), &row, event);
                self.invoices.put(row, event.position);
            }
            E::PaymentApplied { .. }
            | E::DepositCredited { .. }
            | E::DepositReleased { .. }
            | E::PaymentRefunded { .. } => self.paid(happened, &row, event),
            E::Drafted(_)
            | E::Discarded { .. }
            | E::LinkMinted { .. }
            | E::LinkRevoked { .. }
            | E::ReminderPostponed { .. }
            | E::Mailed { .. }
            | E::BecameOverdue { .. } => {}
        }
        Ok(())
    }

    /// What counts for an invoice, and does not any more.
    fn paid(&mut self, happened: InvoiceEvent, row: &InvoiceRow, event: &Recorded) {
        use InvoiceEvent as E;

        match happened {
            E::PaymentApplied { payment_id, amount_cents, received_at, .. } => {
                let (invoice_id, booking_id) = (Some(row.invoice_id), row.order_id);
                let currency = Some(row.currency.clone());
                let came = Came {
                    payment_id,
                    amount_cents,
                    received_at,
                    invoice_id,
                    booking_id,
                    currency,
                };
                self.came(&came, event);
                self.say(Kind::Applied, (received_at, None), (amount_cents, 0), row, event);
            }
            E::DepositCredited { payment_id, amount_cents, at } => {
                self.counts_for(&payment_id, row.invoice_id);
                self.say(Kind::Applied, (at, None), (amount_cents, 0), row, event);
            }
            E::DepositReleased { amount_cents, at, .. } => {
                self.say(Kind::Unapplied, (at, None), (amount_cents, 0), row, event);
            }
            E::PaymentRefunded { payment_id, amount_cents, at, .. } => {
                self.say(Kind::Unapplied, (at, None), (amount_cents, 0), row, event);
                self.went_back(&payment_id, (Back::Written, amount_cents), at, event);
            }
            E::Drafted(_)
            | E::DraftEdited { .. }
            | E::Discarded { .. }
            | E::Issued { .. }
            | E::LinkMinted { .. }
            | E::LinkRevoked { .. }
            | E::ReminderPostponed { .. }
            | E::Mailed { .. }
            | E::BecameOverdue { .. }
            | E::Voided { .. }
            | E::Credited { .. } => {}
        }
    }

    /// What counted no longer does, from the day on which it began to; and what was credited of it neither.
    fn voided(&mut self, mut row: InvoiceRow, at: DateTime<Utc>, event: &Recorded) {
        row.voided_at = Some(at);
        if row.issued_at.is_some() {
            let amounts = (row.total_cents, row.tax_cents);
            self.say(Kind::Voided, (at, Some(row.issue_date)), amounts, &row, event);
        }
        for n in 0..row.credit_at.len() {
            let amounts = (row.credit_cents[n], row.credit_tax[n]);
            self.say(Kind::Uncredited, (row.credit_at[n], None), amounts, &row, event);
        }
        self.invoices.put(row, event.position);
    }

    fn say(
        &mut self,
        kind: Kind,
        (at, day): (DateTime<Utc>, Option<NaiveDate>),
        (amount_cents, tax_cents): (i64, i64),
        row: &InvoiceRow,
        event: &Recorded,
    ) {
        let fact = Fact {
            org_id: row.org_id,
            position: event.position,
            line: self.next_line(event),
            kind,
            at,
            day,
            invoice_id: Some(row.invoice_id),
            booking_id: row.order_id,
            payment_id: None,
            currency: Some(row.currency.clone()),
            amount_cents,
            tax_cents,
        };
        self.facts.push(fact);
    }

    /// Facts of one event are numbered from 1.
    fn next_line(&self, event: &Recorded) -> i32 {
        let own = self.facts.last().filter(|fact| fact.position == event.position);
        own.map_or(1, |fact| fact.line + 1)
    }

    fn came(&mut self, came: &Came, event: &Recorded) {
        let row = self.payments.entry(came.payment_id.clone()).or_insert_with(|| PaymentRow {
            org_id: event.org.as_uuid(),
            payment_id: came.payment_id.clone(),
            position: event.position,
            currency: came.currency.clone(),
            search: came.payment_id.to_lowercase(),
            ..PaymentRow::default()
        });
        row.invoice_id = row.invoice_id.or(came.invoice_id);
        row.booking_id = row.booking_id.or(came.booking_id);
        if row.received_at.is_some() {
            return;
        }
        (row.received_at, row.amount_cents) = (Some(came.received_at), came.amount_cents);
        let row = row.clone();
        self.moved(Kind::Received, came.received_at, came.amount_cents, &row, event);
    }

    /// What was paid before the visit is shown with the invoice that it counts for.
    fn counts_for(&mut self, payment_id: &str, invoice: Uuid) {
        if let Some(row) = self.payments.get_mut(payment_id) {
            row.invoice_id = Some(invoice);
        }
    }

    fn went_back(
        &mut self,
        payment_id: &str,
        (by, cents): (Back, i64),
        at: DateTime<Utc>,
        event: &Recorded,
    ) {
        let Some(row) = self.payments.get_mut(payment_id) else { return };
        match by {
            Back::Told => row.told_cents = row.told_cents.saturating_add(cents),
            Back::Written => row.written_cents = row.written_cents.saturating_add(cents),
        }
        let more = row.told_cents.max(row.written_cents) - row.refunded_cents;
        if more > 0 {
            row.refunded_cents += more;
            let row = row.clone();
            self.moved(Kind::Refunded, at, more, &row, event);
        }
    }

    fn moved(
        &mut self,
        kind: Kind,
        at: DateTime<Utc>,
        amount_cents: i64,
        row: &PaymentRow,
        event: &Recorded,
    ) {
        let fact = Fact {
            org_id: row.org_id,
            position: event.position,
            line: self.next_line(event),
            kind,
            at,
            day: None,
            invoice_id: row.invoice_id,
            booking_id: row.booking_id,
            payment_id: Some(row.payment_id.clone()),
            currency: row.currency.clone(),
            amount_cents,
            tax_cents: 0,
        };
        self.facts.push(fact);
    }
}
