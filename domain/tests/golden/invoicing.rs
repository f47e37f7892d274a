//! Samples of everything that happens to money.

use domain::invoicing::invoice::lines::Line;
use domain::invoicing::invoice::number::InvoiceNumber;
use domain::invoicing::invoice::payment::{Method, Provider};
use domain::invoicing::invoice::status::Letter;
use domain::invoicing::invoice::{Drafted, InvoiceEvent};
use domain::payments::dispute::{Decided, DisputeEvent, Opened, Part, Ruling, Source, Way};
use domain::payments::payment::{PaymentEvent, RefundReason, Target};
use domain::settings::org::Currency;
use uuid::Uuid;

use super::{at, sealed};

fn line(tax_ppm: Option<u32>) -> Line {
    Line { description: sealed("bGluZQ"), qty: 1, unit_price_cents: 18_000, tax_ppm }
}

#[expect(clippy::too_many_lines, reason = "an event after the other")]
pub(super) fn invoice() -> Vec<InvoiceEvent> {
    let [issue_date, due_date] = ["2024-10-04", "2024-10-18"].map(|day| day.parse().unwrap());
    let (payment_id, refund_id) = ("pi:1".to_owned(), Uuid::from_u128(5).into());
    let drafted = Drafted {
        invoice_id: Uuid::from_u128(2).into(),
        number: InvoiceNumber { year: 2024, count: 42 },
        order: Some(Uuid::from_u128(3).into()),
        additional: false,
        visit_cancelled: false,
        client: Some(Uuid::from_u128(1).into()),
        lead: Some(Uuid::from_u128(4).into()),
        subject: Uuid::from_u128(1).into(),
        lines: vec![line(Some(50_000)), line(None)],
        issue_date,
        due_date: Some(due_date),
        currency: Currency::Cad,
        notes: Some(sealed("bm90ZXM")),
        by: Some("staff".to_owned()),
        at: at(0),
    };
    vec![
        InvoiceEvent::Drafted(Box::new(drafted)),
        InvoiceEvent::DraftEdited {
            lines: vec![line(Some(130_000))],
            issue_date,
            due_date: Some(due_date),
            notes: None,
            at: at(1),
        },
        InvoiceEvent::Discarded { order: None, at: at(2) },
        InvoiceEvent::Issued { overdue_at: Some(at(1_209_600)), at: at(3) },
        InvoiceEvent::LinkMinted { link: 1, hash: "aGFzaA".to_owned(), at: at(3) },
        InvoiceEvent::LinkRevoked { link: 1, at: at(4) },
        InvoiceEvent::Mailed {
            letter: Letter::Invoice,
            recipient: sealed("bWFpbA"),
            link: 1,
            portal: Some("https://portal.example.org".to_owned()),
            once: None,
            at: at(3),
        },
        InvoiceEvent::ReminderPostponed { letter: Letter::Gentle, until: at(9), at: at(8) },
        InvoiceEvent::PaymentApplied {
            payment_id: payment_id.clone(),
            provider: Provider::Stripe,
            method: Method::Card,
            reference: Some(sealed("cmVm")),
            amount_cents: 5_000,
            received_at: at(5),
            at: at(6),
        },
        InvoiceEvent::DepositCredited {
            payment_id: payment_id.clone(),
            amount_cents: 4_000,
            at: at(0),
        },
        InvoiceEvent::DepositReleased {
            payment_id: payment_id.clone(),
            amount_cents: 4_000,
            at: at(9),
        },
        InvoiceEvent::PaymentRefunded {
            payment_id,
            refund_id,
            amount_cents: 2_000,
            deposit_of: None,
            at: at(7),
        },
        InvoiceEvent::BecameOverdue { at: at(8) },
        InvoiceEvent::Voided { reason: Some(sealed("d2h5")), order: None, at: at(9) },
        InvoiceEvent::Credited {
            credit_id: Uuid::from_u128(6).into(),
            amount_cents: 1_050,
            tax_cents: 50,
            reason: Some(sealed("d2h5")),
            at: at(10),
        },
    ]
}

pub(super) fn payment() -> Vec<PaymentEvent> {
    let target = Target::Invoice { invoice: Uuid::from_u128(2).into() };
    let refund_id = Uuid::from_u128(5).into();
    let (code, dispute) = (Some("card_declined".to_owned()), "dp_1".to_owned());
    vec![
        PaymentEvent::Initiated {
            payment_id: "pi:pi_1".to_owned(),
            target,
            amount_cents: 18_900,
            currency: Currency::Cad,
            at: at(0),
        },
        PaymentEvent::Linked { reference: "pi_1".to_owned(), at: at(1) },
        PaymentEvent::Failed { target, code: code.clone(), at: at(2) },
        PaymentEvent::Expired { at: at(3) },
        PaymentEvent::Succeeded { amount_cents: 18_900, received_at: at(4), at: at(5) },
        PaymentEvent::LateFailureIgnored { code, at: at(6) },
        PaymentEvent::RefundRequested {
            refund_id,
            amount_cents: 5_000,
            reason: RefundReason::VisitCancelled,
            at: at(7),
        },
        PaymentEvent::RefundRefused { refund_id, at: at(8) },
        PaymentEvent::Refunded { amount_cents: 5_000, total_cents: 5_000, at: at(9) },
        PaymentEvent::Disputed { dispute: dispute.clone(), amount_cents: 13_900, at: at(10) },
        PaymentEvent::DisputeClosed { dispute, won: true, at: at(11) },
    ]
}

pub(super) fn dispute() -> Vec<DisputeEvent> {
    let [dispute, invoice, booking] = [1, 2, 3].map(Uuid::from_u128);
    let opened = Opened {
        dispute_id: dispute.into(),
        source: Source::Worker,
        opened_by: "worker".to_owned(),
        booking: Some(booking.into()),
        invoice: None,
        payment_id: Some("pi:1".to_owned()),
        amount_cents: Some(18_900),
        reason: Some(sealed("d2h5")),
        subject: Uuid::from_u128(1).into(),
        at: at(0),
    };
    let decided = Decided {
        ruling: Ruling::PartialRefund,
        amount_cents: 5_000,
        base_cents: Some(18_900),
        before_cents: 0,
        after_cents: 5_000,
        refunds: vec![Part { payment_id: "pi:1".to_owned(), amount_cents: 5_000, by: Way::Card }],
        invoice: Some(invoice.into()),
        credit_cents: 5_000,
        note: Some(sealed("bm90ZQ")),
        by: "owner".to_owned(),
        at: at(2),
    };
    vec![
        DisputeEvent::Opened(Box::new(opened)),
        DisputeEvent::FactsCollected {
            facts: Some(sealed("ZmFjdHM")),
            by: "dispatcher".to_owned(),
            at: at(1),
        },
        DisputeEvent::Decided(Box::new(decided)),
        DisputeEvent::Closed {
            won: Some(false),
            about: Some(format!("visit:{booking}")),
            at: at(3),
        },
    ]
}
