//! What events make of money.

use cqrs_es::Aggregate;
use domain::id::BookingId;
use domain::invoicing::invoice::lines::Line;
use domain::invoicing::invoice::number::InvoiceNumber;
use domain::invoicing::invoice::payment::{Method, Provider};
use domain::invoicing::invoice::{Drafted, Invoice, InvoiceEvent};
use domain::payments::payment::{Payment, PaymentEvent, RefundReason, Target};
use domain::personal::Personal;
use domain::recorded::Recorded;
use domain::scheduling::booking::{Booking, BookingEvent};
use domain::settings::org::Currency;
use proptest::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use super::Kind;
use super::fold::Told;
use crate::fixture::{LEAD, at, recorded};

const PAYMENT: &str = "00000000-0000-0000-0000-000000000005";

fn drafted() -> InvoiceEvent {
    let line = Line {
        description: Personal::of(LEAD.into(), "windows".to_owned()),
        qty: 1,
        unit_price_cents: 10_000,
        tax_ppm: Some(50_000),
    };
    InvoiceEvent::Drafted(Box::new(Drafted {
        invoice_id: LEAD.into(),
        number: InvoiceNumber { year: 1970, count: 1 },
        order: Some(Uuid::from_u128(3).into()),
        additional: false,
        visit_cancelled: false,
        client: Some(LEAD.into()),
        lead: None,
        subject: LEAD.into(),
        lines: vec![line],
        issue_date: "1970-01-01".parse().unwrap(),
        due_date: None,
        currency: Currency::Cad,
        notes: None,
        by: None,
        at: at(1),
    }))
}

fn applied(payment_id: &str, cents: i64) -> InvoiceEvent {
    InvoiceEvent::PaymentApplied {
        payment_id: payment_id.to_owned(),
        provider: Provider::Manual,
        method: Method::Cash,
        reference: None,
        amount_cents: cents,
        received_at: at(4),
        at: at(4),
    }
}

fn refunded(payment_id: &str, number: u128, cents: i64) -> InvoiceEvent {
    InvoiceEvent::PaymentRefunded {
        payment_id: payment_id.to_owned(),
        refund_id: Uuid::from_u128(number).into(),
        amount_cents: cents,
        deposit_of: None,
        at: at(6),
    }
}

fn paid(cents: i64) -> Vec<PaymentEvent> {
    let target = Target::Invoice { invoice: LEAD.into() };
    vec![
        PaymentEvent::Initiated {
            payment_id: PAYMENT.to_owned(),
            target,
            amount_cents: cents,
            currency: Currency::Cad,
            at: at(2),
        },
        PaymentEvent::Succeeded { amount_cents: cents, received_at: at(3), at: at(3) },
    ]
}

fn went(cents: i64, total_cents: i64) -> PaymentEvent {
    PaymentEvent::Refunded { amount_cents: cents, total_cents, at: at(5) }
}

/// The events one after the other, whatever they are of.
#[derive(Default)]
struct Log(Vec<Recorded>);

impl Log {
    fn add<A: Aggregate>(mut self, id: Uuid, events: &[A::Event]) -> Self
    where
        A::Event: Serialize,
    {
        for event in events {
            let n = i32::try_from(self.0.len() + 1).unwrap();
            self.0.push(recorded::<A>(n.into(), n, id, event));
        }
        self
    }

    fn told(&self) -> Told {
        let mut told = Told::default();
        assert_eq!(told.fold(&self.0.iter().collect::<Vec<_>>()), []);
        told
    }
}

fn payment() -> Uuid {
    PAYMENT.parse().unwrap()
}

fn sum(told: &Told, kind: Kind) -> i64 {
    told.facts.iter().filter(|fact| fact.kind == kind).map(|fact| fact.amount_cents).sum()
}

#[test]
fn what_does_not_count_any_more_is_taken_back_on_the_days_it_counted_on() {
    let issued = InvoiceEvent::Issued { overdue_at: None, at: at(2) };
    let credited = InvoiceEvent::Credited {
        credit_id: Uuid::from_u128(1).into(),
        amount_cents: 1_050,
        tax_cents: 50,
        reason: None,
        at: at(3),
    };
    let voided = InvoiceEvent::Voided { reason: None, order: None, at: at(4) };
    let told = Log::default().add::<Invoice>(LEAD, &[drafted(), issued, credited, voided]).told();
    assert_eq!([Kind::Invoiced, Kind::Voided].map(|kind| sum(&told, kind)), [10_500; 2]);
    assert_eq!([Kind::Credited, Kind::Uncredited].map(|kind| sum(&told, kind)), [1_050; 2]);
    let of = |kind| told.facts.iter().find(|fact| fact.kind == kind).unwrap();
    assert_eq!(of(Kind::Voided).day, of(Kind::Invoiced).day);
    assert_eq!(of(Kind::Uncredited).at, at(3));
    assert_eq!((of(Kind::Voided).line, of(Kind::Uncredited).line), (1, 2));
}

#[test]
fn what_the_payment_the_visit_and_the_invoice_tell_of_came_in_once() {
    let credited = InvoiceEvent::DepositCredited {
        payment_id: PAYMENT.to_owned(),
        amount_cents: 7_000,
        at: at(4),
    };
    let booking: BookingId = Uuid::from_u128(3).into();
    let deposit = BookingEvent::DepositPaid {
        payment_id: PAYMENT.to_owned(),
        amount_cents: 7_000,
        short_cents: 0,
        at: at(3),
    };
    let told = Log::default()
        .add::<Payment>(payment(), &paid(7_000))
        .add::<Booking>(booking.as_uuid(), &[deposit])
        .add::<Invoice>(LEAD, &[drafted(), applied(PAYMENT, 7_000), credited])
        .told();
    assert_eq!(sum(&told, Kind::Received), 7_000);
    assert_eq!(sum(&told, Kind::Applied), 14_000);
}

#[test]
fn what_the_provider_tells_and_the_invoice_says_went_back_once() {
    let log = Log::default()
        .add::<Payment>(payment(), &paid(9_000))
        .add::<Invoice>(LEAD, &[drafted(), applied(PAYMENT, 9_000), refunded(PAYMENT, 1, 2_000)])
        .add::<Payment>(payment(), &[went(5_000, 5_000)]);
    assert_eq!(sum(&log.told(), Kind::Refunded), 5_000);
    let asked = PaymentEvent::RefundRequested {
        refund_id: Uuid::from_u128(9).into(),
        amount_cents: 1,
        reason: RefundReason::Staff,
        at: at(7),
    };
    let log = log.add::<Payment>(payment(), &[asked]);
    assert_eq!(sum(&log.told(), Kind::Refunded), 5_000);
}

#[test]
fn an_invoice_that_was_never_drafted_is_parked() {
    let mut told = Told::default();
    let event = recorded::<Invoice>(1, 1, LEAD, &applied("1", 5));
    assert_eq!(told.fold(&[&event])[0].reason, "the invoice was never drafted");
}

proptest! {
    /// However a log is cut into batches, the facts are the same, and what came in is what was paid.
    #[test]
    fn facts_do_not_depend_on_batches(
        amounts in prop::collection::vec(1_i64..1_000_000, 1..12),
        cut in 0_usize..40,
    ) {
        let mut events = vec![drafted(), InvoiceEvent::Issued { overdue_at: None, at: at(2) }];
        for (n, cents) in amounts.iter().enumerate() {
            events.push(applied(&format!("{n}"), *cents));
            if n % 3 == 0 {
                events.push(refunded(&format!("{n}"), n as u128, *cents));
            }
        }
        let log = Log::default().add::<Invoice>(LEAD, &events);
        let whole = log.told();
        let all: Vec<&Recorded> = log.0.iter().collect();
        let (first, second) = all.split_at(cut.min(all.len()));
        let mut parts = Told::default();
        parts.fold(first);
        parts.fold(second);
        prop_assert_eq!(&parts.facts, &whole.facts);
        prop_assert_eq!(&parts.payments, &whole.payments);
        prop_assert_eq!(sum(&whole, Kind::Received), amounts.iter().sum::<i64>());
        let back: i64 = amounts.iter().step_by(3).sum();
        prop_assert_eq!(sum(&whole, Kind::Refunded), back);
    }
}
