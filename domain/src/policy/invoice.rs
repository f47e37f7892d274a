//! What follows from what happens to an invoice: letters, the clock of its last day, and what the visit is charged for.

use chrono::{DateTime, TimeDelta, Utc};
use cqrs_es::Aggregate;
use serde_json::json;

use super::{Intent, TimerCommand};
use crate::id::InvoiceId;
use crate::invoicing::invoice::lines::Totals;
use crate::invoicing::invoice::status::Letter;
use crate::invoicing::invoice::{Drafted, Invoice, InvoiceEvent};
use crate::payments::payment::Payment;
use crate::scheduling::booking::{BY_HAND, Booking};

/// The kind of the letters about invoices.
pub const INVOICE_LETTER: &str = "email.invoice";

/// The kind of the letter that says that money has come.
pub const RECEIPT: &str = "email.receipt";

/// After midnight: nobody likes to be reminded of money at night.
const MORNING: TimeDelta = TimeDelta::hours(10);

/// Everything that follows from what happened to an invoice.
pub fn invoice_intents(invoice: InvoiceId, event: &InvoiceEvent) -> Vec<Intent> {
    use InvoiceEvent as E;

    match event {
        E::Drafted(drafted) => charged(invoice, drafted).into_iter().flatten().collect(),
        E::Issued { overdue_at: Some(overdue_at), .. } => {
            let letters = Letter::LADDER.map(|(letter, days)| {
                reminded(invoice, letter, *overdue_at + TimeDelta::days(days) + MORNING)
            });
            [overdue(invoice, *overdue_at)].into_iter().chain(letters).collect()
        }
        E::ReminderPostponed { letter, until, .. } => vec![reminded(invoice, *letter, *until)],
        E::PaymentApplied { payment_id, .. } => vec![Intent::Effect {
            kind: RECEIPT,
            dedupe_key: format!("{RECEIPT}:{invoice}:{payment_id}"),
            payload: json!({ "invoice_id": invoice, "payment_id": payment_id }),
        }],
        // The address in it is made again when it is written: nothing that opens it is kept.
        E::Mailed { letter, recipient, link, portal, .. } => vec![Intent::Effect {
            kind: INVOICE_LETTER,
            dedupe_key: format!("{INVOICE_LETTER}:{invoice}:{link}"),
            payload: json!({
                "invoice_id": invoice, "letter": letter, "recipient": recipient, "link": link,
                "portal": portal,
            }),
        }],
        // What went back of it before it counted for this one is taken off.
        E::DepositCredited { payment_id, at, .. } if !payment_id.starts_with(BY_HAND) => {
            vec![Intent::SetTimer {
                key: format!("deposit_credited:{invoice}:{payment_id}"),
                fires_at: *at,
                aggregate_type: Payment::TYPE,
                aggregate_id: payment_id.clone(),
                command: TimerCommand::SettlePayment,
            }]
        }
        E::PaymentRefunded { .. } => told_to_visit(event).into_iter().collect(),
        E::Voided { .. } => {
            let letters = Letter::LADDER.map(|(letter, _)| reminder(invoice, letter));
            [key(invoice)]
                .into_iter()
                .chain(letters)
                .map(|key| Intent::CancelTimer { key })
                .collect()
        }
        E::Issued { overdue_at: None, .. }
        | E::DraftEdited { .. }
        | E::Discarded { .. }
        | E::LinkMinted { .. }
        | E::LinkRevoked { .. }
        | E::DepositCredited { .. }
        | E::DepositReleased { .. }
        | E::BecameOverdue { .. }
        | E::Credited { .. } => Vec::new(),
    }
}

/// What went back of a deposit that staff took is not paid for the visit any more. A card is told by the payment itself.
fn told_to_visit(event: &InvoiceEvent) -> Option<Intent> {
    let InvoiceEvent::PaymentRefunded { payment_id, refund_id, amount_cents, deposit_of, at } =
        event
    else {
        return None;
    };
    let booking = deposit_of.filter(|_| payment_id.starts_with(BY_HAND))?;
    Some(Intent::SetTimer {
        key: format!("deposit_refunded:{refund_id}"),
        fires_at: *at,
        aggregate_type: Booking::TYPE,
        aggregate_id: booking.to_string(),
        command: TimerCommand::NoteDepositRefund {
            payment_id: payment_id.clone(),
            refund_id: *refund_id,
            amount_cents: *amount_cents,
        },
    })
}

fn key(invoice: InvoiceId) -> String {
    format!("invoice_overdue:{invoice}")
}

fn reminder(invoice: InvoiceId, letter: Letter) -> String {
    format!("invoice_remind:{invoice}:{letter}")
}

fn reminded(invoice: InvoiceId, letter: Letter, fires_at: DateTime<Utc>) -> Intent {
    Intent::SetTimer {
        key: reminder(invoice, letter),
        fires_at,
        aggregate_type: Invoice::TYPE,
        aggregate_id: invoice.to_string(),
        command: TimerCommand::RemindOverdue { letter },
    }
}

fn overdue(invoice: InvoiceId, fires_at: DateTime<Utc>) -> Intent {
    Intent::SetTimer {
        key: key(invoice),
        fires_at,
        aggregate_type: Invoice::TYPE,
        aggregate_id: invoice.to_string(),
        command: TimerCommand::MarkInvoiceOverdue,
    }
}

/// The first invoice of a visit says what the visit itself costs; the visit knows whether it is the first. What was paid for it
/// in the moment in which the invoice was written counts too.
fn charged(invoice: InvoiceId, drafted: &Drafted) -> Option<[Intent; 2]> {
    let booking = drafted.order?;
    let amount_cents = Totals::of(&drafted.lines).subtotal_cents;
    let soon = |key: String, command| Intent::SetTimer {
        key,
        fires_at: drafted.at,
        aggregate_type: Booking::TYPE,
        aggregate_id: booking.to_string(),
        command,
    };
    Some([
        soon(format!("base_charge:{invoice}"), TimerCommand::FixBaseCharge { amount_cents }),
        soon(format!("credit_deposits:{invoice}"), TimerCommand::CreditDeposits),
    ])
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::personal::Personal;

    fn follows(event: &InvoiceEvent) -> Vec<Intent> {
        invoice_intents(Uuid::from_u128(1).into(), event)
    }

    #[test]
    fn a_clock_runs_for_what_has_a_last_day_until_it_does_not_count() {
        let at = DateTime::UNIX_EPOCH;
        let due = at + TimeDelta::days(14);
        let issued = follows(&InvoiceEvent::Issued { overdue_at: Some(due), at });
        let timers: Vec<_> = issued
            .iter()
            .map(|intent| match intent {
                Intent::SetTimer { key, fires_at, .. } => (key.clone(), *fires_at - due),
                other => panic!("{other:?}"),
            })
            .collect();
        let hours: Vec<_> = timers.iter().map(|(_, after)| after.num_hours()).collect();
        assert_eq!(hours, [0, 10, 10 + 6 * 24, 10 + 14 * 24]);
        assert_eq!(follows(&InvoiceEvent::Issued { overdue_at: None, at }), []);
        let void = follows(&InvoiceEvent::Voided { reason: None, order: None, at });
        let cancelled = timers.into_iter().map(|(key, _)| Intent::CancelTimer { key });
        assert_eq!(void, cancelled.collect::<Vec<_>>());
        // One that waits is the same clock.
        let (letter, until) = (Letter::Second, due + TimeDelta::days(7));
        let waits = follows(&InvoiceEvent::ReminderPostponed { letter, until, at });
        assert!(matches!(&waits[..], [Intent::SetTimer { key, fires_at, .. }]
            if issued.iter().any(|one| matches!(one, Intent::SetTimer { key: other, .. } if other == key)) && *fires_at == until));
    }

    #[test]
    fn each_letter_is_sent_once() {
        let recipient = Personal::of(Uuid::from_u128(2).into(), "sam@example.org".to_owned());
        let mailed = |link| InvoiceEvent::Mailed {
            letter: Letter::Invoice,
            recipient: recipient.clone(),
            link,
            portal: None,
            once: None,
            at: DateTime::UNIX_EPOCH,
        };
        let keys = [1, 1, 2].map(|link| match &follows(&mailed(link))[..] {
            [Intent::Effect { dedupe_key, .. }] => dedupe_key.clone(),
            other => panic!("{other:?}"),
        });
        assert!(keys[0] == keys[1] && keys[1] != keys[2]);
    }
}
